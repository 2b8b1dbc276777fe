//! What a configuration does not cover: the check for CI and for auditors, and the plan's own.

use super::{Site, places, sealed};

const CONFIG: &str = "[[table]]\nname = \"public.one\"\n[table.columns]\nv = \"enc-v1\"\n";

async fn two_tables() -> Site {
    let site = Site::new().await;
    for table in ["one", "two"] {
        site.table(table, "v", "text", &sealed::values(&site.old, "enc-v1", table, "v", 5)).await;
    }
    site
}

/// The path of a configuration.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("some.toml");
    std::fs::write(&path, text).expect("a file");
    (directory, path.to_string_lossy().into_owned())
}

#[tokio::test]
async fn a_column_that_no_table_names() {
    let site = two_tables().await;
    let (_kept, path) = file(CONFIG);
    let scan = || site.command("scan --against").arg(&path);
    let report = scan().json().run().await.expect(1).json();
    assert_eq!(report["status"], "uncovered");
    assert_eq!(places(&report, "uncovered"), ["public.two.v"]);
    assert_eq!(report["uncovered"][0]["is_configured"], false);
    let text = scan().run().await.expect(1).stdout;
    assert!(text.contains("not covered: public.two.v is not configured: enc-v1"), "{text}");

    let (_kept, path) = file(&CONFIG.replace("public.one", "public.*"));
    let report = site.command("scan --against").arg(&path).json().run().await.expect(0).json();
    assert_eq!((&report["status"], places(&report, "uncovered").len()), (&"covered".into(), 0));
}

#[tokio::test]
async fn a_layout_that_its_column_does_not_name() {
    let site = two_tables().await;
    let values = sealed::values(&site.old, "go-b64", "two", "v", 2);
    let values: Vec<String> =
        values.into_iter().map(|v| String::from_utf8(v).expect("base64")).collect();
    let insert =
        "INSERT INTO two SELECT n + 100, v FROM unnest($1::text[]) WITH ORDINALITY AS x (v, n)";
    site.database.client().await.execute(insert, &[&values]).await.expect("rows");
    let (_kept, path) = file(&CONFIG.replace("public.one", "public.*"));
    let report = site.command("scan --against").arg(&path).json().run().await.expect(1).json();
    assert_eq!(places(&report, "uncovered"), ["public.two.v"]);
    let uncovered = &report["uncovered"][0];
    assert_eq!((&uncovered["is_configured"], &uncovered["values"]), (&true.into(), &2.into()));
    let (_kept, path) = file(
        "[[table]]\nname = \"public.*\"\n[table.columns]\nv = { write = \"enc-v1\", read = [\"go-b64\", \"go-b64url\"] }\n",
    );
    site.command("scan --against").arg(&path).run().await.expect(0);
}

/// A template of one's own is tried on every column, not only on its own.
#[tokio::test]
async fn a_template_of_ones_own() {
    let site = Site::new().await;
    for table in ["one", "two"] {
        let values = sealed::values(&site.old, "go-b64", table, "v", 4).into_iter();
        let values: Vec<Vec<u8>> = values.map(|v| [b"v9|".as_slice(), &v].concat()).collect();
        site.table(table, "v", "text", &values).await;
    }
    let config = CONFIG.replace("enc-v1", "v9|{b64(nonce12 ct tag16)}");
    let (_kept, path) = file(&config);
    let report = site.command("scan --against").arg(&path).json().run().await.expect(1).json();
    assert_eq!(places(&report, "uncovered"), ["public.two.v"]);
    assert_eq!(report["uncovered"][0]["layout"], "v9|{b64(nonce12 ct tag16)}");
}

