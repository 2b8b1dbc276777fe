//! Has wrapped data keys unwrapped by their KMS, once, before the rings that hold them are loaded.

use crate::error::{Error, Result};
use crate::keys::{
    KeySource, LabelledSource, UnwrappedKey, UnwrappedKeys, WrappedSource, Wrapping,
    encrypted_keyset,
};
use crate::kms::{Kms, KmsSettings, WrappedKey};

/// What came of every wrapped key among these sources. With `describe`, the services are also asked
/// which version wraps now; one that does not say is left out of it.
pub async fn all<'s>(
    sources: impl Iterator<Item = &'s LabelledSource>,
    settings: KmsSettings,
    describe: bool,
) -> UnwrappedKeys {
    let kms = Kms::new(settings);
    let mut unwrapped = UnwrappedKeys::default();
    for source in sources {
        if let KeySource::Wrapped(source) = &source.from
            && !unwrapped.contains(source)
        {
            let outcome = one(&kms, source, describe).await;
            unwrapped.insert((**source).clone(), outcome.map_err(|error| located(error, source)));
        }
    }
    unwrapped
}

async fn one(kms: &Kms, source: &WrappedSource, describe: bool) -> Result<UnwrappedKey> {
    let content = source.read()?;
    let service = source.kms.service();
    let wrapped = match encrypted_keyset(&content) {
        Some(sealed) => WrappedKey::of_bytes(sealed, service),
        None => WrappedKey::parse(&content, service),
    };
    let wrapped = wrapped.map_err(|malformed| {
        Error::usage(malformed.to_string())
            .at(source.wrapped.to_string())
            .hint("reseal generate-key --wrap-with prints what belongs there, see docs/kms.md")
    })?;
    let key = kms.key(&source.kms).await?;
    let opened = key.unwrap(&wrapped).await?;
    let version = opened.version.or(wrapped.version);
    let newest_version = match describe {
        true => key.describe().await.ok().and_then(|described| described.version),
        false => None,
    };
    let is_same = version.as_ref().zip(newest_version.as_ref()).map(|(one, other)| one == other);
    let is_newest = opened.is_newest.or(is_same);
    tracing::info!(
        target: "reseal",
        source = %source.wrapped,
        kms = %source.kms,
        version = version.as_deref().unwrap_or("not told"),
        "a data key was unwrapped"
    );
    let wrapping = Wrapping { kms: source.kms.clone(), version, newest_version, is_newest };
    UnwrappedKey::new(&opened.key, wrapped.key_id.as_deref(), wrapping)
}

/// Where the wrapped key lies, too, unless the trouble has a place of its own.
fn located(error: Error, source: &WrappedSource) -> Error {
    match error.place.as_deref() {
        Some(place) if place != source.kms.to_string() => error,
        _ => error.at(source.to_string()),
    }
}
