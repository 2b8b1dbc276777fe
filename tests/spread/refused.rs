//! What is refused before anything is written.

use super::Table;

async fn expect_refused(cases: &[(&str, i32, &str)]) {
    let mut table = Table::with_rows(1).await;
    for (columns, code, what) in cases {
        table = table.configured(columns);
        let outcome = table.command("plan").run().await.expect(*code);
        assert!(outcome.printed().contains(what), "{columns}\n{}", outcome.printed());
    }
}

#[tokio::test]
async fn words_that_do_not_fit_are_refused() {
    expect_refused(&[
        (r#"secret = { layout = "{hex(ct)}", beside = { secret_iv = "{hex(nonce12)}" } }"#, 2, "the template has no tag"),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}", secret_tag = "{hex(tag16)}" } }"#,
            2,
            "a second tag",
        ),
        (
            r#"secret_iv = { layout = "{hex(nonce12)}", beside = { secret = "{hex(ct tag16)}" } }"#,
            2,
            "the ciphertext stands in the column secret",
        ),
        (
            r#"secret = { layout = "{hex(ct)}", beside = { secret_iv = "nonce", secret_tag = "{hex(tag16)}" } }"#,
            2,
            "what `secret_iv` holds is no template",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret = "{hex(nonce12)}" } }"#,
            2,
            "the column secret is written twice",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" } }
               secret_iv = "go-hex""#,
            2,
            "the column secret_iv is written twice",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" } }
               body = { layout = "{raw(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" } }"#,
            2,
            "the column secret_iv is written twice",
        ),
        (r#"secret = { layout = "go-hex", beside = { secret_iv = "iv" } }"#, 2, "a piece that the preset does not have"),
        (r#"secret = { layout = "rails", key = { salt = "s" }, beside = { secret_iv = "{hex(nonce12)}" } }"#, 2, "are not spread"),
        (
            r#"secret = { write = "go-hex", read = [{ layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" } }] }"#,
            2,
            "values that are read lie in `secret_iv` too",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" }, unmatched = "encrypt" }"#,
            2,
            "a value that is spread",
        ),
        (
            r#"secret = { json = ["$.a"], layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" } }"#,
            2,
            "a value in a document lies in no other column",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = { layout = "{hex(nonce12)}", null = true } } }"#,
            2,
            "unknown key `null`",
        ),
    ])
    .await;
}

#[tokio::test]
async fn columns_that_do_not_fit_are_refused() {
    expect_refused(&[
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_nonce = "{hex(nonce12)}" } }"#,
            3,
            "the column secret_nonce beside it does not exist",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{raw(nonce12)}" } }"#,
            3,
            "a text column cannot hold this piece",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { writes = "{hex(nonce12)}" } }"#,
            3,
            "a integer column cannot hold this piece",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { id = "{hex(nonce12)}" } }"#,
            3,
            "the column is part of the row key",
        ),
        (
            r#"secret = { layout = "{hex(ct tag16)}", beside = { secret_iv = "{hex(nonce12)}" }, aad = "{secret_iv}" }"#,
            3,
            "the additional data names a resealed column (secret_iv)",
        ),
    ])
    .await;
}

#[tokio::test]
async fn every_column_needs_its_rights() {
    let table = Table::with_rows(1).await;
    let role = format!("role_{}", table.database.name());
    table
        .database
        .batch(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'pass'; GRANT SELECT ON tokens TO {role};
         GRANT UPDATE (secret, secret_iv, body, body_iv, body_tag) ON tokens TO {role}"
        ))
        .await;
    let plan = table.command("plan").env("DATABASE_URL", table.database.url_of(&role, "pass"));
    let told = plan.run().await.expect(3).printed();
    assert!(
        told.contains("no UPDATE on the column") && told.contains("public.tokens.secret_tag"),
        "{told}"
    );
    assert!(!told.contains("tokens.secret_iv"), "{told}");
}
