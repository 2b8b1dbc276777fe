-- How far run $1 is now, unless that was noted a moment ago: every two seconds at first, and then whenever the
-- run is half a percent older.
INSERT INTO reseal.progress (run_id, seen_at, pass, values_done)
SELECT r.run_id, clock_timestamp(), r.pass,
       (SELECT coalesce(sum(c.current_values + c.resealed_values + c.failed_values), 0)
        FROM reseal.checkpoint AS c WHERE c.run_id = r.run_id)
FROM reseal.run AS r
WHERE r.run_id = $1 AND r.state = 'running'
  AND NOT EXISTS (
      SELECT FROM reseal.progress AS p
      WHERE p.run_id = r.run_id
        AND p.seen_at > clock_timestamp()
                        - greatest(interval '1.5 seconds', (clock_timestamp() - r.started_at) / 200))
ON CONFLICT DO NOTHING
