//! Many items at once, through the clients as this program uses them. They read the environment, so
//! each test is done by a process of its own: this very test again, sent to a fake.

use std::collections::BTreeMap;
use std::time::Duration;

use reseal::kms::{
    Binding, Item, ItemOutcome, ItemRefusal, Kms, KmsKey, KmsSettings, OpenedItem, Rewrap,
    WrappedKey,
};

use crate::fakes::{Fake, KINDS, Kind, OTHER_AWS_URI, Versions};
use crate::support::{Reseal, TestKey};

/// Which service the child is to use.
const CHILD: &str = "RESEAL_TEST_KMS";

/// What it is given besides.
const GIVEN: &str = "RESEAL_TEST_GIVEN";

/// The service of a child.
fn of_child() -> Option<Kind> {
    let name = std::env::var(CHILD).ok()?;
    KINDS.into_iter().find(|kind| format!("{kind:?}") == name)
}

/// Runs this test once more as a client of the fake.
async fn as_client(kind: Kind, test: &str, fake: &Fake) {
    given(kind, test, fake, "").await;
}

/// … and gives it a text.
async fn given(kind: Kind, test: &str, fake: &Fake, text: &str) {
    let program = std::env::current_exe().expect("this test").into_os_string();
    let words = format!("--exact many::{test} --nocapture");
    let child = kind.reach(Reseal::new(&words).program(program), fake);
    let outcome = child.env(CHILD, format!("{kind:?}")).env(GIVEN, text).run().await.expect(0);
    assert!(outcome.stdout.contains("1 passed"), "{}", outcome.stdout);
}

async fn key(uri: &str) -> KmsKey {
    let settings = KmsSettings { calls_per_second: None, retry_for: Duration::ZERO };
    Kms::new(settings).key(&uri.parse().unwrap()).await.unwrap()
}

/// What each service binds to.
fn binding(kind: Kind, text: &str) -> Binding {
    match kind {
        Kind::Gcp | Kind::Vault => Binding::Aad(text.as_bytes().to_vec()),
        Kind::Aws => Binding::Context(BTreeMap::from([("row".to_owned(), text.to_owned())])),
        Kind::Azure => Binding::None,
    }
}

fn refusal<T>(outcome: &ItemOutcome<T>) -> Option<ItemRefusal> {
    match outcome {
        ItemOutcome::Done(_) => None,
        ItemOutcome::Refused(refusal) => Some(*refusal),
    }
}

#[tokio::test]
async fn one_bad_item_does_not_lose_the_others() {
    let Some(kind) = of_child() else {
        for kind in KINDS {
            let fake = kind.start();
            as_client(kind, "one_bad_item_does_not_lose_the_others", &fake).await;
            let calls = fake.take_calls();
            match kind {
                // 450 items in three requests, after a look whether the key is there
                Kind::Vault => {
                    assert_eq!((calls["encrypt"], calls["decrypt"], calls["keys"]), (3, 3, 1))
                }
                Kind::Aws => assert_eq!((calls["Encrypt"], calls["Decrypt"]), (450, 449)),
                Kind::Gcp => assert_eq!((calls["encrypt"], calls["decrypt"]), (450, 450)),
                Kind::Azure => assert_eq!((calls["wrapkey"], calls["unwrapkey"]), (450, 449)),
            }
        }
        return;
    };
    let key = key(kind.uri()).await;
    let plaintexts: Vec<String> = (0..450).map(|n| format!("plaintext {n}")).collect();
    let bindings: Vec<Binding> = (0..450).map(|n| binding(kind, &format!("{n}"))).collect();
    let items: Vec<Item<'_>> = plaintexts
        .iter()
        .zip(&bindings)
        .map(|(text, binding)| Item { bytes: text.as_bytes(), binding, version: None })
        .collect();
    let sealed = key.seal_all(&items).await.unwrap();
    let mut sealed: Vec<_> = sealed.into_iter().map(|it| it.done().unwrap()).collect();
    let told = (kind != Kind::Aws).then_some(()); // `Encrypt` does not tell
    assert!(sealed.iter().all(|it| it.version.is_some() == told.is_some()));
    let last = sealed[7].ciphertext.len() - 2;
    sealed[7].ciphertext[last] ^= 1;
    if kind == Kind::Aws {
        sealed[8].ciphertext.clear(); // not even asked
    }
    if kind == Kind::Azure {
        sealed[8].version = None;
    }
    let items: Vec<Item<'_>> = sealed
        .iter()
        .zip(&bindings)
        .map(|(it, binding)| Item {
            bytes: &it.ciphertext,
            binding,
            version: it.version.as_deref(),
        })
        .collect();
    let opened = key.open_all(&items).await.unwrap();
    for (n, outcome) in opened.iter().enumerate() {
        let expected = match (n, kind) {
            (7, _) => Some(ItemRefusal::NotOfThisKey),
            (8, Kind::Aws) => Some(ItemRefusal::Length),
            (8, Kind::Azure) => Some(ItemRefusal::VersionUnknown),
            _ => None,
        };
        assert_eq!(refusal(outcome), expected, "{kind:?} {n}");
        if let ItemOutcome::Done(OpenedItem { plaintext, .. }) = outcome {
            assert_eq!(plaintext[..], *plaintexts[n].as_bytes());
        }
    }
}

