//! What a failed handshake means, and how to mend it.

use std::error::Error as _;
use std::io;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::db::error::{DatabaseError, Trouble};

/// The trouble, if this error comes from TLS.
pub(in crate::db) fn tls_trouble(error: &tokio_postgres::Error) -> Option<DatabaseError> {
    let source = error.source();
    let from_library = source
        .and_then(|source| source.downcast_ref::<io::Error>())
        .and_then(io::Error::get_ref)
        .and_then(|inner| inner.downcast_ref::<TlsError>());
    if let Some(from_library) = from_library {
        return Some(meaning(from_library));
    }
    if !error.to_string().starts_with("error performing TLS") {
        return None;
    }
    // Words of the client library, not of the server.
    let refused = source.is_some_and(|s| s.to_string() == "server does not support TLS");
    Some(if refused {
        wrong("the server does not offer encryption", "turn ssl on at the server, or lower sslmode")
    } else {
        DatabaseError::new(Trouble::ConnectionLost, "the TLS handshake broke off")
    })
}

fn meaning(error: &TlsError) -> DatabaseError {
    match error {
        TlsError::InvalidCertificate(reason) => certificate(reason),
        TlsError::AlertReceived(alert) if is_about_certificate(*alert) => wrong(
            "the server refuses the client's certificate",
            "check sslcert and sslkey, and the server's ssl_ca_file",
        ),
        TlsError::AlertReceived(_) | TlsError::PeerIncompatible(_) => wrong(
            "client and server found no common TLS parameters",
            "the server must offer TLS 1.2 or 1.3",
        ),
        _ => DatabaseError::new(Trouble::ConnectionLost, "the TLS handshake failed"),
    }
}

fn certificate(reason: &CertificateError) -> DatabaseError {
    use CertificateError as Reason;
    match reason {
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => wrong(
            "the server's certificate is for another host",
            "connect by a name that stands in its subjectAltName, or use sslmode=verify-ca",
        ),
        Reason::UnknownIssuer => wrong(
            "the server's certificate comes from an authority that is not trusted here",
            "give the authority's certificate as sslrootcert",
        ),
        Reason::Expired
        | Reason::ExpiredContext { .. }
        | Reason::NotValidYet
        | Reason::NotValidYetContext { .. } => wrong(
            "the server's certificate is not valid at this time",
            "renew it, or set the clocks",
        ),
        _ => wrong(
            "the server's certificate is not usable",
            "it must be an X.509 certificate of version 3, made for servers",
        ),
    }
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    [
        Alert::NoCertificate,
        Alert::BadCertificate,
        Alert::UnsupportedCertificate,
        Alert::CertificateRevoked,
        Alert::CertificateExpired,
        Alert::CertificateUnknown,
        Alert::UnknownCA,
        Alert::CertificateRequired,
    ]
    .contains(&alert)
}

fn wrong(summary: &'static str, hint: &'static str) -> DatabaseError {
    DatabaseError::new(Trouble::WrongWords, summary).hint(hint)
}