#[tokio::test]
async fn the_plan_warns_of_it() {
    let site = two_tables().await;
    let warned = |plan: &serde_json::Value| {
        let warnings = plan["warnings"].as_array().expect("a list").clone();
        let about = |warning: &&serde_json::Value| warning["place"] == "public.two.v";
        warnings.iter().filter(about).count()
    };
    let plan = site.command("plan -c one.v:enc-v1").json().run().await.expect(0).json();
    assert_eq!(warned(&plan), 1, "{plan}");
    let plan =
        site.command("plan --no-coverage -c one.v:enc-v1").json().run().await.expect(0).json();
    assert_eq!(warned(&plan), 0, "{plan}");
    let plan = site.command("plan -c one.v:enc-v1 -c two.v").json().run().await.expect(0).json();
    assert_eq!(warned(&plan), 0, "{plan}");
}

/// Documents with a value where the configuration looks and one where it does not.
async fn documents(type_of: &str) -> Site {
    let site = Site::new().await;
    let sealed = sealed::values(&site.old, "enc-v1", "one", "v", 6);
    let document = |pair: &[Vec<u8>]| {
        let text = |n: usize| String::from_utf8_lossy(&pair[n]).into_owned();
        format!(
            r#"{{"smtp": {{"password": "{}"}}, "hooks": [{{"secret": "{}"}}]}}"#,
            text(0),
            text(1)
        )
        .into_bytes()
    };
    let documents: Vec<Vec<u8>> = sealed.chunks(2).map(document).collect();
    site.table("one", "v", type_of, &documents).await;
    site
}

#[tokio::test]
async fn a_path_that_its_column_does_not_name() {
    for type_of in ["jsonb", "text"] {
        let site = documents(type_of).await;
        let config = |json: &str| {
            let column = format!("v = {{ layout = \"enc-v1\"{json} }}");
            CONFIG.replace("v = \"enc-v1\"", &column)
        };
        let (_kept, path) = file(&config(", json = [\"$.smtp.password\"]"));
        let scan = || site.command("scan --against").arg(&path);
        let report = scan().json().run().await.expect(1).json();
        assert_eq!(places(&report, "uncovered"), ["public.one.v"], "{type_of}");
        let uncovered = &report["uncovered"][0];
        assert_eq!((&uncovered["is_configured"], &uncovered["values"]), (&true.into(), &3.into()));
        assert_eq!(uncovered["paths"], serde_json::json!(["$['hooks'][*]['secret']"]));
        let text = scan().run().await.expect(1).stdout;
        assert!(text.contains("where its `json` does not lead: $['hooks'][*]['secret']"), "{text}");
        for json in [", json = [\"$.smtp.password\", \"$.hooks[*].secret\"]", ", json = [\"$.**\"]"]
        {
            let (_kept, path) = file(&config(json));
            site.command("scan --against").arg(&path).run().await.expect(0);
        }
        if type_of == "text" {
            // the cells are said to be the values, and none of them is
            let (_kept, path) = file(&config(""));
            let report = site.command("scan --against").arg(&path).json().run().await.expect(1);
            assert_eq!(report.json()["uncovered"][0]["values"], 6);
        }
    }
}

/// The columns beside a value that is spread are covered with it.
#[tokio::test]
async fn pieces_of_a_value_are_covered_with_it() {
    let site = Site::new().await;
    let sealed = sealed::values(&site.old, "enc-v1", "one", "v", 3);
    site.table("one", "v", "text", &sealed).await;
    site.database.batch("ALTER TABLE one ADD iv text; UPDATE one SET iv = v").await;
    let config = CONFIG.replace("\"enc-v1\"", "\"enc-v1\"\niv = \"enc-v1\"");
    let (_kept, path) = file(&config);
    site.command("scan --against").arg(&path).run().await.expect(0);
    let spread = "{ layout = \"{hex(ct tag16)}\", beside = { iv = \"{hex(nonce12)}\" }, read = [\"enc-v1\"] }";
    let (_kept, path) = file(&CONFIG.replace("\"enc-v1\"", spread));
    site.command("scan --against").arg(&path).run().await.expect(0);
}
