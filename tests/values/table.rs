//! Tables of values of every kind and fate, under three kinds of row key.

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::damage::Damage;
use super::support::{Rows, TestKey, open, seal};

/// Plaintext bytes of the values.
const SIZES: [usize; 12] = [0, 1, 15, 16, 17, 31, 100, 1_000, 1_900, 8_192, 20_000, 65_536];
/// Enough good values that the damaged ones are a few of many.
const ORDINARY_ROWS: usize = 120;

pub struct Keys {
    pub old: TestKey,
    pub new: TestKey,
}

/// How a table is made. The AAD of `secret` is `TABLE/secret/TENANT`; `token` has none.
pub struct Kind {
    pub table: &'static str,
    /// Definition of the key columns, the last thing in `CREATE TABLE`.
    pub key_columns: String,
    /// Expression of the key in `Rows`.
    pub key: &'static str,
    /// The key columns of row number n, as `failures` shows them.
    pub key_of: fn(usize) -> Vec<String>,
    /// Type and preset.
    pub secret: (&'static str, &'static str),
    pub token: (&'static str, &'static str),
}

/// What is to become of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// NULL or empty.
    LeftAlone,
    AlreadyNew,
    Resealed,
    Fails(&'static str),
}

#[derive(Clone, Debug)]
pub struct Cell {
    pub stored: Option<Vec<u8>>,
    pub plaintext: Vec<u8>,
    pub fate: Fate,
}

pub struct SeededRow {
    pub number: usize,
    pub tenant: Option<String>,
    pub cells: [Cell; 2],
}

/// A table as it was seeded.
pub struct Seeded {
    pub kind: Kind,
    pub keys: Keys,
    pub rows: Vec<SeededRow>,
}

/// What to put into one cell.
#[derive(Clone, Copy)]
enum Content {
    Null,
    Empty,
    Old(usize),
    New,
    Damaged(Damage),
    WithoutAad,
}

pub const COLUMNS: [&str; 2] = ["secret", "token"];

impl Seeded {
    pub fn plan(kind: Kind) -> Self {
        use Content::{Damaged, Empty, New, Null, Old, WithoutAad};
        let mut contents: Vec<[Content; 2]> = SIZES.map(|size| [Old(size), Old(size)]).to_vec();
        contents.extend((0..ORDINARY_ROWS).map(|n| [Old(n), Old(3 * n)]));
        contents.extend([[Null, Old(40)], [Old(40), Null], [Null, Null], [Empty, Empty]]);
        contents.extend([[Empty, Old(41)], [Old(41), Empty], [Null, Empty]]);
        contents.extend([[New, New], [New, Old(42)], [Old(42), New], [New, Null]]);
        for damage in Damage::ALL {
            contents.push([Damaged(damage), Old(43)]);
            if damage != Damage::WrongAad {
                contents.push([Old(43), Damaged(damage)]);
            }
        }
        contents.push([Damaged(Damage::BodyFlipped), Damaged(Damage::Cut)]);
        contents.push([Damaged(Damage::TagFlipped), New]);
        contents.push([WithoutAad, Old(44)]);
        let keys = Keys { old: TestKey::random(), new: TestKey::random() };
        let mut seeded = Self { kind, keys, rows: Vec::new() };
        for (number, contents) in contents.into_iter().enumerate() {
            let tenant = format!("tenant {}", number % 5);
            let cells = [0, 1].map(|column| seeded.cell(column, &tenant, contents[column]));
            let is_lost = matches!(contents[0], WithoutAad);
            let tenant = (!is_lost).then_some(tenant);
            seeded.rows.push(SeededRow { number, tenant, cells });
        }
        seeded
    }

    fn cell(&self, column: usize, tenant: &str, content: Content) -> Cell {
        let (preset, aad) = (self.preset(column), self.aad(column, tenant));
        let mut plaintext = vec![0; if let Content::Old(size) = content { size } else { 50 }];
        getrandom::fill(&mut plaintext).expect("random bytes");
        let old = &self.keys.old;
        let (stored, fate) = match content {
            Content::Null => (None, Fate::LeftAlone),
            Content::Empty => (Some(Vec::new()), Fate::LeftAlone),
            Content::Old(_) => (Some(seal(old, preset, &aad, &plaintext)), Fate::Resealed),
            Content::New => {
                (Some(seal(&self.keys.new, preset, &aad, &plaintext)), Fate::AlreadyNew)
            }
            Content::Damaged(damage) => (
                Some(damage.stored(old, preset, &aad, &plaintext)),
                Fate::Fails(damage.reason(preset)),
            ),
            Content::WithoutAad => {
                (Some(seal(old, preset, &aad, &plaintext)), Fate::Fails("aad_missing"))
            }
        };
        Cell { stored, plaintext, fate }
    }

