-- The hash of every audited event, computed from nothing but the description in docs/audit-and-report.md:
-- one row for each that is not what it should be.
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
CREATE FUNCTION pg_temp.field(name text, value text) RETURNS text LANGUAGE sql AS $$
    SELECT name || '=' || coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '') || chr(10)
$$;
CREATE TEMP VIEW broken AS
WITH computed AS (
    SELECT event_id, hash, previous_hash,
           lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY event_id) AS hash_before,
           sha256(convert_to(
               'reseal audit event 1' || chr(10)
               || pg_temp.field('event_id', event_id::text)
               || pg_temp.field('happened_at', to_char(
                      happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
               || pg_temp.field('run_id', run_id::text)
               || pg_temp.field('event', event)
               || pg_temp.field('database_role', database_role)
               || pg_temp.field('operator', operator)
               || pg_temp.field('ticket', ticket)
               || pg_temp.field('reason', reason)
               || pg_temp.field('host', host)
               || pg_temp.field('pod', pod)
               || pg_temp.field('detail', detail::text)
               || pg_temp.field('previous_hash', encode(previous_hash, 'hex')), 'UTF8')) AS computed
    FROM reseal.audit_event)
SELECT event_id FROM computed WHERE hash <> computed OR previous_hash <> hash_before;
