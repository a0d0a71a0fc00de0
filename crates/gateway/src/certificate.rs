//! The gateway's certificate: what it shows who it is with, and what binds a SCRAM exchange to it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tenantry_domain::app::TlsSpec;
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tokio::time::sleep;

use crate::hub::Hub;

/// The protocol's name for clients that begin with TLS (`sslnegotiation=direct`).
pub const ALPN: &[u8] = b"postgresql";

/// TLS towards clients.
#[derive(Clone)]
pub struct Certificate {
    /// How it is done.
    pub config: Arc<ServerConfig>,
    /// The hash of the certificate (RFC 5929, section 4.1); `None` where none is defined for how it was signed.
    pub end_point: Option<Vec<u8>>,
}

impl Certificate {
    /// From the files named in the configuration.
    ///
    /// # Errors
    /// `config_invalid` for files that can't be read or don't belong together.
    pub fn load(files: &TlsSpec) -> Result<Self> {
        let reading = |path: &std::path::Path| format!("read {}", path.display());
        let doing = reading(&files.certificate);
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<CertificateDer<'static>>, _>>)
            .code(ErrorCode::ConfigInvalid, doing.clone())?;
        let Some(own) = chain.first().cloned() else {
            return Err(Error::new(ErrorCode::ConfigInvalid, doing + ": there is no certificate in it"));
        };
        let key =
            PrivateKeyDer::from_pem_file(&files.key).code(ErrorCode::ConfigInvalid, reading(&files.key))?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .code(ErrorCode::Internal, "set up TLS")?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .code(ErrorCode::ConfigInvalid, "use the gateway's certificate and key")?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Clients of PostgreSQL resume no sessions, since its servers never offer it: tickets would be written and kept for
        // nobody.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Ok(Self { config: Arc::new(config), end_point: end_point(&own) })
    }
}

/// When the files were written, and how long they are.
type Stamps = [Option<(SystemTime, u64)>; 2];

fn stamps(files: &TlsSpec) -> Stamps {
    [&files.certificate, &files.key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

/// Takes the certificate anew whenever its files have changed. Files that can't be used, such as a new certificate whose key
/// has not been written yet, leave the old one in force.
pub async fn keep(hub: Arc<Hub>, files: TlsSpec) {
    let pause = Duration::from_secs(hub.setup.app.limits.gateway_certificate_seconds_between);
    let mut seen = stamps(&files);
    loop {
        sleep(pause).await;
        let now = stamps(&files);
        if now == seen {
            continue;
        }
        seen = now;
        match Certificate::load(&files) {
            Ok(certificate) => {
                hub.renew(certificate);
                tracing::info!("the gateway has a new certificate");
            }
            Err(error) => {
                tracing::error!(error = ?error, "the gateway's new certificate can't be used; the old one stays");
            }
        }
    }
}

/// The hash is that of the signature; SHA-256 in place of the broken ones.
pub(crate) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    let rsa = |last: u8| [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01][..], &[last]].concat();
    let ecdsa = |last: u8| [&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03][..], &[last]].concat();
    let is = |oids: &[Vec<u8>]| oids.iter().any(|oid| oid == algorithm);
    if is(&[rsa(4), rsa(5), rsa(11), ecdsa(2)]) {
        Some(Sha256::digest(certificate).to_vec())
    } else if is(&[rsa(12), ecdsa(3)]) {
        Some(Sha384::digest(certificate).to_vec())
    } else if is(&[rsa(13), ecdsa(4)]) {
        Some(Sha512::digest(certificate).to_vec())
    } else {
        None
    }
}

/// The object identifier of `signatureAlgorithm` (RFC 5280, section 4.1): a sequence behind the first in the outermost.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (_, rest) = element(outer, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(oid, _)| oid)
}

/// The content of the element at the beginning (X.690, section 8.1), and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = if length < 0x80 {
            vec![tag, length as u8]
        } else {
            vec![tag, 0x82, (length >> 8) as u8, length as u8]
        };
        [head, content.to_vec()].concat()
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (oid, bytes) in [
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02][..], Some(32)),
            (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], Some(48)),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], Some(64)),
            // Ed25519 has no hash of its own.
            (&[0x2b, 0x65, 0x70], None),
        ] {
            let body = [der(0x30, &[7; 300]), der(0x30, &der(0x06, oid)), der(0x03, &[0; 9])].concat();
            let certificate = der(0x30, &body);
            assert_eq!(end_point(&certificate).map(|hash| hash.len()), bytes);
            for cut in 0..certificate.len() - 12 {
                assert_eq!(end_point(&certificate[..cut]), None);
            }
        }
    }
}
