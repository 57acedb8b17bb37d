//! The receiver's own certificate authority: made once in its folder, kept, trusted by one store only.
//!
//! The certificate follows from the key, so two receivers that start at once need only agree on the
//! key's file. The server's own certificate is made fresh at each start and stays in memory.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use zeroize::Zeroizing;

use crate::domain::timestamp::Timestamp;

const KEY_FILE: &str = "ca.key";
const CERTIFICATE_FILE: &str = "ca.pem";

/// Every certificate names this machine.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority that a store can be told to trust.
pub struct Authority {
    key: KeyPair,
    /// The certificate's file, for `APPGRANT_CALLBACK_CA_FILE`.
    pub certificate: PathBuf,
}

/// The authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{0} cannot be used: {1}")]
    File(PathBuf, io::Error),
    /// The key's file holds something else.
    #[error("{0} holds no key that fits; remove the folder to begin anew")]
    Key(PathBuf),
    /// No certificate can be made for these names.
    #[error("a certificate cannot be made: {0}")]
    Certificate(String),
}

impl Authority {
    /// Opens the authority in `folder`, or makes it there.
    ///
    /// # Errors
    /// If its files cannot be made, or hold something else.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| AuthorityError::File(path, error)
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
        let path = folder.join(KEY_FILE);
        if !path.exists() {
            let key = Zeroizing::new(KeyPair::generate().map_err(certificate)?.serialize_pem());
            place(&path, key.as_bytes(), 0o600).map_err(failed(&path))?;
        }
        let pem = Zeroizing::new(fs::read_to_string(&path).map_err(failed(&path))?);
        let key = KeyPair::from_pem(&pem).map_err(|_| AuthorityError::Key(path))?;
        let certificate_file = folder.join(CERTIFICATE_FILE);
        if !certificate_file.exists() {
            let pem = params().self_signed(&key).map_err(certificate)?.pem();
            place(&certificate_file, pem.as_bytes(), 0o644).map_err(failed(&certificate_file))?;
        }
        let certificate = certificate_file.canonicalize().map_err(failed(&certificate_file))?;
        Ok(Self { key, certificate })
    }

    /// TLS for a server of this machine, and of the names besides.
    ///
    /// # Errors
    /// If a name is none.
    pub fn server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let key = KeyPair::generate().map_err(certificate)?;
        let authority = Issuer::new(params(), &self.key);
        let leaf = leaf(names, now)?.signed_by(&key, &authority).map_err(certificate)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let failed = |error: rustls::Error| AuthorityError::Certificate(error.to_string());
        let key = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|error| AuthorityError::Certificate(error.to_owned()))?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(leaf)], key)
            .map_err(failed)?;
        Ok(Arc::new(config))
    }
}

/// The authority's certificate; the same text each time, so that it fits the key of any earlier start.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, "AppGrant dev receiver: trust for tests only");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

/// A server's certificate for about a year: longer ones are refused by some systems.
fn leaf(names: &[String], now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let names: Vec<String> =
        OWN_NAMES.into_iter().map(str::to_owned).chain(names.iter().cloned()).collect();
    let mut params = CertificateParams::new(names).map_err(certificate)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, "AppGrant dev receiver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let day = |at: Timestamp| {
        let date = at.to_string(); // 2026-11-20T…, never another form
        let mut parts = date[..10].split('-').map(|part| part.parse().unwrap_or(1));
        let mut part = || parts.next().unwrap_or(1_u16);
        let (year, month, day) = (part(), part(), part());
        date_time_ymd(year.into(), u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
    };
    let days = |count: u64| std::time::Duration::from_secs(count * 24 * 60 * 60);
    params.not_before = day(now.minus(days(1)));
    params.not_after = day(now.plus(days(365)));
    Ok(params)
}

fn certificate(error: rcgen::Error) -> AuthorityError {
    AuthorityError::Certificate(error.to_string())
}

/// Writes a whole file where none is; another process may have been faster, and its file stands then.
fn place(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{number}.draft", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_207_503_999);

    #[test]
    fn is_made_once_and_its_key_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("dev");
        let first = Authority::open(&place).unwrap();
        let again = Authority::open(&place).unwrap();
        assert_eq!(first.key.public_key_pem(), again.key.public_key_pem());
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(place.clone()), mode(place.join(KEY_FILE))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&place).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn many_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = std::thread::scope(|scope| {
            let open = || Authority::open(folder.path()).unwrap().key.public_key_pem();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(KEY_FILE), "rubbish").unwrap();
        let error = Authority::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("ca.key holds no key that fits"), "{error}");
        let error = Authority::open(Path::new("/dev/null/x")).err().unwrap().to_string();
        assert!(error.starts_with("/dev/null/x cannot be used"), "{error}");
    }

    #[test]
    fn names_are_taken_and_rubbish_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        assert!(authority.server(&["app.test".to_owned(), "10.0.0.1".to_owned()], NOW).is_ok());
        assert!(authority.server(&["bücher".to_owned()], NOW).is_err());
    }
}
