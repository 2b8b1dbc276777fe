//! The table: places, and the committed row version that lies in each. Knows nothing of the job.
//!
//! Superseded versions are not kept: a place is free as soon as its version is dead, as if vacuum were
//! always right behind.

/// A transaction id. After a crash the server gives out again those that it had forgotten.
pub type Xid = u8;
/// Where a version lies (its ctid); the table's extent is one past the last place.
pub type Place = u8;
/// A row key. 0 stands before the first.
pub type RowKey = u8;

/// What a value is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Previous,
    Current,
}

/// A stored value. Every write of the application has a plaintext of its own, unless it writes back what
/// it read; a reseal keeps the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    pub plaintext: u8,
    pub key: Key,
}

/// One committed version of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    pub row_key: RowKey,
    pub value: Value,
    pub xmin: Xid,
}

/// A version as somebody read it: it may be another by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    pub place: Place,
    pub version: Version,
}

impl Row {
    pub fn needs_previous_key(&self) -> bool {
        self.version.value.key == Key::Previous
    }
}

/// Where the server puts a new version: into the first free place, or at the end of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Placing {
    FirstFree,
    AtTheEnd,
}

/// All places of the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table(Vec<Option<Version>>);

impl Table {
    /// Rows written one after another by the transaction `xmin`.
    pub fn of(keys: &[Key], first_key: RowKey, xmin: Xid) -> Self {
        let value = |n, key| Value { plaintext: n, key };
        let numbered = (0..).zip(keys);
        let version = |(n, key): (u8, &Key)| {
            Some(Version { row_key: first_key + n, value: value(n, *key), xmin })
        };
        Self(numbered.map(version).collect())
    }

    pub fn extent(&self) -> Place {
        u8::try_from(self.0.len()).expect("a small table")
    }

    pub fn at(&self, place: Place) -> Option<Version> {
        self.0.get(usize::from(place)).copied().flatten()
    }

    /// The rows in physical order.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let version = |(place, version): (u8, &Option<Version>)| {
            version.map(|version| Row { place, version })
        };
        (0..).zip(&self.0).filter_map(version)
    }

    pub fn find(&self, row_key: RowKey) -> Option<Row> {
        self.rows().find(|row| row.version.row_key == row_key)
    }

    /// Puts a version in, and its predecessor out.
    pub fn put(&mut self, version: Version, placing: Placing, replaced: Option<Place>) {
        let free = self.0.iter().position(Option::is_none);
        match free.filter(|_| placing == Placing::FirstFree) {
            Some(place) => self.0[place] = Some(version),
            None => self.0.push(Some(version)),
        }
        if let Some(place) = replaced {
            self.0[usize::from(place)] = None;
        }
    }
}
