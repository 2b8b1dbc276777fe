//! Connection words as meant: the servers in the order to try, and how to speak to each.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{
    ChannelBinding, LoadBalanceHosts, SslNegotiation, TargetSessionAttrs,
};

use super::servers::{Server, servers};
use super::{Environment, Given};
use crate::db::tls::TlsWords;
use crate::error::Error;

const APPLICATION_NAME: &str = "reseal";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT_SECONDS_MAX: u64 = 3600;
/// A silent network is noticed after about a minute, not after the system's two hours.
const KEEPALIVES_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVES_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVES_COUNT: u32 = 3;
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(60);
const DAY_SECONDS: u64 = 86_400;

/// All that connecting needs.
pub(crate) struct Target {
    /// At least one, in the order to try.
    pub servers: Vec<Server>,
    pub tls: TlsWords,
    /// For one attempt at one server, its network connection and its greeting each.
    pub connect_timeout: Duration,
    pub application_name: String,
    /// The user's own startup options (PGOPTIONS).
    pub options: Option<String>,
}

impl Target {
    pub(super) fn new(given: &Given, environment: Environment<'_>) -> Result<Self, Error> {
        let application_name = given
            .get("application_name")
            .or_else(|| given.get("fallback_application_name"))
            .unwrap_or(APPLICATION_NAME)
            .to_owned();
        let connect_timeout = given
            .number("connect_timeout", 1, CONNECT_TIMEOUT_SECONDS_MAX)?
            .map_or(CONNECT_TIMEOUT, Duration::from_secs);
        let common = common_config(given, connect_timeout, &application_name)?;
        Ok(Self {
            servers: servers(given, environment, &common)?,
            tls: TlsWords::new(given, environment)?,
            connect_timeout,
            application_name,
            options: given.get("options").map(str::to_owned),
        })
    }
}

/// What is the same for every server.
fn common_config(
    given: &Given,
    connect_timeout: Duration,
    application_name: &str,
) -> Result<Config, Error> {
    let mut config = Config::new();
    config.connect_timeout(connect_timeout).application_name(application_name);
    if let Some(user) = given.get("user") {
        config.user(user);
    }
    if let Some(database) = given.get("dbname") {
        config.dbname(database);
    }
    if let Some(attributes) = given.one_of("target_session_attrs", SESSION_ATTRIBUTES)? {
        config.target_session_attrs(attributes);
    }
    if let Some(binding) = given.one_of("channel_binding", CHANNEL_BINDINGS)? {
        config.channel_binding(binding);
    }
    if let Some(balance) = given.one_of("load_balance_hosts", LOAD_BALANCES)? {
        config.load_balance_hosts(balance);
    }
    if let Some(negotiation) = given.one_of("sslnegotiation", SSL_NEGOTIATIONS)? {
        config.ssl_negotiation(negotiation);
    }
    set_keepalives(given, &mut config)?;
    Ok(config)
}

const SESSION_ATTRIBUTES: &[(&str, TargetSessionAttrs)] = &[
    ("any", TargetSessionAttrs::Any),
    ("read-write", TargetSessionAttrs::ReadWrite),
    ("primary", TargetSessionAttrs::ReadWrite),
    ("read-only", TargetSessionAttrs::ReadOnly),
    ("standby", TargetSessionAttrs::ReadOnly),
];

const CHANNEL_BINDINGS: &[(&str, ChannelBinding)] = &[
    ("disable", ChannelBinding::Disable),
    ("prefer", ChannelBinding::Prefer),
    ("require", ChannelBinding::Require),
];

