//! What a command that was accepted must be like, whatever the words were.

use std::collections::BTreeSet;
use std::time::Duration;

use reseal::config::{Command, Config, RunConfig};
use reseal::error::{Error, ExitCode};

/// A text that stands for a key or a password in an input, and may come back in no message.
pub const SECRET: &str = "5ec2e7000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c";

/// The byte that stands for [`SECRET`] in an input.
const SECRET_MARK: char = '\u{1}';

pub fn with_secret(text: &str) -> String {
    text.replace(SECRET_MARK, SECRET)
}

/// Everything is bounded, and nothing is left to be found out but layouts.
pub fn is_sound(command: &Command) {
    match command {
        Command::Plan(command) | Command::Run(command) | Command::Verify(command) => {
            is_sound_config(&command.config);
        }
        Command::Status(status) => assert!(status.run.is_none_or(|run| run > 0)),
        Command::AcceptFailure(accept) => {
            assert!(accept.id > 0 && (1..=1_000).contains(&accept.reason.chars().count()));
        }
        _ => {}
    }
}

fn is_sound_config(config: &Config) {
    assert!(!config.tables.is_empty());
    let mut tables = BTreeSet::new();
    for table in &config.tables {
        assert!(config.rings.contains_key(&table.ring), "a table without its ring");
        assert!(!table.columns.is_empty());
        assert!(tables.insert((table.name.schema.clone(), table.name.table.clone())));
        let mut columns = BTreeSet::new();
        for column in &table.columns {
            assert!((1..=63).contains(&column.name.len()) && !column.name.contains('\0'));
            assert!(columns.insert(&column.name), "a column twice");
            assert_ne!(Some(&column.name), table.version.as_ref());
            if let Some(layout) = &column.layout {
                assert_eq!(layout.write().writable(), Ok(()));
            }
        }
    }
    is_sound_run(&config.run);
    assert!((2..=100).contains(&config.database.max_connections));
    assert!(config.run.workers < config.database.max_connections);
    assert!(config.digest_text().starts_with("reseal configuration 1\n"));
}

fn is_sound_run(run: &RunConfig) {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    assert!((1..=64).contains(&run.workers) && (1..=1_000).contains(&run.max_passes));
    assert!((1..=100_000).contains(&run.page_rows_max));
    assert!((1..=1_000_000).contains(&run.max_failures) && run.other_seals <= 1 << 32);
    assert!((1 << 10..=1 << 28).contains(&run.page_bytes_max));
    assert!((1 << 10..=1 << 30).contains(&run.value_bytes_max));
    assert!(run.max_wait <= hours(24) && run.retry_for <= hours(24));
    assert!((Duration::from_secs(1)..=hours(1)).contains(&run.lease));
}

/// Every trouble is a refusal of words, none is a bug, and none repeats a secret.
pub fn is_harmless(error: &Error) {
    for trouble in std::iter::once(error).chain(&error.others) {
        assert_eq!(trouble.exit_code, ExitCode::Usage, "{trouble}");
        assert!(!trouble.what.is_empty());
        let shown = format!("{trouble}{trouble:?}").to_lowercase();
        assert!(!shown.contains(&SECRET[..32]), "a secret is repeated: {trouble}");
    }
}
