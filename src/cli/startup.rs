//! Builds the graph of objects out of the settings: the one place where everything meets.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    thread::available_parallelism,
};

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use super::{CliError, key_file::KeyFile};
use crate::{
    config::{LicenseKeys, SettingError, Settings, Values},
    db::{Db, DbError},
    domain::{
        entropy::{Entropy, random},
        keyring::Keyring,
        token_life::TokenLife,
    },
    outbound::{AddressGuard, CallbackClient, ClientOptions, Lookup, SystemLookup},
    service::{
        Costs, Hasher, Services, Signals,
        access_tokens::{Mint, TokenOptions},
        callback_check::CallbackChecks,
        environment::{Clock, SystemClock, SystemEntropy},
        health::Health,
        installation, licenses,
        readings::LatelyRead,
        signing::LastSeen,
        verify::{self, Verifier},
    },
    telemetry::Metrics,
    worker::delivery,
};

/// How many passwords may wait to be hashed: anybody may send them.
const PASSWORDS_IN_LINE: usize = 64;

/// How many consumer secrets may wait: after a restart every key in use comes for its first check.
const SECRETS_IN_LINE: usize = 1_024;

/// How many names the early word may ask for at one time.
const EARLY_LOOKUPS: usize = 32;

/// What the outside world is made of; tests bring their own.
pub struct World {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Where names lead, for deliveries.
    pub lookup: Arc<dyn Lookup>,
    /// Where names lead, for the early word: an own one, so that slow names hold up no delivery.
    pub early_lookup: Arc<dyn Lookup>,
    /// What hashing costs, if not what the settings say.
    pub costs: Option<Costs>,
    /// Threads of the web server.
    pub web_workers: usize,
}

impl World {
    /// The real one.
    pub fn real() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            lookup: Arc::new(SystemLookup::new(delivery::AT_ONCE)),
            early_lookup: Arc::new(SystemLookup::new(EARLY_LOOKUPS)),
            costs: None,
            web_workers: cores(),
        }
    }
}

/// The text of all settings: from the environment, and the file named or found.
///
/// # Errors
/// If the named file cannot be read, or a name in either is unknown.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn values(config: Option<&Path>) -> Result<Values, CliError> {
    let mut environment = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => environment.push((name, value)),
            Err(_) if name.starts_with("APPGRANT_") => {
                return Err(CliError::new(format!("{name} (from the environment) is not UTF-8")));
            }
            Err(_) => {}
        }
    }
    let path = match config {
        Some(path) => Some(path),
        None => Some(Path::new("appgrant.toml")).filter(|path| path.exists()),
    };
    let Some(path) = path else {
        return Ok(Values::gather(environment, None)?);
    };
    let name = path.display().to_string();
    let content = fs::read_to_string(path).map_err(|error| {
        CliError::new(format!("the settings file {name} cannot be read: {error}"))
    })?;
    Ok(Values::gather(environment, Some((&name, &content)))?)
}

/// Opens the database as it is; a new file may be read by its owner only.
///
/// # Errors
/// If the file cannot be made.
pub fn open(settings: &Settings) -> Result<Db, CliError> {
    if let Some(path) = settings.database_url.strip_prefix("sqlite:") {
        create_private(Path::new(path)).map_err(|error| {
            about_database(&format!("names a file that cannot be made: {error}"))
        })?;
    }
    Db::open_pool(&settings.database_url, settings.database_pool_size).map_err(
        |error| match error {
            DbError::Address(complaint) => about_database(&format!("cannot be used: {complaint}")),
            other => other.into(),
        },
    )
}

/// Applies what the schema lacks; gives the names.
///
/// # Errors
/// If the database cannot be used.
pub async fn migrate(db: &Db) -> Result<Vec<String>, CliError> {
    db.migrate().await.map_err(|error| about_database(&format!("cannot be used: {error}")))
}

/// Opens the database and brings it up to date: by itself on SQLite; on PostgreSQL it must be.
///
/// # Errors
/// If it cannot be reached, or its schema is not this version's.
pub async fn database(settings: &Settings) -> Result<Db, CliError> {
    let db = open(settings)?;
    if db.is_sqlite() {
        migrate(&db).await?;
    }
    db.check().await?;
    Ok(db)
}

/// What [`services`] gives, of a store that is there. Commands that only look or change make none: in a
/// wrong folder, as that of a cron job, an empty store would be taken for the right one.
///
/// # Errors
/// If the database is not there, and as [`services`].
pub async fn of_store(settings: &Settings) -> Result<Arc<Services>, CliError> {
    if let Some(path) = settings.database_url.strip_prefix("sqlite:")
        && !Path::new(path).exists()
    {
        let complaint = "which is not there; appgrant serve and appgrant user add make one";
        return Err(about_database(&format!("names {path}, {complaint}")));
    }
    services(settings, &World::real()).await
}

