//! The checks themselves, each a look at one thing.

use std::{fs, path::Path, time::Duration};

use super::{certificate, installation::Check};
use crate::{
    cli::{key_file, logging},
    config::{Settings, Values},
    db::{Db, DbError},
    domain::{keyring::Keyring, timestamp::Timestamp, token_life::TokenLife},
    outbound::roots,
    service::{
        environment::{Clock, SystemClock},
        installation,
    },
    web::Site,
};

/// When this version was written: no clock can be right that shows an earlier time.
const WRITTEN: Timestamp = Timestamp::from_millis(1_793_491_200_000); // 2026-11-01

/// How far the database's clock may be from ours.
const DRIFT: Duration = Duration::from_secs(30);

/// All checks, in the order in which one needs the other.
pub(super) async fn all(values: &Values, settings: &Settings) -> Vec<Check> {
    let mut checks = vec![pages(settings), public_url(settings)];
    let db = look_into_database(values, settings, &mut checks).await;
    checks.push(key_file(settings, db.as_ref()).await);
    checks.push(clock(db.as_ref()).await);
    checks.extend(certificate::check(settings, SystemClock.now()));
    checks.extend(roots_of(settings));
    checks.extend(networks(settings));
    checks.extend(tokens(settings));
    checks
}

fn pages(settings: &Settings) -> Check {
    let logo = Site::new(settings).err().map(|error| format!("APPGRANT_STORE_LOGO {error}"));
    let filter = logging::filter(settings).err().map(|error| error.to_string());
    match logo.or(filter) {
        Some(complaint) => Check::failed("settings", format!("{complaint}."), "Mend the setting."),
        None => Check::ok("settings", "All can be understood."),
    }
}

/// Tokens that never end are for whoever knows why.
fn tokens(settings: &Settings) -> Option<Check> {
    let lives = [
        ("APPGRANT_TOKEN_SECONDS", settings.tokens.life),
        ("APPGRANT_REFRESH_TOKEN_SECONDS", settings.tokens.refresh_life),
    ];
    let endless = lives.into_iter().filter(|(_, life)| *life == TokenLife::Never);
    let names: Vec<_> = endless.map(|(name, _)| name).collect();
    (!names.is_empty()).then(|| {
        let what = format!("Tokens never end: {}.", names.join(", "));
        Check::warning("tokens", what, "Set seconds: whoever finds a token may use it for ever.")
    })
}

fn public_url(settings: &Settings) -> Check {
    let url = &settings.public_url;
    if !url.is_secure() && !url.is_loopback() {
        let what = format!("Browsers come to {} without TLS: passwords can be read.", url.as_str());
        return Check::warning(
            "public_url",
            what,
            "Put a proxy with TLS in front and set APPGRANT_PUBLIC_URL to its https address.",
        );
    }
    Check::ok("public_url", format!("{}.", url.as_str()))
}

/// Gives the database, if it can be asked further.
async fn look_into_database(
    values: &Values,
    settings: &Settings,
    checks: &mut Vec<Check>,
) -> Option<Db> {
    let shown = values.shown().find(|shown| shown.name == "APPGRANT_DATABASE_URL");
    let shown = shown.map(|shown| shown.value).unwrap_or_default();
    let file = settings.database_url.strip_prefix("sqlite:").map(Path::new);
    if let Some(file) = file.filter(|file| !file.exists()) {
        checks.push(missing_file(file));
        return None;
    }
    if file.is_some_and(key_file::is_open_to_everybody) {
        let what = format!("Everybody on this machine may read or change {shown}.");
        checks.push(Check::warning("database_file", what, "chmod 600 it."));
    }
    let opened = Db::open_to_look(&settings.database_url);
    let state = match &opened {
        Ok(db) => db.check().await,
        Err(error) => Err(DbError::Unavailable(error.to_string())),
    };
    checks.push(database(&shown, file.is_some(), &state));
    opened.ok().filter(|_| state.is_ok())
}

fn missing_file(file: &Path) -> Check {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) {
        let what = format!("{} is not there yet; the first start makes it.", file.display());
        return Check::ok("database", what);
    }
    let what = format!("{} cannot be made: its folder is not there.", file.display());
    Check::failed("database", what, "Make the folder, or set APPGRANT_DATABASE_URL.")
}

