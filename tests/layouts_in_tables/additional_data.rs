//! Additional authenticated data from the row, whatever the role's and the database's defaults.

use super::support::{Reseal, TestDatabase, TestKey, open, seal};
use super::{failures, lines, run};

const TABLE: &str = "
    CREATE TYPE mood AS ENUM ('calm', 'wild');
    CREATE TABLE vault (
        id bigint PRIMARY KEY, at timestamptz, day date, raw bytea, amount numeric(10, 3),
        since interval, ratio float8, is_open bool, feeling mood, code char(5), \"Odd \"\"Name\" text,
        one bytea, two text, three text);
    INSERT INTO vault VALUES
        (1, '2024-03-01 12:22:33.5+01', '2024-03-01', '\\x00ff5c', 12.34, '1 month 3 days 00:00:01',
         0.1, true, 'wild', 'ab', 'ü''\"{}'),
        (-2, 'infinity', '0044-03-15 BC', '', -0.5, '-1 year', 1e300, false, 'calm', '', '');
";

/// As `column::text` says under fixed settings: UTC, ISO dates, hexadecimal bytea.
const TEXTS: [&str; 2] = [
    "1|2024-03-01 11:22:33.5+00|2024-03-01|\\x00ff5c|12.340|1 mon 3 days 00:00:01|0.1|true|wild|ab|ü'\"{}",
    "-2|infinity|0044-03-15 BC|\\x|-0.500|-1 years|1e+300|false|calm||",
];

const ALL_COLUMNS: &str =
    "{id}|{at}|{day}|{raw}|{amount}|{since}|{ratio}|{is_open}|{feeling}|{code}|{Odd \"Name}";

/// Settings that change what `column::text` says.
const DEFAULTS: &str = "
    ALTER DATABASE \"{database}\" SET DateStyle = 'German';
    ALTER DATABASE \"{database}\" SET TimeZone = 'Asia/Kolkata';
    ALTER DATABASE \"{database}\" SET bytea_output = 'escape';
    ALTER DATABASE \"{database}\" SET search_path = nowhere, public;
    ALTER ROLE postgres IN DATABASE \"{database}\" SET IntervalStyle = 'iso_8601';
    ALTER ROLE postgres IN DATABASE \"{database}\" SET extra_float_digits = -3;
    ALTER ROLE postgres IN DATABASE \"{database}\" SET TimeZone = 'America/New_York';
";

#[tokio::test]
async fn additional_data_is_rendered_the_same_under_any_defaults() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    client.batch_execute(TABLE).await.expect("a table");
    let aads = |text: &str, id: &str| {
        [format!("vault/one/{text}"), format!("{{two}} of {id} in vault: {id}"), "fixed".to_owned()]
    };
    for (text, id) in TEXTS.into_iter().zip([1_i64, -2]) {
        let [one, two, three] = aads(text, &id.to_string());
        let one = seal(&old, "go", one.as_bytes(), b"bound to all");
        let text = |aad: String| seal(&old, "go-b64", aad.as_bytes(), b"bound to some");
        let [two, three] = [two, three].map(|aad| String::from_utf8(text(aad)).expect("base64"));
        let update = "UPDATE vault SET one = $2, two = $3, three = $4 WHERE id = $1";
        client.execute(update, &[&id, &one, &two, &three]).await.expect("values");
    }
    let defaults = DEFAULTS.replace("{database}", database.name());
    let role: String =
        client.query_one("SELECT current_user::text", &[]).await.expect("a role").get(0);
    database.batch(&defaults.replace("ROLE postgres", &format!("ROLE {role}"))).await;
    let config = format!(
        "[[table]]\nname = \"vault\"\n[table.columns]\n\
         one = {{ layout = \"go\", aad = '{{table}}/{{column}}/{ALL_COLUMNS}' }}\n\
         two = {{ layout = \"go-b64\", aad = \"{{{{{{column}}}}}} of {{id}} in {{table}}: {{col:id}}\" }}\n\
         three = {{ layout = \"go-b64\", aad = \"fixed\" }}\n"
    );
    let report = run(&database, &new, &old, &config).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], 6, "{report}");
    let verify = Reseal::new("verify").on(&database).config(&*config).current_key(&new);
    verify.run().await.expect(0);
    for (text, id) in TEXTS.into_iter().zip([1_i64, -2]) {
        let select = "SELECT one, convert_to(two, 'UTF8'), convert_to(three, 'UTF8') FROM vault WHERE id = $1";
        let row = client.query_one(select, &[&id]).await.expect("a row");
        let [one, two, three] = aads(text, &id.to_string());
        let opened = |preset, aad: &str, n| open(&new, preset, aad.as_bytes(), row.get(n));
        assert_eq!(opened("go", &one, 0).as_deref(), Some(&b"bound to all"[..]));
        for (n, aad) in [(1, two), (2, three)] {
            assert_eq!(opened("go-b64", &aad, n).as_deref(), Some(&b"bound to some"[..]));
        }
    }
}

/// NULL in a column that the data names: there is nothing to authenticate the value with. The other
/// values of the row are resealed.
#[tokio::test]
async fn additional_data_from_null_is_missing() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let (old, new) = (TestKey::random(), TestKey::random());
    let table = "CREATE TABLE t (id int PRIMARY KEY, tenant text, bound bytea, free bytea)";
    client.batch_execute(table).await.expect("a table");
    for id in 0..20_i32 {
        let tenant = (id % 10 != 3).then(|| format!("tenant {id}"));
        let aad = tenant.clone().unwrap_or_default();
        let bound = (id != 13).then(|| seal(&old, "go", aad.as_bytes(), b"bound"));
        let free = seal(&old, "go", b"", b"free");
        let insert = "INSERT INTO t VALUES ($1, $2, $3, $4)";
        client.execute(insert, &[&id, &tenant, &bound, &free]).await.expect("a row");
    }
    let config = "[[table]]\nname = \"t\"\n[table.columns]\nfree = \"go\"\n\
                  bound = { layout = \"go\", aad = \"{tenant}\" }\n";
    let report = run(&database, &new, &old, config).run().await.expect(1).json();
    assert_eq!((&report["resealed_records"], &report["failed_records"]), (&38.into(), &1.into()));
    // the value of row 13 is NULL itself, so nothing is missing there
    assert_eq!(lines(&failures(&database).await), ["bound 3 aad_missing -"]);
    let select = "SELECT free FROM t WHERE id = 3";
    let free: Vec<u8> = client.query_one(select, &[]).await.expect("a row").get(0);
    assert_eq!(open(&new, "go", b"", &free).as_deref(), Some(&b"free"[..]));
}
