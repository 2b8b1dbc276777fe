-- Keeps the label of a passphrase.
INSERT INTO reseal.passphrase (label, salt, verifier) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
