"""Seals and opens values with libraries from PyPI: python.py LIBRARY seal|open.

On stdin {"secret": …, "kid": …, "values": [hex, …]}, on stdout [hex, …]. Each library does all of the work;
what stands here is how an application calls it. `make test-libraries` installs them.
"""

import base64
import hashlib
import json
import os
import sys

SALT = "a salt of the application"


def cryptography_fernet(secret, _kid):
    from cryptography.fernet import Fernet

    fernet = Fernet(secret)
    return fernet.encrypt, fernet.decrypt


def cryptography_aesgcm(secret, _kid):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    gcm = AESGCM(bytes.fromhex(secret))

    def seal(plaintext):
        nonce = os.urandom(12)
        return nonce + gcm.encrypt(nonce, plaintext, b"users:1")

    return seal, lambda stored: gcm.decrypt(stored[:12], stored[12:], b"users:1")


def pynacl_secretbox(secret, _kid):
    from nacl.secret import SecretBox

    box = SecretBox(bytes.fromhex(secret))
    return lambda plaintext: bytes(box.encrypt(plaintext)), box.decrypt


def pynacl_aead(secret, _kid):
    from nacl.secret import Aead

    box = Aead(bytes.fromhex(secret))
    return lambda plaintext: bytes(box.encrypt(plaintext)), box.decrypt


def sqlalchemy_utils(engine, secret):
    from sqlalchemy_utils.types.encrypted import encrypted_type

    engine = getattr(encrypted_type, engine)()
    engine._update_key(secret)
    return (
        lambda plaintext: engine.encrypt(plaintext.decode()).encode(),
        lambda stored: engine.decrypt(stored.decode()).encode(),
    )


def sqlalchemy_utils_gcm(secret, _kid):
    return sqlalchemy_utils("AesGcmEngine", secret)


def sqlalchemy_utils_fernet(secret, _kid):
    return sqlalchemy_utils("FernetEngine", secret)


def django(**settings):
    import django
    from django.conf import settings as configured

    database = {"ENGINE": "django.db.backends.postgresql"}
    configured.configure(DATABASES={"default": database}, **settings)
    django.setup()


def django_cryptography(secret, _kid):
    django(SECRET_KEY=secret)
    from django_cryptography.utils.crypto import FernetBytes

    fernet = FernetBytes()
    return fernet.encrypt, fernet.decrypt


def django_fernet_encrypted_fields(secret, _kid):
    django(SECRET_KEY=secret, SALT_KEY=SALT)
    from encrypted_fields.fields import EncryptedTextField

    field = EncryptedTextField()
    return (
        lambda plaintext: field.get_prep_value(plaintext.decode()).encode(),
        lambda stored: field.from_db_value(stored.decode(), None, None).encode(),
    )


def django_encrypted_model_fields(secret, _kid):
    django(SECRET_KEY="none", FIELD_ENCRYPTION_KEY=secret)
    from encrypted_model_fields.fields import EncryptedTextField

    field = EncryptedTextField()
    return (
        lambda plaintext: field.get_db_prep_save(plaintext.decode(), None).encode(),
        lambda stored: field.from_db_value(stored.decode()).encode(),
    )


def django_fernet_fields(secret, _kid):
    django(SECRET_KEY=secret)
    from fernet_fields.fields import EncryptedTextField

    field = EncryptedTextField()
    return (
        lambda plaintext: field.fernet.encrypt(plaintext),
        lambda stored: field.from_db_value(memoryview(stored), None, None).encode(),
    )


def django_searchable_encrypted_fields(secret, _kid):
    # its package has the same name as that of django-fernet-encrypted-fields
    sys.path.insert(0, os.environ["SEARCHABLE"])
    django(SECRET_KEY="none", FIELD_ENCRYPTION_KEYS=[secret])
    from encrypted_fields.fields import EncryptedCharField

    field = EncryptedCharField(max_length=100)
    return (
        lambda plaintext: field.encrypt(plaintext.decode()),
        lambda stored: field.decrypt(stored).encode(),
    )


def jwcrypto_dir(secret, _kid):
    from jwcrypto import jwe, jwk

    secret = bytes.fromhex(secret)
    key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(secret).rstrip(b"=").decode())
    enc = {16: "A128GCM", 32: "A256GCM"}[len(secret)]

    def seal(plaintext):
        token = jwe.JWE(plaintext, json.dumps({"alg": "dir", "enc": enc}))
        token.add_recipient(key)
        return token.serialize(compact=True).encode()

    def open(stored):
        token = jwe.JWE()
        token.deserialize(stored.decode(), key)
        return token.payload

    return seal, open


def tink_of(keyset):
    import tink
    from tink import aead, secret_key_access

    aead.register()
    handle = tink.json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
    primitive = handle.primitive(aead.Aead)
    return (
        lambda plaintext: primitive.encrypt(plaintext, b""),
        lambda stored: primitive.decrypt(stored, b""),
    )


def tink(type_name, key_bytes, kid, prefix="TINK"):
    value = base64.b64encode(key_bytes).decode()
    data = {
        "typeUrl": f"type.googleapis.com/google.crypto.tink.{type_name}",
        "value": value,
        "keyMaterialType": "SYMMETRIC",
    }
    key = {"keyData": data, "status": "ENABLED", "keyId": int(kid), "outputPrefixType": prefix}
    return tink_of(json.dumps({"primaryKeyId": int(kid), "key": [key]}))


def tink_aes_gcm(secret, kid):
    return tink("AesGcmKey", b"\x1a\x20" + bytes.fromhex(secret), kid)


