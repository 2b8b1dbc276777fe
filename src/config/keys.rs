//! Commands about keys: what is checked, and what is made.

use std::collections::BTreeMap;

use crate::cli::{self, Output};
use crate::config::file::FileWords;
use crate::config::word::Word;
use crate::config::{Environment, RunConfig, ServiceKeyUse, Troubles, rings, service_keys, tables};
use crate::error::Result;
use crate::keys::RingConfig;
use crate::kms::{KeyUri, KmsSettings, MalformedKeyUri};

#[derive(Debug)]
pub struct HealthCommand {
    /// Every ring that is defined, by name.
    pub rings: BTreeMap<String, RingConfig>,
    /// Keys of key services that the tables name.
    pub service_keys: Vec<ServiceKeyUse>,
    pub kms: KmsSettings,
    /// Show sources and key ids too.
    pub verbose: bool,
    pub output: Output,
}

#[derive(Debug)]
pub struct GenerateKeyCommand {
    /// The KMS key that is to wrap it.
    pub wrap_with: Option<KeyUri>,
    pub kms: KmsSettings,
}

impl HealthCommand {
    pub(super) fn resolve(
        words: cli::HealthWords,
        verbose: bool,
        environment: &Environment,
    ) -> Result<Self> {
        let file = FileWords::find(words.file.config.as_deref(), environment)?;
        let mut troubles = Troubles::default();
        let tables = tables::of_file(&file, &mut troubles);
        let is_used = rings::default_is_meant(&file, &tables);
        let mut rings = rings::resolve(&words.keys, &file, is_used, &mut troubles);
        rings::tell_uses(&mut rings, &tables);
        let service_keys = service_keys::of_tables(&tables);
        let nothing = cli::SettingWords::default();
        let run = RunConfig::resolve(&nothing, file.run, environment, &mut troubles);
        troubles.none_or_all()?;
        Ok(Self { rings, service_keys, kms: run.kms(), verbose, output: words.output.output })
    }
}

impl GenerateKeyCommand {
    /// It reads no file: what it needs are the settings that the environment may hold.
    pub(super) fn resolve(words: cli::GenerateKeyWords, environment: &Environment) -> Result<Self> {
        let mut troubles = Troubles::default();
        let wrap_with = words.wrap_with.map(|text| Word::new(text.trim(), "--wrap-with"));
        let wrap_with = wrap_with.and_then(|word| troubles.note(kms_key(&word)));
        let nothing = cli::SettingWords::default();
        let run = RunConfig::resolve(&nothing, BTreeMap::new(), environment, &mut troubles);
        troubles.none_or_all()?;
        Ok(Self { wrap_with, kms: run.kms() })
    }
}

/// The name of a KMS key.
pub(super) fn kms_key(word: &Word) -> Result<KeyUri> {
    let parsed = word.text.parse();
    parsed.map_err(|malformed: MalformedKeyUri| word.wrong(malformed.what).hint(malformed.hint))
}
