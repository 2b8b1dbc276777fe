//! What a transaction of the application does to one row.

use std::time::Duration;

use tokio_postgres::{Client, Error};

use super::application::Keys;
use super::journal::{Journal, Touched};
use super::writer::Kind;
use crate::support::{Dice, seal};

pub struct Touch<'a> {
    pub client: &'a Client,
    pub keys: &'a Keys,
    /// Seals with the old key.
    pub seals_old: bool,
    pub journal: &'a Journal,
}

impl Touch<'_> {
    pub async fn row(&self, kind: Kind, row: &mut Touched, dice: &mut Dice) -> Result<(), Error> {
        let Some(id) = row.before().id else { return self.insert(row, dice).await };
        match kind {
            Kind::Update => self.update(row, id, fresh(id, dice)).await,
            Kind::Move => match dice.below(4) {
                0 => self.delete(row, id).await,
                1 => self.rename(row, id, dice).await,
                _ => self.update(row, id, fresh(id, dice)).await,
            },
            Kind::ReadModifyWrite => {
                self.read(row, id, "").await?;
                pause(dice, 5..250).await;
                let mut plaintext = row.after.plaintext.clone();
                plaintext.truncate(60);
                plaintext.extend(format!(" and {}", dice.below(1_000)).bytes());
                self.update(row, id, plaintext).await
            }
            Kind::WriteBack => match row.after.read.take() {
                Some(stored) => self.write_back(row, id, stored).await,
                None => {
                    let stored = self.read(row, id, "").await?;
                    row.after.read = Some(stored);
                    Ok(())
                }
            },
            Kind::Hold => {
                const LOCKS: [&str; 4] =
                    ["FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"];
                self.read(row, id, LOCKS[dice.below(4)]).await?;
                pause(dice, 20..400).await;
                if dice.once_in(2) {
                    self.update(row, id, fresh(id, dice)).await?;
                }
                Ok(())
            }
        }
    }

    async fn insert(&self, row: &mut Touched, dice: &mut Dice) -> Result<(), Error> {
        let id = self.new_id(dice);
        let plaintext = fresh(id, dice);
        let value = self.seal(&plaintext);
        let insert = "INSERT INTO secrets (id, value) VALUES ($1, $2)";
        self.client.execute(insert, &[&id, &value]).await?;
        row.after.id = Some(id);
        self.wrote(row, plaintext);
        Ok(())
    }

    async fn delete(&self, row: &mut Touched, id: i64) -> Result<(), Error> {
        one(self.client.execute("DELETE FROM secrets WHERE id = $1", &[&id]).await?, id);
        row.after.id = None;
        row.after.read = None;
        row.writes += 1;
        Ok(())
    }

    async fn rename(&self, row: &mut Touched, id: i64, dice: &mut Dice) -> Result<(), Error> {
        let moved = self.new_id(dice);
        let update = "UPDATE secrets SET id = $2 WHERE id = $1";
        one(self.client.execute(update, &[&id, &moved]).await?, id);
        row.after.id = Some(moved);
        row.writes += 1;
        Ok(())
    }

    async fn update(&self, row: &mut Touched, id: i64, plaintext: Vec<u8>) -> Result<(), Error> {
        let value = self.seal(&plaintext);
        self.put(id, &value).await?;
        self.wrote(row, plaintext);
        Ok(())
    }

    /// Unless it is under a key that this writer has no more.
    async fn write_back(&self, row: &mut Touched, id: i64, stored: Vec<u8>) -> Result<(), Error> {
        let (plaintext, is_new) = self.keys.open(&stored).expect("one of the application's keys");
        if is_new || self.seals_old {
            self.put(id, &stored).await?;
            self.wrote(row, plaintext);
        }
        Ok(())
    }

    async fn put(&self, id: i64, value: &[u8]) -> Result<(), Error> {
        let update = "UPDATE secrets SET value = $2 WHERE id = $1";
        one(self.client.execute(update, &[&id, &value]).await?, id);
        Ok(())
    }

    fn wrote(&self, row: &mut Touched, plaintext: Vec<u8>) {
        row.after.plaintext = plaintext;
        row.has_new_value = true;
        row.writes += 1;
    }

    /// The stored value. Fails the test when it is not what was last written.
    async fn read(&self, row: &Touched, id: i64, lock: &str) -> Result<Vec<u8>, Error> {
        let select = format!("SELECT value FROM secrets WHERE id = $1 {lock}");
        let found = self.client.query_opt(&select, &[&id]).await?;
        let stored: Vec<u8> = found.unwrap_or_else(|| panic!("row {id} is gone")).get(0);
        let opened = self.keys.open(&stored);
        let (plaintext, _) =
            opened.unwrap_or_else(|| panic!("row {id} opens with none of the application's keys"));
        let words = [&plaintext, &row.after.plaintext].map(|text| String::from_utf8_lossy(text));
        assert_eq!(words[0], words[1], "row {id} is not what the application last wrote");
        Ok(stored)
    }

    fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        let key = if self.seals_old { &self.keys.previous } else { &self.keys.current };
        seal(key, "go", b"", plaintext)
    }

    /// Some of them at the front, where the job has been.
    fn new_id(&self, dice: &mut Dice) -> i64 {
        let id = self.journal.new_id();
        if dice.once_in(2) { -id } else { id }
    }
}

fn one(rows: u64, id: i64) {
    assert_eq!(rows, 1, "row {id} is not where the application put it");
}

/// A plaintext that nobody wrote before; a few are so long that they lie outside of their row.
fn fresh(id: i64, dice: &mut Dice) -> Vec<u8> {
    let mut plaintext = format!("row {id} was told {:016x}", dice.throw()).into_bytes();
    if dice.once_in(40) {
        plaintext.resize(3_000, b'.');
    }
    plaintext
}

async fn pause(dice: &mut Dice, milliseconds: std::ops::Range<u64>) {
    let pause: Duration = dice.milliseconds(milliseconds);
    tokio::time::sleep(pause).await;
}
