-- A new run: $1 token, $2 columns, $3 keys, $4 digest, $5 estimated records, $6 version of the tool
INSERT INTO reseal.run (token, columns, keys, config_digest, total_estimate, tool_version)
VALUES ($1, $2, $3::text::jsonb, $4, $5, $6)
RETURNING run_id
