//! One column with values that key services seal: its keys, and what the version of a value tells.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{NewestVersions, ServiceKeys};
use crate::kms::{KeyUri, KmsKey, Service, compare_versions};
use crate::layout::{ColumnLayout, ServiceForm};

/// The keys of the services, by the place of their layout in the column.
#[derive(Clone)]
pub struct SealedColumn {
    /// One a layout of the column, the written one first; `None` where the layout is one of ours, or where
    /// only the written one is needed.
    keys: Vec<Option<Arc<KmsKey>>>,
    /// What values are sealed with.
    written: Option<Written>,
    verify_open: bool,
    retry_for: Duration,
}

/// What is known of the key that seals.
#[derive(Clone, Debug)]
struct Written {
    uri: KeyUri,
    /// The version that seals now, where the service tells.
    newest: Option<String>,
    /// Whether a value of that version is done, or may still be bound to something else, or sealed
    /// by a key whose versions have the same names.
    version_tells: bool,
}

/// What the version of a value tells, or of a wrapped data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Done,
    Stale,
    /// Its service must be asked.
    Nothing,
}

/// Names alone.
impl fmt::Debug for SealedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedColumn").field("written", &self.written).finish_non_exhaustive()
    }
}

impl SealedColumn {
    /// `None` when no key service seals values of this column.
    pub fn of(
        layout: &ColumnLayout,
        services: &ServiceKeys,
        newest: &NewestVersions,
        verify_open: bool,
    ) -> Option<Self> {
        if !layout.has_services() {
            return None;
        }
        let key = |form: &ServiceForm| services.get(form.key()).cloned();
        let keys = layout.all().map(|layout| layout.service().and_then(key)).collect();
        let written = layout.write().service().map(|form| Written {
            uri: form.key().clone(),
            newest: newest.of(form.key()),
            version_tells: !is_read_too(layout, form),
        });
        Some(Self { keys, written, verify_open, retry_for: services.retry_for() })
    }

    /// The key of a layout, by its place.
    pub(super) fn key(&self, place: usize) -> Option<&Arc<KmsKey>> {
        self.keys.get(place)?.as_ref()
    }

    /// Whether a key service seals what is written.
    pub fn is_written(&self) -> bool {
        self.written.is_some()
    }

    /// The key service's key that seals what is written, and its newest version where that is known.
    pub fn written(&self) -> Option<(&KeyUri, Option<&str>)> {
        let written = self.written.as_ref()?;
        Some((&written.uri, written.newest.as_deref()))
    }

    /// Whether the version of a value tells what is to be done; else each one costs a call.
    pub fn version_tells(&self) -> bool {
        self.written.as_ref().is_some_and(|written| written.version_tells)
    }

    /// Whether a proof opens what is done by its version.
    pub fn verify_open(&self) -> bool {
        self.verify_open
    }

    pub(super) fn retry_for(&self) -> Duration {
        self.retry_for
    }

    /// What is told by a version that stands beside or in a value of the layout that is written.
    pub(super) fn told(&self, version: Option<&str>) -> Told {
        let Some(written) = &self.written else { return Told::Nothing };
        let (Some(version), Some(newest)) = (version, written.newest.as_deref()) else {
            return Told::Nothing;
        };
        let is_older = compare_versions(version, newest).is_some_and(Ordering::is_lt);
        match written.uri.service() {
            _ if !written.version_tells => Told::Nothing,
            _ if version == newest => Told::Done,
            Service::Vault if is_older => Told::Stale,
            // newer than what was newest, or what nobody promises an order of
            _ => Told::Nothing,
        }
    }

    /// Whether this is the version that is wanted: what the service said when it sealed or opened.
    pub(super) fn is_wanted(&self, version: Option<&str>) -> bool {
        let newest = self.written.as_ref().and_then(|written| written.newest.as_deref());
        let (Some(version), Some(newest)) = (version, newest) else { return true };
        let is_vault = matches!(&self.written, Some(it) if it.uri.service() == Service::Vault);
        let is_newer = compare_versions(version, newest).is_some_and(Ordering::is_gt);
        version == newest || (is_vault && is_newer)
    }
}

/// Whether another layout of the column reads values whose version could be taken for one of the key that seals: the
/// same key with another binding, or another key whose versions are numbers too. AWS's versions are no numbers, but
/// its keys may have several names.
fn is_read_too(layout: &ColumnLayout, written: &ServiceForm) -> bool {
    let mut forms = layout.read().iter().filter_map(|layout| layout.service());
    forms.any(|form| match written.key().service() {
        Service::Aws => form.key() == written.key() || !form.binds_as(written),
        service => form.key().service() == service,
    })
}
