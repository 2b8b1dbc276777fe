//! What the report says of columns outside the run's scope: whether they were searched for ciphertext, with
//! which of the run's keys, and what was found.

use serde::Serialize;

use crate::error::Error;

/// Whether columns outside the scope were searched for ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub looked_for: bool,
    pub what: String,
    /// `None` when nothing was searched.
    pub search: Option<CoverageSearch>,
}

/// A search of a sample of every column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoverageSearch {
    pub tables: usize,
    pub columns: usize,
    /// Values that were tried.
    pub values: u64,
    /// The keys of the run that were at hand, by id.
    pub keys: Vec<String>,
    /// The keys of the run that were not.
    pub missing_keys: Vec<String>,
    /// Values that open, and that the run has not covered.
    pub outside: Vec<OutsideColumn>,
    /// Columns that could not be looked at, and why.
    pub not_looked_at: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideColumn {
    /// `schema.table.column`.
    pub column: String,
    /// Whether the column is in scope, with other layouts.
    pub in_scope: bool,
    pub layout: String,
    /// Values of the sample.
    pub values: u64,
    /// Sources of the keys that open them.
    pub keys: Vec<String>,
}

/// Why nothing was searched.
pub enum NotSearched {
    /// It was not to be.
    Unasked,
    /// The configuration or its keys are not at hand, or the database could not be searched.
    Trouble(Error),
    /// None of the keys at hand is one of the run.
    OtherKeys,
}

impl Coverage {
    pub fn none(why: &NotSearched) -> Self {
        let why = match why {
            NotSearched::Unasked => "--no-coverage was given".to_owned(),
            NotSearched::Trouble(error) => match &error.place {
                Some(place) => format!("{} ({place})", error.what),
                None => error.what.clone(),
            },
            NotSearched::OtherKeys => {
                "none of the keys at hand when this report was made is one of the run".to_owned()
            }
        };
        let what = format!(
            "Not looked for: whether other columns of this database hold ciphertext under these keys, because \
             {why}. The report speaks of the columns in scope and of no others."
        );
        Self { looked_for: false, what, search: None }
    }

    pub fn of(search: CoverageSearch) -> Self {
        let CoverageSearch { tables, columns, values, outside, .. } = &search;
        let found = match outside.len() {
            0 => "none that opens is outside the scope".to_owned(),
            1 => "one column holds values outside the scope, which the run left as they are"
                .to_owned(),
            several => format!(
                "{several} columns hold values outside the scope, which the run left as they are"
            ),
        };
        let mut what = format!(
            "A random sample of {columns} columns of {tables} tables, {values} values, was tried when this report \
             was made with the keys of the run: {found}. A sample can miss what is rare: reseal scan --full tries \
             every value."
        );
        if !search.missing_keys.is_empty() {
            let missing = search.missing_keys.join(", ");
            what.push_str(&format!(
                " Not at hand: {missing}. What this key alone opens was not found."
            ));
        }
        if !search.not_looked_at.is_empty() {
            what.push_str(" Some columns could not be looked at; they are listed with the reason.");
        }
        Self { looked_for: true, what, search: Some(search) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> CoverageSearch {
        CoverageSearch { tables: 2, columns: 5, values: 40, ..CoverageSearch::default() }
    }

    #[test]
    fn nothing_is_claimed_that_was_not_searched() {
        let trouble = Error::usage("there is no such key").at("env:OLD");
        for (why, said) in [
            (NotSearched::Unasked, "--no-coverage was given"),
            (NotSearched::Trouble(trouble), "there is no such key (env:OLD)"),
            (NotSearched::OtherKeys, "none of the keys at hand"),
        ] {
            let coverage = Coverage::none(&why);
            assert!(!coverage.looked_for && coverage.search.is_none());
            assert!(coverage.what.contains(said), "{}", coverage.what);
        }
    }

    #[test]
    fn what_the_search_could_not_see_is_said() {
        assert!(Coverage::of(search()).what.contains("none that opens is outside the scope"));
        let without = CoverageSearch { missing_keys: vec!["1f".to_owned()], ..search() };
        assert!(Coverage::of(without).what.contains("Not at hand: 1f."));
        let denied = CoverageSearch { not_looked_at: vec!["a.b".to_owned()], ..search() };
        assert!(Coverage::of(denied).what.contains("could not be looked at"));
    }
}
