//! `--only`: a part of the configuration.

use crate::support::{Reseal, Rotation, TestKey};
use crate::told;

const BOTH: &str = "
    [[table]]
    name = \"secrets\"
    [table.columns]
    value = \"go\"

    [[table]]
    name = \"public.second\"
    [table.columns]
    value = \"go\"";

async fn of_two_tables() -> Rotation {
    let rotation = Rotation::of(200).await;
    let second =
        "CREATE TABLE second (LIKE secrets INCLUDING ALL); INSERT INTO second TABLE secrets";
    rotation.database.batch(second).await;
    rotation
}

fn command(rotation: &Rotation, words: &str) -> Reseal {
    let command = Reseal::new(words).config(BOTH).json().on(&rotation.database);
    command.current_key(&rotation.new).previous_keys(&[&rotation.old])
}

#[tokio::test]
async fn a_part_is_a_run_of_its_own_and_says_what_it_leaves_out() {
    let rotation = of_two_tables().await;
    let report = command(&rotation, "run --only secrets").run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 200, "{report}");
    assert_eq!(report["left_out"], serde_json::json!(["public.second"]), "{report}");
    let advice = report["advice"].to_string();
    assert!(advice.contains("public.second was left out"), "{advice}");
    assert!(!advice.contains("can be removed"), "{advice}");
    let verify = command(&rotation, "verify --only secrets").previous_keys(&[]);
    let verified = verify.run().await.expect(0).json();
    assert!(!verified["advice"].to_string().contains("can be removed"), "{verified}");

    // nor has a report of the part a date
    let report = command(&rotation, "report --backup-retention 35d");
    let retention = report.run().await.expect(0).json()["retention"].clone();
    assert!(retention["keep_until"].is_null(), "{retention}");

    let report = command(&rotation, "run").run().await.expect(0).json();
    assert_eq!((&report["run_id"], &report["resealed_records"]), (&2.into(), &200.into()));
    assert!(report["advice"].to_string().contains("can be removed"), "{report}");
}

/// A column named on the command line is a part of the file, where there is one.
#[tokio::test]
async fn a_column_alone_says_what_it_holds_for() {
    let rotation = of_two_tables().await;
    let report = command(&rotation, "run -c secrets.value:go").run().await.expect(0).json();
    assert_eq!(report["left_out"], serde_json::json!(["public.second"]), "{report}");
    assert!(!report["advice"].to_string().contains("can be removed"), "{report}");
    let verify = command(&rotation, "verify -c public.secrets.value:go").previous_keys(&[]);
    let verified = verify.run().await.expect(0).json();
    assert!(!verified["advice"].to_string().contains("can be removed"), "{verified}");

    // without a file nothing else is known of: the advice names what it holds for
    let holds = "can be removed from the services as far as the configured column public.secrets.value needed it: \
                 `reseal scan` tells whether others do";
    for words in ["run -c secrets.value:go", "verify -c secrets.value:go", "status"] {
        let alone = Reseal::new(words).json().on(&rotation.database);
        let previous: &[&TestKey] =
            if words.starts_with("verify") { &[] } else { &[&rotation.old] };
        let alone = alone.current_key(&rotation.new).previous_keys(previous);
        let told = alone.run().await.expect(0).json();
        assert_eq!(told["left_out"], serde_json::Value::Null, "{told}");
        assert!(told["advice"].to_string().contains(holds), "{words}: {told}");
    }
}

#[tokio::test]
async fn a_part_beside_the_whole() {
    let rotation = of_two_tables().await;
    // an unfinished part: the whole takes its place
    let part = command(&rotation, "run --only public.second --max-records 50");
    part.run().await.expect(6);
    let whole = command(&rotation, "run --max-records 100").run().await.expect(6).json();
    assert_eq!(whole["run_id"], 2, "{whole}");
    // the whole is unfinished: a part of it is refused until it has ended
    let outcome = command(&rotation, "run --only secrets").run().await.expect(3);
    assert!(outcome.stderr.contains("abandon --run 2"), "{}", outcome.stderr);
    told(&rotation, "abandon").await;
    command(&rotation, "run --only secrets").run().await.expect(0);
    command(&rotation, "run").run().await.expect(0);
    rotation.expect_secrets(1..=200).await;
}

#[tokio::test]
async fn a_name_that_is_not_configured_is_refused() {
    let rotation = of_two_tables().await;
    for (name, hint) in
        [("secret", "did you mean `secrets`?"), ("elsewhere", "as the configuration does")]
    {
        let outcome = command(&rotation, &format!("plan --only {name}")).run().await.expect(2);
        assert!(outcome.stderr.contains("no configured table has this name"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(hint), "{}", outcome.stderr);
    }
    let narrow = command(&rotation, "run --max-records 0").run().await.expect(2);
    assert!(narrow.stderr.contains("max_records is a whole number from 1"), "{}", narrow.stderr);
}
