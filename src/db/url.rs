//! Connection words: from DATABASE_URL and libpq's PG* variables to the servers to try.
//!
//! The client library reads URLs itself, but knows neither the variables nor certificates nor
//! `verify-full`, and repeats values in its errors. So the words are read here, and it is only
//! handed what is settled. No error repeats a value: it could be the password.

mod parameters;
mod password_file;
mod servers;
mod target;
mod words;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::config::DatabaseConfig;
use crate::error::Error;
use parameters::{PARAMETERS, Support};

pub(super) use servers::Server;
pub(super) use target::Target;

/// Reads a variable of the environment; a parameter, so that tests bring their own.
pub type Environment<'e> = &'e (dyn Fn(&str) -> Option<String> + Sync);

/// All parameters that were given, known and supported, by keyword.
pub(super) struct Given {
    values: BTreeMap<&'static str, Zeroizing<String>>,
    /// Where a parameter that is wrong may stand.
    place: &'static str,
}

impl DatabaseConfig {
    pub(super) fn target(&self, environment: Environment<'_>) -> Result<Target, Error> {
        Target::new(&self.given(environment)?, environment)
    }

    /// Host and port of the servers that would be tried, in their order, as messages name them.
    /// Reads all words, and the password file, as connecting does, and opens no connection.
    ///
    /// # Errors
    /// Words that are malformed, unknown or not supported; none repeats a value.
    pub fn server_names(&self, environment: Environment<'_>) -> Result<Vec<String>, Error> {
        let servers = self.target(environment)?.servers;
        Ok(servers.into_iter().map(|server| server.name).collect())
    }

    /// The words of the URL, and for what it does not say those of the environment.
    fn given(&self, environment: Environment<'_>) -> Result<Given, Error> {
        let mut values = BTreeMap::new();
        for parameter in PARAMETERS {
            let value = parameter.variable.and_then(environment).filter(|value| !value.is_empty());
            if let (Some(value), Some(variable)) = (value, parameter.variable) {
                check_support(parameter, &value, variable)?;
                values.insert(parameter.keyword, Zeroizing::new(value));
            }
        }
        let Some(url) = &self.url else {
            const NAMED: [&str; 4] = ["host", "hostaddr", "dbname", "user"];
            if !NAMED.iter().any(|keyword| values.contains_key(keyword)) {
                return Err(Error::usage("no database is given")
                    .hint("set DATABASE_URL=postgresql://user@host/database, or PGHOST, PGDATABASE and PGUSER"));
            }
            return Ok(Given { values, place: "the PG* variables" });
        };
        let place = "the database URL";
        let words = words::read(url.reveal()).map_err(|malformed| {
            Error::usage(format!("the database URL is malformed: {}", malformed.0))
                .hint("postgresql://user:password@host:5432/database?sslmode=verify-full; special characters percent-encoded")
        })?;
        for (index, (keyword, value)) in words.into_iter().enumerate() {
            let (keyword, value) = translated(keyword, value);
            let Some(parameter) = parameters::known(&keyword) else {
                return Err(Error::usage(format!(
                    "connection parameter number {} is not known", index + 1
                ))
                .at(place)
                .hint("its name is not repeated here, since a wrongly quoted password may stand in its place"));
            };
            check_support(parameter, &value, place)?;
            values.insert(parameter.keyword, value);
        }
        Ok(Given { values, place })
    }
}

/// JDBC's `ssl=true`, which libpq takes as `sslmode=require` too.
fn translated(keyword: String, value: Zeroizing<String>) -> (String, Zeroizing<String>) {
    if keyword == "ssl" && value.as_str() == "true" {
        return ("sslmode".to_owned(), Zeroizing::new("require".to_owned()));
    }
    (keyword, value)
}

fn check_support(parameter: &parameters::Parameter, value: &str, place: &str) -> Result<(), Error> {
    let keyword = parameter.keyword;
    match parameter.support {
        Support::Used => Ok(()),
        Support::OnlyAs(values) if values.contains(&value.to_lowercase().as_str()) => Ok(()),
        Support::OnlyAs(values) => Err(Error::usage(format!(
            "connection parameter {keyword} is only supported as {}",
            values.join(" or ")
        ))
        .at(place)),
        Support::Refused => {
            Err(Error::usage(format!("connection parameter {keyword} is not supported"))
                .at(place)
                .hint("leave it out"))
        }
    }
}

impl Given {
    /// The value of a known parameter; an empty one counts as not given.
    pub(super) fn get(&self, keyword: &'static str) -> Option<&str> {
        debug_assert!(parameters::known(keyword).is_some_and(|p| p.support == Support::Used));
        self.values.get(keyword).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A value of a parameter that cannot be used; `expected` says what can.
    pub(super) fn wrong(&self, keyword: &'static str, expected: &str) -> Error {
        Error::usage(format!("connection parameter {keyword} must be {expected}")).at(self.place)
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(
        &self,
        keyword: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(keyword) else { return Ok(None) };
        let found = choices.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        let words = || choices.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| self.wrong(keyword, &format!("one of {}", words())))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        keyword: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, Error> {
        let Some(value) = self.get(keyword) else { return Ok(None) };
        let number = value.parse().ok().filter(|number| (least..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.wrong(keyword, &format!("a number from {least} to {most}")))
    }
}
