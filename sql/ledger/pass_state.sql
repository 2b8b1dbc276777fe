-- Where run $1 stands.
SELECT r.state, r.wanted, r.wanted_by, r.pass, r.rows_per_second, r.workers,
       NOT EXISTS (
           SELECT FROM reseal.checkpoint AS c
           WHERE c.run_id = r.run_id AND c.pass = r.pass AND NOT c.done
       ) AS pass_done
FROM reseal.run AS r
WHERE r.run_id = $1
