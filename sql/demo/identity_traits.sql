-- The demo's second table: bytea values under a bigint key.
CREATE TABLE identity_traits (
    id          bigint PRIMARY KEY,
    value       bytea,
    created_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz
)
