//! What the commands say of a run and do to it: status and failures, resume and supersede, abandon,
//! the ledger, and what is printed where.

mod support;

#[path = "commands/abandon.rs"]
mod abandon;
#[path = "commands/failures.rs"]
mod failures;
#[path = "commands/ledger.rs"]
mod ledger;
#[path = "commands/output.rs"]
mod output;
#[path = "commands/resume.rs"]
mod resume;
#[path = "commands/status.rs"]
mod status;
#[path = "commands/supersede.rs"]
mod supersede;
#[path = "commands/token.rs"]
mod token;

use serde_json::Value;
use support::{Hold, Reseal, Running, TestKey, Vault};

/// Pages small enough for a test to stop between two of them.
const SMALL_PAGES: &str = "run --workers 1 --page-rows-max 10";

/// What `status` says, with these words more.
async fn status(vault: &Vault, words: &str) -> Value {
    vault.command("status").json().arg_words(words).run().await.expect(0).json()
}

/// A run of `columns` killed between two pages: unfinished, and nobody at work on it.
async fn killed(vault: &Vault) {
    let run = vault.with_columns(SMALL_PAGES).env("RESEAL_FAILPOINT", "page-fetched@4=kill");
    let outcome = run.run().await;
    assert_eq!(outcome.signal, Some(9), "{outcome:?}");
    support::eventually("the end of its session", async || {
        (status(vault, "").await["status"] == "interrupted").then_some(())
    })
    .await;
}

/// A run that is stopped between its second and third page.
async fn held(vault: &Vault) -> (Hold, Running) {
    Hold::at("page-fetched@4", vault.with_columns(SMALL_PAGES)).await
}

/// How many runs the ledger knows.
async fn runs(vault: &Vault) -> i64 {
    let client = vault.database.client().await;
    client.query_one("SELECT count(*) FROM reseal.run", &[]).await.expect("a count").get(0)
}

/// A value that no key opens, in place of the token of row `id`.
async fn lose_token(vault: &Vault, id: i64) {
    let stranger = vault.sealed_token(&TestKey::random(), id);
    let client = vault.database.client().await;
    let update = "UPDATE secrets SET token = $1 WHERE id = $2";
    client.execute(update, &[&stranger, &id]).await.expect("a row");
}

/// Words typed after those of the command.
trait MoreWords {
    fn arg_words(self, words: &str) -> Self;
}

impl MoreWords for Reseal {
    fn arg_words(self, words: &str) -> Self {
        words.split_whitespace().fold(self, |command, word| command.arg(word))
    }
}
