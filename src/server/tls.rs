//! TLS: a certificate and its key from PEM files, read again when told.
//!
//! Connections that stand keep the certificate they began with. Clients are known by their keys (`auth.rs`), not by
//! certificates.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::error::{Error, Result};

/// What a listener speaks TLS with.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Current>);

struct Current {
    certificate: PathBuf,
    key: PathBuf,
    read: ArcSwap<CertifiedKey>,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key. `InvalidArgument` names the file
    /// that is not what it should be, or says that the two do not belong together.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self> {
        let read = ArcSwap::from_pointee(read(certificate, key)?);
        Ok(Self(Arc::new(Current { certificate: certificate.to_owned(), key: key.to_owned(), read })))
    }

    /// The file that holds the certificate.
    pub fn certificate(&self) -> &Path {
        &self.0.certificate
    }

    /// Reads both files again. Where that fails the certificate that was read before stays.
    pub fn reload(&self) -> Result<()> {
        let Current { certificate, key, read: current } = &*self.0;
        current.store(Arc::new(read(certificate, key)?));
        Ok(())
    }

    pub(super) fn acceptor(&self) -> Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal(format!("no version of TLS: {error}")).caused_by(error))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.0) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.read.load_full())
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey> {
    let unread = |what: &str, path: &Path, error: rustls::pki_types::pem::Error| {
        let message = format!("cannot read the {what} {} as PEM: {error}", path.display());
        Error::invalid(message).caused_by(error)
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unread("certificate", certificate, error))?;
    if chain.is_empty() {
        return Err(Error::invalid(format!("no certificate is in {}", certificate.display())));
    }
    let words = PrivateKeyDer::from_pem_file(key).map_err(|error| unread("private key", key, error))?;
    CertifiedKey::from_der(chain, words, &default_provider()).map_err(|error| {
        let (certificate, key) = (certificate.display(), key.display());
        Error::invalid(format!("{certificate} and {key} do not go together: {error}")).caused_by(error)
    })
}
