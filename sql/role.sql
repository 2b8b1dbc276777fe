-- The role that reseal runs as, with no more than it needs. Plain SQL, to be edited: here for the tables
-- public.pipeline_secrets (row key id, value secret, version column version) and public.identity_traits
-- (row key id, value value).
--
-- Before it, whoever owns the database applies `reseal ledger --print-sql`: the ledger then belongs to
-- them, and the job cannot alter it. After it, give the role a password (\password reseal_job in psql).

CREATE ROLE reseal_job LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;

-- The ledger. Runs, checkpoints, failures and counters are written; what was audited stays as it is.
GRANT USAGE ON SCHEMA reseal TO reseal_job;
GRANT SELECT, INSERT, UPDATE ON reseal.run, reseal.checkpoint, reseal.failure, reseal.key_use TO reseal_job;
GRANT SELECT, INSERT ON reseal.audit_event, reseal.passphrase, reseal.progress TO reseal_job;
GRANT SELECT, UPDATE ON reseal.audit_head TO reseal_job;
GRANT SELECT ON reseal.ledger_version TO reseal_job;

-- The tables; of a partitioned one every leaf, and those that will be attached while a run goes on. SELECT
-- on the row key, the value columns, the version column and the columns of the additional data, and on
-- xmin, ctid and tableoid, which no grant on other columns covers; UPDATE on the value columns and the
-- version column. No INSERT, no DELETE, and nothing on any other column.
GRANT USAGE ON SCHEMA public TO reseal_job;
GRANT SELECT (id, secret, version, xmin, ctid, tableoid) ON public.pipeline_secrets TO reseal_job;
GRANT UPDATE (secret, version) ON public.pipeline_secrets TO reseal_job;
GRANT SELECT (id, value, xmin, ctid, tableoid) ON public.identity_traits TO reseal_job;
GRANT UPDATE (value) ON public.identity_traits TO reseal_job;

-- Not needed, but good to have: without it the report cannot tell how far standbys are, nor name the
-- applications whose transactions are waited for, and throttle_standby_lag is refused. It shows the role other sessions' statements.
GRANT pg_read_all_stats TO reseal_job;
