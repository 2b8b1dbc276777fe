"""Writes the vectors of tests/vectors that are made here, those that are missing: with the libraries that
`make test-libraries` installs, or by the steps of a product where that is no library. `make vectors` runs it.
"""

import base64
import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
INSTALLED = HERE.parent.parent / "target/libraries"
VECTORS = HERE.parent / "vectors"

PLAINTEXT = "Grüße, 4111-1111-1111-1111"
HEX = bytes(range(32)).hex()
BASE64 = base64.b64encode(bytes(range(32))).decode()
PASSPHRASE = "a passphrase of the application"

PYTHON = (str(INSTALLED / "python/bin/python"), "python.py")
NODE, PHP, RUBY = ("node", "node.mjs"), ("php", "php.php"), ("ruby", "ruby.rb")

# file, who makes it, what it is, its version, the secret
MADE = [
    ("go-b64url", NODE, "base64url_packed", "node:crypto, the bytes of ory/hydra aead/aesgcm.go", "v20.20.2", HEX),
    ("node-scrypt", NODE, "crypto_scrypt", "node:crypto, scryptSync with its defaults", "v20.20.2", PASSPHRASE),
    ("formbricks", NODE, "formbricks", "node:crypto, same calls as formbricks apps/web/lib/crypto.ts", "v20.20.2", "12345678901234567890123456789012"),
    ("formbricks-cbc", NODE, "formbricks_cbc", "node:crypto, same calls as formbricks apps/web/lib/crypto.ts", "v20.20.2", "12345678901234567890123456789012"),
    ("cryptr", NODE, "cryptr", "cryptr", "6.4.0", PASSPHRASE),
    ("php-secretbox-enc-v1-hex", PHP, "sodium_hex", "php sodium_crypto_secretbox snippet", "PHP 8.2.36", HEX),
    ("lockbox-binary", RUBY, "lockbox_raw", "lockbox, its attribute key for `value` in the table `lockbox_raw`", "0.6.4", HEX),
    ("sqlalchemy-utils-fernet", PYTHON, "sqlalchemy_utils_fernet", "SQLAlchemy-Utils FernetEngine", "0.43.0", PASSPHRASE),
    ("django-fernet-fields", PYTHON, "django_fernet_fields", "django-fernet-fields-v2 on Django 4.2.30", "0.9", PASSPHRASE),
    ("jwe-compact-dir-a128gcm", PYTHON, "jwcrypto_dir", "jwcrypto", "1.6.1", HEX[:32]),
    ("tink-xchacha20poly1305", PYTHON, "tink_xchacha20", "tink-py XChaCha20Poly1305Key", "1.16.1", HEX),
    ("tink-aes128gcm", PYTHON, "tink_aes128_gcm", "tink-py AesGcmKey", "1.16.1", HEX[:32]),
    ("tink-crunchy", PYTHON, "tink_crunchy", "tink-py AesGcmKey, CRUNCHY", "1.16.1", HEX),
    ("tink-b64", PYTHON, "tink_b64", "tink-py AesGcmKey, in base64", "1.16.1", HEX),
    ("tink-kms-envelope-aes256gcm", PYTHON, "tink_envelope_aes256", "tink-py KmsEnvelopeAead, data keys of AES256_GCM; its KMS is AES-256-GCM under `key`", "1.16.1", HEX),
    ("tink-kms-envelope-aes128gcm", PYTHON, "tink_envelope_aes128", "tink-py KmsEnvelopeAead, data keys of AES128_GCM; its KMS is AES-256-GCM under `key`", "1.16.1", HEX),
    ("tink-kms-envelope-xchacha20poly1305", PYTHON, "tink_envelope_xchacha20", "tink-py KmsEnvelopeAead, data keys of XCHACHA20_POLY1305; its KMS is AES-256-GCM under `key`", "1.16.1", HEX),
    ("tink-chacha20poly1305", PYTHON, "tink_chacha20", "steps of tink-go aead/chacha20poly1305 with cryptography (tink-py has none)", "50.0.2", HEX),
    ("litellm-v3", PYTHON, "litellm_v3", "steps of litellm with cryptography", "50.0.2", PASSPHRASE),
    ("litellm-v2", PYTHON, "litellm_v2", "steps of litellm with cryptography", "50.0.2", PASSPHRASE),
    ("litellm-legacy", PYTHON, "litellm_legacy", "steps of litellm with PyNaCl", "1.6.2", PASSPHRASE),
    ("vault-transit-chacha20", PYTHON, "vault_chacha20", "steps of openbao sdk/helper/keysutil with cryptography", "50.0.2", BASE64),
    ("spring-aesgcmbytes", PYTHON, "spring_gcm", "steps of Spring Security AesGcmBytesEncryptor with cryptography", "50.0.2", PASSPHRASE),
    ("tooljet", PYTHON, "tooljet", "steps of ToolJet encryption.service.ts with cryptography", "50.0.2", HEX),
    ("envelope", PYTHON, "envelope", "a data key of AES-256-GCM under AES-256-GCM, with cryptography", "50.0.2", HEX),
]


def seal(program, name, secret):
    words = {"secret": secret, "kid": "7", "values": [PLAINTEXT.encode().hex()]}
    command, file = program
    environment = {
        **os.environ,
        "NODE_LIBRARIES": str(INSTALLED / "node"),
        "SEARCHABLE": str(INSTALLED / "searchable"),
        "ILLUMINATE": "/usr/share/php/Illuminate",
    }
    made = subprocess.run(
        [command, str(HERE / file), name, "seal"],
        input=json.dumps(words).encode(),
        stdout=subprocess.PIPE,
        env=environment,
        check=True,
    )
    return bytes.fromhex(json.loads(made.stdout)[0])


def main():
    for file, program, name, library, version, secret in MADE:
        path = VECTORS / f"{file}.json"
        if path.exists():
            continue
        stored = seal(program, name, secret)
        is_text = stored.isascii() and stored.decode().isprintable()
        vector = {
            "format": file,
            "library": library,
            "version": version,
            "key": secret,
            "plaintext": PLAINTEXT,
            "aad": "cards" if "envelope_" in name else "",
            "stored": stored.decode() if is_text else "\\x" + stored.hex(),
            "stored_type": "text" if is_text else "bytea",
        }
        path.write_text(json.dumps(vector, indent=2, ensure_ascii=False) + "\n")
        print(f"wrote {path.name}")


main()
