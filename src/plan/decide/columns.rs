//! The columns of values, the version column, and what the values are bound to.

use std::sync::Arc;

use super::{DraftColumn, Objections, TableKeys, beside, identifier, readable, warnings, writable};
use crate::config::{ColumnConfig, TableConfig};
use crate::db::identifier::Identifier;
use crate::envelope::Envelope;
use crate::keys::{ColumnKeys, KeyRing};
use crate::kms::KeyUri;
use crate::layout::{ColumnLayout, Layout, PlaintextRule, Unmatched};
use crate::plan::found::{ColumnFacts, RelationFacts};
use crate::plan::{ColumnKind, KeyPlan};
use crate::sealed::SealedColumn;

pub(super) fn columns(
    table: &TableConfig,
    facts: &RelationFacts,
    keys: TableKeys<'_>,
    key: Option<&KeyPlan>,
    place: &str,
    objections: &mut Objections,
) -> (Vec<DraftColumn>, Vec<Identifier>) {
    let mut aad_columns: Vec<Identifier> = Vec::new();
    let mut columns = Vec::with_capacity(table.columns.len());
    for config in &table.columns {
        let place = format!("{place}.{}", config.name);
        let Some(column) = facts.column(&config.name) else {
            objections.refuse(&place, "the column does not exist", "correct its name");
            continue;
        };
        readable(column, &place, objections);
        writable(column, &place, objections);
        unauthenticated(config, &place, objections);
        let Some(kind) = value_kind(column, config, key, &place, objections) else { continue };
        let beside = beside::columns(config, facts, key, &place, objections);
        let aad_sources = aad_sources(table, config, facts, &mut aad_columns, &place, objections);
        let layout = with_keys(config, facts, keys.ring, kind, objections);
        let sealed = layout.as_ref().and_then(|(layout, _)| {
            SealedColumn::of(layout, keys.services, keys.newest, keys.verify_open)
        });
        let envelope = layout.as_ref().and_then(|(layout, _)| envelope(layout.write(), keys));
        if let Some((layout, _)) = &layout {
            let verify_open = keys.verify_open;
            warnings::of_services(layout, sealed.as_ref(), verify_open, &place, objections);
        }
        columns.push(DraftColumn {
            name: identifier(&config.name),
            number: column.number,
            kind,
            beside,
            paths: config.paths.clone(),
            layout,
            sealed,
            envelope,
            aad_sources,
            aad_table: facts.root_name.clone(),
        });
    }
    (columns, aad_columns)
}

/// Names the sources that nothing authenticates.
fn unauthenticated(config: &ColumnConfig, place: &str, objections: &mut Objections) {
    let read = config.layout.iter().flat_map(ColumnLayout::read);
    for source in read.filter(|layout| !layout.cipher().is_authenticated()) {
        let rule = source.plaintext_rule().map(PlaintextRule::as_written).unwrap_or_default();
        objections.warn(
            place,
            format!("nothing authenticates the values of {}: a wrong key may go unnoticed", source.name()),
            format!("what opens is taken for right when it is as `plaintext` says ({rule}): see that no other text is"),
        );
    }
}

/// The configured layout and its keys.
fn with_keys(
    config: &ColumnConfig,
    facts: &RelationFacts,
    ring: Option<&Arc<KeyRing>>,
    kind: ColumnKind,
    objections: &mut Objections,
) -> Option<(ColumnLayout, Arc<ColumnKeys>)> {
    let layout = config.layout.clone()?.stored_in(kind == ColumnKind::Bytea);
    let Some(ring) = ring else {
        let keys = ColumnKeys::of_services(&layout);
        return Some((layout, Arc::new(keys)));
    };
    match ring.column_keys(&layout, &facts.root_name, &config.name) {
        Ok(keys) => Some((layout, Arc::new(keys))),
        Err(refusal) => {
            objections.refusals.push(refusal);
            None
        }
    }
}

/// The wrapped data keys of a layout, with the version that is wanted from now on.
fn envelope(layout: &Layout, keys: TableKeys<'_>) -> Option<Arc<Envelope>> {
    let form = layout.data_key()?;
    let make = || {
        let at_hand = |uri: &KeyUri| keys.services.get(uri).cloned();
        let retry_for = keys.services.retry_for();
        Envelope::new(form.clone(), layout.cipher(), at_hand, keys.verify_open, retry_for)
    };
    let envelope = keys.services.envelopes().get(form, layout.cipher(), make)?;
    envelope.want(keys.newest.of(form.kms()));
    Some(envelope)
}

