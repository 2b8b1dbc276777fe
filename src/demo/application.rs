//! The application whose secrets are rotated: it owns two tables, and goes on working all the while.
//!
//! It follows the rule of every application in a rotation: write with the new key, read with both.
//! It is the only one that writes to its tables besides reseal, and it remembers what it last wrote;
//! so in the end it can say whether anything was lost. It knows nothing of reseal.

mod keys;
mod live;
mod memory;
mod tables;
mod work;

use std::collections::HashMap;

use tokio_postgres::{Client, NoTls};

use crate::error::{Error, Result};
use keys::ApplicationKeys;
pub use keys::DemoKey;
pub use live::{Activity, LiveApplication};
use memory::{Cell, Dice, Memory};
pub use tables::CONFIGURATION;
use tables::TABLES;

/// Rows that go into one INSERT while the tables are filled.
const BATCH_ROWS: usize = 5_000;

pub struct Application {
    client: Client,
    keys: ApplicationKeys,
    memories: Vec<Memory>,
    dice: Dice,
}

/// What a look at every row found; it is an error, not a figure, if anything was wrong.
pub struct Checked {
    pub rows: u64,
    pub values: u64,
}

impl Application {
    /// Creates the tables and fills them with values under `key`.
    pub async fn install(url: &str, key: &DemoKey) -> Result<Self> {
        let mut application = Self {
            client: connect(url).await?,
            keys: ApplicationKeys::new(key, None),
            memories: TABLES.iter().map(Memory::of).collect::<Result<_>>()?,
            dice: Dice::new()?,
        };
        for (index, table) in TABLES.iter().enumerate() {
            application.client.batch_execute(table.definition).await.map_err(trouble)?;
            for from in (0..table.rows).step_by(BATCH_ROWS) {
                application.insert(index, BATCH_ROWS.min(table.rows - from)).await?;
            }
        }
        application.client.batch_execute("ANALYZE").await.map_err(trouble)?;
        Ok(application)
    }

    /// The services are restarted with these keys.
    pub fn restart_with(&mut self, current: &DemoKey, previous: Option<&DemoKey>) {
        self.keys = ApplicationKeys::new(current, previous);
    }

    /// How many values it has written and not deleted since.
    pub fn values(&self) -> u64 {
        self.memories.iter().map(Memory::values).sum()
    }

    /// Per table: its name, how many rows, and how many values among them.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        self.memories
            .iter()
            .map(|memory| (memory.table.name, memory.rows.len() as u64, memory.values()))
    }

    /// Reads every row and compares it with what was last written there.
    pub async fn check_everything(&mut self) -> Result<Checked> {
        let mut checked = Checked { rows: 0, values: self.values() };
        for memory in &self.memories {
            let stored = self.client.query(&memory.table.read_all(), &[]).await.map_err(trouble)?;
            let mut expected: HashMap<&str, &Cell> =
                memory.rows.iter().map(|(key, cell)| (key.as_str(), cell)).collect();
            for row in &stored {
                let cell = expected.remove(row.get::<_, &str>(0)).ok_or_else(|| {
                    lost("a row came back that the application had deleted", memory)
                })?;
                compare(&mut self.keys, memory, cell, row.get(1))?;
            }
            if !expected.is_empty() {
                return Err(lost("rows of the application are gone", memory));
            }
            checked.rows += stored.len() as u64;
        }
        Ok(checked)
    }
}

/// Is the stored value what the application means to be there?
fn compare(
    keys: &mut ApplicationKeys,
    memory: &Memory,
    expected: &Cell,
    stored: Option<&[u8]>,
) -> Result<()> {
    let (expected, stored) = match (expected, stored) {
        (Cell::Null, None) | (Cell::Empty, Some(b"")) => return Ok(()),
        (Cell::Secret(expected), Some(stored)) => (expected, stored),
        _ => return Err(lost("a cell is not what the application last wrote", memory)),
    };
    match keys.open(&memory.layout, stored) {
        Some(plaintext) if plaintext == expected => Ok(()),
        Some(_) => Err(lost("a value is not what the application last wrote", memory)),
        None => Err(lost("a value opens with none of the application's keys", memory)),
    }
}

fn lost(what: &str, memory: &Memory) -> Error {
    Error::bug(what)
        .at(format!("{}.{}", memory.table.name, memory.table.column))
        .hint("this must never happen to an application; please report it")
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(trouble)?;
    tokio::spawn(connection);
    Ok(client)
}

/// A statement of the application failed; of the server's words only the code is kept.
fn trouble(error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(code) => Error::outside(format!(
            "the demo's application was refused a statement, SQLSTATE {}",
            code.code()
        )),
        None => Error::outside("the demo's application lost its connection"),
    }
}
