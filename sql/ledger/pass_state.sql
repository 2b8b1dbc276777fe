-- Where run $1 stands.
SELECT r.state, r.wanted, r.pass, r.reason,
       NOT EXISTS (
           SELECT FROM reseal.checkpoint AS c
           WHERE c.run_id = r.run_id AND c.pass = r.pass AND NOT c.done
       ) AS pass_done,
       EXISTS (
           SELECT FROM reseal.checkpoint AS c
           WHERE c.run_id = r.run_id AND c.pass = r.pass AND c.step = 'close'
       ) AS is_proof
FROM reseal.run AS r
WHERE r.run_id = $1
