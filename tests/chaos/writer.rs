//! One writer: transactions of its kind, one after the other, over a connection that may be lost at any
//! moment.
//!
//! Every transaction first raises the writer's own sequence. When nobody answers a COMMIT, the row of that
//! sequence tells what has become of it: it is locked as long as the transaction may still be committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, Error, NoTls};

use super::application::Shared;
use super::journal::Touched;
use super::touch::Touch;
use crate::support::{Dice, Waiting};

/// What a writer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Gives values, row after row.
    Update,
    /// Inserts, deletes, and gives rows new keys.
    Move,
    /// Reads, thinks for a while, and writes what it made of it.
    ReadModifyWrite,
    /// Writes back what it read earlier, byte for byte.
    WriteBack,
    /// Holds locks of rows, and does not always write them.
    Hold,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Update, Self::Move, Self::ReadModifyWrite, Self::WriteBack, Self::Hold];
}

/// How a transaction of the writer ended.
#[derive(Debug)]
enum Trouble {
    /// A lock or a statement took longer than it allowed.
    Timeout,
    ConnectionLost,
}

pub struct Writer {
    shared: Arc<Shared>,
    number: i32,
    kind: Kind,
    /// Seals with the old key as long as that is in use.
    is_old: bool,
    dice: Dice,
    way: String,
    direct_way: String,
    client: Option<Client>,
    sequence: i64,
}

impl Writer {
    pub fn new(
        shared: Arc<Shared>,
        number: i32,
        kind: Kind,
        is_old: bool,
        dice: Dice,
        way: &str,
        direct_way: &str,
    ) -> Self {
        let (way, direct_way) = (way.to_owned(), direct_way.to_owned());
        Self { shared, number, kind, is_old, dice, way, direct_way, client: None, sequence: 0 }
    }

    pub async fn work(mut self) {
        let shared = Arc::clone(&self.shared);
        while !shared.has_stopped() {
            let admitted = shared.admitted().await;
            match self.client.take().filter(|client| !client.is_closed()) {
                Some(client) => self.transaction(client).await,
                None => self.client = connected(&self.way).await,
            }
            drop(admitted);
            tokio::time::sleep(self.dice.milliseconds(1..30)).await;
        }
    }

    /// One transaction; the client is kept unless its connection is lost.
    async fn transaction(&mut self, client: Client) {
        let rows = self.shared.journal.len();
        let places = (0..=self.dice.below(4)).map(|_| self.dice.below(rows)).collect();
        let mut touched = self.shared.journal.touch(places).await;
        // in any order, across the pages of the job
        self.dice.shuffle(&mut touched);
        self.sequence += 1;
        let counts = &Arc::clone(&self.shared).counts;
        match self.statements(&client, &mut touched).await {
            Ok(()) if self.dice.once_in(12) => {
                add(&counts.rolled_back, 1);
                self.rolled_back(client).await;
            }
            Ok(()) => match client.batch_execute("COMMIT").await {
                Ok(()) => {
                    self.committed(touched);
                    self.client = Some(client);
                }
                Err(_) => {
                    drop(client);
                    add(&counts.unknown_commits, 1);
                    if self.was_committed().await {
                        add(&counts.unknown_and_committed, 1);
                        self.committed(touched);
                    }
                }
            },
            Err(error) => match trouble(&error) {
                Trouble::Timeout => {
                    add(&counts.timeouts, 1);
                    self.rolled_back(client).await;
                }
                Trouble::ConnectionLost => add(&counts.lost_connections, 1),
            },
        }
    }

    async fn statements(&mut self, client: &Client, touched: &mut [Touched]) -> Result<(), Error> {
        client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        if self.dice.once_in(3) {
            // less than a page of the job may take, so that some of them end here
            let patience = self.dice.milliseconds(30..600).as_millis();
            let limits =
                format!("SET LOCAL lock_timeout = {patience}; SET LOCAL statement_timeout = '2s'");
            client.batch_execute(&limits).await?;
        }
        let raise = "UPDATE writers SET sequence = $2 WHERE writer = $1";
        client.execute(raise, &[&self.number, &self.sequence]).await?;
        let keys = self.shared.keys();
        let seals_old = self.is_old && keys.old_key_in_use;
        for touched in touched {
            let touch = Touch { client, keys: &keys, seals_old, journal: &self.shared.journal };
            touch.row(self.kind, touched, &mut self.dice).await?;
        }
        Ok(())
    }

    fn committed(&self, touched: Vec<Touched>) {
        let counts = &self.shared.counts;
        add(&counts.transactions, 1);
        add(&counts.writes, touched.iter().map(|touched| touched.writes).sum());
        touched.into_iter().for_each(Touched::commit);
    }

    async fn rolled_back(&mut self, client: Client) {
        // a connection that is lost rolls back by itself
        if client.batch_execute("ROLLBACK").await.is_ok() {
            self.client = Some(client);
        }
    }

    /// Whether the newest transaction was committed although nobody said so.
    async fn was_committed(&self) -> bool {
        let waiting = Waiting::begin("the fate of a COMMIT that was not answered");
        loop {
            if let Some(sequence) = self.stored_sequence().await {
                return sequence == self.sequence;
            }
            waiting.a_moment().await;
        }
    }

    /// What it says once no transaction of this writer is under way; `None` while the server is away.
    async fn stored_sequence(&self) -> Option<i64> {
        let client = connected(&self.direct_way).await?;
        let ask = "SELECT sequence FROM writers WHERE writer = $1 FOR UPDATE";
        Some(client.query_one(ask, &[&self.number]).await.ok()?.get(0))
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::SeqCst);
}

async fn connected(way: &str) -> Option<Client> {
    let connecting = tokio_postgres::connect(way, NoTls);
    let (client, connection) =
        tokio::time::timeout(Duration::from_secs(10), connecting).await.ok()?.ok()?;
    tokio::spawn(connection);
    Some(client)
}

/// What mischief does to the application is borne; anything else is the job's fault, a deadlock and a
/// serialization failure above all.
fn trouble(error: &Error) -> Trouble {
    let Some(answer) = error.as_db_error() else { return Trouble::ConnectionLost };
    match answer.code().code() {
        "55P03" | "57014" => Trouble::Timeout,
        code if code.starts_with("57P") => Trouble::ConnectionLost,
        code => panic!("a statement of the application failed: {code} {}", answer.message()),
    }
}
