-- The ledger: what reseal knows of its own work. It lives beside the data, so that a page of rows
-- and the checkpoint that covers it commit in one transaction. No value, plaintext or key is ever
-- stored here.

CREATE SCHEMA IF NOT EXISTS reseal;

CREATE TABLE reseal.ledger_version (
    version    integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by text NOT NULL DEFAULT current_user
);

-- One rotation, from its start to its proof.
CREATE TABLE reseal.run (
    run_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token          text UNIQUE,
    state          text NOT NULL DEFAULT 'running'
                   CONSTRAINT run_state_known CHECK (state IN (
                       'running', 'completed', 'completed_with_failures', 'incomplete', 'failed',
                       'abandoned', 'superseded')),
    wanted         text NOT NULL DEFAULT 'run'
                   CONSTRAINT run_wanted_known CHECK (wanted IN ('run', 'pause', 'abandon')),
    -- who wanted it last, and when
    wanted_by      text,
    wanted_at      timestamptz,
    -- what `reseal set` said, of each process of the run; without it each keeps to its own settings
    rows_per_second bigint
                   CONSTRAINT run_rows_per_second_known CHECK (rows_per_second >= 0),
    workers        integer
                   CONSTRAINT run_workers_known CHECK (workers > 0),
    pass           integer NOT NULL DEFAULT 0,
    columns        text[] NOT NULL,
    -- tables of the configuration that were not part of it (--only)
    left_out       text[] NOT NULL DEFAULT '{}',
    keys           jsonb NOT NULL,
    config_digest  text NOT NULL,
    total_estimate bigint NOT NULL,
    -- for whoever looks into the ledger: the program that started it
    tool_version   text NOT NULL,
    -- how it ended: every process of the run exits with this code
    exit_code      smallint,
    reason         text,
    started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at   timestamptz,
    proof          jsonb,
    CONSTRAINT run_ended_once CHECK ((state = 'running') = (completed_at IS NULL)),
    CONSTRAINT run_ended_with_code CHECK ((state = 'running') = (exit_code IS NULL))
);

-- A shard's position and counts. Counts stand only here. The unit of work that closes a proof is a
-- checkpoint too (step 'close', no table), so that it is claimed, leased and fenced like any other.
CREATE TABLE reseal.checkpoint (
    run_id          bigint NOT NULL REFERENCES reseal.run ON DELETE CASCADE,
    pass            integer NOT NULL,
    table_name      text NOT NULL,
    shard           integer NOT NULL,
    step            text NOT NULL
                    CONSTRAINT checkpoint_step_known CHECK (step IN (
                        'reseal', 'reseal_by_block', 'walk', 'close')),
    relation        oid NOT NULL DEFAULT 0,
    relfilenode     oid NOT NULL DEFAULT 0,
    -- of which types the columns of the row key were, in key order
    key_types       oid[] NOT NULL DEFAULT '{}',
    -- row keys in the binary form of their types; in a walk one tid
    range_after     bytea[],
    range_until     bytea[],
    position        bytea[],
    -- no transaction below this one was running when the proof began (an xid8)
    barrier         text,
    done            boolean NOT NULL DEFAULT false,
    pages           bigint NOT NULL DEFAULT 0,
    rows_read       bigint NOT NULL DEFAULT 0,
    current_values  bigint NOT NULL DEFAULT 0,
    resealed_values bigint NOT NULL DEFAULT 0,
    failed_values   bigint NOT NULL DEFAULT 0,
    conflict_values bigint NOT NULL DEFAULT 0,
    remaining_values bigint NOT NULL DEFAULT 0,
    accepted_values bigint NOT NULL DEFAULT 0,
    rounds          integer NOT NULL DEFAULT 0,
    owner           text,
    owner_pid       integer,
    owner_started   timestamptz,
    epoch           integer NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    -- what the owner waits for, or has waited for before its last page: a name of a closed list, and words
    waiting         text,
    waiting_for     text,
    PRIMARY KEY (run_id, pass, table_name, shard)
) WITH (fillfactor = 50);