/// Everything the use cases need, checked that it belongs together.
///
/// # Errors
/// One line about the setting that does not fit.
pub async fn services(settings: &Settings, world: &World) -> Result<Arc<Services>, CliError> {
    let db = database(settings).await?;
    let key_file = KeyFile::open(&settings.secret_key_file, &*world.entropy)?;
    let keyring = Arc::new(Keyring::derive(&key_file.key));
    let password_hasher = Hasher::start(&keyring, 1, PASSWORDS_IN_LINE);
    let verifier = Verifier::new(verify_options(settings), &*world.entropy);
    let by_settings = Costs { secret: settings.secret_hash, ..Costs::default() };
    let costs = world.costs.unwrap_or(by_settings);
    let callbacks = callbacks(settings, &world.lookup)?;
    let early_lookup = Arc::clone(&world.early_lookup);
    let metrics = Metrics::new(world.clock.now(), db.kind());
    let services = Arc::new(Services {
        hearing: db.apart()?,
        db,
        clock: Arc::clone(&world.clock),
        entropy: Arc::clone(&world.entropy),
        decoy_hash: decoy(&password_hasher, world, costs).await?,
        password_hasher,
        secret_hasher: Hasher::start(&keyring, cores() / 2, SECRETS_IN_LINE),
        keyring,
        costs,
        callback_checks: CallbackChecks::new(callbacks.asking(early_lookup)),
        callbacks,
        callback_timeout: settings.callback_timeout,
        public_url: settings.public_url.as_str().to_owned(),
        signals: Signals::default(),
        health: Health::default(),
        signing: LastSeen::default(),
        verifier,
        tokens: Mint::new(token_options(settings)),
        licenses: licenses::Desk::new(settings.license_keys == LicenseKeys::Readable),
        metrics,
        lately_read: LatelyRead::default(),
    });
    belonging(services, key_file).await
}

/// The same, if the key file is the one that the database was made with.
async fn belonging(services: Arc<Services>, key_file: KeyFile) -> Result<Arc<Services>, CliError> {
    if installation::key_file_fits(&services).await? {
        licenses::begin(&services).await?;
        return Ok(services);
    }
    if key_file.is_new {
        let _ = fs::remove_file(&key_file.path);
    }
    let complaint = format!(
        "names {}, which is not the key file this database was made with; put the right one back",
        key_file.path.display()
    );
    Err(SettingError::about("secret_key_file", complaint).into())
}

/// The hash of a password nobody knows.
async fn decoy(hasher: &Hasher, world: &World, costs: Costs) -> Result<String, CliError> {
    let password = Zeroizing::new(HEXLOWER.encode(&random::<16>(&*world.entropy)));
    Ok(hasher.hash(password, random(&*world.entropy), costs.password).await?)
}

fn token_options(settings: &Settings) -> TokenOptions {
    for (name, life) in [
        ("APPGRANT_TOKEN_SECONDS", settings.tokens.life),
        ("APPGRANT_REFRESH_TOKEN_SECONDS", settings.tokens.refresh_life),
    ] {
        if life == TokenLife::Never {
            tracing::warn!(
                setting = name,
                "tokens never end; whoever finds one may use it for ever"
            );
        }
    }
    TokenOptions {
        life: settings.tokens.life,
        refresh_life: settings.tokens.refresh_life,
        rate: settings.tokens.rate,
        password_grant: settings.tokens.password_grant,
        public_is_secure: settings.public_url.is_secure(),
    }
}

fn verify_options(settings: &Settings) -> verify::Options {
    verify::Options {
        protected: settings.protected_paths.clone().under(settings.public_url.prefix()),
        plain_http: settings.allow_plain_http_keys,
        anonymous: settings.anonymous,
        oauth1: settings.oauth1,
        without_database: settings.verify_without_database,
        public_origin: settings.public_url.origin().to_owned(),
    }
}

pub(super) fn callbacks(
    settings: &Settings,
    lookup: &Arc<dyn Lookup>,
) -> Result<CallbackClient, CliError> {
    let about = |complaint: String| SettingError::about("callback_ca_file", complaint);
    let read = |path: &std::path::PathBuf| {
        fs::read(path)
            .map_err(|e| about(format!("names {}, which cannot be read: {e}", path.display())))
    };
    let options = ClientOptions {
        timeout: settings.callback_timeout,
        guard: AddressGuard::new(settings.callback_allow_networks.clone()),
        lookup: Arc::clone(lookup),
        extra_roots: settings.callback_ca_file.as_ref().map(read).transpose()?,
        user_agent: format!(
            "AppGrant/{}; {}",
            env!("CARGO_PKG_VERSION"),
            settings.public_url.as_str()
        ),
    };
    CallbackClient::new(options).map_err(|error| about(format!("cannot be used: {error}")).into())
}

/// Makes an empty file that only its owner may read, unless there is one.
fn create_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

fn about_database(complaint: &str) -> CliError {
    SettingError::about("database_url", complaint).into()
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
