//! The receiver's own certificate authority: made once in its folder, kept, trusted by one store only.
//!
//! The certificate follows from the key, so two receivers that start at once need only agree on the
//! key's file; a certificate of an earlier key is made anew. The server's own certificate is made fresh
//! at each start and stays in memory.
//! Never: a key that others may have read, or a certificate written over that is not a receiver's.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};
use zeroize::Zeroizing;

use crate::domain::timestamp::Timestamp;

const KEY_FILE: &str = "ca.key";
const CERTIFICATE_FILE: &str = "ca.pem";

/// The authority's name, by which its certificate is known.
const NAME: &str = "AppGrant dev receiver: trust for tests only";

/// 2100-01-01, in seconds since 1970: within the authority's own time.
const LAST_SECOND: u64 = 4_102_444_800;

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
    /// Others could have read the key, and so sign for any name where it is trusted.
    #[error(
        "others may read {0}, so its certificates are worth nothing; remove the folder to begin anew, or chmod 600 it if you are sure"
    )]
    Exposed(PathBuf),
    /// The certificate's file holds something else, which may be somebody's.
    #[error("{0} is no certificate of a receiver; choose another --folder, or remove it")]
    Foreign(PathBuf),
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
        if fs::metadata(&path).map_err(failed(&path))?.permissions().mode() & 0o077 != 0 {
            return Err(AuthorityError::Exposed(path));
        }
        let pem = Zeroizing::new(fs::read_to_string(&path).map_err(failed(&path))?);
        let key = KeyPair::from_pem(&pem).map_err(|_| AuthorityError::Key(path))?;
        let own = params().self_signed(&key).map_err(certificate)?;
        let path = folder.join(CERTIFICATE_FILE);
        if !path.exists() || !is_kept(&path, own.der())? {
            replace(&path, own.pem().as_bytes(), 0o644).map_err(failed(&path))?;
        }
        let certificate = path.canonicalize().map_err(failed(&path))?;
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

/// Whether the file holds this certificate, whatever its signature, which differs each time; an error
/// if it holds something that no receiver made.
fn is_kept(path: &Path, own: &[u8]) -> Result<bool, AuthorityError> {
    let foreign = || AuthorityError::Foreign(path.to_owned());
    let pem = fs::read(path).map_err(|error| AuthorityError::File(path.to_owned(), error))?;
    let kept = CertificateDer::from_pem_slice(&pem).map_err(|_| foreign())?;
    let (_, kept) = X509Certificate::from_der(&kept).map_err(|_| foreign())?;
    let mut names = kept.subject().iter_common_name();
    if names.next().and_then(|name| name.as_str().ok()) != Some(NAME) {
        return Err(foreign());
    }
    let own = X509Certificate::from_der(own).map(|(_, own)| own);
    Ok(own.is_ok_and(|own| own.tbs_certificate.as_ref() == kept.tbs_certificate.as_ref()))
}

/// The authority's certificate; the same text each time, so that it fits the key of any earlier start.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, NAME);
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
    // Clocks far off are held between 1970 and 2100, which a certificate can say.
    let at = |at: Timestamp| {
        let seconds = u64::try_from(at.as_seconds()).unwrap_or(0).min(LAST_SECOND);
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    let day = Duration::from_hours(24);
    params.not_before = at(now.minus(day));
    params.not_after = at(now.plus(365 * day));
    Ok(params)
}

fn certificate(error: rcgen::Error) -> AuthorityError {
    AuthorityError::Certificate(error.to_string())
}

/// Writes a whole file where none is; another process may have been faster, and its file stands then.
fn place(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let draft = draft(path, content, mode)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Writes a whole file in place of what is there.
fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    fs::rename(draft(path, content, mode)?, path)
}

/// A whole file beside the one it is for.
fn draft(path: &Path, content: &[u8], mode: u32) -> io::Result<PathBuf> {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = path.with_extension(format!("{}-{number}.draft", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use rcgen::PublicKeyData;

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
        let failure = || Authority::open(folder.path()).err().unwrap().to_string();
        let (key, kept) = (folder.path().join(KEY_FILE), folder.path().join(CERTIFICATE_FILE));
        fs::write(&key, "rubbish").unwrap();
        fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(failure().contains("ca.key holds no key that fits"), "{}", failure());
        fs::remove_file(&key).unwrap();
        let another = CertificateParams::default().self_signed(&KeyPair::generate().unwrap());
        for content in ["rubbish".to_owned(), another.unwrap().pem()] {
            fs::write(&kept, &content).unwrap();
            assert!(failure().contains("ca.pem is no certificate of a receiver"), "{}", failure());
            assert_eq!(fs::read_to_string(&kept).unwrap(), content, "it is left as it was");
        }
        let error = Authority::open(Path::new("/dev/null/x")).err().unwrap().to_string();
        assert!(error.starts_with("/dev/null/x cannot be used"), "{error}");
    }

    #[test]
    fn a_certificate_of_an_earlier_key_is_made_anew_and_a_fitting_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let authority = Authority::open(folder.path()).unwrap();
            let pem = fs::read(&authority.certificate).unwrap();
            let der = CertificateDer::from_pem_slice(&pem).unwrap();
            let (_, kept) = X509Certificate::from_der(&der).unwrap();
            assert_eq!(kept.public_key().raw, authority.key.subject_public_key_info());
            pem
        };
        let first = open();
        assert_eq!(open(), first);
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        assert_ne!(open(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn a_key_that_others_may_have_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path()).unwrap();
        let key = folder.path().join(KEY_FILE);
        for (mode, taken) in [(0o644, false), (0o640, false), (0o602, false), (0o400, true)] {
            fs::set_permissions(&key, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(Authority::open(folder.path()).is_ok(), taken, "{mode:o}");
        }
    }

    #[test]
    fn a_servers_certificate_holds_for_a_year_and_any_clock_makes_one() {
        let year = |now| {
            let params = leaf(&[], now).unwrap();
            (params.not_before.unix_timestamp(), params.not_after.unix_timestamp())
        };
        let day = 24 * 60 * 60;
        assert_eq!(year(NOW), (1_795_207_503 - day, 1_795_207_503 + 365 * day));
        assert_eq!(year(Timestamp::from_millis(i64::MIN)), (0, 0));
        assert_eq!(year(Timestamp::from_millis(i64::MAX)).1, 4_102_444_800);
    }

    #[test]
    fn names_are_taken_and_rubbish_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        assert!(authority.server(&["app.test".to_owned(), "10.0.0.1".to_owned()], NOW).is_ok());
        assert!(authority.server(&["bücher".to_owned()], NOW).is_err());
    }
}
