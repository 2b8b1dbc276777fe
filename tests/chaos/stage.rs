//! The stage: a server, a table under its first key, the application, the proxy; and the one who plays the
//! schedule on it.

use std::time::{Duration, Instant};

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::application::{Application, Keys, Ways};
use super::figures::Figures;
use super::journal::Journal;
use super::judge;
use super::processes::{self, Command, Processes, Routes};
use super::proxy::Proxy;
use super::schedule::{Act, Mischief, Round};
use crate::support::{Dice, Outcome, TestDatabase, TestKey, eventually, private_server, seal};

/// The application's rows in the beginning.
const ROWS: i64 = 2_500;

const TABLES: &str = include_str!("tables.sql");

pub struct Stage {
    server: ThrowawayServer,
    database: TestDatabase,
    proxy: Proxy,
    application: Application,
    dice: Dice,
    pub figures: Figures,
    /// Proofs that are being looked into.
    proofs: JoinSet<()>,
}

impl Stage {
    pub async fn set(seed: u64) -> Self {
        // asynchronous commits stay in memory as long as nobody commits for good
        let options = ServerOptions::default().setting("wal_writer_delay", "10s");
        let server = private_server(options);
        let database = TestDatabase::create_on(&server).await;
        database.batch(TABLES).await;
        let keys =
            Keys { current: TestKey::random(), previous: TestKey::random(), old_key_in_use: true };
        let journal = Journal::of(filled(&database.client().await, &keys.previous).await);
        let proxy = Proxy::start(server.port()).await;
        let ways = Ways {
            direct: way(&server, &database, server.port(), "application"),
            proxied: way(&server, &database, proxy.port, "application"),
        };
        let application = Application::start(journal, keys, &ways, seed);
        let (dice, figures, proofs) = (Dice::of(seed, 1_000), Figures::default(), JoinSet::new());
        Self { server, database, proxy, application, dice, figures, proofs }
    }

    /// One rotation: with the old key in use, without it, and then to its end without any mischief; judged.
    pub async fn rotate(&mut self, round: &Round) {
        let command = self.command();
        let mut processes = Processes::start(command.clone(), Dice::new(self.dice.throw()));
        self.play(&round.with_old_key, &mut processes).await;
        self.application.forget_the_old_key().await;
        self.play(&round.without_old_key, &mut processes).await;

        for outcome in processes.end().await {
            self.note(&outcome);
        }
        let last = command.plain("run --max-wait 60s").run().await.expect(0);
        self.note(&last);
        while let Some(proof) = self.proofs.join_next().await {
            proof.expect("a completed run was right");
            self.figures.proofs += 1;
        }
        self.figures.rotations += 1;
        self.judge(&command).await;
        self.application.rotate_keys(TestKey::random()).await;
    }

    /// With the application quiet: its rows, the ledger, and counts that must be exact.
    async fn judge(&mut self, command: &Command) {
        self.application.check();
        let _quiet = self.application.quiet().await;
        let client = self.database.client().await;
        let rotation = i32::try_from(self.figures.rotations).expect("a few");
        let verdict = judge::judge(&client, self.application.shared(), rotation).await;
        self.figures.rows = verdict.rows as u64;
        self.figures.resealed = verdict.resealed;
        let status = command.plain("run").run().await.expect(0).json();
        judge::counts(&status, verdict.rows);
        command.verify().run().await.expect(0);
    }

    /// Ends everything; the figures.
    pub async fn clear(mut self, enough_writes: u64) -> Figures {
        // as many as were promised, however slow the machine
        eventually("the application's last writes", async || {
            self.figures.of_the_application(&self.application.shared().counts);
            (self.figures.writes >= enough_writes).then_some(())
        })
        .await;
        let shared = self.application.stop().await;
        self.figures.of_the_application(&shared.counts);
        self.figures.connections_cut = self.proxy.connections_cut() as u64;
        drop(self.database);
        drop(self.server);
        self.figures
    }

    async fn play(&mut self, acts: &[Act], processes: &mut Processes) {
        let begun = Instant::now();
        for act in acts {
            loop {
                for outcome in processes.tend().await {
                    self.note(&outcome);
                }
                self.application.check();
                let Some(left) = act.at.checked_sub(begun.elapsed()) else { break };
                tokio::time::sleep(left.min(Duration::from_millis(20))).await;
            }
            self.act(&act.mischief, processes).await;
        }
    }