#[tokio::test]
async fn another_binding_and_a_version_that_is_shut_out() {
    let name = "another_binding_and_a_version_that_is_shut_out";
    let Some(kind) = of_child() else {
        for kind in KINDS {
            let fake = kind.start();
            let of_first_version = fake.wrap(&TestKey::random());
            fake.rotate();
            fake.versions(Versions::shut_out_older);
            given(kind, name, &fake, &of_first_version).await;
        }
        return;
    };
    let key = key(kind.uri()).await;
    let (good, bad) = (binding(kind, "1"), binding(kind, "2"));
    let sealed =
        key.seal_all(&[Item { bytes: b"it", binding: &good, version: None }]).await.unwrap();
    let sealed = sealed.into_iter().next().unwrap().done().unwrap();
    let of =
        |binding| Item { bytes: &sealed.ciphertext, binding, version: sealed.version.as_deref() };
    let opened = key.open_all(&[of(&good), of(&bad)]).await.unwrap();
    assert_eq!(refusal(&opened[0]), None);
    let is_bound = kind != Kind::Azure;
    assert_eq!(refusal(&opened[1]), is_bound.then_some(ItemRefusal::NotOfThisKey), "{kind:?}");
    let older = std::env::var(GIVEN).unwrap();
    let older = WrappedKey::parse(older.as_bytes(), key.uri().service()).unwrap();
    let (bytes, version) = (&older.ciphertext[..], older.version.as_deref());
    let opened = key.open_all(&[Item { bytes, binding: &Binding::None, version }]).await.unwrap();
    // AWS shuts out no material
    let is_shut_out = kind != Kind::Aws;
    assert_eq!(
        refusal(&opened[0]),
        is_shut_out.then_some(ItemRefusal::VersionUnusable),
        "{kind:?}"
    );
    let unfit = match kind {
        Kind::Aws => Binding::Aad(Vec::new()),
        _ => Binding::Context(BTreeMap::new()),
    };
    let error = key.open_all(&[of(&unfit)]).await.err().unwrap();
    assert!(error.what.contains("cannot bind"), "{error}");
}

#[tokio::test]
async fn wrapped_again_without_being_shown() {
    let name = "wrapped_again_without_being_shown";
    let Some(kind) = of_child() else {
        for kind in KINDS {
            let fake = kind.start();
            as_client(kind, name, &fake).await;
            let calls = fake.take_calls();
            match kind {
                Kind::Aws => assert_eq!((calls["ReEncrypt"], calls["Decrypt"]), (3, 2)),
                Kind::Vault => assert_eq!((calls["rewrap"], calls["decrypt"]), (1, 1)),
                Kind::Gcp | Kind::Azure => assert_eq!(calls.len(), 1, "sealed once: {calls:?}"),
            }
        }
        return;
    };
    let from = key(kind.uri()).await;
    let to = key(if kind == Kind::Aws { OTHER_AWS_URI } else { kind.uri() }).await;
    let none = Binding::None;
    let made = from.new_data_keys(std::slice::from_ref(&none)).await.unwrap().remove(0);
    let item = Item {
        bytes: &made.wrapped.ciphertext,
        binding: &none,
        version: made.wrapped.version.as_deref(),
    };
    let bound = binding(kind, "1");
    let to_bound = if kind == Kind::Aws { &bound } else { &none };
    let broken = Item { bytes: b"vault:v1:AAAA", ..item };
    let rewraps = [item, item, broken].map(|item| Rewrap { item, binding: to_bound });
    if !from.rewraps_to(&to, [&none, to_bound]) {
        assert!(matches!(kind, Kind::Gcp | Kind::Azure));
        let error = from.rewrap_all(&rewraps, &to).await.err().unwrap();
        assert!(error.what.contains("cannot wrap this again"), "{error}");
        return;
    }
    let bound_anew = binding(kind, "1");
    assert_eq!(
        from.rewraps_to(&to, [&none, &bound_anew]),
        kind == Kind::Aws,
        "Vault's takes no AAD"
    );
    let rewrapped = from.rewrap_all(&rewraps, &to).await.unwrap();
    assert_eq!(refusal(&rewrapped[2]), Some(ItemRefusal::NotOfThisKey));
    let done: Vec<_> = rewrapped.into_iter().filter_map(ItemOutcome::done).collect();
    assert_eq!(done.len(), 2);
    let reopened: Vec<Item<'_>> = done
        .iter()
        .map(|it| Item { bytes: &it.sealed.ciphertext, binding: to_bound, version: None })
        .collect();
    for (opened, rewrapped) in to.open_all(&reopened).await.unwrap().into_iter().zip(&done) {
        let opened = opened.done().unwrap();
        assert_eq!(opened.plaintext[..], made.plaintext[..]);
        assert_eq!(opened.version, rewrapped.sealed.version);
        assert_eq!(rewrapped.former_version, made.wrapped.version);
    }
}

/// A value under the former primary version is not called one of the newest.
#[tokio::test]
async fn google_tells_the_version_that_really_sealed() {
    let name = "google_tells_the_version_that_really_sealed";
    let Some(kind) = of_child() else {
        let fake = Kind::Gcp.start();
        fake.versions(Versions::rotate_late);
        return as_client(Kind::Gcp, name, &fake).await;
    };
    let key = key(kind.uri()).await;
    let made = key.new_data_keys(&[Binding::None]).await.unwrap().remove(0);
    assert_eq!(made.wrapped.version.as_deref(), Some("1"));
    assert_eq!(key.newest_version().await.unwrap().as_deref(), Some("2"));
}
