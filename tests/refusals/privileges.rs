//! What a role may not do: found before the first write, with the GRANT that mends it.

use super::{REFUSED, Told, refused, tells};
use crate::support::{Reseal, Vault};

/// A role of this database alone; it may do nothing yet.
struct Role {
    name: String,
    url: String,
}

impl Role {
    async fn create(vault: &Vault) -> Self {
        let name = format!("role_{}", vault.database.name());
        vault.database.batch(&format!("CREATE ROLE {name} LOGIN PASSWORD 'pass'")).await;
        Self { url: vault.database.url_of(&name, "pass"), name }
    }

    /// With a ledger to work with, as a DBA would set it up.
    async fn with_ledger(vault: &Vault) -> Self {
        let role = Self::create(vault).await;
        vault.command("ledger").run().await.expect(0);
        role.may(vault, "USAGE ON SCHEMA reseal").await;
        role.may(vault, "SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA reseal").await;
        role
    }

    async fn may(&self, vault: &Vault, what: &str) {
        vault.database.batch(&format!("GRANT {what} TO {}", self.name)).await;
    }

    fn command(&self, vault: &Vault, words: &str) -> Reseal {
        vault.with_columns(words).env("DATABASE_URL", &self.url)
    }

    /// Both `plan` and `run` refuse for exactly these troubles.
    async fn is_refused(&self, vault: &Vault, expected: &[Told<'_>]) {
        for words in ["plan", "run"] {
            refused(&vault.database, self.command(vault, words), REFUSED, expected).await;
        }
    }
}

const GRANT_SELECT: &str = "GRANT SELECT on it to this role";
const GRANT_UPDATE: &str = "GRANT UPDATE on it to this role";

#[tokio::test]
async fn every_missing_privilege_is_told_at_once() {
    let vault = Vault::with_rows(20).await;
    let role = Role::create(&vault).await;
    let told = [
        (
            "may not create the ledger",
            "database test_",
            "have a DBA apply `reseal ledger --print-sql`",
        ),
        (
            "no SELECT on the system column xmin",
            "public.secrets",
            "column grants do not cover them",
        ),
        ("no SELECT on the column", "public.secrets.id", GRANT_SELECT),
        ("no SELECT on the column", "public.secrets.secret", GRANT_SELECT),
        ("no UPDATE on the column", "public.secrets.secret", GRANT_UPDATE),
        ("no SELECT on the column", "public.secrets.token", GRANT_SELECT),
        ("no UPDATE on the column", "public.secrets.token", GRANT_UPDATE),
    ];
    role.is_refused(&vault, &told).await;
}

/// Each privilege alone, taken from a role that has all the others.
#[tokio::test]
async fn each_missing_privilege_is_told_by_itself() {
    let vault = Vault::with_rows(20).await;
    vault.database.batch("ALTER TABLE secrets ADD lock_version int NOT NULL DEFAULT 0").await;
    let role = Role::with_ledger(&vault).await;
    let (select, update) = ("no SELECT on the column", "no UPDATE on the column");
    let xmin = "no SELECT on the system column xmin";
    let all = "id, owner, secret, token, lock_version, xmin, ctid, tableoid";
    let written = "secret, token, lock_version";
    let config = "[[table]]\nname = \"secrets\"\nversion = \"lock_version\"\n[table.columns]\n\
                  token = \"enc-v1\"\nsecret = { layout = \"go\", aad = \"{owner}\" }\n";
    for (privilege, column, what, hint) in [
        ("SELECT", "id", select, GRANT_SELECT),
        ("SELECT", "owner", select, GRANT_SELECT),
        ("SELECT", "secret", select, GRANT_SELECT),
        ("SELECT", "lock_version", select, GRANT_SELECT),
        ("SELECT", "xmin", xmin, "GRANT SELECT (xmin, ctid, tableoid) ON public.secrets"),
        ("SELECT", "ctid", "the system column ctid", "GRANT SELECT (xmin, ctid, tableoid)"),
        ("SELECT", "tableoid", "the system column tableoid", "GRANT SELECT (xmin, ctid, tableoid)"),
        ("UPDATE", "token", update, GRANT_UPDATE),
        ("UPDATE", "lock_version", update, GRANT_UPDATE),
    ] {
        role.may(&vault, &format!("SELECT ({all}), UPDATE ({written}) ON secrets")).await;
        let revoke = format!("REVOKE {privilege} ({column}) ON secrets FROM {}", role.name);
        vault.database.batch(&revoke).await;
        let is_system = what.contains("system");
        let place = if is_system {
            "public.secrets".to_owned()
        } else {
            format!("public.secrets.{column}")
        };
        let command = vault.command("run").config(config).env("DATABASE_URL", &role.url);
        refused(&vault.database, command, REFUSED, &[(what, &place, hint)]).await;
    }
}

/// With column grants on exactly what it needs, a role can do the whole work.
#[tokio::test]
async fn a_role_with_the_least_privileges_does_the_work() {
    let vault = Vault::with_rows(50).await;
    let role = Role::with_ledger(&vault).await;
    role.may(&vault, "SELECT (id, secret, token, xmin, ctid, tableoid) ON secrets").await;
    role.may(&vault, "UPDATE (secret, token) ON secrets").await;
    let before = vault.cells().await;
    role.command(&vault, "run").run().await.expect(0);
    vault.check(&before, &vault.cells().await, &[]);
    role.command(&vault, "verify").run().await.expect(0);
    vault.command("status").env("DATABASE_URL", &role.url).run().await.expect(0);
}

/// To verify, nothing is written: neither UPDATE nor a ledger is needed.
#[tokio::test]
async fn a_role_that_may_only_read_can_verify() {
    let vault = Vault::with_rows(50).await;
    let role = Role::create(&vault).await;
    role.may(&vault, "SELECT ON secrets").await;
    let verify = role.command(&vault, "verify").json().run().await.expect(1).json();
    assert_eq!(
        (&verify["status"], &verify["remaining_records"]),
        (&"not_verified".into(), &100.into())
    );
}

#[tokio::test]
async fn privileges_are_needed_on_every_leaf_partition() {
    let vault = Vault::with_rows(100).await;
    let sql = "CREATE TABLE parent (LIKE secrets, PRIMARY KEY (id)) PARTITION BY RANGE (id);
               CREATE TABLE leaf_low PARTITION OF parent FOR VALUES FROM (MINVALUE) TO (50);
               CREATE TABLE leaf_high PARTITION OF parent FOR VALUES FROM (50) TO (MAXVALUE);
               INSERT INTO parent TABLE secrets";
    vault.database.batch(sql).await;
    let role = Role::with_ledger(&vault).await;
    role.may(&vault, "SELECT, UPDATE ON parent").await;
    role.may(&vault, "SELECT, UPDATE ON leaf_low").await;
    let command = |words: &str| {
        let run = vault.command(words).env("DATABASE_URL", &role.url);
        run.arg("-c").arg("parent.secret:go")
    };
    let told = [
        ("no SELECT on the system column xmin", "public.leaf_high", "public.leaf_high"),
        ("no SELECT on the column", "public.leaf_high.id", GRANT_SELECT),
        ("no SELECT on the column", "public.leaf_high.secret", GRANT_SELECT),
        ("no UPDATE on the column", "public.leaf_high.secret", GRANT_UPDATE),
    ];
    refused(&vault.database, command("run"), REFUSED, &told).await;
    role.may(&vault, "SELECT, UPDATE ON leaf_high").await;
    command("run").run().await.expect(0);
}

#[tokio::test]
async fn row_level_security_would_hide_rows() {
    let vault = Vault::with_rows(20).await;
    let role = Role::with_ledger(&vault).await;
    role.may(&vault, "SELECT, UPDATE ON secrets").await;
    let sql = "ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
               CREATE POLICY all_but_one ON secrets USING (id <> 7)";
    vault.database.batch(sql).await;
    let told = [(
        "row-level security would hide rows from this role",
        "public.secrets",
        "run as the table's owner or a role with BYPASSRLS",
    )];
    role.is_refused(&vault, &told).await;
    refused(&vault.database, role.command(&vault, "verify"), REFUSED, &told).await;
    // its owner is not subject to it, unless it is forced
    vault.database.batch(&format!("ALTER TABLE secrets OWNER TO {}", role.name)).await;
    role.command(&vault, "plan").run().await.expect(0);
    vault.database.batch("ALTER TABLE secrets FORCE ROW LEVEL SECURITY").await;
    role.is_refused(&vault, &told).await;
    vault.database.batch(&format!("ALTER ROLE {} BYPASSRLS", role.name)).await;
    role.command(&vault, "run").run().await.expect(0);
    assert_eq!(vault.cells().await.len(), 20);
}

#[tokio::test]
async fn a_ledger_that_the_role_may_not_use() {
    let vault = Vault::with_rows(20).await;
    let role = Role::create(&vault).await;
    role.may(&vault, "SELECT, UPDATE ON secrets").await;
    vault.command("ledger").run().await.expect(0);
    let hint = "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA reseal TO role_test_";
    let told = [("may not use the ledger", "reseal.audit_event", hint)];
    role.is_refused(&vault, &told).await;
    // other commands say it in their own way
    for words in ["status", "failures", "ledger"] {
        let command = vault.command(words).env("DATABASE_URL", &role.url);
        let told =
            [("a privilege is missing (SQLSTATE 42501)", "schema reseal", "use schema reseal")];
        refused(&vault.database, command, REFUSED, &told).await;
    }
    // all tables without the schema, the schema without a table, a table without a privilege
    role.may(&vault, "SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA reseal").await;
    role.is_refused(&vault, &told).await;
    role.may(&vault, "USAGE ON SCHEMA reseal").await;
    for table in ["run", "checkpoint", "failure", "key_use"] {
        let revoke = format!("REVOKE UPDATE ON reseal.{table} FROM {}", role.name);
        vault.database.batch(&revoke).await;
        let place = format!("reseal.{table}");
        role.is_refused(&vault, &[("may not use the ledger", &place, hint)]).await;
        role.may(&vault, &format!("UPDATE ON reseal.{table}")).await;
    }
    role.command(&vault, "run").run().await.expect(0);
}

/// A connection to the wrong place says so, without the password.
#[tokio::test]
async fn a_role_that_may_not_connect() {
    let vault = Vault::with_rows(1).await;
    let role = Role::create(&vault).await;
    let wrong = vault.database.url_of(&role.name, "wrong-password");
    for words in ["plan", "run", "verify"] {
        let outcome = vault.with_columns(words).env("DATABASE_URL", &wrong).run().await.expect(2);
        tells(&outcome, &[("", "", "password")]);
        assert!(!outcome.printed().contains("wrong-password"), "{}", outcome.stderr);
    }
}