const LOAD_BALANCES: &[(&str, LoadBalanceHosts)] =
    &[("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];

const SSL_NEGOTIATIONS: &[(&str, SslNegotiation)] =
    &[("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];

/// libpq's units: seconds, but `tcp_user_timeout` in milliseconds.
fn set_keepalives(given: &Given, config: &mut Config) -> Result<(), Error> {
    let seconds = |keyword, default| -> Result<Duration, Error> {
        Ok(given.number(keyword, 1, DAY_SECONDS)?.map_or(default, Duration::from_secs))
    };
    let count = given.number("keepalives_count", 1, 100)?;
    let user_timeout = given.number("tcp_user_timeout", 1, DAY_SECONDS * 1000)?;
    config
        .keepalives(given.number("keepalives", 0, 1)? != Some(0))
        .keepalives_idle(seconds("keepalives_idle", KEEPALIVES_IDLE)?)
        .keepalives_interval(seconds("keepalives_interval", KEEPALIVES_INTERVAL)?)
        .keepalives_retries(
            count.map_or(KEEPALIVES_COUNT, |count| u32::try_from(count).expect("at most 100")),
        )
        .tcp_user_timeout(user_timeout.map_or(TCP_USER_TIMEOUT, Duration::from_millis));
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;
    use crate::config::{DatabaseConfig, DatabaseUrl};

    fn target(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Target, Error> {
        let environment = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        DatabaseConfig { url: url.map(DatabaseUrl::new), max_connections: 1 }.target(&environment)
    }

    #[test]
    fn the_url_beats_the_variables_and_they_fill_its_gaps() {
        let variables = [("PGHOST", "a"), ("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGPORT", "1")];
        let target = target(Some("postgresql://b:2/d"), &variables).unwrap();
        let config = &target.servers[0].config;
        assert_eq!(config.get_hosts(), [Host::Tcp("b".into())]);
        assert_eq!(config.get_ports(), [2]);
        assert_eq!((config.get_user(), config.get_dbname()), (Some("u"), Some("d")));
        assert_eq!(config.get_password(), Some(&b"p"[..]));
        assert_eq!(target.application_name, "reseal");
        assert_eq!(target.connect_timeout, CONNECT_TIMEOUT);
    }

    #[test]
    fn hosts_addresses_and_ports_go_in_parallel() {
        let target = target(Some("host=a,/run,b hostaddr=,,127.0.0.1 port=1,,3"), &[]).unwrap();
        let names: Vec<_> = target.servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["a:1", "/run:5432", "b:3"]);
        let local: Vec<_> = target.servers.iter().map(|server| server.is_local).collect();
        assert_eq!(local, [false, true, false]);
    }

    #[test]
    fn what_is_wrong_is_named_but_not_repeated() {
        for (url, named) in [
            ("host=h port=hunter2", "port"),
            ("host=h port=0", "port"),
            ("host=a,b port=1,2,3", "port"),
            ("host=a hostaddr=hunter2", "hostaddr"),
            ("host=h sslmode=hunter2", "sslmode"),
            ("host=h connect_timeout=0", "connect_timeout"),
            ("host=h target_session_attrs=prefer-standby", "target_session_attrs"),
            ("host=h password=x hunter2=y", "number 3"),
            ("host=h service=hunter2", "service"),
            ("host=h gssencmode=require", "gssencmode"),
            ("host=h sslrootcert=system sslmode=require", "sslmode"),
            ("hunter2", "neither a URL"),
        ] {
            let error = target(Some(url), &[]).err().expect(url);
            assert_eq!(error.exit_code, crate::error::ExitCode::Usage, "{url}");
            assert!(error.what.contains(named), "{url}: {error}");
            assert!(!error.to_string().contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn variables_alone_are_enough_but_nothing_is_not() {
        assert!(target(None, &[("PGHOST", "h")]).is_ok());
        let error = target(None, &[("PGPASSWORD", "p")]).err().unwrap();
        assert!(error.hint.unwrap().contains("DATABASE_URL"));
        let error = target(None, &[("PGHOST", "h"), ("PGSERVICE", "s")]).err().unwrap();
        assert_eq!(error.place.as_deref(), Some("PGSERVICE"));
    }
}