    fn preset(&self, column: usize) -> &'static str {
        [self.kind.secret.1, self.kind.token.1][column]
    }

    fn aad(&self, column: usize, tenant: &str) -> Vec<u8> {
        match column {
            0 => format!("{}/secret/{tenant}", self.kind.table).into_bytes(),
            _ => Vec::new(),
        }
    }

    /// The key as `Rows` has it.
    pub fn key(&self, row: &SeededRow) -> String {
        (self.kind.key_of)(row.number).join("|")
    }

    pub fn config(&self) -> String {
        let Kind { table, secret: (_, secret), token: (_, token), .. } = &self.kind;
        format!(
            "[[table]]\nname = \"{table}\"\n[table.columns]\ntoken = \"{token}\"\n\
             secret = {{ layout = \"{secret}\", aad = \"{{table}}/{{column}}/{{tenant}}\" }}\n"
        )
    }

    pub async fn create(&self, client: &Client) {
        let Kind { table, key_columns, secret: (secret, _), token: (token, _), .. } = &self.kind;
        let statement = format!(
            "CREATE TABLE {table} (secret {secret}, tenant text, token {token}, amount numeric \
             DEFAULT 1.50, note text DEFAULT repeat('n', 3000), old bytea DEFAULT '\\x00ff', {key_columns})"
        );
        client.batch_execute(&statement).await.expect(table);
        for row in &self.rows {
            self.insert(client, row).await;
        }
    }

    async fn insert(&self, client: &Client, row: &SeededRow) {
        let table = self.kind.table;
        let names = self.kind.key.replace("||'|'||", ", ").replace("::text", "");
        let key: Vec<String> =
            (self.kind.key_of)(row.number).iter().map(|text| quoted(text)).collect();
        let values = [(self.kind.secret.0, 1), (self.kind.token.0, 2)].map(|c| parameter(c.0, c.1));
        let statement = format!(
            "INSERT INTO {table} (secret, token, tenant, {names}) VALUES ({}, $3, {})",
            values.join(", "),
            key.join(", ")
        );
        let [secret, token] = &row.cells;
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&secret.stored, Type::BYTEA),
            (&token.stored, Type::BYTEA),
            (&row.tenant, Type::TEXT),
        ];
        client.query_typed(&statement, &parameters).await.expect("a row");
    }

    /// Puts whole values in the place of the failed ones, under the old key, and the lost tenant back.
    pub async fn repair(&mut self, client: &Client) {
        let table = self.kind.table;
        let numbers: Vec<(usize, usize)> = self.failing().map(|(n, c, _)| (n, c)).collect();
        for (number, column) in numbers {
            let tenant = format!("tenant {}", number % 5);
            let mut cell = self.cell(column, &tenant, Content::Old(60));
            let was_lost = self.rows[number].tenant.is_none();
            if was_lost {
                cell = Cell { fate: Fate::Resealed, ..self.rows[number].cells[column].clone() };
            }
            let (name, type_of) =
                [("secret", self.kind.secret.0), ("token", self.kind.token.0)][column];
            let statement = format!(
                "UPDATE {table} SET {name} = {}, tenant = $2 WHERE {} = $3",
                parameter(type_of, 1),
                self.kind.key
            );
            let key = self.key(&self.rows[number]);
            let parameters: [(&(dyn ToSql + Sync), Type); 3] =
                [(&cell.stored, Type::BYTEA), (&tenant, Type::TEXT), (&key, Type::TEXT)];
            client.query_typed(&statement, &parameters).await.expect("a repair");
            let row = &mut self.rows[number];
            (row.tenant, row.cells[column]) = (Some(tenant), cell);
        }
    }

    /// Row number, column number and reason of the values that fail.
    pub fn failing(&self) -> impl Iterator<Item = (usize, usize, &'static str)> {
        let cells = self.rows.iter().flat_map(|row| [0, 1].map(|c| (row.number, c, &row.cells[c])));
        cells.filter_map(|(row, column, cell)| match cell.fate {
            Fate::Fails(reason) => Some((row, column, reason)),
            _ => None,
        })
    }

    pub fn count(&self, fates: impl Fn(Fate) -> bool) -> u64 {
        self.rows.iter().flat_map(|row| &row.cells).filter(|cell| fates(cell.fate)).count() as u64
    }

    /// Compares every cell of the table with what was to become of it.
    pub fn check(&self, before: &Rows, after: &Rows) {
        assert_eq!(before.0.len(), self.rows.len());
        assert_eq!(after.0.len(), self.rows.len());
        for row in &self.rows {
            let key = self.key(row);
            let (old, new) = (before.row(&key), after.row(&key));
            for (name, cell) in &new.cells {
                let Some(column) = COLUMNS.iter().position(|column| column == name) else {
                    assert_eq!(old.cells[name], *cell, "{name} of row {key}");
                    continue;
                };
                let seeded = &row.cells[column];
                let context = format!("{name} of row {key} ({:?})", seeded.fate);
                if seeded.fate != Fate::Resealed {
                    assert_eq!(old.cells[name], *cell, "{context}");
                    continue;
                }
                assert_ne!(old.cells[name], *cell, "{context}");
                let (stored, tenant) = (new.bytes(name).expect("a value"), row.tenant.as_deref());
                let aad = self.aad(column, tenant.unwrap_or_default());
                let opened = open(&self.keys.new, self.preset(column), &aad, &stored);
                assert_eq!(opened.as_ref(), Some(&seeded.plaintext), "{context}");
                assert_eq!(open(&self.keys.old, self.preset(column), &aad, &stored), None);
            }
            let is_written = row.cells.iter().any(|cell| cell.fate == Fate::Resealed);
            assert_eq!(old.version != new.version, is_written, "row {key}");
        }
    }
}

fn parameter(type_of: &str, number: usize) -> String {
    match type_of {
        "bytea" => format!("${number}"),
        _ => format!("convert_from(${number}, 'UTF8')"),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
