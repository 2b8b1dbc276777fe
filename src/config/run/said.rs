//! What was said about each setting, wherever it was: the option counts most, the file least.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::{HOUR, KIB, MIB, bytes, duration, number};
use crate::cli::SettingWords;
use crate::config::throttle::{self, ThrottleConfig};
use crate::config::word::Word;
use crate::config::{Environment, Troubles};
use crate::error::Result;

/// Everything said about settings; every trouble is noted and the default taken in its place.
pub struct Said<'s> {
    pub file: BTreeMap<&'static str, Word>,
    pub environment: &'s Environment,
    pub troubles: &'s mut Troubles,
}

impl Said<'_> {
    /// The word that counts: the option's, else the environment's, else the file's.
    fn word(&mut self, name: &'static str, typed: &Option<String>) -> Option<Word> {
        if let Some(text) = typed {
            return Some(Word::new(text, format!("--{}", name.replace('_', "-"))));
        }
        let variable = format!("RESEAL_{}", name.to_ascii_uppercase());
        self.troubles.note(self.environment.word(&variable))?.or_else(|| self.file.remove(name))
    }

    pub fn number<T>(
        &mut self,
        name: &'static str,
        typed: &Option<String>,
        bounds: RangeInclusive<T>,
        default: T,
    ) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let Some(word) = self.word(name, typed) else { return default };
        self.troubles.note(number(name, &word, &bounds)).unwrap_or(default)
    }

    pub fn bytes(
        &mut self,
        name: &'static str,
        typed: &Option<String>,
        most: u64,
        default: u64,
    ) -> u64 {
        let Some(word) = self.word(name, typed) else { return default };
        let (low, high) = (KIB, most);
        let result =
            bytes(&word.text).filter(|bytes| (low..=high).contains(bytes)).ok_or_else(|| {
                let (low, high) = (low / KIB, high / MIB);
                word.wrong(format!("{name} is a number of bytes from {low}KiB to {high}MiB"))
            });
        self.troubles.note(result).unwrap_or(default)
    }

    pub fn duration(
        &mut self,
        name: &'static str,
        typed: &Option<String>,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> Duration {
        let default = Duration::from_secs(default);
        let Some(word) = self.word(name, typed) else { return default };
        self.troubles.note(duration(name, &word, &bounds)).unwrap_or(default)
    }

    pub fn max_duration(&mut self, typed: &Option<String>) -> Option<Duration> {
        // 0 is never said: what is not said is no bound
        let time = self.duration("max_duration", typed, 1..=720 * HOUR, 0);
        Some(time).filter(|time| !time.is_zero())
    }

    pub fn max_records(&mut self, typed: &Option<String>) -> Option<NonZeroU64> {
        NonZeroU64::new(self.number("max_records", typed, 1..=u64::MAX >> 1, 0))
    }

    pub fn throttle(&mut self, typed: &SettingWords) -> ThrottleConfig {
        ThrottleConfig {
            standby_lag: self.read(
                "throttle_standby_lag",
                &typed.throttle_standby_lag,
                throttle::standby_lag,
            ),
            archive_backlog: self.read(
                "throttle_archive_backlog",
                &typed.throttle_archive_backlog,
                throttle::archive_backlog,
            ),
            query: self.read("throttle_query", &typed.throttle_query, throttle::query),
        }
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        typed: &Option<String>,
        meaning: fn(&Word) -> Result<T>,
    ) -> Option<T> {
        let word = self.word(name, typed)?;
        self.troubles.note(meaning(&word))
    }

    pub fn switch(&mut self, name: &'static str, typed: &Option<String>) -> bool {
        let Some(word) = self.word(name, typed) else { return false };
        let result = word.text.parse().map_err(|_| word.wrong(format!("{name} is true or false")));
        self.troubles.note(result).unwrap_or(false)
    }

    pub fn token(&mut self, variable: &str) -> Option<String> {
        let word = self.troubles.note(self.environment.word(variable))??;
        let fits = word.text.len() <= 100 && word.text.bytes().all(|byte| byte.is_ascii_graphic());
        let result = fits.then_some(&word.text).cloned().ok_or_else(|| {
            word.wrong("the run's token is 1 to 100 visible ASCII characters, without spaces")
        });
        self.troubles.note(result)
    }
}
