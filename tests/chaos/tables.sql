-- The tables under rotation, and what counts beside them.

CREATE TABLE secrets (
    id     bigint PRIMARY KEY,
    value  bytea NOT NULL
);

-- Nobody writes here but the job, so that its counts must be exact whatever happens.
CREATE TABLE archive (
    id     bigint PRIMARY KEY,
    value  bytea NOT NULL,
    writes integer NOT NULL DEFAULT 0
);

-- One row a writer of the application: what it has committed, when nobody answered its COMMIT.
CREATE TABLE writers (
    writer   integer PRIMARY KEY,
    sequence bigint NOT NULL DEFAULT 0
);
INSERT INTO writers (writer) SELECT generate_series(0, 31);

-- One row a statement of the job: how many rows it wrote, if it was committed.
CREATE TABLE job_writes (
    rows integer NOT NULL
);

CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.writes := OLD.writes + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER count_write BEFORE UPDATE ON archive FOR EACH ROW EXECUTE FUNCTION count_write();

CREATE FUNCTION count_job_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('application_name') LIKE 'reseal%' THEN
        INSERT INTO job_writes SELECT count(*) FROM written HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER count_job_writes AFTER UPDATE ON secrets REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION count_job_writes();

CREATE TRIGGER count_job_writes AFTER UPDATE ON archive REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION count_job_writes();
