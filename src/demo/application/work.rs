//! One act of the application at a time: it writes, reads, and keeps in mind what it wrote.

use tokio_postgres::types::ToSql;

use super::{Application, Cell, compare, lost, trouble};
use crate::error::Result;

/// What one act was, for the figures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Write,
    Read,
}

impl Application {
    /// Does one thing that such applications do, to a row chosen at random.
    pub async fn act(&mut self) -> Result<Act> {
        let table = self.dice.below(self.memories.len());
        let rows = self.memories[table].rows.len();
        let row = self.dice.below(rows);
        match self.dice.below(100) {
            _ if rows == 0 => self.insert(table, 1).await?,
            0..45 => self.rewrite(table, row).await?,
            45..70 => {
                self.read(table, row).await?;
                return Ok(Act::Read);
            }
            70..85 => self.touch(table, row).await?,
            85..95 => self.insert(table, 1).await?,
            _ => self.delete(table, row).await?,
        }
        Ok(Act::Write)
    }

    /// New rows at the end of the table's memory, in one statement.
    pub(super) async fn insert(&mut self, table: usize, rows: usize) -> Result<()> {
        let mut stored = Vec::with_capacity(rows);
        let mut keys = Vec::with_capacity(rows);
        for _ in 0..rows {
            let cell = self.dice.cell();
            stored.push(self.sealed(table, &cell)?);
            let memory = &mut self.memories[table];
            let key = memory.new_key(&mut self.dice);
            keys.push(key.clone());
            memory.rows.push((key, cell));
        }
        let sql = self.memories[table].table.insert();
        self.execute(table, &sql, &[&keys, &stored], rows).await
    }

    /// The value is set anew, with the current key.
    async fn rewrite(&mut self, table: usize, row: usize) -> Result<()> {
        let cell = self.dice.cell();
        let stored = self.sealed(table, &cell)?;
        let memory = &mut self.memories[table];
        memory.rows[row].1 = cell;
        let (sql, key) = (memory.table.rewrite(), memory.rows[row].0.clone());
        self.execute(table, &sql, &[&key, &stored], 1).await
    }

    /// The row is written, its value is not.
    async fn touch(&mut self, table: usize, row: usize) -> Result<()> {
        let memory = &self.memories[table];
        let (sql, key) = (memory.table.touch(), memory.rows[row].0.clone());
        self.execute(table, &sql, &[&key], 1).await
    }

    async fn delete(&mut self, table: usize, row: usize) -> Result<()> {
        let memory = &mut self.memories[table];
        let (sql, (key, _)) = (memory.table.delete(), memory.rows.swap_remove(row));
        self.execute(table, &sql, &[&key], 1).await
    }

    /// The value opens, and is what was last written.
    async fn read(&mut self, table: usize, row: usize) -> Result<()> {
        let memory = &self.memories[table];
        let (key, cell) = &memory.rows[row];
        let found = self.client.query_opt(&memory.table.read(), &[key]).await.map_err(trouble)?;
        let found = found.ok_or_else(|| lost("a row of the application is gone", memory))?;
        compare(&mut self.keys, memory, cell, found.get(0))
    }

    fn sealed(&mut self, table: usize, cell: &Cell) -> Result<Option<Vec<u8>>> {
        Ok(match cell {
            Cell::Null => None,
            Cell::Empty => Some(Vec::new()),
            Cell::Secret(secret) => Some(self.keys.seal(&self.memories[table].layout, secret)?),
        })
    }

    async fn execute(
        &self,
        table: usize,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        rows: usize,
    ) -> Result<()> {
        let written = self.client.execute(sql, parameters).await.map_err(trouble)?;
        if written == rows as u64 {
            Ok(())
        } else {
            Err(lost("a row of the application is gone", &self.memories[table]))
        }
    }
}
