//! Deadlocks in every order of arrival: the job loses each of them, and no transaction of the application
//! notices more than a wait.

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use tokio_postgres::Client;

use crate::support::{Rotation, eventually, private_server, seal};

const ROWS: i64 = 100;

/// Time enough to close a circle while the job waits: it waits for a lock for an eighth of this.
fn server() -> ThrowawayServer {
    private_server(ServerOptions::default().setting("deadlock_timeout", "8s"))
}

/// Whoever waits for a lock, and whom they wait for, by what they call themselves.
const WAITING: &str = "
    SELECT a.application_name AS waiter, b.application_name AS holder
    FROM pg_stat_activity AS a, unnest(pg_blocking_pids(a.pid)) AS blocker
    JOIN pg_stat_activity AS b ON b.pid = blocker
    WHERE a.datname = current_database()";

struct Circle {
    rotation: Rotation,
    observer: Client,
    _server: ThrowawayServer,
}

impl Circle {
    async fn new() -> Self {
        let server = server();
        let rotation = Rotation::of_on(&server, ROWS).await;
        let observer = rotation.client().await;
        Self { rotation, observer, _server: server }
    }

    /// Somebody of the application, in a transaction.
    async fn somebody(&self, name: &str) -> Client {
        let client = self.rotation.client().await;
        let begin = format!("SET application_name = '{name}'; BEGIN");
        client.batch_execute(&begin).await.expect("a transaction");
        client
    }

    /// `waiter` is seen waiting for `holder`; `reseal` is the job.
    async fn seen(&self, waiter: &str, holder: &str) {
        eventually(&format!("{waiter} waits for {holder}"), async || {
            let rows = self.observer.query(WAITING, &[]).await.expect("a superuser");
            let is = |found: &str, name: &str| found.starts_with(name);
            rows.iter().any(|row| is(row.get(0), waiter) && is(row.get(1), holder)).then_some(())
        })
        .await;
    }

    async fn update(&self, client: &Client, id: i64) {
        let value = seal(&self.rotation.new, "go", b"", b"the application's");
        let update = "UPDATE secrets SET value = $2 WHERE id = $1";
        client
            .execute(update, &[&id, &value])
            .await
            .expect("no transaction of the application fails");
    }

    async fn commit(&self, client: &Client) {
        client.batch_execute("COMMIT").await.expect("a commit of the application");
    }

    /// The run ends well, and these rows hold what the application wrote.
    async fn ends(&self, running: crate::support::Running, written: &[i64]) {
        running.wait().await.expect(0);
        let opened = self.rotation.opened().await;
        assert_eq!(opened.len(), ROWS as usize);
        for id in written {
            assert_eq!(opened[id], b"the application's", "row {id}");
        }
    }
}

/// The job waits first; the application closes the circle, and would lose if the job were patient.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_arrives_last() {
    let circle = Circle::new().await;
    let ada = circle.somebody("ada").await;
    circle.update(&ada, 50).await;
    let running = circle.rotation.run().spawn();
    circle.seen("reseal", "ada").await;
    tokio::join!(circle.update(&ada, 1), circle.seen("ada", "reseal"));
    circle.commit(&ada).await;
    circle.ends(running, &[1, 50]).await;
}

/// The circle leads over two transactions of the application, that wait for each other in line.
#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_three() {
    let circle = Circle::new().await;
    let (ada, bob) = (circle.somebody("ada").await, circle.somebody("bob").await);
    circle.update(&ada, 50).await;
    circle.update(&bob, 80).await;
    let running = circle.rotation.run().spawn();
    circle.seen("reseal", "ada").await;
    let bob_goes_on = async {
        circle.update(&bob, 1).await;
        circle.commit(&bob).await;
    };
    let ada_goes_on = async {
        circle.update(&ada, 80).await;
        circle.commit(&ada).await;
    };
    let seen = async {
        circle.seen("bob", "reseal").await;
    };
    tokio::join!(bob_goes_on, ada_goes_on, seen);
    circle.ends(running, &[1, 50, 80]).await;
}

/// The job holds rows and waits; the application, which holds what it waits for, asks for the whole table.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_asks_for_the_table() {
    let circle = Circle::new().await;
    let ada = circle.somebody("ada").await;
    circle.update(&ada, 50).await;
    let running = circle.rotation.run().spawn();
    circle.seen("reseal", "ada").await;
    let lock = async {
        let lock = "LOCK TABLE secrets IN SHARE ROW EXCLUSIVE MODE";
        ada.batch_execute(lock).await.expect("no statement of the application fails");
    };
    tokio::join!(lock, circle.seen("ada", "reseal"));
    circle.update(&ada, 1).await;
    circle.commit(&ada).await;
    circle.ends(running, &[1, 50]).await;
}

/// The job waits in this trigger, for a row of another table that somebody holds who then writes row `id`.
async fn a_circle_through(trigger: &str, id: i64) {
    let circle = Circle::new().await;
    let counted = format!(
        "CREATE TABLE counts (one boolean PRIMARY KEY, n integer);
         INSERT INTO counts VALUES (true, 0);
         CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN UPDATE counts SET n = n + 1; RETURN NULL; END';
         {trigger} EXECUTE FUNCTION counted()"
    );
    circle.rotation.database.batch(&counted).await;
    let ada = circle.somebody("ada").await;
    ada.batch_execute("UPDATE counts SET n = n").await.expect("the count");
    let running = circle.rotation.run().spawn();
    circle.seen("reseal", "ada").await;
    tokio::join!(circle.update(&ada, id), circle.seen("ada", "reseal"));
    circle.commit(&ada).await;
    circle.ends(running, &[id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_through_a_trigger() {
    a_circle_through("CREATE TRIGGER counted AFTER UPDATE ON secrets FOR EACH STATEMENT", 1).await;
}

/// The job waits at its very end, with every row of the page written.
#[tokio::test(flavor = "multi_thread")]
async fn a_circle_through_a_deferred_trigger() {
    let deferred = "CREATE CONSTRAINT TRIGGER counted AFTER UPDATE ON secrets
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.id = 50)";
    a_circle_through(deferred, 99).await;
}

/// Two circles at once: two workers, each waiting for a row of one transaction of the application.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_in_two_circles() {
    let circle = Circle::new().await;
    circle.rotation.database.batch("CREATE TABLE more (id bigint PRIMARY KEY, value bytea)").await;
    circle.rotation.insert("more", 1..=ROWS, &circle.rotation.old).await;
    let ada = circle.somebody("ada").await;
    circle.update(&ada, 50).await;
    ada.batch_execute("UPDATE more SET value = value WHERE id = 50").await.expect("row 50");
    let command = circle.rotation.command("run --workers 2 --page-rows-max 100");
    let running = command.arg("-c").arg("more.value:go").spawn();
    eventually("both workers wait for ada", async || {
        let rows = circle.observer.query(WAITING, &[]).await.expect("a superuser");
        (rows.iter().filter(|row| row.get::<_, &str>(0).starts_with("reseal")).count() == 2)
            .then_some(())
    })
    .await;
    circle.update(&ada, 1).await;
    let update = "UPDATE more SET value = value WHERE id = 1";
    ada.batch_execute(update).await.expect("no statement of the application fails");
    circle.commit(&ada).await;
    circle.ends(running, &[1, 50]).await;
}
