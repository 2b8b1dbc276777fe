//! The environment, one variable at a time.

use std::ffi::OsString;

use crate::config::word::Word;
use crate::error::{Error, Result};

/// Where variables are looked up: in the process, or in the pairs of a test.
pub struct Environment(Box<Lookup>);

type Lookup = dyn Fn(&str) -> Option<OsString>;

impl Environment {
    pub fn of_process() -> Environment {
        Environment(Box::new(|name| std::env::var_os(name)))
    }

    /// Variables given as pairs, for tests.
    pub fn of_pairs(pairs: &[(&str, &str)]) -> Environment {
        let pairs: Vec<(String, OsString)> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Environment(Box::new(move |wanted| {
            pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone())
        }))
    }

    /// As it stands; unset when empty, as an optional value of a deployment template leaves it.
    pub(super) fn raw(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The variable's text. A value that is not UTF-8 is an error.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        self.raw(name)
            .map(|value| {
                value.into_string().map_err(|_| {
                    Error::usage("the variable is not UTF-8").at(format!("env:{name}"))
                })
            })
            .transpose()
    }

    pub(super) fn word(&self, name: &str) -> Result<Option<Word>> {
        Ok(self.text(name)?.map(|text| Word::new(text, format!("env:{name}"))))
    }
}
