//! Values with labels and data keys, and what is told apart from them.

use super::*;
use crate::keys::LabelledSource;

#[test]
fn what_has_no_shape_of_ours_fails_is_left_or_encrypted() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    for (unmatched, reading) in [
        (Unmatched::Fail, Reading::Unreadable(Reason::Malformed)),
        (Unmatched::Leave, Reading::Left),
        (Unmatched::Encrypt, Reading::Plain),
    ] {
        let layout = layout("enc-v1", &["go-b64"]).with_unmatched(unmatched).unwrap();
        let keys = ring.column_keys(&layout, "users", "email").unwrap();
        let work = ValueWork::new(&keys, &layout);
        assert_eq!(work.read(b"plain text", &ROW, &mut scratch), reading);
        match (unmatched, work.reseal(b"plain text", &ROW, &mut scratch).unwrap()) {
            (Unmatched::Encrypt, Resealing::Resealed(new)) => {
                assert_eq!(work.read(&new, &ROW, &mut scratch), Reading::Current);
            }
            (Unmatched::Leave, Resealing::Left) | (Unmatched::Fail, Resealing::Failed(_)) => {}
            other => panic!("{other:?}"),
        }
        // What has the shape of a layout and does not open is a failure all the same.
        let foreign = stored('c', "enc-v1", b"users:42");
        let lost = Reading::Unreadable(Reason::NoKeyOpensIt);
        assert_eq!(work.read(&foreign, &ROW, &mut scratch), lost);
        assert!(scratch.plaintext.is_empty());
    }
}

/// Of a value with a data key only that is sealed anew, and it must open what it has sealed.
#[test]
fn a_data_key_is_wrapped_again_and_what_it_sealed_stays() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let layout = ColumnLayout::try_from(Layout::named("envelope").unwrap()).unwrap();
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &layout);
    let seal = |hex: &str, text: &[u8]| {
        let key = Key::new(KeyBytes::from_hex(hex.as_bytes()).unwrap());
        let nonce = NonceSource::new().next(crate::crypto::NonceLength::Twelve).unwrap();
        let (mut plaintext, mut ciphertext) = (Plaintext::new(), Vec::new());
        plaintext.set(text);
        let tag = key.seal(&nonce, b"", &plaintext, &mut ciphertext);
        [nonce.as_bytes(), &ciphertext, &tag].concat()
    };
    let (data_key, payload) = (seal(&"b".repeat(64), &[0xdd; 32]), seal(&"d".repeat(64), SECRET));
    let old = [&data_key[..], &payload].concat();
    assert_eq!(work.read(&old, &ROW, &mut scratch), Reading::Previous(0));
    let new = resealed(&work, &old, &mut scratch);
    assert_eq!((new.len(), &new[60..]), (old.len(), &payload[..]));
    assert_ne!(new[..60], old[..60]);
    assert_eq!(work.read(&new, &ROW, &mut scratch), Reading::Current);
    let foreign = [&data_key[..], &seal(&"c".repeat(64), SECRET)].concat();
    let lost = Reading::Unreadable(Reason::NoKeyOpensIt);
    assert_eq!(work.read(&foreign, &ROW, &mut scratch), lost);

    let gcm = ColumnLayout::new(
        Layout::named("enc-v1").unwrap(),
        vec![Layout::named("envelope").unwrap()],
    );
    let gcm = gcm.unwrap();
    let keys = ring.column_keys(&gcm, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &gcm);
    let new = resealed(&work, &old, &mut scratch);
    assert_eq!(new.len(), 7 + (12 + SECRET.len() + 16).div_ceil(3) * 4);
    assert_eq!(work.read(&new, &ROW, &mut scratch), Reading::Current);
}

/// With a label the value says which key it wants; another key is not tried, but for such as have none.
#[test]
fn the_label_chooses_the_key() {
    let directory = tempfile::TempDir::new().unwrap();
    let source = |digit: char, label: Option<&str>| {
        let path = directory.path().join(digit.to_string());
        std::fs::write(&path, digit.to_string().repeat(64)).unwrap();
        LabelledSource::new(KeySource::File(path), label.map(str::to_owned))
    };
    let previous = vec![source('b', Some("1")), source('c', None)];
    let (name, current, uses) = ("keys".to_owned(), source('a', Some("2")), Vec::new());
    let ring = KeyRing::load(&RingConfig { name, current, previous, uses }).unwrap();
    let layout = ColumnLayout::try_from(Layout::named("v{kid}:{raw(nonce12 ct tag16)}").unwrap());
    let layout = layout.unwrap();
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let (work, mut scratch) = (ValueWork::new(&keys, &layout), Scratch::default());
    let lost = Reading::Unreadable(Reason::NoKeyOpensIt);
    for (digit, label, reading) in [
        ('a', "v2:", Reading::Current),
        ('b', "v1:", Reading::Previous(0)),
        ('c', "v7:", Reading::Previous(1)),
        ('a', "v1:", lost),
        ('b', "v2:", lost),
        ('c', "v1:", lost),
        ('a', "v7:", lost),
    ] {
        let value = [label.as_bytes(), &stored(digit, "go", b"")].concat();
        assert_eq!(work.read(&value, &ROW, &mut scratch), reading, "{digit} {label}");
    }
}

/// A wrong key of CBC can look right: what has the shape of a layout that authenticates never gets there.
#[test]
fn nothing_authenticated_is_given_to_a_layout_that_does_not() {
    let (ring, mut scratch) = (ring("ab"), Scratch::default());
    let words = |layout: &str, cipher: &str, plaintext: Option<&str>| Settings {
        layout: Some(layout.to_owned()),
        cipher: Some(cipher.to_owned()),
        plaintext: plaintext.map(str::to_owned),
        ..Settings::default()
    };
    let write = Layout::of(words("enc:{raw(nonce12 ct tag16)}", "aes-256-gcm", None)).unwrap();
    let read = Layout::of(words("{raw(nonce16 ct)}", "aes-256-ctr", Some("^.*$"))).unwrap();
    let layout = ColumnLayout::new(write, vec![read]).unwrap();
    let keys = ring.column_keys(&layout, "users", "email").unwrap();
    let work = ValueWork::new(&keys, &layout);
    let mut foreign = b"enc:".to_vec();
    foreign.extend(stored('c', "go", b""));
    let lost = Reading::Unreadable(Reason::NoKeyOpensIt);
    assert_eq!(work.read(&foreign, &ROW, &mut scratch), lost);
    let garbage = work.read(&[7; 60], &ROW, &mut scratch);
    assert_eq!(garbage, Reading::Unreadable(Reason::Implausible));
}
