//! What the report says of ciphertext outside the run's scope: what a search found, and plainly that there was
//! none when keys or configuration are not at hand.

use serde_json::{Value, json};

use super::support::{self, Reseal, TestKey, Vault};
use super::{page, report};

/// A copy of the tokens in a table that no run covers.
async fn copy_tokens(vault: &Vault) {
    let copy = "CREATE TABLE copies AS SELECT id, token AS hidden FROM secrets";
    vault.database.batch(copy).await;
}

fn outside(report: &Value) -> Vec<&str> {
    let found = report["coverage"]["search"]["outside"].as_array().expect("a list");
    found.iter().map(|found| found["column"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn what_lies_outside_the_scope_is_listed() {
    let vault = Vault::with_rows(20).await;
    let status = vault.with_columns("run").json().run().await.expect(0).json();
    let all = report(&vault, "").await;
    assert_eq!((&all["coverage"]["looked_for"], outside(&all).len()), (&json!(true), 0), "{all}");
    let mut keys = vec![status["current_key"].clone(), status["previous_keys"][0].clone()];
    keys.sort_by_key(ToString::to_string);
    assert_eq!(all["coverage"]["search"]["keys"], json!(keys));
    assert!(page(&vault, "").await.contains("none that opens is outside the scope"));

    copy_tokens(&vault).await;
    let some = report(&vault, "").await;
    assert_eq!(outside(&some), ["public.copies.hidden"]);
    let found = &some["coverage"]["search"]["outside"][0];
    assert_eq!((&found["in_scope"], &found["values"]), (&json!(false), &json!(20)), "{found}");
    assert_eq!(
        (&found["layout"], &found["keys"]),
        (&json!("enc-v1"), &json!(["env:ENCRYPTION_KEY"]))
    );
    let html = page(&vault, "").await;
    assert!(
        html.contains("public.copies.hidden") && html.contains("one column holds values outside")
    );
}

/// A run of one column leaves the other out; a table that was renamed since is still the run's.
#[tokio::test]
async fn the_scope_is_that_of_the_run() {
    let vault = Vault::with_rows(20).await;
    vault.command("run -c secrets.secret:go").run().await.expect(0);
    vault.database.batch("ALTER TABLE secrets RENAME TO moved").await;
    let some = report(&vault, "").await;
    assert_eq!(outside(&some), ["public.moved.token"]);
    let keys = &some["coverage"]["search"]["outside"][0]["keys"];
    assert_eq!(*keys, json!(["env:ENCRYPTION_KEY_PREVIOUS"]));
    // the same with every column in the configuration that is at hand now
    let config = "[[table]]\nname = \"public.moved\"\n[table.columns]\nsecret = \"go\"\ntoken = \"enc-v1\"\n";
    let now = vault.command("report --output json").config(config).run().await.expect(0).json();
    assert_eq!(outside(&now), ["public.moved.token"]);
}

/// The same layout under another name is covered; another one under the same name is not.
#[tokio::test]
async fn layouts_are_compared_by_what_they_mean() {
    let vault = Vault::with_rows(20).await;
    let template = "{b64(nonce12 ct tag16)}";
    let of_run = format!(
        "[[table]]\nname = \"secrets\"\n[table.columns]\n\
         secret = \"{{raw(nonce12 ct tag16)}}\"\n\
         token = {{ write = {{ layout = \"{template}\", cipher = \"chacha20-poly1305\" }}, read = [\"enc-v1\"] }}\n"
    );
    vault.command("run").config(&of_run).run().await.expect(0);
    // with the words of the run, and without: `go` is what `secret` has
    for config in [&of_run, "[keys]\n"] {
        let told =
            vault.command("report --output json").config(config).run().await.expect(0).json();
        assert_eq!(outside(&told), Vec::<&str>::new(), "{config}");
    }
    // AES in the template that the run had with ChaCha20
    let value = support::seal(&vault.new, "go-b64", b"", b"written since");
    let value = String::from_utf8(value).expect("ASCII");
    let client = vault.database.client().await;
    client.execute("UPDATE secrets SET token = $1", &[&value]).await.expect("rows");
    let named =
        "[[table]]\nname = \"secrets\"\n[table.columns]\ntoken = \"{b64(nonce12 ct tag16)}\"\n";
    for config in [named, "[keys]\n"] {
        let told =
            vault.command("report --output json").config(config).run().await.expect(0).json();
        assert_eq!(outside(&told), ["public.secrets.token"], "{config}");
        assert_eq!(told["coverage"]["search"]["outside"][0]["in_scope"], true);
    }
}

#[tokio::test]
async fn a_key_that_is_gone_is_named() {
    let vault = Vault::with_rows(20).await;
    let status = vault.with_columns("run").json().run().await.expect(0).json();
    vault.database.batch("CREATE TABLE copies (id int, hidden text)").await;
    let old = vault.sealed_token(&vault.old, 1);
    let insert = "INSERT INTO copies VALUES (1, $1)";
    vault.database.client().await.execute(insert, &[&old]).await.expect("a row");
    let command = Reseal::new("report --output json").on(&vault.database);
    let without = command.current_key(&vault.new).run().await.expect(0).json();
    let coverage = &without["coverage"];
    assert_eq!(outside(&without), Vec::<&str>::new());
    assert_eq!(coverage["search"]["missing_keys"], status["previous_keys"]);
    assert!(coverage["what"].to_string().contains("Not at hand"), "{coverage}");
    assert_eq!(outside(&report(&vault, "").await), ["public.copies.hidden"]);
}

#[tokio::test]
async fn without_keys_it_says_that_nothing_was_searched() {
    let vault = Vault::with_rows(20).await;
    vault.with_columns("run").run().await.expect(0);
    copy_tokens(&vault).await;
    let bare = || Reseal::new("report --output json").on(&vault.database);
    let unread = "[keys]\ncurrent = \"file:gone.key\"\n";
    let elsewhere = "[ring.other]\ncurrent = \"env:OTHER\"\n[[table]]\nname = \"t\"\nkeys = \"other\"\n[table.columns]\nv = \"go\"\n";
    for (command, why) in [
        (bare(), "ENCRYPTION_KEY"),
        (bare().current_key(&TestKey::random()), "none of the keys at hand"),
        (bare().config(unread), "gone.key"),
        (bare().config(elsewhere), "none of the keys at hand"),
        (vault.command("report --output json --no-coverage"), "--no-coverage was given"),
    ] {
        let coverage = command.run().await.expect(0).json()["coverage"].clone();
        assert_eq!((&coverage["looked_for"], &coverage["search"]), (&json!(false), &Value::Null));
        assert!(coverage["what"].to_string().contains(why), "{coverage}");
    }
}

/// What the role may not read was not looked at, which is said as well.
#[tokio::test]
async fn what_may_not_be_read_is_listed() {
    let vault = Vault::with_rows(20).await;
    vault.with_columns("run").run().await.expect(0);
    copy_tokens(&vault).await;
    let role = format!("reader_{}", std::process::id());
    vault
        .database
        .batch(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA reseal TO {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA reseal TO {role}; GRANT SELECT ON secrets TO {role}"
        ))
        .await;
    let command = vault.command("report --output json");
    let command = command.env("DATABASE_URL", vault.database.url_of(&role, "x"));
    let report = command.run().await.expect(0).json();
    assert_eq!(outside(&report), Vec::<&str>::new());
    let not_looked_at = &report["coverage"]["search"]["not_looked_at"];
    assert_eq!(*not_looked_at, json!(["public.copies.hidden: no SELECT"]));
}
