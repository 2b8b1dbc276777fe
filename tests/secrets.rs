//! Secrets stay in memory. Commands that succeed and commands that fail, at the most verbose level and
//! in every form of output: nothing that they print or store holds a key, a plaintext, the body of a
//! ciphertext, what else stands in a row, or the database's password. Row keys, which may be personal
//! data, stand in the ledger and in `failures` alone.

mod support;

#[path = "secrets/needles.rs"]
mod needles;

use needles::Needles;
use support::{Outcome, Reseal, TestKey, Vault};

const ROWS: i64 = 60;

/// `secrets` under keys that are personal data, with neighbours that are nobody's business; some
/// values are lost, and the database refuses others with errors that quote whole rows.
const PEOPLE: &str = "
    CREATE TABLE people AS
        SELECT 'erika' || id || '@example.org' AS email, 'Diagnosis ' || id || ': gout' AS note,
               secret, token FROM secrets;
    ALTER TABLE people ADD PRIMARY KEY (email);
    ALTER TABLE people ADD CONSTRAINT short CHECK (email <> 'erika3@example.org' OR token IS NULL)
        NOT VALID;
    CREATE TABLE seen (note text PRIMARY KEY);
    INSERT INTO seen VALUES ('Diagnosis 4: gout');
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE NOTICE 'now %', NEW;
        IF NEW.email = 'erika4@example.org' THEN
            INSERT INTO seen VALUES (NEW.note);
        END IF;
        IF NEW.email = 'erika5@example.org' THEN
            RAISE EXCEPTION 'not this row: %', NEW USING DETAIL = OLD::text, HINT = NEW.note;
        END IF;
        IF NEW.email = 'erika6@example.org' THEN
            PERFORM (NEW.note)::integer;
        END IF;
        IF NEW.email = 'erika7@example.org' THEN
            EXECUTE 'SELECT ' || quote_ident(NEW.token);
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER tell BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION tell();
    ALTER TABLE people DISABLE TRIGGER tell;
    UPDATE people SET secret = sha256(secret), token = 'enc:v1:' || token
        WHERE email = 'erika8@example.org';
    ALTER TABLE people ENABLE TRIGGER tell";

/// What cannot be done in `people`: by constraint, unique index, RAISE, conversion, undefined column,
/// and because no key opens it.
const FAILED: &[&str] = &[
    "erika3@example.org secret 23514",
    "erika3@example.org token 23514",
    "erika4@example.org secret 23505",
    "erika4@example.org token 23505",
    "erika5@example.org secret P0001",
    "erika5@example.org token P0001",
    "erika6@example.org secret 22P02",
    "erika6@example.org token 22P02",
    "erika7@example.org secret 42703",
    "erika7@example.org token 42703",
    "erika8@example.org secret -",
    "erika8@example.org token -",
];

/// The values of `people`, as stored.
async fn values(vault: &Vault) -> Vec<Vec<u8>> {
    let select = "SELECT secret, convert_to(token, 'UTF8') FROM people";
    let rows = vault.database.client().await.query(select, &[]).await.expect("rows");
    rows.iter().flat_map(|row| [row.get(0), row.get(1)]).collect()
}

/// What nobody may see of this vault, with values stored before and after.
async fn needles(vault: &Vault, stored: &[Vec<u8>]) -> Needles {
    let mut needles = Needles::default();
    needles.key("the old key", &vault.old);
    needles.key("the new key", &vault.new);
    for id in 1..=ROWS {
        needles.text("a plaintext", &Vault::secret(id));
        needles.text("a plaintext", &Vault::token(id));
    }
    for value in stored {
        needles.ciphertext(value);
    }
    needles.text("a neighbour's column", b": gout");
    let (_, rest) = vault.database.url().split_once("://postgres:").expect("a URL");
    let (password, _) = rest.split_once('@').expect("a password");
    needles.text("the password", password.as_bytes());
    needles
}

