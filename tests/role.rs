//! `sql/role.sql`, as it is shipped: the whole main path as a role that has nothing else.
#![cfg(feature = "failpoints")]

mod support;

use support::{Failpoints, Reseal, TestDatabase, TestKey, open, seal};
use tokio_postgres::Client;

const ROLE: &str = include_str!("../sql/role.sql");
const TABLES: [&str; 2] = [
    include_str!("../sql/demo/pipeline_secrets.sql"),
    include_str!("../sql/demo/identity_traits.sql"),
];

/// As the comments of `sql/role.sql` have it; the additional data is the row key.
const CONFIGURATION: &str = r#"
[[table]]
name = "public.pipeline_secrets"
version = "version"
[table.columns]
secret = { layout = "enc-v1", aad = "{id}" }

[[table]]
name = "public.identity_traits"
[table.columns]
value = "go"
"#;

const ROWS: i32 = 300;

/// The two tables under an old key, their keys, and the role.
struct Job {
    database: TestDatabase,
    owner: Client,
    old: TestKey,
    new: TestKey,
}

impl Job {
    async fn create() -> Self {
        let database = TestDatabase::create().await;
        let owner = database.client().await;
        for table in TABLES {
            owner.batch_execute(table).await.expect("a table");
        }
        let (old, new) = (TestKey::random(), TestKey::random());
        fill(&owner, &old).await;
        let ledger = Reseal::new("ledger --print-sql").run().await.expect(0).stdout;
        owner.batch_execute(&ledger).await.expect("the ledger");
        let job = Self { database, owner, old, new };
        // roles belong to the whole server, which other tests use as well
        let role = ROLE.replace("reseal_job", &job.role());
        job.owner.batch_execute(&role).await.expect("the role");
        let password = format!("ALTER ROLE {} PASSWORD 'x'", job.role());
        job.owner.batch_execute(&password).await.expect("a password");
        job
    }

    fn role(&self) -> String {
        format!("job_of_{}", self.database.name())
    }

    fn url(&self) -> String {
        self.database.url_of(&self.role(), "x")
    }

    fn command(&self, words: &str) -> Reseal {
        Reseal::new(words).env("DATABASE_URL", self.url())
    }

    fn with_keys(&self, words: &str) -> Reseal {
        let command = self.command(words).config(CONFIGURATION).json();
        command.current_key(&self.new).previous_keys(&[&self.old])
    }

    fn run(&self) -> Reseal {
        self.with_keys("run --workers 1 --page-rows-max 100 --lease 1h")
    }

    fn verify(&self) -> Reseal {
        self.command("verify").config(CONFIGURATION).json().current_key(&self.new)
    }

    /// What the role is told when it tries this.
    async fn is_denied(&self, statement: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        let error = client.batch_execute(statement).await.expect_err(statement);
        assert_eq!(error.code().expect(statement).code(), "42501", "{statement}: {error:?}");
    }
}

async fn fill(owner: &Client, key: &TestKey) {
    for number in 1..=ROWS {
        let id = format!("00000000-0000-0000-0000-{number:012}");
        let secret = seal(key, "enc-v1", id.as_bytes(), format!("secret {number}").as_bytes());
        let secret = String::from_utf8(secret).expect("ASCII");
        let insert = "INSERT INTO pipeline_secrets (id, secret) VALUES ($1::text::uuid, $2)";
        owner.execute(insert, &[&id, &secret]).await.expect("a row");
        let value = seal(key, "go", b"", format!("trait {number}").as_bytes());
        let insert = "INSERT INTO identity_traits (id, value) VALUES ($1, $2)";
        owner.execute(insert, &[&i64::from(number), &value]).await.expect("a row");
    }
}

