//! Registered apps: made by people, each with a key of its own and the exact addresses that its users may be
//! sent back to.

use serde_json::json;

pub use crate::db::token_outcomes::RegisteredApp;
use crate::{
    db::{self, DbError, outcomes::KeyInsert},
    domain::{
        access::KeyAction,
        audit::{Entry, Event, Object},
        credential::Credential,
        key_view::KeyView,
        permissions::Permissions,
        redirect_uri::{RedirectError, RedirectUri},
        text,
        timestamp::Timestamp,
    },
    service::{
        ServiceError, Services,
        caller::Caller,
        keys::{self, KeyError, NewKeyRequest},
    },
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// Whether an app keeps a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// It runs on a server of its maker.
    Confidential,
    /// It runs with its users, who could read any secret in it.
    Public,
}

/// An app as somebody registers it.
#[derive(Clone, Debug)]
pub struct AppRequest {
    /// Its name, which users read.
    pub name: String,
    /// Whether it keeps a secret.
    pub kind: AppKind,
    /// Where its users may be sent back to, one a line.
    pub redirect_uris: String,
    /// What its users may approve at most.
    pub permissions: Permissions,
    /// The number of the user whose key it has.
    pub owner_id: i64,
    /// When the registration ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// An app that was registered, and the only showing of its pair.
pub struct MadeApp {
    /// The number of its key.
    pub key_id: i64,
    /// Key and secret; the secret of a public app is nobody's.
    pub credential: Credential,
}

/// Why something was not done to an app.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nothing names it.
    #[error("name the app, in at most {LONGEST_NAME} characters")]
    Name,
    /// An address cannot be registered.
    #[error("{}{}", named(.0), .1)]
    Redirect(String, RedirectError),
    /// There is none of that number.
    #[error("there is no such app")]
    Unknown,
    /// Something about its key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<DbError> for AppError {
    fn from(error: DbError) -> Self {
        Self::Key(ServiceError::from(error).into())
    }
}

fn named(line: &str) -> String {
    if line.is_empty() {
        return String::new();
    }
    format!("“{}”: ", text::shortened(&text::visible(line), 100))
}

/// Registers an app.
///
/// # Errors
/// If the caller may not, or a rule is broken.
pub async fn register(
    services: &Services,
    caller: &Caller,
    request: AppRequest,
) -> Result<MadeApp, AppError> {
    let name = app_name(&request.name)?;
    let redirect_uris = redirects(&request.redirect_uris)?;
    let key = NewKeyRequest {
        owner_id: request.owner_id,
        description: format!("{name} (registered app)"),
        permissions: request.permissions,
        expires_at: request.expires_at,
    };
    let keys::Prepared { credential, new, .. } =
        keys::prepare_permitted(services, caller, key).await?;
    let public = request.kind == AppKind::Public;
    let seal = if public { None } else { keys::seal_secret(services, &credential) };
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({
        "app": name, "public": public, "owner": request.owner_id,
        "permissions": request.permissions.as_str(),
        "redirect_uris": redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
    });
    let app = RegisteredApp { key_id: 0, name, public, redirect_uris, created_at: now };
    let made = db::audited!(
        services.db,
        journal,
        oauth_clients::register(now, new, seal, app),
        |made: &KeyInsert| match made {
            KeyInsert::Made(id) => {
                vec![Entry::done(Event::AppRegistered, Object::key(*id), details)]
            }
            KeyInsert::Taken(_) | KeyInsert::NoOwner => Vec::new(),
        },
    )?;
    match made {
        KeyInsert::Made(key_id) => Ok(MadeApp { key_id, credential }),
        KeyInsert::NoOwner => Err(KeyError::NoOwner.into()),
        // Two of 2^160 random keys.
        KeyInsert::Taken(_) => Err(KeyError::Changed.into()),
    }
}

/// A page of registered apps, each with its key.
pub struct AppPage {
    /// The newest first.
    pub apps: Vec<(RegisteredApp, KeyView)>,
    /// Before which number the next page begins, if there is one.
    pub next: Option<i64>,
}

/// Registered apps, the newest first: those before that number.
///
/// # Errors
/// If nobody asks.
pub async fn list_apps(
    services: &Services,
    caller: &Caller,
    before: Option<i64>,
    most: usize,
) -> Result<AppPage, AppError> {
    caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut apps = db::read!(services.db, oauth_clients::list(before, limit))?;
    let has_more = apps.len() > most;
    apps.truncate(most);
    let next = apps.last().map(|app| app.key_id).filter(|_| has_more);
    let ids: Vec<i64> = apps.iter().map(|app| app.key_id).collect();
    let keys = db::read!(services.db, key_views::by_ids(services.now(), &ids))?;
    let with_key = |app: RegisteredApp| {
        let key = keys.iter().find(|key| key.id == app.key_id)?.clone();
        Some((app, key))
    };
    Ok(AppPage { apps: apps.into_iter().filter_map(with_key).collect(), next })
}