    async fn act(&mut self, mischief: &Mischief, processes: &mut Processes) {
        match *mischief {
            Mischief::Kill { process } => {
                let mut outcome = processes.kill(process).await;
                while outcome.signal != Some(9) {
                    // it had just ended by itself: the next one is the one to be killed
                    self.note(&outcome);
                    outcome = processes.kill(process).await;
                }
                self.note(&outcome);
            }
            Mischief::Stop { process, pause } => {
                processes.stop(process, pause);
                self.figures.stopped += 1;
            }
            Mischief::Ask { process } => processes.ask(process),
            Mischief::Terminate { of_the_job, which } => {
                self.meddle_with_a_backend("pg_terminate_backend", of_the_job, which, processes)
                    .await;
                self.figures.terminated += 1;
            }
            Mischief::Cancel { which } => {
                self.meddle_with_a_backend("pg_cancel_backend", true, which, processes).await;
                self.figures.cancelled += 1;
            }
            Mischief::Crash { hushed: false } => self.crash(),
            Mischief::Crash { hushed: true } => self.crash_in_the_hush(processes).await,
            Mischief::Cut { share } => self.proxy.cut(share),
            Mischief::Stall { pause, ends_in_cut } => {
                self.proxy.stall();
                tokio::time::sleep(pause).await;
                if ends_in_cut {
                    self.proxy.cut(1);
                }
                self.proxy.go_on();
                self.figures.stalls += 1;
            }
            Mischief::HoldTable { pause } => {
                let hold = "BEGIN; LOCK TABLE secrets IN SHARE ROW EXCLUSIVE MODE";
                let client = self.database.client().await;
                client.batch_execute(hold).await.expect("a lock");
                tokio::time::sleep(pause).await;
                self.figures.tables_held += 1;
            }
            Mischief::Rewrite => {
                self.database.batch("VACUUM FULL secrets").await;
                self.figures.rewrites += 1;
            }
        }
    }

    /// Ends or cancels one of the job's or of the application's backends, as soon as there is one.
    async fn meddle_with_a_backend(
        &mut self,
        function: &str,
        of_the_job: bool,
        which: usize,
        processes: &mut Processes,
    ) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let client = self.database.client().await;
        loop {
            for outcome in processes.tend().await {
                self.note(&outcome);
            }
            let who = if of_the_job { "reseal%" } else { "application" };
            let backends = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                            AND application_name LIKE $1 ORDER BY pid";
            let backends = client.query(backends, &[&who]).await.expect("a superuser");
            if !backends.is_empty() {
                let pid: i32 = backends[which % backends.len()].get(0);
                let done = client.query_one(&format!("SELECT {function}($1)"), &[&pid]).await;
                if done.expect("a superuser").get(0) {
                    return;
                }
            }
            assert!(Instant::now() < deadline, "no backend of {who} was found in 30 s");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn crash(&mut self) {
        self.server.crash().expect("it stops");
        self.server.start_again().expect("it starts");
        self.figures.crashes += 1;
    }

    /// A crash when nobody but the job has written for a while: its newest pages are undone. While they are
    /// counted, the job stands still.
    async fn crash_in_the_hush(&mut self, processes: &mut Processes) {
        let quiet = self.application.quiet().await;
        tokio::time::sleep(self.dice.milliseconds(30..300)).await;
        processes.freeze();
        let before = pages(&self.database.client().await).await;
        self.crash();
        self.figures.pages_undone += before - pages(&self.database.client().await).await;
        processes.thaw();
        drop(quiet);
    }

    /// Counts how a process ended, and has its proof looked into.
    fn note(&mut self, outcome: &Outcome) {
        processes::count(outcome, &mut self.figures);
        if outcome.code == Some(0) {
            judge::counts_of_the_archive(&outcome.json());
            let url = self.database.url().to_owned();
            let shared = std::sync::Arc::clone(self.application.shared());
            self.proofs.spawn(judge::proof(url, shared, outcome.json()));
        }
    }

    fn command(&self) -> Command {
        let keys = self.application.shared().keys();
        let route = |port| way(&self.server, &self.database, port, "");
        let routes = Routes {
            direct: self.database.url().to_owned(),
            proxied: route(self.proxy.port),
            masked: route(self.proxy.masking_port),
        };
        Command { routes, current: keys.current, previous: keys.previous }
    }
}

/// The database's URL through another port, for somebody of that name.
fn way(server: &ThrowawayServer, database: &TestDatabase, port: u16, name: &str) -> String {
    let other = format!(":{port}/");
    let url = database.url().replace(&format!(":{}/", server.port()), &other);
    if name.is_empty() { url } else { format!("{url}?application_name={name}") }
}

/// How many pages the ledger knows of.
async fn pages(client: &Client) -> i64 {
    let there = "SELECT to_regclass('reseal.checkpoint') IS NOT NULL";
    if !client.query_one(there, &[]).await.expect("a catalogue").get::<_, bool>(0) {
        return 0;
    }
    let pages = "SELECT coalesce(sum(pages), 0)::bigint FROM reseal.checkpoint";
    client.query_one(pages, &[]).await.expect("the ledger").get(0)
}

/// Puts the first rows in; answers the ids and plaintexts of the application's.
async fn filled(client: &Client, key: &TestKey) -> Vec<(i64, Vec<u8>)> {
    let rows = |count: i64| (1..=count).map(|id| (id, judge::first_plaintext(id)));
    for (table, count) in [("secrets", ROWS), ("archive", judge::ARCHIVED)] {
        let (ids, values): (Vec<i64>, Vec<Vec<u8>>) =
            rows(count).map(|(id, plaintext)| (id, seal(key, "go", b"", &plaintext))).unzip();
        let insert = format!(
            "INSERT INTO {table} (id, value) SELECT * FROM unnest($1::bigint[], $2::bytea[])"
        );
        client.execute(&insert, &[&ids, &values]).await.expect("rows");
    }
    rows(ROWS).collect()
}
