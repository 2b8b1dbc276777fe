//! The libraries, with the words of a configuration that reads and writes their values.

use data_encoding::{BASE64, BASE64URL, HEXLOWER};

pub struct Library {
    /// The file that calls it.
    pub program: &'static str,
    /// Its name there, and of its table.
    pub name: &'static str,
    /// The type of its column.
    pub column: &'static str,
    /// As in `reseal.toml`.
    pub layout: &'static str,
    secret: Secret,
}

/// What its keys look like.
enum Secret {
    Hex,
    /// 16 bytes.
    Hex16,
    /// 32 bytes, URL-safe.
    Base64,
    /// 64 bytes: a MAC's key before a cipher's.
    Base64Twice,
    Passphrase,
    /// 32 characters, each a byte.
    Characters,
    /// As `APP_KEY` has it.
    Laravel,
    /// As 47ng's cloak has it.
    Cloak,
}

const fn library(
    program: &'static str,
    name: &'static str,
    column: &'static str,
    layout: &'static str,
    secret: Secret,
) -> Library {
    Library { program, name, column, layout, secret }
}

impl Library {
    /// The old one and the new one.
    pub fn secrets(&self) -> [String; 2] {
        let made = |first: u8| {
            let bytes: Vec<u8> = (first..).take(64).collect();
            match self.secret {
                Secret::Hex16 => HEXLOWER.encode(&bytes[..16]),
                Secret::Hex => HEXLOWER.encode(&bytes[..32]),
                Secret::Base64 => BASE64URL.encode(&bytes[..32]),
                Secret::Base64Twice => BASE64.encode(&bytes),
                Secret::Passphrase => format!("the passphrase number {first} of an application"),
                Secret::Characters => format!("{first:032}"),
                Secret::Laravel => format!("base64:{}", BASE64.encode(&bytes[..32])),
                Secret::Cloak => format!("k1.aesgcm256.{}", BASE64URL.encode(&bytes[..32])),
            }
        };
        [made(1), made(101)]
    }
}

const RAILS: &str = r#"{ layout = "rails", key = { salt = "a salt of the application" } }"#;
const RAILS_SHA1: &str =
    r#"{ layout = "rails-sha1", key = { salt = "a salt of the application" } }"#;

#[rustfmt::skip]
pub const LIBRARIES: &[Library] = &[
    library("python.py", "cryptography_fernet", "text", r#""fernet""#, Secret::Base64),
    library("python.py", "cryptography_aesgcm", "bytea", r#"{ layout = "go", aad = "users:1" }"#, Secret::Hex),
    library("python.py", "pynacl_secretbox", "bytea", r#""secretbox""#, Secret::Hex),
    library("python.py", "pynacl_aead", "bytea", r#""libsodium-xchacha20""#, Secret::Hex),
    library("python.py", "sqlalchemy_utils_gcm", "text", r#""sqlalchemy-utils-gcm""#, Secret::Passphrase),
    library("python.py", "sqlalchemy_utils_fernet", "text", r#""fernet-sha256""#, Secret::Passphrase),
    library("python.py", "django_cryptography", "bytea", r#""django-cryptography""#, Secret::Passphrase),
    library("python.py", "django_fernet_encrypted_fields", "text", r#"{ layout = "django-fernet-encrypted-fields", key = { salt = "a salt of the application" } }"#, Secret::Passphrase),
    library("python.py", "django_encrypted_model_fields", "text", r#""fernet""#, Secret::Base64),
    library("python.py", "django_fernet_fields", "bytea", r#""django-fernet-fields""#, Secret::Passphrase),
    library("python.py", "django_searchable_encrypted_fields", "bytea", r#""django-searchable-encrypted-fields""#, Secret::Hex),
    library("python.py", "jwcrypto_dir", "text", r#""jwe""#, Secret::Hex),
    library("python.py", "tink_aes_gcm", "bytea", r#""tink""#, Secret::Hex),
    library("python.py", "tink_aes128_gcm", "bytea", r#""tink-aes128""#, Secret::Hex16),
    library("python.py", "tink_crunchy", "bytea", r#""tink-crunchy""#, Secret::Hex),
    library("python.py", "tink_b64", "text", r#""tink-b64""#, Secret::Hex),
    library("python.py", "tink_xchacha20", "bytea", r#""tink-xchacha20""#, Secret::Hex),
    library("node.mjs", "crypto_hex", "text", r#""node-hex""#, Secret::Hex),
    library("node.mjs", "crypto_hex_iv16", "text", r#""node-hex-iv16""#, Secret::Hex),
    library("node.mjs", "crypto_base64url", "text", r#""node-b64url""#, Secret::Hex),
    library("node.mjs", "crypto_scrypt", "text", r#""node-scrypt""#, Secret::Passphrase),
    library("node.mjs", "langfuse", "text", r#""langfuse""#, Secret::Hex),
    library("node.mjs", "formbricks", "text", r#""formbricks""#, Secret::Characters),
    library("node.mjs", "cloak_47ng", "text", r#""47ng-cloak""#, Secret::Cloak),
    library("node.mjs", "cryptr", "text", r#""cryptr""#, Secret::Passphrase),
    library("node.mjs", "fnando_keyring", "text", r#""fnando-keyring""#, Secret::Base64Twice),
    library("node.mjs", "typeorm_encrypted", "text", r#""node-b64-packed""#, Secret::Hex),
    library("node.mjs", "jose", "text", r#""jwe""#, Secret::Hex),
    library("node.mjs", "noble_ciphers", "text", r#""documenso""#, Secret::Passphrase),
    library("node.mjs", "tweetnacl", "bytea", r#""secretbox""#, Secret::Hex),
    library("node.mjs", "fernet", "text", r#""fernet""#, Secret::Base64),
    library("php.php", "laravel_cbc", "text", r#""laravel""#, Secret::Laravel),
    library("php.php", "laravel_gcm", "text", r#""laravel-gcm""#, Secret::Laravel),
    library("php.php", "openssl", "text", r#""node-b64-packed""#, Secret::Hex),
    library("php.php", "sodium", "text", r#""secretbox-b64""#, Secret::Hex),
    library("php.php", "sodium_hex", "text", r#""secretbox-enc-v1-hex""#, Secret::Hex),
    library("rails.rb", "rails", "text", RAILS, Secret::Passphrase),
    library("rails.rb", "rails_references", "text", RAILS, Secret::Passphrase),
    library("rails.rb", "rails_envelope", "text", RAILS, Secret::Passphrase),
    library("rails.rb", "rails_sha1", "text", RAILS_SHA1, Secret::Passphrase),
    library("ruby.rb", "lockbox", "text", r#""lockbox""#, Secret::Hex),
    library("ruby.rb", "lockbox_raw", "bytea", r#""lockbox-raw""#, Secret::Hex),
];

/// Tink with whole keysets, or what makes them.
pub fn tink(name: &'static str) -> Library {
    let layout = r#"{ write = "tink", read = ["tink-aes128", "tink-xchacha20", "go"] }"#;
    library("python.py", name, "bytea", layout, Secret::Hex)
}
