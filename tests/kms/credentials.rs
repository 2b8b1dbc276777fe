//! Credentials that expire while a run works: it looks for others, as at its start.

use std::path::PathBuf;
use std::time::Duration;

use crate::envelope::{Place, Rows};
use crate::fakes::{Fake, KINDS, Kind, SECRETS};
use crate::support::{Hold, Reseal, eventually};

/// Credentials as a file that others write, where the service has such.
fn written(kind: Kind, fake: &Fake) -> Option<PathBuf> {
    let credential = fake.credential();
    match kind {
        Kind::Aws => {
            let secret = SECRETS[0];
            let text = format!(
                "[default]\naws_access_key_id = {credential}\naws_secret_access_key = {secret}\n"
            );
            Some(fake.file("credentials", &text))
        }
        Kind::Vault => Some(fake.file(".vault-token", &credential)),
        Kind::Gcp | Kind::Azure => None,
    }
}

/// A command whose credentials come from that file.
fn command(rows: &Rows, words: &str) -> Reseal {
    let Some(file) = written(rows.kind, &rows.fake) else { return rows.command(words) };
    let address = format!("http://{}", rows.fake.address());
    let program = Reseal::new(words).on(&rows.database).config(rows.config());
    let program = program.env("RESEAL_RETRY_FOR", "30s");
    match rows.kind {
        Kind::Aws => program
            .env("AWS_ENDPOINT_URL_KMS", address)
            .env("AWS_SHARED_CREDENTIALS_FILE", file.as_os_str()),
        _ => program
            .env("VAULT_ADDR", address)
            .env("HOME", file.parent().expect("a directory").as_os_str()),
    }
}

async fn old_rows(kind: Kind) -> Rows {
    let rows = Rows::new(kind, Place::Column, 40, 40).await;
    rows.fake.rotate();
    rows
}

const RUN: &str = "run --workers 1 --page-rows-max 10";

#[tokio::test]
async fn a_run_survives_credentials_that_expire() {
    for kind in KINDS {
        let rows = old_rows(kind).await;
        let (hold, run) = Hold::at("committed@1", command(&rows, RUN)).await;
        rows.fake.expire();
        hold.release();
        // whoever writes the file is late
        eventually("a call that is turned away", async || {
            (rows.fake.credentials(|it| it.turned_away()) > 0).then_some(())
        })
        .await;
        written(kind, &rows.fake);
        let ended = run.wait().await.expect(0);
        assert!(SECRETS.iter().all(|secret| !ended.printed().contains(secret)), "{kind:?}");
        rows.check().await;
    }
}

/// Nobody writes others: the run ends, and goes on once there are some.
#[tokio::test]
async fn credentials_that_are_gone_for_good_end_the_run() {
    for kind in [Kind::Aws, Kind::Vault] {
        let rows = old_rows(kind).await;
        let run = command(&rows, RUN).env("RESEAL_RETRY_FOR", "1s");
        let (hold, run) = Hold::at("committed@1", run).await;
        rows.fake.expire();
        hold.release();
        let ended = run.wait().await.expect(5);
        assert!(ended.stderr.contains("have expired"), "{kind:?}: {}", ended.stderr);
        command(&rows, RUN).run().await.expect(0);
        rows.check().await;
    }
}

/// What never was accepted is not waited for.
#[tokio::test]
async fn credentials_that_are_wrong_from_the_start_are_refused_at_once() {
    for kind in KINDS {
        let rows = old_rows(kind).await;
        let run = command(&rows, RUN).env("RESEAL_RETRY_FOR", "1h");
        let run = match kind {
            Kind::Gcp => {
                rows.fake.credentials(|it| it.live_for(Duration::ZERO));
                run
            }
            Kind::Azure => run.env("AZURE_CLIENT_SECRET", "another"),
            Kind::Aws | Kind::Vault => {
                rows.fake.expire();
                run
            }
        };
        let refused = run.run().await.expect(5);
        assert!(refused.stderr.contains("the credentials for"), "{kind:?}: {}", refused.stderr);
    }
}

/// A token of Vault that lives for two seconds, and a run that stands still for longer.
#[tokio::test]
async fn a_token_of_vault_is_renewed() {
    let rows = old_rows(Kind::Vault).await;
    rows.fake.credentials(|it| it.live_for(Duration::from_secs(2)));
    let (hold, run) = Hold::at("committed@1", rows.command(RUN)).await;
    let renewals = rows.fake.credentials(|it| it.renewals()) + 3;
    eventually("renewals", async || {
        (rows.fake.credentials(|it| it.renewals()) >= renewals).then_some(())
    })
    .await;
    hold.release();
    run.wait().await.expect(0);
    assert_eq!(rows.fake.credentials(|it| it.turned_away()), 0);
    rows.check().await;
}