def tink_aes128_gcm(secret, kid):
    return tink("AesGcmKey", b"\x1a\x10" + bytes.fromhex(secret)[:16], kid)


def tink_crunchy(secret, kid):
    return tink("AesGcmKey", b"\x1a\x20" + bytes.fromhex(secret), kid, "CRUNCHY")


def tink_xchacha20(secret, kid):
    return tink("XChaCha20Poly1305Key", b"\x1a\x20" + bytes.fromhex(secret), kid)


def tink_b64(secret, kid):
    seal, open = tink_aes_gcm(secret, kid)
    return lambda plaintext: base64.b64encode(seal(plaintext)), lambda stored: open(base64.b64decode(stored))


def tink_keyset(secret, _kid):
    return tink_of(secret)


def tink_envelope(template, remote):
    from tink import aead

    primitive = aead.KmsEnvelopeAead(getattr(aead.aead_key_templates, template), remote)
    return (
        lambda plaintext: primitive.encrypt(plaintext, b"cards"),
        lambda stored: primitive.decrypt(stored, b"cards"),
    )


def tink_kms_envelope(secret, _kid):
    """KmsEnvelopeAead with a key of AWS KMS: the secret says which, and which template its data keys have."""
    from tink import aead
    from tink.integration import awskms

    aead.register()
    words = json.loads(secret)
    remote = awskms.AwsKmsClient(words["uri"], None).get_aead(words["uri"])
    return tink_envelope(words["template"], remote)


def tink_local_envelope(template, secret):
    """KmsEnvelopeAead whose KMS is AES-256-GCM under a key that is given."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from tink import aead

    class Remote(aead.Aead):
        def encrypt(self, plaintext, associated_data):
            nonce = os.urandom(12)
            return nonce + AESGCM(bytes.fromhex(secret)).encrypt(nonce, plaintext, associated_data)

        def decrypt(self, ciphertext, associated_data):
            return AESGCM(bytes.fromhex(secret)).decrypt(ciphertext[:12], ciphertext[12:], associated_data)

    aead.register()
    return tink_envelope(template, Remote())


def tink_envelope_aes256(secret, _kid):
    return tink_local_envelope("AES256_GCM", secret)


def tink_envelope_aes128(secret, _kid):
    return tink_local_envelope("AES128_GCM", secret)


def tink_envelope_xchacha20(secret, _kid):
    return tink_local_envelope("XCHACHA20_POLY1305", secret)


def tink_new(_secret, _kid):
    """New keysets: each value is the name of a template."""
    import tink
    from tink import aead, secret_key_access

    aead.register()

    def keyset(template):
        handle = tink.new_keyset_handle(getattr(aead.aead_key_templates, template.decode()))
        return tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN).encode()

    return keyset, None


# Products that are no library: their steps, with the libraries that they call.


def packed_gcm(key, prefix="", nonce_bytes=12, encode=base64.urlsafe_b64encode):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    gcm = AESGCM(key)

    def seal(plaintext):
        nonce = os.urandom(nonce_bytes)
        return prefix.encode() + encode(nonce + gcm.encrypt(nonce, plaintext, None))

    return seal, None


def hkdf(algorithm, secret, salt, info):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(getattr(hashes, algorithm)(), 32, salt, info).derive(secret)


def litellm_v3(secret, _kid):
    return packed_gcm(hkdf("SHA256", secret.encode(), None, b"litellm-at-rest-v3"), "v3:gcm:")


def litellm_v2(secret, _kid):
    return packed_gcm(hashlib.sha256(secret.encode()).digest(), "v2:gcm:")


def litellm_legacy(secret, _kid):
    from nacl.secret import SecretBox

    box = SecretBox(hashlib.sha256(secret.encode()).digest())
    return lambda plaintext: base64.urlsafe_b64encode(bytes(box.encrypt(plaintext))), None


def vault_chacha20(secret, kid):
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    cipher = ChaCha20Poly1305(base64.b64decode(secret))

    def seal(plaintext):
        nonce = os.urandom(12)
        sealed = nonce + cipher.encrypt(nonce, plaintext, None)
        return f"vault:v{kid}:".encode() + base64.b64encode(sealed)

    return seal, None


def tink_chacha20(secret, kid):
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    cipher = ChaCha20Poly1305(bytes.fromhex(secret))

    def seal(plaintext):
        nonce = os.urandom(12)
        return b"\x01" + int(kid).to_bytes(4) + nonce + cipher.encrypt(nonce, plaintext, None)

    return seal, None


def spring_gcm(secret, _kid):
    key = hashlib.pbkdf2_hmac("sha256", secret.encode(), bytes.fromhex("5c0744940b5c369b"), 600_000, 32)
    return packed_gcm(key, nonce_bytes=16, encode=bytes)


def tooljet(secret, _kid):
    info = b"\xb4" * 32 + b"password_ciphertext"
    key = hkdf("SHA384", bytes.fromhex(secret), b"credentials", info)
    return packed_gcm(key, encode=base64.b64encode)


def envelope(secret, _kid):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    def sealed(key, plaintext):
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)

    def seal(plaintext):
        data_key = os.urandom(32)
        return sealed(bytes.fromhex(secret), data_key) + sealed(data_key, plaintext)

    return seal, None


def main():
    library, action = sys.argv[1:]
    words = json.load(sys.stdin)
    seal, open = globals()[library](words["secret"], words.get("kid"))
    work = {"seal": seal, "open": open}[action]
    json.dump([bytes(work(bytes.fromhex(value))).hex() for value in words["values"]], sys.stdout)


main()