fn database(shown: &str, is_file: bool, state: &Result<(), DbError>) -> Check {
    match state {
        Ok(()) => Check::ok("database", format!("{shown} answers, and its schema is right.")),
        Err(DbError::Schema(line)) if is_file && line.contains("older") => {
            let what = format!("The schema of {shown} is older than this program.");
            Check::warning(
                "database",
                what,
                "The next start brings it up to date; back it up first.",
            )
        }
        Err(DbError::Schema(line)) => {
            Check::failed("database", format!("{shown}: {line}."), "Nothing was changed.")
        }
        Err(error) => Check::failed(
            "database",
            format!("{shown}: {error}."),
            "Check APPGRANT_DATABASE_URL, and that the database runs.",
        ),
    }
}

async fn key_file(settings: &Settings, db: Option<&Db>) -> Check {
    let path = &settings.secret_key_file;
    let shown = path.display();
    let wanted = match db {
        Some(db) => installation::key_file_of(db).await.ok().flatten(),
        None => None,
    };
    if !path.exists() {
        return match wanted {
            Some(_) => Check::failed(
                "key_file",
                format!("{shown} is missing, and the database needs it."),
                "Restore it from the backup: without it keys, passwords and sessions are lost.",
            ),
            None => Check::ok(
                "key_file",
                format!("{shown} is not there yet; the first start makes it."),
            ),
        };
    }
    let key = match key_file::read(path) {
        Ok(key) => key,
        Err(error) => {
            return Check::failed("key_file", format!("{error}."), "Restore it from the backup.");
        }
    };
    if wanted.is_some_and(|wanted| wanted != Keyring::derive(&key).fingerprint()) {
        let what = format!("{shown} is not the key file this database was made with.");
        return Check::failed("key_file", what, "Put the right one back.");
    }
    if key_file::is_open_to_everybody(path) {
        let what = format!("Everybody on this machine may read or change {shown}.");
        return Check::warning("key_file", what, "chmod 600 it.");
    }
    Check::ok("key_file", format!("{shown} can be used."))
}

async fn clock(db: Option<&Db>) -> Check {
    let now = SystemClock.now();
    if now < WRITTEN {
        let what = format!("This machine’s clock shows {now}, before this program was written.");
        return Check::failed(
            "clock",
            what,
            "Set the clock: keys, logins and signatures depend on it.",
        );
    }
    let server = match db {
        Some(db) => db.clock().await.ok().flatten(),
        None => None,
    };
    match server.map(|server| (server, server.since(now).max(now.since(server)))) {
        Some((server, drift)) if drift > DRIFT => Check::warning(
            "clock",
            format!("This machine’s clock shows {now}, the database’s {server}."),
            "Let both follow a time server.",
        ),
        Some(_) => Check::ok("clock", format!("{now}, as the database’s.")),
        None => Check::ok("clock", format!("{now}.")),
    }
}

fn roots_of(settings: &Settings) -> Vec<Check> {
    let mut checks = Vec::new();
    let file = settings.callback_ca_file.as_deref();
    if let Some(path) = file {
        let count = fs::read(path).map_err(|e| e.to_string()).and_then(|pem| roots::of_file(&pem));
        let shown = path.display();
        checks.push(match count {
            Ok(count) => Check::warning(
                "callback_ca_file",
                format!("{shown} adds {count} to the roots that callbacks are trusted by."),
                "Right for development and private apps only.",
            ),
            Err(error) => Check::failed(
                "callback_ca_file",
                format!("{shown} cannot be used: {error}."),
                "Name a PEM file with certificates, or leave the setting out.",
            ),
        });
    }
    checks.push(match roots::of_system() {
        Ok(count) => {
            Check::ok("tls_roots", format!("The system trusts {count} certificate authorities."))
        }
        Err(error) if file.is_some() => Check::warning(
            "tls_roots",
            format!("The system trusts no certificate authority: {error}."),
            "Only apps under APPGRANT_CALLBACK_CA_FILE can be reached.",
        ),
        Err(error) => Check::failed(
            "tls_roots",
            format!("The system trusts no certificate authority: {error}."),
            "Install the package ca-certificates: no callback can be sent without.",
        ),
    });
    checks
}

fn networks(settings: &Settings) -> Vec<Check> {
    let list = |networks: &[ipnet::IpNet]| {
        networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let allowed = &settings.callback_allow_networks;
    let mut checks = vec![if allowed.is_empty() {
        Check::ok("allow_networks", "Callbacks reach public addresses only.")
    } else {
        let what = format!("Callbacks may reach {}, public or not.", list(allowed));
        Check::warning("allow_networks", what, "Right for development and private apps only.")
    }];
    if settings.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        let what = format!(
            "Every client may say where it comes from: {}.",
            list(&settings.trusted_proxies)
        );
        checks.push(Check::warning(
            "trusted_proxies",
            what,
            "Set APPGRANT_TRUSTED_PROXIES to the proxies’ addresses.",
        ));
    }
    checks
}
