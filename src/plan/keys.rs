//! The keys that a plan is made with: rings, and keys that stay in their services.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::decide::Purpose;
use crate::config::{Config, TableConfig};
use crate::error::{Error, Result};
use crate::keys::KeyRing;
use crate::kms::KeyUri;
use crate::layout::{ColumnLayout, DataKeyForm, ServiceForm};
use crate::sealed::{Canary, NewestVersions, ServiceKeys};

/// The keys of a configuration: its rings by name, loaded, and those that stay in their services.
#[derive(Clone, Default)]
pub struct Rings {
    rings: BTreeMap<String, Arc<KeyRing>>,
    pub services: Arc<ServiceKeys>,
}

impl Rings {
    pub fn new(services: ServiceKeys) -> Self {
        Self { rings: BTreeMap::new(), services: Arc::new(services) }
    }
}

impl Deref for Rings {
    type Target = BTreeMap<String, Arc<KeyRing>>;

    fn deref(&self) -> &Self::Target {
        &self.rings
    }
}

impl DerefMut for Rings {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.rings
    }
}

/// The version that seals now, of each key of a key service that values, or their data keys, are written with.
pub(super) async fn newest(
    config: &Config,
    rings: &Rings,
    purpose: Purpose,
) -> Result<NewestVersions> {
    let columns = config.tables.iter().flat_map(|table| &table.columns);
    let mut written: BTreeMap<&KeyUri, Canary> = BTreeMap::new();
    for layout in columns.filter_map(|column| column.layout.as_ref()) {
        let write = layout.write();
        let wrapping = write.data_key().map(DataKeyForm::kms);
        let Some(uri) = write.service().map(ServiceForm::key).or(wrapping) else { continue };
        let canary = match purpose {
            Purpose::Verify if is_told(layout) && !config.run.verify_open => Canary::Left,
            _ => Canary::Sealed,
        };
        let known = written.entry(uri).or_insert(canary);
        *known = canary.max(*known);
    }
    NewestVersions::ask(written.into_iter(), &rings.services).await
}

/// Whether a proof is told by a note, and does not ask which version had sealed. A value may be taken for a new one
/// as long as the service has not heard of the newest version everywhere.
fn is_told(layout: &ColumnLayout) -> bool {
    let write = layout.write();
    let is_noted = write.service().is_some_and(ServiceForm::has_version_column);
    let of_values = is_noted && layout.read().iter().all(|read| read.service().is_none());
    let of_data_keys =
        write.data_key().is_some_and(|form| form.has_marker && !form.versions_are_ambiguous());
    of_values || of_data_keys
}

/// `None` where key services seal all values of the table.
pub(super) fn ring<'r>(rings: &'r Rings, table: &TableConfig) -> Result<Option<&'r Arc<KeyRing>>> {
    let ring = rings.get(&table.ring);
    if ring.is_none() && table.needs_ring() {
        return Err(Error::bug("a table's key ring was not loaded"));
    }
    Ok(ring.filter(|_| table.needs_ring()))
}
