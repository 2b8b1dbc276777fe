-- The demo's first table: text values under a uuid key, and a version column as an application with
-- optimistic locking has it.
CREATE TABLE pipeline_secrets (
    id          uuid PRIMARY KEY,
    secret      text,
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now()
)
