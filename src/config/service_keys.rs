//! Keys of key services that columns name: those that seal values, or wrap data keys beside them.

use std::collections::BTreeMap;

use crate::config::TableConfig;
use crate::kms::KeyUri;
use crate::layout::{DataKeyForm, ServiceForm};

/// A key of a key service, and what columns have of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKeyUse {
    pub key: KeyUri,
    /// New values, or new wrappings, are made with it; else it is there for what is old.
    pub seals: bool,
}

/// Each key once, in the order of names.
pub fn of_tables(tables: &[TableConfig]) -> Vec<ServiceKeyUse> {
    let layouts = tables
        .iter()
        .flat_map(|table| &table.columns)
        .filter_map(|column| column.layout.as_ref())
        .flat_map(|layout| layout.all().enumerate());
    let mut keys: BTreeMap<KeyUri, bool> = BTreeMap::new();
    for (place, layout) in layouts {
        let sealing = layout.service().map(ServiceForm::key).into_iter();
        let wrapping = layout.data_key().into_iter().flat_map(DataKeyForm::uris);
        for (nth, key) in sealing.chain(wrapping).enumerate() {
            *keys.entry(key.clone()).or_default() |= place == 0 && nth == 0;
        }
    }
    keys.into_iter().map(|(key, seals)| ServiceKeyUse { key, seals }).collect()
}
