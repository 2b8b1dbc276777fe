//! What the application last wrote, row by row: the measure of whether anything was lost.

use super::tables::{KeyKind, Table};
use crate::error::{Error, Result};
use crate::layout::Layout;

/// A cell as the application means it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Null,
    Empty,
    Secret(Vec<u8>),
}

/// One table as the application remembers it.
pub struct Memory {
    pub table: &'static Table,
    pub layout: Layout,
    pub rows: Vec<(String, Cell)>,
    last_bigint: i64,
}

impl Memory {
    pub fn of(table: &'static Table) -> Result<Self> {
        let layout = Layout::named(table.preset).map_err(|error| Error::bug(error.to_string()))?;
        Ok(Self { table, layout, rows: Vec::new(), last_bigint: 0 })
    }

    /// A row key that no row has had.
    pub fn new_key(&mut self, dice: &mut Dice) -> String {
        match self.table.key {
            KeyKind::Uuid => dice.uuid(),
            KeyKind::Bigint => {
                self.last_bigint += 1;
                self.last_bigint.to_string()
            }
        }
    }

    /// How many values there are: neither NULL nor empty.
    pub fn values(&self) -> u64 {
        self.rows.iter().map(|(_, cell)| u64::from(matches!(cell, Cell::Secret(_)))).sum()
    }
}

/// Random choices; for nothing that must be secret (splitmix64, Steele, Lea and Flood 2014).
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Result<Self> {
        getrandom::u64().map(Self).map_err(|error| Error::outside(error.to_string()))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..sides`.
    pub fn below(&mut self, sides: usize) -> usize {
        // The remainder of a 64-bit number favours small results by less than one in 2^40 here.
        (self.roll() % sides.max(1) as u64) as usize
    }

    /// As PostgreSQL prints one, so that it compares equal when it comes back.
    fn uuid(&mut self) -> String {
        let (high, low) = (self.roll(), self.roll());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }

    /// One cell in twenty is NULL, one in fifty empty, the others are secrets of 20 to 83 bytes.
    pub fn cell(&mut self) -> Cell {
        match self.below(100) {
            0..5 => Cell::Null,
            5..7 => Cell::Empty,
            _ => Cell::Secret(self.secret()),
        }
    }

    pub fn secret(&mut self) -> Vec<u8> {
        let length = 20 + self.below(64);
        (0..length).map(|_| b"abcdefghjkmnpqrstuvwxyz23456789_"[self.below(32)]).collect()
    }
}
