//! TLS to a server: what each [`SslMode`] checks.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::server::{Server, SslMode};

/// The connector for a server's `sslmode`.
pub(crate) fn connector(server: &Server) -> Result<MakeRustlsConnect> {
    client_config(server).map(MakeRustlsConnect::new)
}

/// How TLS to a server is done, by its `sslmode`.
///
/// # Errors
/// `config_invalid` where the certificates to trust can't be read.
pub fn client_config(server: &Server) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .code(ErrorCode::Internal, "set up TLS")?;
    Ok(match server.sslmode {
        SslMode::VerifyFull => builder.with_root_certificates(authorities(server)?).with_no_client_auth(),
        SslMode::VerifyCa => {
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(authorities(server)?), provider.clone())
                    .build()
                    .code(ErrorCode::ConfigInvalid, "read the certificates to trust")?;
            custom(builder, Lenient { provider, chain: Some(chain) })
        }
        SslMode::Disable | SslMode::Prefer | SslMode::Require => {
            custom(builder, Lenient { provider, chain: None })
        }
    })
}

fn custom(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    verifier: Lenient,
) -> ClientConfig {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
}

fn authorities(server: &Server) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if let Some(file) = &server.root_certificates {
        let doing = format!("read the certificates to trust from {}", file.display());
        let found = CertificateDer::pem_file_iter(file).code(ErrorCode::ConfigInvalid, doing.clone())?;
        for certificate in found {
            let certificate = certificate.code(ErrorCode::ConfigInvalid, doing.clone())?;
            store.add(certificate).code(ErrorCode::ConfigInvalid, doing.clone())?;
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        return Err(Error::new(ErrorCode::ConfigInvalid, "no certificate to trust was found")
            .help("name the authority's file with sslrootcert=FILE in the database URL"));
    }
    Ok(store)
}

/// Checks less than the whole: nothing of the certificate (`prefer`, `require`), or its chain but not
/// the host (`verify-ca`). The handshake's signature is checked always.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at after the chain has been found good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