/// The command at its most talkative, in all forms; the outcomes of all of them.
async fn in_every_form(command: &Reseal, code: i32) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (log, output) in [("text", "json"), ("json", "text")] {
        let command = command.clone().arg("-vv").arg("--log-format").arg(log);
        let command = command.arg("--output").arg(output);
        let command = command.env("LOG_LEVEL", "trace").env("RUST_LOG", "trace");
        outcomes.push(command.env("RUST_BACKTRACE", "full").run().await.expect(code));
    }
    outcomes
}

/// Runs it in every form and finds nothing; row keys are allowed where they are asked for.
async fn tells_nothing(needles: &Needles, command: Reseal, code: i32, shows_row_keys: bool) {
    for outcome in in_every_form(&command, code).await {
        let printed = outcome.printed();
        assert!(!printed.contains('\u{fffd}'), "bytes that are no text: {printed}");
        needles.search(&printed, &format!("the output of reseal {}", outcome.words));
        let keys = printed.matches("@example.org").count();
        assert_eq!(keys > 0, shows_row_keys, "row keys in reseal {}:\n{printed}", outcome.words);
    }
}

fn over_people(vault: &Vault, words: &str) -> Reseal {
    let columns = ["-c", "people.secret:go", "-c", "people.token:enc-v1"];
    columns.into_iter().fold(vault.command(words), Reseal::arg)
}

/// Everything in schema `reseal`.
async fn ledger(vault: &Vault) -> String {
    let select =
        "SELECT string_agg(query_to_xml(format('TABLE reseal.%I', tablename), true, true, '')
                  ::text, '') FROM pg_tables WHERE schemaname = 'reseal'";
    vault.database.client().await.query_one(select, &[]).await.expect("the ledger").get(0)
}

#[tokio::test]
async fn commands_that_do_their_work() {
    let vault = Vault::with_rows(ROWS).await;
    vault.database.batch(PEOPLE).await;
    let mut stored = values(&vault).await;
    let run = "run --workers 1 --page-rows-max 20";
    let mut outcomes = in_every_form(&over_people(&vault, run), 1).await;
    outcomes.extend(in_every_form(&over_people(&vault, "plan"), 0).await);
    stored.extend(values(&vault).await);
    let needles = needles(&vault, &stored).await;
    for outcome in &outcomes {
        needles.search(&outcome.printed(), &format!("reseal {}", outcome.words));
        assert!(!outcome.printed().contains("@example.org"), "{}", outcome.printed());
    }
    let select = "SELECT row_key[1] || ' ' || column_name || ' ' || coalesce(sqlstate, '-')
                  FROM reseal.failure ORDER BY row_key, column_name";
    let failed = vault.database.client().await.query(select, &[]).await.expect("failures");
    let failed: Vec<String> = failed.iter().map(|row| row.get(0)).collect();
    assert_eq!(failed, FAILED, "the database quoted these rows in its errors");
    tells_nothing(&needles, over_people(&vault, "verify").previous_keys(&[]), 1, false).await;
    tells_nothing(&needles, vault.command("status"), 0, false).await;
    tells_nothing(&needles, vault.command("health"), 0, false).await;
    tells_nothing(&needles, vault.command("failures"), 0, true).await;
    tells_nothing(&needles, vault.command("failures --all"), 0, true).await;
    tells_nothing(&needles, vault.command("failures accept 1 --reason gone"), 0, false).await;
    tells_nothing(&needles, vault.command("ledger"), 0, false).await;
    let ledger = ledger(&vault).await;
    assert!(ledger.contains("erika5@example.org") && ledger.contains("write_refused"), "{ledger}");
    needles.search(&ledger, "the ledger");
}

