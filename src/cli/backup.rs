//! `appgrant backup`: a copy of the SQLite file as it is at one moment, and of its key file.
//!
//! While the service runs, the file alone is not the database: the newest part stands in its log. So
//! SQLite writes the copy (`VACUUM INTO`). Both copies are made under another name and named when they are
//! whole, the database last. The schema stays as it is: a backup comes before an upgrade. Never: over a
//! file that is there.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use clap::Args;
use zeroize::Zeroizing;

use super::{CliError, key_file, output::print_line};
use crate::{
    config::{SettingError, Settings, Values},
    db::Db,
    domain::keyring::Keyring,
    service::installation,
};

/// The copies' names.
const NAMES: [&str; 2] = ["appgrant.key", "appgrant.db"];

#[derive(Args)]
pub(super) struct Options {
    /// A folder that holds no backup yet; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

pub(super) async fn run(values: &Values, Options { to }: Options) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let db = database(&settings)?;
    check_key_file(&settings, &db).await?;
    let unwritable =
        |error| CliError::new(format!("{}: the backup cannot be written: {error}", to.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(&to).map_err(unwritable)?;
    if fs::metadata(&to).map_err(unwritable)?.permissions().mode() & 0o002 != 0 {
        return Err(CliError::new(format!(
            "{}: everybody on this machine may write there: name another folder, or chmod o-w it",
            to.display()
        )));
    }
    for name in NAMES {
        if to.join(name).exists() {
            let there = to.join(name);
            return Err(CliError::new(format!(
                "{} is there already: name another folder",
                there.display()
            )));
        }
    }
    let [key, database] = NAMES.map(|name| to.join(format!("{name}.part")));
    let copied = copy_key(&settings.secret_key_file, &key).map_err(unwritable);
    let copied = match copied {
        Ok(()) => copy_database(&db, &database).await,
        Err(error) => Err(error),
    };
    let named = copied.and_then(|()| {
        let name = |name: &str| fs::rename(to.join(format!("{name}.part")), to.join(name));
        NAMES.into_iter().try_for_each(name).map_err(unwritable)
    });
    if named.is_err() {
        let _ = [key, database].map(fs::remove_file);
    }
    named?;
    print_line(format!("{}: the database and its key file", to.display()))
}

fn database(settings: &Settings) -> Result<Db, CliError> {
    let about = |complaint: String| SettingError::about("database_url", complaint).into();
    let Some(path) = settings.database_url.strip_prefix("sqlite:") else {
        return Err(about(
            "names no SQLite file: back PostgreSQL up with pg_dump, and copy the key file".into(),
        ));
    };
    if !Path::new(path).exists() {
        return Err(about(format!("names {path}, which is not there: nothing to back up")));
    }
    Ok(Db::open(&settings.database_url)?)
}

/// A database without its key file is no backup.
async fn check_key_file(settings: &Settings, db: &Db) -> Result<(), CliError> {
    let path = &settings.secret_key_file;
    let ours = Keyring::derive(&key_file::read(path)?).fingerprint();
    if installation::key_file_of(db).await?.is_none_or(|made_with| made_with == ours) {
        return Ok(());
    }
    let complaint =
        format!("names {}, which is not the key file this database was made with", path.display());
    Err(SettingError::about("secret_key_file", complaint).into())
}

fn copy_key(from: &Path, to: &Path) -> std::io::Result<()> {
    let content = Zeroizing::new(fs::read(from)?);
    let mut file = fresh(to)?;
    file.write_all(&content)?;
    file.sync_all()
}

/// A file of our own, also where a backup that broke off left one, or somebody a link.
fn fresh(path: &Path) -> std::io::Result<File> {
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

async fn copy_database(db: &Db, to: &Path) -> Result<(), CliError> {
    let unwritable =
        |error| CliError::new(format!("{}: the backup cannot be written: {error}", to.display()));
    let Some(name) = to.to_str() else {
        return Err(CliError::new(format!("{} is not UTF-8", to.display())));
    };
    // SQLite fills an empty file, and leaves its mode as it is.
    fresh(to).map_err(unwritable)?;
    db.write_copy(name.to_owned()).await?;
    File::open(to).and_then(|file| file.sync_all()).map_err(unwritable)
}
