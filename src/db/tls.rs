//! Encryption of connections, with the meanings libpq's `sslmode` has.
//!
//! | sslmode | encrypted | certificate |
//! |---|---|---|
//! | disable | never | |
//! | allow | if the server refuses without | chain, if there is a root file |
//! | prefer | if the server can | chain, if there is a root file |
//! | require | always | chain, if there is a root file |
//! | verify-ca | always | chain |
//! | verify-full | always | chain and host name |
//!
//! After the PostgreSQL manual, section 34.19. The root file is `sslrootcert`, else
//! `~/.postgresql/root.crt` where that exists; `verify-full` without one trusts the system's
//! authorities. It knows no SQL, and the cryptography is rustls with ring, chosen here and not
//! for the process.

mod trouble;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::url::{Environment, Given};
use crate::error::Error;
use verify::Verifier;

pub(super) use trouble::tls_trouble;

/// libpq's `sslmode`, from the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

const MODES: &[(&str, Mode)] = &[
    ("disable", Mode::Disable),
    ("allow", Mode::Allow),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

/// Whose word on the server's certificate counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Roots {
    Nobody,
    System,
    File(PathBuf),
}

/// What was said about encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsWords {
    mode: Mode,
    roots: Roots,
    /// Files of the client's certificate chain and key.
    client: Option<(PathBuf, PathBuf)>,
}

impl TlsWords {
    pub(super) fn new(given: &Given, environment: Environment<'_>) -> Result<Self, Error> {
        let in_home = |name: &str| {
            let path =
                environment("HOME").map(|home| Path::new(&home).join(".postgresql").join(name));
            path.filter(|path| path.is_file())
        };
        let mode = given.one_of("sslmode", MODES)?;
        let roots = match given.get("sslrootcert") {
            Some("system") => Roots::System,
            Some(path) => Roots::File(path.into()),
            None => match in_home("root.crt") {
                Some(path) => Roots::File(path),
                None if mode == Some(Mode::VerifyFull) => Roots::System,
                None => Roots::Nobody,
            },
        };
        let weakest = if roots == Roots::System { Mode::VerifyFull } else { Mode::Prefer };
        let mode = mode.unwrap_or(weakest);
        if roots == Roots::System && mode != Mode::VerifyFull {
            // Anybody can get a certificate of a public authority, for a host of their own.
            return Err(given.wrong("sslmode", "verify-full when sslrootcert is system"));
        }
        if roots == Roots::Nobody && mode == Mode::VerifyCa {
            return Err(given.wrong("sslrootcert", "given when sslmode is verify-ca").hint(
                "a file with the authority's certificate; verify-full can trust the system's",
            ));
        }
        if given.get("sslnegotiation") == Some("direct") && mode < Mode::Require {
            return Err(given.wrong("sslmode", "require or stronger when sslnegotiation is direct"));
        }
        let certificate =
            given.get("sslcert").map(PathBuf::from).or_else(|| in_home("postgresql.crt"));
        let key = given.get("sslkey").map(PathBuf::from).or_else(|| in_home("postgresql.key"));
        let client = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (Some(_), None) => return Err(given.wrong("sslkey", "given along with sslcert")),
            (None, _) => None,
        };
        Ok(Self { mode, roots, client })
    }

    /// The ways to try on one server, in order.
    pub(super) fn attempts(&self, is_local: bool) -> &'static [SslMode] {
        match self.mode {
            _ if is_local => &[SslMode::Disable],
            Mode::Disable => &[SslMode::Disable],
            Mode::Allow => &[SslMode::Disable, SslMode::Require],
            Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[SslMode::Require],
        }
    }

    /// Reads the certificates. `None` when no connection will be encrypted.
    pub(super) fn connector(&self) -> Result<Option<MakeRustlsConnect>, Error> {
        if self.mode == Mode::Disable {
            return Ok(None);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let algorithms = provider.signature_verification_algorithms;
        let verifier = match self.roots() {
            Ok(None) => Verifier::of_nothing(algorithms),
            Ok(Some(roots)) if self.mode == Mode::VerifyFull => {
                Verifier::of_host(algorithms, roots)?
            }
            Ok(Some(roots)) => Verifier::of_chain(algorithms, roots)?,
            Err(error) => return Err(error),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Error::bug("the TLS library offers no protocol version"))?
            .dangerous() // sslmode, not the library's default, says what is verified
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => config
                .with_client_auth_cert(certificates(certificate, "sslcert")?, private_key(key)?)
                .map_err(|_| {
                    Error::usage("the client's certificate and key do not belong together")
                        .at(format!("sslcert {}, sslkey {}", certificate.display(), key.display()))
                        .hint("the first certificate of the file must be that of the key")
                })?,
        };
        // What libpq sends too; servers from version 17 on want it with direct negotiation.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Some(MakeRustlsConnect::new(config)))
    }

    fn roots(&self) -> Result<Option<Vec<CertificateDer<'static>>>, Error> {
        match &self.roots {
            Roots::Nobody => Ok(None),
            Roots::File(path) => certificates(path, "sslrootcert").map(Some),
            Roots::System => {
                let found = rustls_native_certs::load_native_certs().certs;
                if found.is_empty() {
                    return Err(Error::usage("this system has no certificates of authorities")
                        .hint("install ca-certificates, or give a file as sslrootcert"));
                }
                Ok(Some(found))
            }
        }
    }
}

/// All certificates of a PEM file; at least one.
fn certificates(path: &Path, keyword: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| {
        Error::usage("a certificate file cannot be read")
            .at(format!("{keyword} {}", path.display()))
            .hint("it must exist, be readable, and hold certificates in PEM form")
    })
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|_| {
        Error::usage("the client's private key cannot be read")
            .at(format!("sslkey {}", path.display()))
            .hint("it must exist, be readable, and hold a key in PEM form without a passphrase")
    })
}