#[tokio::test]
async fn the_main_path_as_the_role_that_is_shipped() {
    let job = Job::create().await;
    let damage = "UPDATE identity_traits SET value = '\\x00' WHERE id = 7";
    job.owner.batch_execute(damage).await.expect("damage");

    job.with_keys("plan").run().await.expect(0);
    job.verify().run().await.expect(1);
    let killed = Failpoints::kill("committed@2").on(job.run()).run().await;
    assert_eq!(killed.signal, Some(9), "{}", killed.printed());
    let status = job.run().run().await.expect(1).json();
    assert_eq!(status["status"], "completed_with_failures", "{status}");
    assert_eq!(status["resealed_records"], 2 * ROWS - 1, "{status}");

    let failures = job.command("failures").json().run().await.expect(0).json();
    let failure = &failures["failures"][0];
    assert_eq!(failure["reason"], "malformed", "{failures}");
    let accept = format!("failures accept {} --reason known", failure["id"]);
    job.command(&accept).run().await.expect(0);
    job.run().run().await.expect(0);
    job.verify().run().await.expect(0);
    let status = job.command("status").json().run().await.expect(0).json();
    assert_eq!(status["status"], "completed", "{status}");
    job.command("ledger").run().await.expect(0);
    job.command("audit verify").run().await.expect(0);
    let events = job.command("audit show").json().run().await.expect(0).json();
    let started = events["events"].as_array().expect("a list").iter();
    let mut started = started.filter(|event| event["event"] == "run started");
    assert_eq!(started.next().expect("a run")["detail"]["role_may_change_audit"], false);

    let failpoints = Failpoints::hold("walk-fetched@1");
    let mut running = failpoints.on(job.run()).spawn();
    failpoints.reached("walk-fetched@1", &mut running).await;
    job.command("abandon").run().await.expect(0);
    failpoints.release("walk-fetched@1");
    running.wait().await.expect(3);
    expect_secrets(&job).await;
}

async fn expect_secrets(job: &Job) {
    let secrets = "SELECT id::text, secret, version FROM pipeline_secrets ORDER BY id";
    let rows = job.owner.query(secrets, &[]).await.expect("rows");
    assert_eq!(rows.len(), ROWS as usize);
    for (number, row) in (1..).zip(&rows) {
        let (id, secret): (&str, &str) = (row.get(0), row.get(1));
        let opened = open(&job.new, "enc-v1", id.as_bytes(), secret.as_bytes());
        assert_eq!(opened, Some(format!("secret {number}").into_bytes()), "row {id}");
        assert_eq!(row.get::<_, i32>(2), 2, "the version of row {id}");
    }
    let values = "SELECT id, value FROM identity_traits WHERE id <> 7";
    for row in job.owner.query(values, &[]).await.expect("rows") {
        let (id, value): (i64, &[u8]) = (row.get(0), row.get(1));
        let opened = open(&job.new, "go", b"", value);
        assert_eq!(opened, Some(format!("trait {id}").into_bytes()), "row {id}");
    }
}

/// The role can do its work and nothing else: above all it cannot change what was audited.
#[tokio::test]
async fn the_role_may_do_nothing_else() {
    let job = Job::create().await;
    for statement in [
        "UPDATE reseal.audit_event SET event = 'nothing'",
        "DELETE FROM reseal.audit_event",
        "TRUNCATE reseal.audit_event",
        "DELETE FROM reseal.audit_head",
        "DELETE FROM reseal.run",
        "DELETE FROM reseal.failure",
        "UPDATE reseal.ledger_version SET version = 2",
        "INSERT INTO reseal.ledger_version (version) VALUES (2)",
        "DROP SCHEMA reseal CASCADE",
        "CREATE TABLE reseal.another (id int)",
        "SELECT created_at FROM pipeline_secrets",
        "SELECT * FROM identity_traits",
        "UPDATE pipeline_secrets SET id = id",
        "UPDATE pipeline_secrets SET created_at = now()",
        "DELETE FROM pipeline_secrets",
        "INSERT INTO identity_traits (id) VALUES (1000)",
        "TRUNCATE identity_traits",
        "CREATE SCHEMA another",
        "CREATE ROLE another",
    ] {
        job.is_denied(statement).await;
    }
}