/// The registered app of a key; nothing if the key is none's.
///
/// # Errors
/// If there is no such key, or nobody asks.
pub async fn show_app(
    services: &Services,
    caller: &Caller,
    key_id: i64,
) -> Result<Option<RegisteredApp>, AppError> {
    keys::show(services, caller, key_id).await?;
    Ok(db::read!(services.db, oauth_clients::find(key_id))?)
}

/// The number of the registered app's key whose connection that key is.
///
/// # Errors
/// If the database gives no answer.
pub async fn client_of(services: &Services, key_id: i64) -> Result<Option<i64>, AppError> {
    Ok(db::read!(services.db, oauth_clients::client_of(key_id))?)
}

/// Some live connections of an app, the newest first: those before that number.
///
/// # Errors
/// If there is no such key, or nobody asks.
pub async fn connections_of(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    (before, most): (Option<i64>, usize),
) -> Result<(Vec<KeyView>, Option<i64>), AppError> {
    keys::show(services, caller, key_id).await?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let mut ids = db::read!(services.db, oauth_clients::connections_of(key_id, before, limit))?;
    let has_more = ids.len() > most;
    ids.truncate(most);
    let next = ids.last().copied().filter(|_| has_more);
    Ok((db::read!(services.db, key_views::by_ids(services.now(), &ids))?, next))
}

/// The registered apps whose keys those are.
///
/// # Errors
/// If the database gives no answer.
pub async fn apps_of_keys(
    services: &Services,
    key_ids: &[i64],
) -> Result<Vec<RegisteredApp>, AppError> {
    Ok(db::read!(services.db, oauth_clients::of_keys(key_ids))?)
}

/// Some registered apps whose keys are live and that user's.
///
/// # Errors
/// If the database gives no answer.
pub async fn apps_of_owner(
    services: &Services,
    owner_id: i64,
    most: usize,
) -> Result<Vec<RegisteredApp>, AppError> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(db::read!(services.db, oauth_clients::some_of_owner(owner_id, limit))?)
}

/// How many live connections these keys' apps have, together; counted no further than `most`.
///
/// # Errors
/// If the database gives no answer.
pub async fn count_connections(
    services: &Services,
    key_ids: &[i64],
    most: usize,
) -> Result<usize, AppError> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(db::read!(services.db, oauth_clients::count_connections(key_ids, limit))?)
}

/// Changes name and addresses of an app; nothing stays as it is.
///
/// # Errors
/// If the caller may not, there is none, a rule is broken, or somebody else changed it meanwhile.
pub async fn change_app(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    (name, redirect_uris): (Option<String>, Option<String>),
) -> Result<RegisteredApp, AppError> {
    let key = keys::permitted(services, caller, key_id, &[KeyAction::Widen]).await?;
    if !key.state.is_live() {
        return Err(KeyError::Over(key.state).into());
    }
    let seen = db::read!(services.db, oauth_clients::find(key_id))?.ok_or(AppError::Unknown)?;
    let mut new = seen.clone();
    if let Some(name) = name {
        new.name = app_name(&name)?;
    }
    if let Some(text) = redirect_uris {
        new.redirect_uris = redirects(&text)?;
    }
    if new == seen {
        return Ok(seen);
    }
    let journal = caller.journal(services);
    let details = json!({
        "app": new.name,
        "redirect_uris": new.redirect_uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>(),
    });
    let wanted = new.clone();
    let changed = db::audited!(
        services.db,
        journal,
        oauth_clients::change(key.owner.id, seen, wanted),
        |changed: &bool| {
            let entry = Entry::done(Event::AppChanged, Object::key(key_id), details);
            if *changed { vec![entry] } else { Vec::new() }
        },
    )?;
    if changed { Ok(new) } else { Err(KeyError::Changed.into()) }
}

/// The name of an app, as somebody typed it.
///
/// # Errors
/// If nothing is left of it, or it is too long.
pub fn app_name(name: &str) -> Result<String, AppError> {
    let name = text::visible(name).trim().to_owned();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    fits.then_some(name).ok_or(AppError::Name)
}

/// The addresses of an app, as somebody typed them, one a line.
///
/// # Errors
/// Which cannot be registered, and why.
pub fn redirects(text: &str) -> Result<Vec<RedirectUri>, AppError> {
    RedirectUri::parse_all(text).map_err(|(line, error)| AppError::Redirect(line, error))
}
