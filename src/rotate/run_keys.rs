//! The keys of a run, as the ledger tells one run from another: the rings by their key ids, and the keys of
//! key services by their names. Their versions are no part of that: a run that is resumed after a rotation
//! goes on under the newest one.

use std::sync::Arc;

use crate::config::{ColumnConfig, Config, TableConfig};
use crate::db::ledger::run::RingKeys;
use crate::keys::KeyRing;
use crate::layout::{ColumnLayout, DataKeyForm, Layout, ServiceForm};
use crate::plan::make::Rings;

/// Every ring, then every key of a key service that values are written with.
pub fn of(config: &Config, rings: &Rings) -> Vec<RingKeys> {
    let mut all: Vec<RingKeys> = rings.iter().map(|(name, ring)| of_ring(name, ring)).collect();
    for table in &config.tables {
        for layout in table.columns.iter().filter_map(|column| column.layout.as_ref()) {
            let read = read_keys(layout, table, rings);
            match (layout.write().service(), layout.write().data_key()) {
                (Some(form), _) => add(&mut all, &form.key().to_string(), read),
                (None, Some(form)) => {
                    let read = form.uris().skip(1).map(ToString::to_string).collect();
                    add(&mut all, &form.kms().to_string(), read);
                }
                (None, None) => add(&mut all, &table.ring, services(layout.read())),
            }
        }
    }
    all
}

/// The keys of key services that values, or their data keys, are written with, by name.
pub fn written_services(config: &Config) -> Vec<String> {
    let columns = config.tables.iter().flat_map(|table| &table.columns);
    let written = |column: &ColumnConfig| {
        let layout = column.layout.as_ref()?.write();
        let wrapping = layout.data_key().map(DataKeyForm::kms);
        layout.service().map(ServiceForm::key).or(wrapping).map(ToString::to_string)
    };
    let mut names: Vec<String> = columns.filter_map(written).collect();
    names.sort();
    names.dedup();
    names
}

fn of_ring(name: &str, ring: &Arc<KeyRing>) -> RingKeys {
    RingKeys {
        ring: name.to_owned(),
        current: ring.current().id().to_string(),
        previous: ring.previous().iter().map(|key| key.id().to_string()).collect(),
    }
}

/// What a column written by a key service may still need.
fn read_keys(layout: &ColumnLayout, table: &TableConfig, rings: &Rings) -> Vec<String> {
    let mut read = services(layout.read());
    let ring = rings.get(&table.ring).filter(|_| layout.needs_ring());
    if let Some(RingKeys { current, previous, .. }) = ring.map(|ring| of_ring("", ring)) {
        read.push(current);
        read.extend(previous);
    }
    read
}

fn services(layouts: &[Layout]) -> Vec<String> {
    layouts.iter().filter_map(|layout| Some(layout.service()?.key().to_string())).collect()
}

/// Adds previous keys to those of the ring, or of the key service's key, of this name.
fn add(all: &mut Vec<RingKeys>, name: &str, previous: Vec<String>) {
    let place = all.iter().position(|keys| keys.ring == name).unwrap_or_else(|| {
        all.push(RingKeys { ring: name.to_owned(), current: name.to_owned(), previous: vec![] });
        all.len() - 1
    });
    let keys = &mut all[place];
    for key in previous {
        if key != keys.current && !keys.previous.contains(&key) {
            keys.previous.push(key);
        }
    }
}
