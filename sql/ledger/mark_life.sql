-- Marks this life of the server, unless it is marked. Waits for whoever is doing so now.
INSERT INTO reseal.server_life (only_one)
SELECT true WHERE NOT EXISTS (SELECT FROM reseal.server_life)
ON CONFLICT DO NOTHING
