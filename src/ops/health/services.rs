//! Whether the key services answer for the keys that columns name: values that they seal themselves, data keys
//! that they wrap beside values.

use std::fmt;

use serde::Serialize;

use crate::config::ServiceKeyUse;
use crate::error::{Error, ExitCode, Result};
use crate::kms::{Allowed, Kms, KmsKey, KmsSettings, Service};

/// What came of looking at one key.
#[derive(Clone, Debug)]
pub(in crate::ops) struct LookedAt {
    pub shown: ServiceKeyShown,
    pub trouble: Option<Error>,
}

/// A key as `--verbose` shows it.
#[derive(Clone, Debug, Serialize)]
pub(in crate::ops) struct ServiceKeyShown {
    key: String,
    /// Its service answered, be it with a refusal.
    reachable: bool,
    /// The version that is to seal.
    newest_version: Option<String>,
    /// The version that did, where the service tells.
    sealing_version: Option<String>,
    /// It opens what it has sealed; `null` where that is not known.
    round_trip: Option<bool>,
    /// Permissions that are missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied: Vec<String>,
}

/// Looks at every key, service by service and key by key: there are few.
pub(in crate::ops) async fn look_at(
    keys: &[ServiceKeyUse],
    settings: KmsSettings,
) -> Vec<LookedAt> {
    let kms = Kms::new(settings);
    let mut looked_at = Vec::new();
    for wanted in keys {
        let mut shown = ServiceKeyShown::of(wanted);
        let trouble = shown.look(&kms, wanted).await.err();
        // what ends with exit 5 is a service that is not there, or does not let us in
        shown.reachable = trouble.as_ref().is_none_or(|it| it.exit_code != ExitCode::Outside);
        looked_at.push(LookedAt { shown, trouble });
    }
    looked_at
}

impl ServiceKeyShown {
    fn of(wanted: &ServiceKeyUse) -> Self {
        Self {
            key: wanted.key.to_string(),
            reachable: false,
            newest_version: None,
            sealing_version: None,
            round_trip: None,
            denied: Vec::new(),
        }
    }

    async fn look(&mut self, kms: &Kms, wanted: &ServiceKeyUse) -> Result<()> {
        let key: KmsKey = kms.key(&wanted.key).await?;
        match key.look().await? {
            Allowed::Yes(version) => self.newest_version = version,
            // every plan asks for the version of a key that seals
            Allowed::No(denied) if wanted.seals => return Err(denied),
            Allowed::No(denied) => self.denied.push(denied.what),
        }
        match key.round_trip().await {
            Ok(Allowed::Yes(version)) => {
                self.round_trip = Some(true);
                self.sealing_version = version;
            }
            // AWS and Vault wrap again by themselves, which needs neither permission
            Ok(Allowed::No(denied))
                if wanted.seals
                    && matches!(wanted.key.service(), Service::Gcp | Service::Azure) =>
            {
                return Err(denied);
            }
            Ok(Allowed::No(denied)) => self.denied.push(denied.what),
            Err(error) => {
                self.round_trip = Some(false);
                return Err(error);
            }
        }
        Ok(())
    }
}

impl fmt::Display for ServiceKeyShown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key service's key {}", self.key)?;
        let reached = if self.reachable { "its service answers" } else { "not reached" };
        write!(f, "\n  {reached}")?;
        if let Some(newest) = &self.newest_version {
            write!(f, ", the newest version is {newest}")?;
        }
        if let Some(sealing) =
            self.sealing_version.as_ref().filter(|it| self.newest_version.as_ref() != Some(it))
        {
            write!(f, ", version {sealing} seals")?;
        }
        match self.round_trip {
            Some(true) => f.write_str(", it opens what it has sealed")?,
            Some(false) => f.write_str(", it does not seal and open")?,
            None => {}
        }
        self.denied.iter().try_for_each(|what| write!(f, "\n  {what}"))
    }
}
