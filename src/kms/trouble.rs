//! What a service's refusal means, whichever service it is: what to do next, and what to say.

use std::time::Duration;

use super::item::ItemRefusal;
use super::uri::Service;
use crate::error::Error;

/// One item that the service does not take, in a call that it answered.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) refusal: ItemRefusal,
    /// What to say where the item is all there is.
    pub(super) error: Error,
}

/// One failed attempt.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The service asks for fewer calls; it may say for how long.
    Throttled { after: Option<Duration> },
    /// Another attempt may succeed.
    Passing(Error),
    /// No attempt would.
    Final(Error),
    /// … because a permission is missing.
    Denied(Error),
    /// … with these credentials, or while none are found.
    Credentials(Error),
    /// … for this item; others may be good.
    Item(Refused),
}

impl Trouble {
    /// The service, or the way to it, is not there just now.
    pub(super) fn unreachable(service: Service, why: &str) -> Self {
        let hint = "check the network, its proxy (HTTPS_PROXY) and the service's address";
        Self::Passing(Error::outside(format!("cannot reach {service}: {why}")).hint(hint))
    }

    /// The service answered that it cannot just now.
    pub(super) fn unavailable(service: Service, why: &str) -> Self {
        Self::Passing(Error::outside(format!("{service} is not available: {why}")))
    }

    /// Who we are is known, but we may not. `permission` as the service's policies spell it.
    pub(super) fn denied(service: Service, permission: &str, hint: &str) -> Self {
        Self::Denied(Error::usage(format!("{service} denies {permission}")).hint(hint))
    }

    /// No credentials, or none that are accepted. They may be renewed while the command is retried
    /// from outside, so this is trouble outside.
    pub(super) fn credentials(service: Service, why: &str, hint: &str) -> Self {
        let what = format!("the credentials for {service} {why}");
        Self::Credentials(Error::outside(what).hint(hint))
    }

    /// The key, or the version that is needed, cannot be used as it is.
    pub(super) fn key(what: impl Into<String>, hint: &str) -> Self {
        Self::Final(Error::usage(what).hint(hint))
    }

    /// What was to be unwrapped is not what this key has wrapped.
    pub(super) fn not_wrapped_by(service: Service, hint: &str) -> Self {
        let what = format!("{service} cannot unwrap this data key with this key");
        Self::item(ItemRefusal::NotOfThisKey, Error::usage(what).hint(hint))
    }

    /// The version that had sealed it cannot be used.
    pub(super) fn version(what: impl Into<String>, hint: &str) -> Self {
        Self::item(ItemRefusal::VersionUnusable, Error::usage(what).hint(hint))
    }

    /// Longer or shorter than the service takes, which need not be asked to know.
    pub(super) fn length(service: Service) -> Self {
        let what = format!("{service} takes nothing of this length");
        Self::item(ItemRefusal::Length, Error::usage(what))
    }

    pub(super) fn item(refusal: ItemRefusal, error: Error) -> Self {
        Self::Item(Refused { refusal, error })
    }

    /// An answer that makes no sense.
    pub(super) fn answer(service: Service, why: &str) -> Self {
        Self::Passing(Error::outside(format!("{service} gave an answer that {why}")))
    }

    /// What to say when no more attempts are made.
    pub(super) fn into_error(self, service: Service) -> Error {
        match self {
            Self::Throttled { .. } => Error::outside(format!(
                "{service} allows no more calls just now"
            ))
            .hint("others use the same quota: lower --kms-max-rps, or have the quota raised"),
            Self::Passing(error)
            | Self::Final(error)
            | Self::Denied(error)
            | Self::Credentials(error)
            | Self::Item(Refused { error, .. }) => error,
        }
    }
}
