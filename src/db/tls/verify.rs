//! What is demanded of the server's certificate.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};

use crate::error::Error;

/// Verifies as much as `sslmode` asks for. The handshake's signature is always verified, so that
/// whoever shows a certificate has its key: SCRAM's channel binding rests on it.
#[derive(Debug)]
pub(super) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// The authorities, where the chain is verified: as anchors, and as they stood in the file.
    roots: Option<(Arc<RootCertStore>, Vec<CertificateDer<'static>>)>,
    host_name: bool,
}

impl Verifier {
    /// Encryption alone.
    pub(super) fn of_nothing(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms, roots: None, host_name: false }
    }

    /// The certificate comes from one of these authorities.
    pub(super) fn of_chain(
        algorithms: WebPkiSupportedAlgorithms,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Error> {
        let mut store = RootCertStore::empty();
        let (usable, _) = store.add_parsable_certificates(roots.iter().cloned());
        if usable == 0 {
            return Err(Error::usage("none of the authorities' certificates is usable")
                .hint("sslrootcert must hold X.509 certificates of version 3"));
        }
        Ok(Self { algorithms, roots: Some((Arc::new(store), roots)), host_name: false })
    }

    /// … and is for the host that is connected to.
    pub(super) fn of_host(
        algorithms: WebPkiSupportedAlgorithms,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<Self, Error> {
        Ok(Self { host_name: true, ..Self::of_chain(algorithms, roots)? })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let Some((store, roots)) = &self.roots else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            store,
            intermediates,
            now,
            self.algorithms.all,
        );
        match chain {
            Err(error) if is_authority(&error) && roots.contains(end_entity) => {}
            other => other?,
        }
        if self.host_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether the only objection is that the server shows an authority's certificate.
///
/// PostgreSQL's manual makes self-signed server certificates with `openssl req -x509`, which marks
/// them as authorities, and libpq takes them when the very same one stands in the root file. Its
/// validity in time is verified before this objection is raised.
fn is_authority(error: &TlsError) -> bool {
    match error {
        TlsError::InvalidCertificate(CertificateError::Other(other)) => {
            format!("{other:?}").contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}