-- A value that could not be resealed. It is left byte for byte as it was.
CREATE TABLE reseal.failure (
    failure_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id          bigint NOT NULL,
    pass            integer NOT NULL,
    table_name      text NOT NULL,
    column_name     text NOT NULL,
    -- where in a document the value stands (RFC 9535, section 2.7); '' for a whole cell
    path            text NOT NULL DEFAULT '',
    row_key         text[] NOT NULL,
    -- SHA-256 of table, column, path and row key, which together may be longer than an index entry can be
    place           bytea NOT NULL UNIQUE,
    -- 'implausible' is kept for layouts that do not authenticate
    reason          text NOT NULL
                    CONSTRAINT failure_reason_known CHECK (reason IN (
                        'no_key_opens_it', 'malformed', 'implausible', 'aad_missing',
                        'write_refused', 'too_large', 'missing')),
    sqlstate        text,
    -- SHA-256 of the stored ciphertext: an acceptance holds for this value, not for its successor
    value_digest    bytea NOT NULL,
    -- more than one where a broken unique index lets rows share a key
    value_count     integer NOT NULL DEFAULT 1,
    attempts        integer NOT NULL DEFAULT 1,
    first_seen_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at     timestamptz,
    accepted_at     timestamptz,
    accepted_by     text,
    accepted_reason text
);

-- Where failed values of a table are looked for.
CREATE INDEX failure_table ON reseal.failure (table_name, column_name);

-- How often each key may have sealed: reserved before sealing, never given back (NIST SP 800-38D,
-- section 8.3 bounds the number of random nonces under one key).
CREATE TABLE reseal.key_use (
    key_id         text PRIMARY KEY,
    seals_reserved bigint NOT NULL DEFAULT 0
);

-- What passphrases are called: a fingerprint of one could be guessed at leisure. The check is Argon2id of the
-- passphrase and a salt of its own, 19 MiB and two passes, slower than what any application derives its key by.
CREATE TABLE reseal.passphrase (
    label    text PRIMARY KEY,
    salt     bytea NOT NULL,
    verifier bytea NOT NULL,
    named_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far a run was, now and then: the curve of its report. Points are rarer the older the run is.
CREATE TABLE reseal.progress (
    run_id      bigint NOT NULL REFERENCES reseal.run ON DELETE CASCADE,
    seen_at     timestamptz NOT NULL,
    pass        integer NOT NULL,
    values_done bigint NOT NULL,
    PRIMARY KEY (run_id, seen_at)
);

-- Who did what, when. Append-only, and chained: each row's hash (SHA-256) is over the row and the hash
-- of the row before it. Ids have no gaps.
CREATE TABLE reseal.audit_event (
    event_id      bigint PRIMARY KEY,
    happened_at   timestamptz NOT NULL,
    run_id        bigint,
    event         text NOT NULL,
    database_role text NOT NULL,
    -- as they say of themselves
    operator      text,
    ticket        text,
    reason        text
                  CONSTRAINT audit_event_reason_known CHECK (reason IN (
                      'scheduled', 'compromise', 'personnel')),
    host          text,
    pod           text,
    -- json, not jsonb: the hash is over the text, which stays as it was written
    detail        json NOT NULL,
    previous_hash bytea NOT NULL,
    hash          bytea NOT NULL
);

-- The newest link of that chain: who appends locks it, so that appenders queue. It also tells of an end
-- that was cut off.
CREATE TABLE reseal.audit_head (
    only_row boolean PRIMARY KEY DEFAULT true
             CONSTRAINT audit_head_has_one_row CHECK (only_row),
    event_id bigint NOT NULL,
    hash     bytea NOT NULL
);
INSERT INTO reseal.audit_head (event_id, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

INSERT INTO reseal.ledger_version (version) VALUES (1);
