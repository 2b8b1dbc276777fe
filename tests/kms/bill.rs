//! The bill of a plan: the calls that it foretells, beside those that the run then makes, as the fakes count them.

use serde_json::Value;

use crate::envelope::{Place, Rows};
use crate::fakes::{KINDS, Kind};
use crate::sealed::{SEALING, Stage, bound_column, config};
use crate::support::{Outcome, TestKey};

/// What every run needs besides: newest versions and what they seal, the sample of its own plan, requests of Vault
/// that are not full.
const BESIDES: i64 = 32;

/// The calls and the dollars of a plan, of the one service that it names.
fn foretold(plan: &Outcome) -> (i64, Value) {
    let plan = plan.json();
    let lines = plan["key_services"].as_array().cloned().unwrap_or_default();
    assert_eq!(lines.len(), 1, "{plan}");
    let calls = lines[0]["estimated_calls"].as_i64().expect("a number");
    (calls, lines[0]["estimated_dollars"].clone())
}

/// What was foretold wrongly.
#[derive(Default)]
struct Bill(Vec<String>);

impl Bill {
    fn compare(&mut self, what: &str, kind: Kind, (foretold, dollars): (i64, Value), made: usize) {
        let made = i64::try_from(made).expect("a number");
        let line = format!("{kind:?}, {what}: foretold {foretold}, made {made}");
        println!("{line}");
        // a page that a slow machine gives up is asked about twice
        if !(foretold * 9 / 10..=foretold * 3 / 2 + BESIDES).contains(&made) {
            self.0.push(line);
        }
        // a cent is what is left of so few calls; nobody pays Vault for calls
        match kind {
            Kind::Vault => assert_eq!(dollars, Value::Null),
            _ => assert!(dollars.as_f64().is_some_and(|it| it <= 0.01), "{dollars}"),
        }
    }

    #[track_caller]
    fn check(self) {
        assert!(self.0.is_empty(), "{:#?}", self.0);
    }
}

/// A column that KMS keys seal, with so many values under an older version, and so many under the newest.
async fn of_values(bill: &mut Bill, kind: Kind, what: &str, is_bound: bool, column: &str) {
    let stage = Stage::set(kind).await;
    stage.insert(1..=240, is_bound).await;
    stage.fake.rotate();
    stage.insert(241..=300, is_bound).await;
    for what in [what.to_owned(), format!("{what}, again")] {
        let plan = stage.run("plan", &config(column), 0).await;
        stage.fake.take_calls();
        stage.run("run", &config(column), 0).await;
        bill.compare(&what, kind, foretold(&plan), stage.fake.take_calls().values().sum());
    }
}

#[tokio::test]
async fn values_that_a_key_seals() {
    let mut bill = Bill::default();
    for kind in SEALING {
        let plain = format!("kms = \"{}\"", kind.uri());
        of_values(&mut bill, kind, "values", false, &plain).await;
        of_values(&mut bill, kind, "bound values", true, &bound_column(kind, kind.uri())).await;
        if kind != Kind::Vault {
            let noted = format!("{plain}, version_column = \"kek_version\"");
            of_values(&mut bill, kind, "noted values", false, &noted).await;
        }
    }
    bill.check();
}

#[tokio::test]
async fn values_that_move_to_a_key_of_ours_and_back() {
    let mut bill = Bill::default();
    for kind in SEALING {
        let stage = Stage::set(kind).await;
        stage.insert(1..=240, false).await;
        let local = if kind == Kind::Vault { "enc-v1" } else { "go" };
        let there = format!("write = \"{local}\", read = [{{ kms = \"{}\" }}]", kind.uri());
        let back = format!("kms = \"{}\", read = [\"{local}\"]", kind.uri());
        let key = TestKey::random();
        for (what, column) in [("to a ring", there), ("from a ring", back)] {
            let command = |words| stage.reseal(words, &config(&column)).current_key(&key);
            let plan = command("plan --rollback").run().await.expect(0);
            stage.fake.take_calls();
            command("run --rollback").run().await.expect(0);
            bill.compare(what, kind, foretold(&plan), stage.fake.take_calls().values().sum());
        }
    }
    bill.check();
}

#[tokio::test]
async fn wrapped_data_keys() {
    let mut bill = Bill::default();
    for kind in KINDS {
        for (rotate, is_noted) in [("rewrap", true), ("rewrap", false), ("reseal", true)] {
            // Azure does not unwrap without a note
            if kind == Kind::Azure && !is_noted {
                continue;
            }
            let mut rows = Rows::new(kind, Place::Column, 800, 80).await;
            rows.fake.rotate();
            rows.is_noted = is_noted;
            let shared = if rotate == "reseal" { ", rows_per_data_key = 20" } else { "" };
            let rows = rows.with(&format!(", rotate = \"{rotate}\"{shared}"));
            let noted = if is_noted { "noted" } else { "not noted" };
            for what in ["first", "again"] {
                let plan = rows.command("plan --output json").run().await.expect(0);
                let (_, made) = rows.run(0).await;
                let what = format!("{rotate}, {noted}, {what}");
                bill.compare(&what, kind, foretold(&plan), made.values().sum());
            }
        }
    }
    bill.check();
}

/// Those of both services; and those of a proof that opens everything.
#[tokio::test]
async fn wrapped_data_keys_that_move_to_another_service() {
    let mut bill = Bill::default();
    let rows = Rows::new(Kind::Aws, Place::Column, 800, 200).await;
    let vault = Kind::Vault.start();
    let kms = format!("kms = \"{}\"", Kind::Aws.uri());
    let moved = format!("kms = \"{}\", read = [\"{}\"]", Kind::Vault.uri(), Kind::Aws.uri());
    let config = rows.config().replace(&kms, &moved);
    let both = |words| Kind::Vault.reach(rows.configured(words, config.clone()), &vault);
    let plan = both("plan --output json").run().await.expect(0).json();
    rows.fake.take_calls();
    vault.take_calls();
    both("run").run().await.expect(0);
    let lines = plan["key_services"].as_array().cloned().unwrap_or_default();
    for (kind, service, fake) in [(Kind::Aws, "aws", &rows.fake), (Kind::Vault, "vault", &vault)] {
        let line = lines.iter().find(|line| line["service"] == service);
        let line = line.unwrap_or_else(|| panic!("{service} is foretold: {plan}"));
        let calls = line["estimated_calls"].as_i64().expect("a number");
        let foretold = (calls, line["estimated_dollars"].clone());
        bill.compare("moved", kind, foretold, fake.take_calls().values().sum());
    }
    let rows = Rows::new(Kind::Aws, Place::Column, 800, 200).await.noted();
    rows.run(0).await;
    let plan = rows.command("plan --verify-open --output json").run().await.expect(0);
    rows.fake.take_calls();
    rows.command("run --verify-open").run().await.expect(0);
    let made = rows.fake.take_calls().values().sum();
    bill.compare("opened", Kind::Aws, foretold(&plan), made);
    bill.check();
}
