//! The application: transactions that write, move, lock, write back, and stay open as long as they like.
//!
//! Its statements run at READ COMMITTED and wait for rows that others hold. What it has not committed is
//! kept here, apart from the table, so that nobody can see it.

use super::protocol::{Action, Protocol};
use super::scope::Statement;
use super::state::State;
use super::table::{Place, Placing, Row, RowKey, Value, Version, Xid};

/// The key before all others: rows move there, behind every cursor.
const FIRST_KEY: RowKey = 1;

/// A version that is not committed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    replaced: Option<Place>,
    row_key: RowKey,
    value: Value,
}

/// One transaction of the application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    statements_left: u8,
    has_begun: bool,
    has_ended: bool,
    xid: Option<Xid>,
    read: Option<Row>,
    changes: Vec<Change>,
    locked: Vec<Place>,
    /// For the observer: see promise 5.
    pub wrote_before_walk_end: bool,
}

impl Transaction {
    pub fn new(statements: u8) -> Self {
        Self { statements_left: statements, ..Self::default() }
    }

    fn ended() -> Self {
        Self { has_begun: true, has_ended: true, ..Self::default() }
    }

    pub fn is_open(&self) -> bool {
        self.has_begun && !self.has_ended
    }

    /// Its id, while it is open.
    pub fn xid(&self) -> Option<Xid> {
        self.xid
    }

    /// Whether it holds RowExclusiveLock on the table.
    pub fn has_written(&self) -> bool {
        !self.changes.is_empty()
    }

    pub fn holds(&self, place: Place) -> bool {
        self.locked.contains(&place) || self.has_replaced(place)
    }

    fn has_replaced(&self, place: Place) -> bool {
        self.changes.iter().any(|change| change.replaced == Some(place))
    }
}

/// What the application may do next.
pub fn actions(protocol: &Protocol, state: &State, actions: &mut Vec<Action>) {
    for (t, transaction) in state.transactions.iter().enumerate() {
        if transaction.is_open() {
            actions.push(Action::Commit(t, Placing::FirstFree));
            if transaction.has_written() {
                if protocol.scope.places_freely {
                    actions.push(Action::Commit(t, Placing::AtTheEnd));
                }
                actions.push(Action::Rollback(t));
            }
        }
        if transaction.statements_left == 0 || !may_begin(protocol, state, t) {
            continue;
        }
        for statement in protocol.scope.transactions[t].0 {
            match statement {
                Statement::Elsewhere | Statement::WriteBack | Statement::Insert(_) => {
                    actions.push(Action::Execute(t, *statement, None));
                }
                Statement::Read | Statement::Write(_) | Statement::MoveKey | Statement::Lock => {
                    let rows = state.database.table.rows();
                    actions.extend(rows.map(|r| Action::Execute(t, *statement, Some(r.place))));
                }
            }
        }
    }
}

/// Transactions that may do the same begin in their order: which is which does not matter.
fn may_begin(protocol: &Protocol, state: &State, t: usize) -> bool {
    let scripts = protocol.scope.transactions;
    t == 0
        || state.transactions[t].has_begun
        || scripts[t - 1] != scripts[t]
        || state.transactions[t - 1].has_begun
}

/// One statement; `None` when it has no effect, or would have to wait.
pub fn execute(state: &mut State, t: usize, what: Statement, at: Option<Place>) -> Option<()> {
    let transaction = &mut state.transactions[t];
    transaction.statements_left -= 1;
    transaction.has_begun = true;
    let plaintext = 16 * (u8::try_from(t).ok()? + 1) + transaction.statements_left;
    let row = at.and_then(|place| Some(Row { place, version: state.database.table.at(place)? }));
    match what {
        Statement::Elsewhere => {}
        Statement::Read => {
            state.transactions[t].read = Some(row?);
            return Some(());
        }
        Statement::Lock => {
            let Row { place, .. } = row.filter(|row| !state.is_held(row.place))?;
            state.transactions[t].locked.push(place);
        }
        Statement::Write(key) => {
            let Row { place, version } = row?;
            write(state, t, Some(place), version.row_key, Value { plaintext, key })?;
        }
        Statement::WriteBack => {
            let Row { version: read, .. } = state.transactions[t].read.take()?;
            let Row { place, .. } = state.database.table.find(read.row_key)?;
            write(state, t, Some(place), read.row_key, read.value)?;
        }
        Statement::MoveKey => {
            let Row { place, version } = row?;
            write(state, t, Some(place), FIRST_KEY, version.value)?;
        }
        Statement::Insert(key) => write(state, t, None, FIRST_KEY, Value { plaintext, key })?,
    }
    if state.transactions[t].xid.is_none() {
        let xid = state.assign_xid();
        state.transactions[t].xid = Some(xid);
    }
    Some(())
}

/// Writes one row of the table, unless another transaction holds it or its new key. None writes a row
/// twice: only the last version would ever be seen.
fn write(
    state: &mut State,
    t: usize,
    replaced: Option<Place>,
    row_key: RowKey,
    value: Value,
) -> Option<()> {
    let is_new_key = replaced.and_then(|place| state.database.table.at(place)).map(|v| v.row_key)
        != Some(row_key);
    if is_new_key && is_taken(state, row_key) {
        return None;
    }
    let is_held = |place| {
        let others = || state.transactions.iter().enumerate().filter(|(n, _)| *n != t);
        others().any(|(_, other)| other.holds(place)) || state.transactions[t].has_replaced(place)
    };
    if replaced.is_some_and(is_held) {
        return None;
    }
    state.transactions[t].changes.push(Change { replaced, row_key, value });
    Some(())
}

fn is_taken(state: &State, row_key: RowKey) -> bool {
    let mut changes = state.transactions.iter().flat_map(|transaction| &transaction.changes);
    state.database.table.find(row_key).is_some() || changes.any(|c| c.row_key == row_key)
}

/// Makes the changes visible.
pub fn commit(protocol: &Protocol, state: &mut State, t: usize, placing: Placing) -> Option<()> {
    let transaction = state.transactions[t].clone();
    rollback(state, t)?;
    for Change { replaced, row_key, value } in transaction.changes {
        let xmin = transaction.xid.unwrap_or_default();
        state.database.table.put(Version { row_key, value, xmin }, placing, replaced);
    }
    if protocol.scope.is_durable {
        state.flush_wal();
    }
    Some(())
}

/// Ends an open transaction, and with it what it holds; a crash does so too.
pub fn rollback(state: &mut State, t: usize) -> Option<()> {
    let transaction = state.transactions.get_mut(t).filter(|transaction| transaction.is_open())?;
    *transaction = Transaction::ended();
    Some(())
}