#[tokio::test]
async fn commands_that_fail() {
    let vault = Vault::with_rows(ROWS).await;
    vault.database.batch(PEOPLE).await;
    let mut needles = needles(&vault, &values(&vault).await).await;
    let (long, stranger) = (format!("{}0", vault.new.hex()), TestKey::random());
    needles.key("a stranger's key", &stranger);
    let plan = over_people(&vault, "plan");
    let run = over_people(&vault, "run --retry-for 100ms");
    let short = &vault.old.hex()[..63];
    let malformed = [("ENCRYPTION_KEY", long.as_str()), ("ENCRYPTION_KEY_PREVIOUS", short)];
    needles.text("most of the old key", short.as_bytes());
    for (name, key) in malformed {
        tells_nothing(&needles, run.clone().env(name, key), 2, false).await;
        tells_nothing(&needles, vault.command("health").env(name, key), 1, false).await;
    }
    tells_nothing(&needles, plan.clone().previous_keys(&[&stranger]), 3, false).await;
    tells_nothing(&needles, run.clone().arg("-c").arg("people.note:go"), 3, false).await;
    tells_nothing(&needles, run.clone().arg("--max-failures").arg("1"), 1, false).await;
    let held = vault.database.client().await;
    held.batch_execute("BEGIN; UPDATE secrets SET owner = owner").await.expect("a lock");
    let blocked = vault.with_columns("run --max-wait 0s --retry-for 0s");
    tells_nothing(&needles, blocked, 5, false).await;
    needles.search(&ledger(&vault).await, "the ledger");
}

#[tokio::test]
async fn connections_that_fail() {
    let vault = Vault::with_rows(ROWS).await;
    vault.database.batch(PEOPLE).await;
    let mut needles = needles(&vault, &[]).await;
    needles.text("a password", b"Wrong.Passw0rd");
    let wrong = vault.database.url_of("postgres", "Wrong.Passw0rd");
    let (_, server) = wrong.split_once('@').expect("a URL");
    let nobody = "postgresql://app:Wrong.Passw0rd@127.0.0.1:1/app".to_owned();
    let no_database = format!("{}_not_there", vault.database.url());
    for (url, code) in [
        (wrong.clone(), 2),
        (nobody, 5),
        (no_database, 2),
        (format!("postgresql://app:Wrong.Passw0rd@{server}?sslmode=Wrong.Passw0rd"), 2),
        (format!("postgresql://app:Wrong.Passw0rd@{server}?password=Wrong.Passw0rd&x=y"), 2),
        ("postgresql://app:Wrong.Passw0rd@host:port/app".to_owned(), 2),
        ("host=127.0.0.1 password=Wrong.Passw0rd port=Wrong.Passw0rd".to_owned(), 2),
        ("Wrong.Passw0rd".to_owned(), 2),
    ] {
        for command in [over_people(&vault, "run --retry-for 0s"), vault.command("status")] {
            tells_nothing(&needles, command.env("DATABASE_URL", &url), code, false).await;
        }
    }
    // what the file names is as secret as what the environment holds
    let file = "[database]\nurl = \"env:ELSEWHERE\"";
    let command = vault.command("status").config(file).env("ELSEWHERE", &wrong);
    tells_nothing(&needles, command, 2, false).await;
    let file = format!("[database]\nurl = \"{wrong}\"");
    tells_nothing(&needles, vault.command("status").config(file), 2, false).await;
    let file = format!("[keys]\ncurrent = \"{}\"", vault.new.hex());
    tells_nothing(&needles, vault.command("health").config(file), 2, false).await;
}

/// The program is wrong, with a secret in its hands.
#[tokio::test]
async fn a_panic() {
    let vault = Vault::with_rows(ROWS).await;
    vault.database.batch(PEOPLE).await;
    let needles = needles(&vault, &values(&vault).await).await;
    let held = format!("{} and secret of row 7", vault.new.hex());
    for point in ["page-fetched", "rows-written", "close-looked"] {
        let order = format!("{point}=panic:{held}");
        let run = vault.with_columns("run").env("RESEAL_FAILPOINT", order);
        for outcome in in_every_form(&run, 70).await {
            needles.search(&outcome.printed(), "a panic");
            assert!(outcome.stderr.contains("where: src/failpoint.rs:"), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("this is a bug in reseal"), "{}", outcome.stderr);
        }
    }
    needles.search(&ledger(&vault).await, "the ledger");
    vault.with_columns("run").run().await.expect(0);
}