fn value_kind(
    column: &ColumnFacts,
    config: &ColumnConfig,
    key: Option<&KeyPlan>,
    place: &str,
    objections: &mut Objections,
) -> Option<ColumnKind> {
    let kind = match (column.type_name.as_str(), &config.paths) {
        ("bytea", None) => ColumnKind::Bytea,
        ("text" | "varchar", _) => ColumnKind::Text,
        ("json", Some(_)) => ColumnKind::Json,
        ("jsonb", Some(_)) => ColumnKind::Jsonb,
        (_, paths) => {
            let what = format!("the column has type {}", column.declared_type);
            let hint = match (column.type_name.as_str(), paths) {
                ("json" | "jsonb", _) => "say which of its strings are values: json = [\"$.name\"]",
                (_, Some(_)) => "documents are kept in json, jsonb, text or varchar",
                (_, None) => "values are kept in bytea, text or varchar",
            };
            objections.refuse(place, what, hint);
            return None;
        }
    };
    unchanging(column, key, place, objections);
    if let Some(layout) = &config.layout {
        let has_raw = layout.all().any(|layout| !layout.is_text());
        if kind != ColumnKind::Bytea && has_raw {
            let what = format!("a {} column cannot hold a raw layout", column.declared_type);
            objections.refuse(place, what, "use hex or base64 in the layout");
        }
        short(column, layout, place, objections);
    }
    Some(kind)
}

/// Warns of a column that bounds the length of what may become longer: it would refuse the write of each such value.
fn short(column: &ColumnFacts, layout: &ColumnLayout, place: &str, objections: &mut Objections) {
    let is_bounded = column.declared_type.starts_with("character varying(");
    let may_grow = !layout.read().is_empty() || layout.unmatched() == Unmatched::Encrypt;
    if is_bounded && may_grow {
        objections.warn(
            place,
            format!(
                "the column is {}, and values may become longer in {}",
                column.declared_type,
                layout.write().name()
            ),
            "what does not fit is a failure (write_refused, 22001): see that it does, or make the column wider first",
        );
    }
}

/// Refuses a column that cannot be given another value.
pub(super) fn unchanging(
    column: &ColumnFacts,
    key: Option<&KeyPlan>,
    place: &str,
    objections: &mut Objections,
) {
    if column.is_generated {
        objections.refuse(place, "the column is generated", "name the column it is computed from");
    }
    if key.is_some_and(|key| key.columns.iter().any(|k| k.name.name() == column.name)) {
        objections.refuse(place, "the column is part of the row key", "add another unique index");
    }
}

/// Where the columns of the AAD template stand; refuses those that our own write would change.
fn aad_sources(
    table: &TableConfig,
    config: &ColumnConfig,
    facts: &RelationFacts,
    aad_columns: &mut Vec<Identifier>,
    place: &str,
    objections: &mut Objections,
) -> Vec<usize> {
    let names = config.layout.as_ref().map(ColumnLayout::aad_columns).unwrap_or_default();
    let mut sources = Vec::new();
    for name in names {
        let Some(column) = facts.column(name) else {
            let what = format!("the additional data names column {name}, which does not exist");
            objections.refuse(place, what, "correct `aad`");
            continue;
        };
        readable(column, &format!("{}.{name}", facts.display_name()), objections);
        let changes = if table.version.as_deref() == Some(name.as_str()) {
            Some("the version column")
        } else if column.is_generated {
            Some("a generated column")
        } else if table.columns.iter().any(|other| other.writes(name)) {
            Some("a resealed column")
        } else {
            None
        };
        if let Some(changes) = changes {
            let what =
                format!("the additional data names {changes} ({name}), which the write changes");
            objections.refuse(place, what, "bind the value to columns that stay as they are");
        }
        let name = identifier(name);
        let known = aad_columns.iter().position(|c| *c == name);
        sources.push(known.unwrap_or_else(|| {
            aad_columns.push(name);
            aad_columns.len() - 1
        }));
    }
    sources
}

pub(super) fn version(
    table: &TableConfig,
    facts: &RelationFacts,
    place: &str,
    objections: &mut Objections,
) -> Option<Identifier> {
    let name = table.version.as_ref()?;
    let place = format!("{place}.{name}");
    let Some(column) = facts.column(name) else {
        objections.refuse(&place, "the version column does not exist", "correct `version`");
        return None;
    };
    let is_integer = matches!(column.type_name.as_str(), "int2" | "int4" | "int8");
    if !is_integer || !column.not_null || column.is_generated {
        let what = format!("the version column is {}", column.declared_type);
        objections.refuse(&place, what, "it must be an integer, not null, and not generated");
    }
    if facts.keys.first().is_some_and(|key| key.columns.contains(name)) {
        objections.refuse(
            &place,
            "the version column is part of the row key",
            "leave it out of `version`",
        );
    }
    readable(column, &place, objections);
    writable(column, &place, objections);
    Some(identifier(name))
}
