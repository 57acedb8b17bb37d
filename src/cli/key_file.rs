//! The file with the master key: read, or made when it is not there.
//!
//! Made under another name and linked into place, so that two processes starting at once agree on one
//! key, and a crash leaves either a whole file or none.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::CliError;
use crate::{
    config::SettingError,
    domain::{
        entropy::{Entropy, random},
        keyring::MasterKey,
    },
};

/// A master key and whether its file was made just now.
pub struct KeyFile {
    /// The key.
    pub key: MasterKey,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was made by this process.
    pub is_new: bool,
}

impl KeyFile {
    /// Reads the file, or makes it with a fresh key and mode 0600.
    ///
    /// # Errors
    /// If it cannot be read or made, or holds something else.
    pub fn open(path: &Path, entropy: &dyn Entropy) -> Result<Self, CliError> {
        let is_new =
            !path.exists() && create(path, entropy).map_err(|error| about(path, &error))?;
        let key = read(path)?;
        if is_open_to_everybody(path) {
            tracing::warn!(path = %path.display(), "everybody on this machine may read or change the key file: chmod 600 it");
        }
        Ok(Self { key, path: path.to_owned(), is_new })
    }
}

/// The key in a file that is there.
///
/// # Errors
/// If it cannot be read, or holds something else.
pub fn read(path: &Path) -> Result<MasterKey, CliError> {
    let content = fs::read_to_string(path).map_err(|error| about(path, &error))?;
    MasterKey::from_file(&Zeroizing::new(content)).map_err(|error| about(path, &error))
}

fn about(path: &Path, error: &dyn std::fmt::Display) -> CliError {
    let complaint = format!("names {}, which cannot be used: {error}", path.display());
    SettingError::about("secret_key_file", complaint).into()
}

/// Whether this process made the file; somebody else may have been faster.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<bool> {
    let draft = path.with_extension(HEXLOWER.encode(&random::<8>(entropy)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(MasterKey::generate(entropy).to_file().as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether everybody on this machine may read or change a file.
pub fn is_open_to_everybody(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o006 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::keyring::Keyring, service::environment::SystemEntropy};

    #[test]
    fn one_key_is_made_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let first = KeyFile::open(&path, &SystemEntropy).unwrap();
        let again = KeyFile::open(&path, &SystemEntropy).unwrap();
        assert!(first.is_new && !again.is_new);
        assert_eq!(
            Keyring::derive(&first.key).fingerprint(),
            Keyring::derive(&again.key).fingerprint()
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_file_is_open_if_others_may_read_or_change_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        fs::write(&path, "").unwrap();
        for (mode, open) in
            [(0o600, false), (0o660, false), (0o601, false), (0o602, true), (0o604, true)]
        {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open_to_everybody(&path), open, "{mode:o}");
        }
        assert!(!is_open_to_everybody(&folder.path().join("missing")));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("broken");
        fs::write(&broken, "rubbish").unwrap();
        for path in [broken, folder.path().to_owned(), folder.path().join("no/such/folder")] {
            let error = KeyFile::open(&path, &SystemEntropy).err().unwrap().to_string();
            assert!(error.starts_with("APPGRANT_SECRET_KEY_FILE names"), "{error}");
            assert!(!error.contains("rubbish"), "{error}");
        }
    }
}
