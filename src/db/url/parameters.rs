//! The connection parameters of libpq: which are used here, and which are refused.
//!
//! One table, after the PostgreSQL 18 manual, sections 34.1.2 and 34.15. A parameter that would
//! change something we do not do is refused; none is read and ignored.

/// What a parameter is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    Used,
    /// Accepted only with values that say what is done anyway.
    OnlyAs(&'static [&'static str]),
    Refused,
}

/// A keyword, the environment variable that stands for it, and what it is to us.
pub(super) struct Parameter {
    pub keyword: &'static str,
    pub variable: Option<&'static str>,
    pub support: Support,
}

pub(super) fn known(keyword: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.keyword == keyword)
}

const fn used(keyword: &'static str, variable: &'static str) -> Parameter {
    Parameter { keyword, variable: Some(variable), support: Support::Used }
}

const fn used_word(keyword: &'static str) -> Parameter {
    Parameter { keyword, variable: None, support: Support::Used }
}

const fn only_as(
    keyword: &'static str,
    variable: Option<&'static str>,
    values: &'static [&'static str],
) -> Parameter {
    Parameter { keyword, variable, support: Support::OnlyAs(values) }
}

const fn refused(keyword: &'static str, variable: Option<&'static str>) -> Parameter {
    Parameter { keyword, variable, support: Support::Refused }
}

pub(super) const PARAMETERS: &[Parameter] = &[
    used("host", "PGHOST"),
    used("hostaddr", "PGHOSTADDR"),
    used("port", "PGPORT"),
    used("dbname", "PGDATABASE"),
    used("user", "PGUSER"),
    used("password", "PGPASSWORD"),
    used("passfile", "PGPASSFILE"),
    used("channel_binding", "PGCHANNELBINDING"),
    used("connect_timeout", "PGCONNECT_TIMEOUT"),
    used("options", "PGOPTIONS"),
    used("application_name", "PGAPPNAME"),
    used_word("fallback_application_name"),
    used_word("keepalives"),
    used_word("keepalives_idle"),
    used_word("keepalives_interval"),
    used_word("keepalives_count"),
    used_word("tcp_user_timeout"),
    used("sslmode", "PGSSLMODE"),
    used("sslnegotiation", "PGSSLNEGOTIATION"),
    used("sslrootcert", "PGSSLROOTCERT"),
    used("sslcert", "PGSSLCERT"),
    used("sslkey", "PGSSLKEY"),
    used("target_session_attrs", "PGTARGETSESSIONATTRS"),
    used("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    only_as("client_encoding", Some("PGCLIENTENCODING"), &["utf8", "utf-8", "unicode", "auto"]),
    only_as("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    only_as("gssdelegation", Some("PGGSSDELEGATION"), &["0"]),
    only_as("sslcompression", Some("PGSSLCOMPRESSION"), &["0"]),
    only_as("sslsni", Some("PGSSLSNI"), &["1"]),
    only_as("sslcertmode", Some("PGSSLCERTMODE"), &["allow"]),
    only_as("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), &["tlsv1.2"]),
    only_as("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), &["tlsv1.3"]),
    only_as("min_protocol_version", Some("PGMINPROTOCOLVERSION"), &["3.0"]),
    only_as("replication", None, &["false", "off", "no", "0"]),
    refused("service", Some("PGSERVICE")),
    refused("servicefile", None),
    refused("require_auth", Some("PGREQUIREAUTH")),
    refused("requirepeer", Some("PGREQUIREPEER")),
    refused("requiressl", Some("PGREQUIRESSL")),
    refused("sslpassword", None),
    refused("sslcrl", Some("PGSSLCRL")),
    refused("sslcrldir", Some("PGSSLCRLDIR")),
    refused("sslkeylogfile", None),
    refused("krbsrvname", Some("PGKRBSRVNAME")),
    refused("gsslib", Some("PGGSSLIB")),
    refused("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    refused("oauth_issuer", None),
    refused("oauth_client_id", None),
    refused("oauth_client_secret", None),
    refused("oauth_scope", None),
    refused("scram_client_key", None),
    refused("scram_server_key", None),
];
