-- What passphrases are called, and what tells that it is the same one.
SELECT label, salt, verifier FROM reseal.passphrase ORDER BY named_at, label
