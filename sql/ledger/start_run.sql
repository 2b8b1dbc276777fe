-- A new run: $1 token, $2 columns, $3 keys, $4 digest, $5 estimated records, $6 version of the tool,
-- $7 tables left out
INSERT INTO reseal.run (token, columns, keys, config_digest, total_estimate, tool_version,
                        left_out)
VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7)
RETURNING run_id
