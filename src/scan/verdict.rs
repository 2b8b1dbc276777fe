//! From counts to a verdict on a column: in which layouts its values authenticate and under which keys, or that
//! they merely look like ciphertext. Pure.

use std::collections::BTreeMap;

use super::forms::{Form, Roster};
use super::looks::{Disguise, Encoding};
use super::rings::SearchRings;
use super::tally::{Hit, Tally};
use crate::layout::{ColumnLayout, Layout, Unmatched};

/// A column in which values authenticate.
#[derive(Clone, Debug)]
pub struct Found {
    /// The ring that opens most of them.
    pub ring: usize,
    /// The layouts, the one to be written first.
    pub parts: Vec<Part>,
    /// How many values each key of the ring opens, by its place (0 for the current one).
    pub keys: BTreeMap<usize, u64>,
    /// Values that only another ring opens.
    pub elsewhere: u64,
    /// Values that were tried and that nothing opens.
    pub closed: u64,
    /// … of these, values that have no shape of the layouts: plain text beside ciphertext.
    pub plain: u64,
}

/// One layout of a column.
#[derive(Clone, Debug)]
pub struct Part {
    pub form: Form,
    pub values: u64,
    /// … under the current key.
    pub current: u64,
    /// Other layouts that open the same values as well.
    pub also: Vec<String>,
}

/// A column that looks like ciphertext which no key opens for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooksLike {
    pub how: String,
    pub values: u64,
}

impl Found {
    /// `None` when no value authenticates.
    pub fn of(tally: &Tally, roster: &Roster, rings: &SearchRings) -> Option<Self> {
        let in_ring = |ring: usize| -> u64 {
            let opened = tally.opened.iter();
            opened.filter(|(hits, _)| hits.iter().any(|hit| hit.ring == ring)).map(|(_, n)| n).sum()
        };
        // of rings that open as many, the first
        let ring = (0..rings.all().len()).rev().max_by_key(|ring| in_ring(*ring))?;
        let mut left: Vec<(Vec<Hit>, u64)> = tally
            .opened
            .iter()
            .map(|(hits, n)| (hits.iter().copied().filter(|hit| hit.ring == ring).collect(), *n))
            .filter(|(hits, _): &(Vec<Hit>, u64)| !hits.is_empty())
            .collect();
        let (mut parts, mut keys) = (Vec::new(), BTreeMap::new());
        while let Some(form) = likeliest(&left) {
            let has = |(hits, _): &(Vec<Hit>, u64)| hits.iter().any(|hit| hit.form == form);
            let (taken, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(has);
            left = rest;
            parts.push(part(form, &taken, roster, &mut keys));
        }
        if parts.is_empty() {
            return None;
        }
        // what the current key already writes is what the application writes now
        let may_write =
            |layout: &Layout| layout.writable().is_ok() && rings.ring(ring).may_write(layout);
        parts.sort_by_key(|part| {
            std::cmp::Reverse((may_write(&part.form.layout), part.current > 0))
        });
        let authenticated = tally.authenticated();
        let tried = tally.values - tally.untried - tally.too_long;
        let closed = tried - authenticated;
        let shaped: u64 = tally
            .shaped
            .values()
            .chain(tally.random.values())
            .chain(tally.plausible.values())
            .sum();
        Some(Self {
            ring,
            parts,
            elsewhere: authenticated - in_ring(ring),
            plain: closed.saturating_sub(shaped),
            closed,
            keys,
        })
    }

    /// Values that authenticate under the ring.
    pub fn authenticated(&self) -> u64 {
        self.keys.values().sum()
    }

    /// The layouts as a run takes them.
    ///
    /// # Errors
    /// Why a run would refuse them.
    pub fn layout(
        &self,
        rings: &SearchRings,
        table: &str,
        column: &str,
    ) -> Result<ColumnLayout, String> {
        let mut layouts = self.parts.iter().map(|part| part.form.layout.clone());
        let write = layouts.next().ok_or("it has no layout")?;
        let layout = ColumnLayout::new(write, layouts.collect()).map_err(|error| error.what)?;
        rings.ring(self.ring).column_keys(&layout, table, column).map_err(|error| error.what)?;
        match self.leaves_plain() {
            true => layout.with_unmatched(Unmatched::Leave).map_err(|error| error.what),
            false => Ok(layout),
        }
    }

    /// Whether plain text stands beside ciphertext.
    pub fn leaves_plain(&self) -> bool {
        self.plain > 0
    }
}

/// The form that opens most of what is left; of several the first, which is the likeliest.
fn likeliest(left: &[(Vec<Hit>, u64)]) -> Option<usize> {
    let counts = counts(left);
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(form, _)| form)
}

