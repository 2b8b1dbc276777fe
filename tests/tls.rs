//! Encryption and certificates: each sslmode against servers that deserve trust and ones that do
//! not.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;

use reseal::config::{DatabaseConfig, DatabaseUrl};
use reseal::db::pool::Database;
use reseal::demo::server::{ServerOptions, ThrowawayServer};
use reseal::error::{Error, ExitCode};
use support::{Reseal, Rotation, private_server};
use tokio_postgres::NoTls;

const PASSWORD: &str = "correct-horse-battery";

fn certificate(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/certificates").join(name)
}

/// A server that shows this certificate, and asks `guest` for one of the test authority's.
async fn server_with(name: &str) -> ThrowawayServer {
    let server = private_server(ServerOptions::default());
    let data = server.data_directory();
    let owner = fs::metadata(&data).unwrap();
    for (from, to) in [
        (format!("{name}.crt"), "server.crt"),
        (format!("{name}.key"), "server.key"),
        ("authority.crt".to_owned(), "clients.crt"),
    ] {
        let to = data.join(to);
        fs::copy(certificate(&from), &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&to, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
    let rules = "hostssl all guest 127.0.0.1/32 cert\n\
                 hostssl all encrypted 127.0.0.1/32 scram-sha-256\n\
                 hostnossl all plain 127.0.0.1/32 scram-sha-256\n\
                 host all postgres 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), rules).unwrap();
    let (client, connection) =
        tokio_postgres::connect(&server.url("postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    for statement in [
        "ALTER SYSTEM SET ssl_ca_file = 'clients.crt'",
        "ALTER SYSTEM SET ssl = on",
        "CREATE ROLE guest LOGIN",
        &format!("CREATE ROLE encrypted LOGIN PASSWORD '{PASSWORD}'"),
        &format!("CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'"),
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(statement).await.unwrap();
    }
    let port = server.port();
    support::eventually("the server takes encrypted connections", async || {
        let words = format!("host=localhost port={port} sslmode=require");
        connect(&words, "encrypted").await.ok()
    })
    .await;
    server
}

/// `true` when the connection is encrypted. The environment is empty: no ~/.postgresql.
async fn connect(words: &str, role: &str) -> Result<bool, Error> {
    let words = format!("{words} user={role} password={PASSWORD} dbname=postgres");
    let config = DatabaseConfig { url: Some(DatabaseUrl::new(words)), max_connections: 1 };
    let database = Database::connect_in(&config, &|_| None).await?;
    let mut session = database.session().await?;
    let transaction = session.begin(&support::READ).await?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(transaction.query_one(sql, &[]).await?.get(0))
}

/// `Ok(encrypted)`, or a part of what the refusal says, which always ends in exit code 2.
async fn check(words: &str, role: &str, expected: Result<bool, &str>) {
    match (connect(words, role).await, expected) {
        (Ok(encrypted), Ok(expected)) => assert_eq!(encrypted, expected, "{words} as {role}"),
        (Err(error), Err(what)) => {
            assert!(error.what.contains(what), "{words} as {role}: {error}");
            assert_eq!(error.exit_code, ExitCode::Usage, "{words} as {role}: {error}");
            assert!(error.hint.is_some() && !error.to_string().contains(PASSWORD), "{error}");
        }
        (outcome, expected) => panic!("{words} as {role}: {outcome:?}, not {expected:?}"),
    }
}

#[tokio::test]
async fn each_sslmode_means_what_it_means_to_libpq() {
    let server = server_with("server").await;
    let authority = certificate("authority.crt").display().to_string();
    let stranger = certificate("stranger.crt").display().to_string();
    let by_name = format!("host=localhost port={}", server.port());
    let by_address = format!("host=127.0.0.1 port={}", server.port());
    let with = |host: &str, mode: &str, root: &str| {
        let root = if root.is_empty() { String::new() } else { format!("sslrootcert={root}") };
        format!("{host} sslmode={mode} {root}")
    };
    const FOREIGN: &str = "an authority that is not trusted here";

    check(&with(&by_name, "disable", ""), "plain", Ok(false)).await;
    check(&with(&by_name, "disable", ""), "encrypted", Err("does not let this role in")).await;
    check(&with(&by_name, "allow", ""), "plain", Ok(false)).await;
    check(&with(&by_name, "allow", ""), "encrypted", Ok(true)).await;
    check(&with(&by_name, "prefer", ""), "encrypted", Ok(true)).await;
    check(&with(&by_name, "prefer", ""), "plain", Ok(false)).await;
    check(&with(&by_name, "prefer", &stranger), "plain", Ok(false)).await;
    check(&with(&by_name, "require", ""), "encrypted", Ok(true)).await;
    check(&with(&by_name, "require", ""), "plain", Err("does not let this role in")).await;
    check(&with(&by_name, "require", &stranger), "encrypted", Err(FOREIGN)).await;
    check(&with(&by_address, "require", &authority), "encrypted", Ok(true)).await;

    check(&with(&by_address, "verify-ca", &authority), "encrypted", Ok(true)).await;
    check(&with(&by_name, "verify-ca", &stranger), "encrypted", Err(FOREIGN)).await;
    check(&with(&by_name, "verify-ca", ""), "encrypted", Err("sslrootcert")).await;

    check(&with(&by_name, "verify-full", &authority), "encrypted", Ok(true)).await;
    check(&with(&by_address, "verify-full", &authority), "encrypted", Err("for another host"))
        .await;
    check(&with(&by_name, "verify-full", &stranger), "encrypted", Err(FOREIGN)).await;
    let named = format!("{by_name} hostaddr=127.0.0.1 channel_binding=require");
    check(&with(&named, "verify-full", &authority), "encrypted", Ok(true)).await;
    let unnamed = format!("hostaddr=127.0.0.1 port={}", server.port());
    check(&with(&unnamed, "verify-full", &authority), "encrypted", Err("for another host")).await;
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let server = server_with("server").await;
    let with = |name: &str, key: &str| {
        format!(
            "host=localhost port={} sslmode=verify-full sslrootcert={} sslcert={} sslkey={}",
            server.port(),
            certificate("authority.crt").display(),
            certificate(name).display(),
            certificate(key).display()
        )
    };
    let without = format!("host=localhost port={} sslmode=require", server.port());
    check(&with("client.crt", "client.key"), "guest", Ok(true)).await;
    check(&without, "guest", Err("does not let this role in")).await;
    let stranger = with("client-of-stranger.crt", "client-of-stranger.key");
    check(&stranger, "guest", Err("refuses the client's certificate")).await;
    check(&with("client.crt", "server.key"), "guest", Err("do not belong together")).await;
    check(&with("client.crt", "client.crt"), "guest", Err("private key cannot be read")).await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_when_it_is_the_root_itself() {
    let server = server_with("self-signed").await;
    let with = |host: &str, mode: &str, root: &str| {
        let root = certificate(root).display().to_string();
        format!("host={host} port={} sslmode={mode} sslrootcert={root}", server.port())
    };
    check(&with("localhost", "verify-full", "self-signed.crt"), "encrypted", Ok(true)).await;
    check(&with("127.0.0.1", "verify-ca", "self-signed.crt"), "encrypted", Ok(true)).await;
    let refused = Err("for another host");
    check(&with("127.0.0.1", "verify-full", "self-signed.crt"), "encrypted", refused).await;
    let refused = Err("certificate is not usable");
    check(&with("localhost", "verify-full", "authority.crt"), "encrypted", refused).await;
}

/// The whole main path over TLS: the authority is a private one, the host is checked, the password is
/// proved by SCRAM bound to the channel.
#[tokio::test]
async fn a_rotation_with_verify_full_and_a_private_authority() {
    let server = server_with("server").await;
    let rotation = Rotation::of_on(&server, 300).await;
    let name = rotation.database.name();
    let grants = format!(
        "GRANT SELECT, UPDATE ON secrets TO encrypted; GRANT CREATE ON DATABASE {name} TO encrypted"
    );
    rotation.database.batch(&grants).await;
    let words = |authority: &str| {
        format!(
            "host=localhost port={} user=encrypted password={PASSWORD} dbname={name} \
             sslmode=verify-full channel_binding=require sslrootcert={}",
            server.port(),
            certificate(authority).display()
        )
    };
    let trusted = words("authority.crt");
    let over_tls = |command: Reseal| command.env("DATABASE_URL", &trusted);
    over_tls(rotation.command("plan")).run().await.expect(0);
    over_tls(rotation.run()).run().await.expect(0);
    over_tls(rotation.verify()).run().await.expect(0);
    over_tls(Reseal::new("status")).run().await.expect(0);
    rotation.expect_secrets(1..=300).await;
    let stranger = rotation.verify().env("DATABASE_URL", words("stranger.crt"));
    let refused = stranger.run().await.expect(2);
    assert!(refused.stderr.contains("an authority that is not trusted here"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
}
