//! Settings that fit each other, and such as do not.

use super::*;

/// What a run remembers of its layouts is compared by later versions: it stays what it is.
#[test]
fn a_meaning_is_the_same_whatever_the_layout_is_called() {
    let named = |name: &str| Layout::named(name).expect(name).meaning();
    let go = "b4fa7d090a3c9c46a526261e068db18d8a6e350683f168f8b5e43af9c18d1186";
    assert_eq!([named("go"), named("{raw(nonce12 ct tag16)}")], [go, go]);
    let go_with = |name: &str, word: &str| with_words(&[("layout", "go"), (name, word)]);
    let meaning = |name: &str, word: &str| go_with(name, word).expect(word).meaning();
    assert_eq!(meaning("aad", "{id}"), go, "what a value is bound to is no matter of its layout");
    assert_ne!(meaning("cipher", "chacha20-poly1305"), go);
    assert_ne!(meaning("derive", "sha256"), go);
    let enc_v1 = "eb998cea490008ed1452fcf626f17d75765288f6a76344e5a18a3320cbc68918";
    assert_eq!(named("enc-v1"), enc_v1);
    assert_ne!(named("fernet"), named("fernet-sha256"));
}

/// Settings, and why they are none.
type Refused = (&'static [(&'static str, &'static str)], &'static str);

const REFUSED: &[Refused] = &[
    (&[("layout", "{raw(nonce12 ct)}")], "the template has no tag"),
    (&[("layout", "{raw(ct tag16)}")], "the template has no nonce"),
    (
        &[("layout", "{raw(nonce12 ct tag16)}"), ("cipher", "xchacha20-poly1305")],
        "xchacha20-poly1305 has no nonce of 12 bytes",
    ),
    (
        &[("layout", "{raw(nonce24 tag16 ct)}"), ("cipher", "xsalsa20-poly1305"), ("aad", "x")],
        "xsalsa20-poly1305 has no additional data",
    ),
    (
        &[("layout", "{raw(nonce16 ct)}"), ("cipher", "aes-256-cbc")],
        "nothing authenticates aes-256-cbc, and a wrong key may go unnoticed",
    ),
    (
        &[("layout", "{raw(nonce16 ct tag16)}"), ("cipher", "aes-256-cbc"), ("plaintext", "utf8")],
        "aes-256-cbc has no tag",
    ),
    (&[("layout", "go"), ("plaintext", "utf8")], "aes-256-gcm authenticates the plaintext"),
    (&[("layout", "go"), ("cipher", "des")], "there is no such cipher"),
    (&[("layout", "go"), ("nonce", "zero")], "the nonce is in the template"),
    (
        &[("layout", "go"), ("derive", "pbkdf2"), ("salt", "x")],
        "the key derivation needs iterations, from 1 to 100000000",
    ),
    (&[("layout", "go"), ("derive", "evp-md5")], "the key derivation has no salt"),
    (&[("layout", "go"), ("salt", "x")], "a salt, and no key derivation that takes one"),
    (
        &[("layout", "go"), ("derive", "sha256"), ("hash", "sha1")],
        "`hash` is no setting of derive = sha256",
    ),
    (
        &[("layout", "go"), ("derive", "hkdf"), ("salt", "{salt}")],
        "the key is derived with a salt that the template does not have",
    ),
    (
        &[("layout", "{raw(salt8 nonce12 ct tag16)}")],
        "the template has a salt that no key is derived with",
    ),
    (&[("layout", "go"), ("info", "x")], "only hkdf takes info"),
    (&[("layout", "go"), ("encoding", "hexx")], "there is no such key encoding"),
    (&[("layout", "pgsodium")], "the layout `pgsodium` is not supported"),
];

/// A layout of these words.
fn with_words(words: &[(&str, &str)]) -> Result<Layout, LayoutError> {
    let mut settings = Settings::default();
    let mut key = KeySettings::default();
    for (name, word) in words {
        let word = Some((*word).to_owned());
        match *name {
            "layout" => settings.layout = word,
            "cipher" => settings.cipher = word,
            "aad" => settings.aad = word,
            "nonce" => settings.nonce = word,
            "plaintext" => settings.plaintext = word,
            "derive" => key.derive = word,
            "salt" => key.salt = word,
            "info" => key.info = word,
            "hash" => key.hash = word,
            _ => key.encoding = word,
        }
    }
    settings.key = Some(key);
    Layout::of(settings)
}

#[test]
fn settings_that_do_not_fit_each_other() {
    for (words, message) in REFUSED {
        assert_eq!(with_words(words).unwrap_err().to_string(), *message);
    }
}

#[test]
fn what_nothing_authenticates_must_be_told_apart() {
    let source = |template: &str| {
        let word = |word: &str| Some(word.to_owned());
        let (cipher, plaintext) = (word("aes-256-cbc"), word("utf8"));
        Layout::of(Settings { layout: word(template), cipher, plaintext, ..Settings::default() })
            .unwrap()
    };
    let column = |write: &str, read: &str| ColumnLayout::new(layout(write), vec![source(read)]);
    assert!(column("{hex(nonce12)}:{hex(tag16)}:{hex(ct)}", "{hex(nonce16)}:{hex(ct)}").is_ok());
    assert!(column("enc:v1:{b64(nonce12 ct tag16)}", "{b64(nonce16 ct)}").is_ok());
    for (write, read) in [
        ("{b64(nonce12 ct tag16)}", "{b64(nonce16 ct)}"),
        ("{raw(nonce12 ct tag16)}", "{raw(nonce16 ct)}"),
        ("{hex(nonce16)}:{hex(ct tag16)}", "{hex(nonce16)}:{hex(ct)}"),
    ] {
        let refused = column(write, read).unwrap_err();
        assert!(refused.what.starts_with("nothing authenticates"), "{write}: {refused}");
    }
    assert!(ColumnLayout::try_from(source("{raw(nonce16 ct)}")).is_err(), "it is only read");
}