fn counts(values: &[(Vec<Hit>, u64)]) -> BTreeMap<usize, u64> {
    let mut counts = BTreeMap::new();
    for (hits, count) in values {
        for hit in hits {
            *counts.entry(hit.form).or_default() += count;
        }
    }
    counts
}

fn part(
    form: usize,
    taken: &[(Vec<Hit>, u64)],
    roster: &Roster,
    keys: &mut BTreeMap<usize, u64>,
) -> Part {
    let (mut values, mut current) = (0, 0);
    for (hits, count) in taken {
        for hit in hits.iter().filter(|hit| hit.form == form) {
            *keys.entry(hit.key).or_default() += count;
            current += if hit.key == 0 { *count } else { 0 };
        }
        values += count;
    }
    let also =
        counts(taken).into_iter().filter(|(other, count)| *other != form && *count == values);
    let also = also.map(|(other, _)| roster.forms[other].describe()).collect();
    Part { form: roster.forms[form].clone(), values, current, also }
}

impl LooksLike {
    /// `None` when fewer than nine in ten values look so, or some authenticate.
    pub fn of(tally: &Tally, roster: &Roster, rings: &SearchRings) -> Option<Self> {
        let sum = |counts: &BTreeMap<_, u64>| counts.values().sum::<u64>();
        let plausible = tally.plausible.values().sum::<u64>();
        let (shaped, random) = (tally.shaped.values().sum::<u64>(), sum(&tally.random));
        let values = plausible + shaped + random;
        let tried = tally.values - tally.untried - tally.too_long;
        if values == 0 || tally.authenticated() > 0 || values * 10 < tried * 9 {
            return None;
        }
        let how = if plausible * 10 >= tried * 9 && tried >= PLAUSIBLE_MIN {
            opens_unauthenticated(tally, roster, rings)
        } else if let Some((shape, _)) =
            tally.shaped.iter().max_by_key(|(_, count)| **count).filter(|_| shaped * 2 >= values)
        {
            format!("values have the shape of {}{}", alike(*shape, roster), lacks(*shape, roster))
        } else if random * 2 >= values {
            random_bytes(&tally.random)
        } else {
            return None;
        };
        Some(Self { how, values })
    }
}

/// Fewer plausible texts may be chance: a wrong key passes the padding check once in 230 times.
const PLAUSIBLE_MIN: u64 = 3;
/// Names of presets in a message.
const NAMES_MAX: usize = 3;

fn opens_unauthenticated(tally: &Tally, roster: &Roster, rings: &SearchRings) -> String {
    let mut by_hit: BTreeMap<Hit, u64> = BTreeMap::new();
    for (hits, count) in &tally.plausible {
        for hit in hits {
            *by_hit.entry(*hit).or_default() += count;
        }
    }
    let likeliest = by_hit.into_iter().rev().max_by_key(|(_, count)| *count);
    let Some((hit, count)) = likeliest else { return "nothing authenticates them".to_owned() };
    let form = roster.forms[hit.form].describe();
    let key = rings.source(hit.ring, hit.key);
    format!("{key} opens {count} to plausible text as {form}, which nothing authenticates")
}

/// Presets that share a shape.
fn alike(first: usize, roster: &Roster) -> String {
    let shape = roster.shapes.iter().find(|shape| shape[0] == first);
    let forms = shape.into_iter().flatten().map(|form| &roster.forms[*form]);
    let mut names: Vec<&str> = forms.map(|form| form.layout.name()).collect();
    names.dedup();
    names.truncate(NAMES_MAX);
    names.join(", ")
}

/// What the presets of a shape were not tried with.
fn lacks(first: usize, roster: &Roster) -> &'static str {
    let shape = roster.shapes.iter().find(|shape| shape[0] == first);
    let lacks_salt = |form: &usize| roster.forms[*form].lacks_salt;
    match shape.into_iter().flatten().any(lacks_salt) {
        true => ", whose keys are derived with a salt: name it with --salt",
        false => "",
    }
}

fn random_bytes(random: &BTreeMap<Disguise, u64>) -> String {
    let least = random.keys().map(|disguise| disguise.bytes).min().unwrap_or_default();
    let most = random.keys().map(|disguise| disguise.bytes).max().unwrap_or_default();
    let mut encodings: Vec<Encoding> = random.keys().map(|disguise| disguise.encoding).collect();
    encodings.sort();
    encodings.dedup();
    let encodings: Vec<&str> = encodings.into_iter().map(Encoding::name).collect();
    let encodings = encodings.join(" and ");
    if least == most {
        return format!(
            "random bytes in {encodings}, {least} in each value, as digests and tokens have"
        );
    }
    format!("random bytes in {encodings}, {least} to {most}")
}
