//! The keys that a plan is made with: rings, and keys that stay in their services.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::decide::Purpose;
use crate::config::{Config, TableConfig};
use crate::error::{Error, Result};
use crate::keys::KeyRing;
use crate::layout::{DataKeyForm, ServiceForm};
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
    let written = columns.filter_map(|column| column.layout.as_ref()).filter_map(|layout| {
        let layout = layout.write();
        let wrapping = layout.data_key().map(DataKeyForm::kms);
        layout.service().map(ServiceForm::key).or(wrapping)
    });
    let canary = match purpose {
        Purpose::Rotate => Canary::Sealed,
        Purpose::Verify => Canary::Left,
    };
    NewestVersions::ask(written, &rings.services, canary).await
}

/// `None` where key services seal all values of the table.
pub(super) fn ring<'r>(rings: &'r Rings, table: &TableConfig) -> Result<Option<&'r Arc<KeyRing>>> {
    let ring = rings.get(&table.ring);
    if ring.is_none() && table.needs_ring() {
        return Err(Error::bug("a table's key ring was not loaded"));
    }
    Ok(ring.filter(|_| table.needs_ring()))
}
