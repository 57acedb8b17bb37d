//! Making a key by hand: shown once, to whoever made it.

use std::sync::Arc;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{KeyError, described};
use crate::{
    db::{
        self,
        outcomes::{KeyInsert, NewKey, OnceMade, SealFor},
    },
    domain::{
        audit::{Entry, Event, Object},
        credential::{ConsumerSecret, Credential},
        entropy::random,
        key_rules::Environment,
        key_view::{KeyKind, KeyView, Owner, ShownState},
        oauth1::Mode,
        permissions::Permissions,
        sealed::Sealed,
        timestamp::Timestamp,
        user::User,
    },
    service::{
        Services,
        caller::Caller,
        idempotency::{self, Creation, Once, ShownAnswer},
        verify,
        views::KeyJson,
    },
};

/// A key as somebody asked for it.
#[derive(Clone, Debug)]
pub struct NewKeyRequest {
    /// The number of the user it shall act for.
    pub owner_id: i64,
    /// What it is for.
    pub description: String,
    /// What it may do.
    pub permissions: Permissions,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A key that was made, and the only showing of its secret.
pub struct MadeKey {
    /// Its number.
    pub id: i64,
    /// Key and secret.
    pub credential: Credential,
}

/// Makes a key that works at once. Managers make keys for themselves; admins for anybody.
///
/// # Errors
/// If the caller may not, a rule is broken, or the owner cannot have keys.
pub async fn create(
    services: &Services,
    caller: &Caller,
    request: NewKeyRequest,
) -> Result<MadeKey, KeyError> {
    permitted(services, caller, request.owner_id).await?;
    let Prepared { credential, new, .. } = prepare(services, request).await?;
    let seal = seal_secret(services, &credential);
    let (now, journal, details) = (services.now(), caller.journal(services), told(&new));
    let made = db::audited!(
        services.db,
        journal,
        key_edits::create(now, new, seal),
        |made: &KeyInsert| noted(*made, details),
    )?;
    Ok(MadeKey { id: number(made)?, credential })
}

/// Makes a key as [`create`] does and gives the whole answer, once for a named request: sent again, it
/// gets the same answer, secret included.
///
/// # Errors
/// As [`create`].
pub async fn create_once(
    services: &Services,
    caller: &Caller,
    request: NewKeyRequest,
    once: Option<Once>,
) -> Result<Creation, KeyError> {
    permitted(services, caller, request.owner_id).await?;
    if let Some(before) = idempotency::recall(services, once.as_ref()).await? {
        return Ok(before);
    }
    let Prepared { credential, new, owner } = prepare(services, request).await?;
    let now = services.now();
    let seal = seal_secret(services, &credential);
    let answer = Arc::new(shown_once(now, &new, owner, credential));
    let kept = Arc::clone(&answer);
    let remember = idempotency::to_remember(services, once.as_ref(), move |id| kept(id));
    let (journal, details) = (caller.journal(services), told(&new));
    let made = db::audited!(
        services.db,
        journal,
        key_edits::create_once(now, new, seal, remember),
        |made: &OnceMade<KeyInsert>| match made {
            OnceMade::Now(made) => noted(*made, details),
            OnceMade::Before(_) | OnceMade::Another => Vec::new(),
        },
    )?;
    match idempotency::settled(services, once.as_ref(), made)? {
        Ok(made) => {
            let body = answer(number(made)?);
            Ok(Creation::Answered(ShownAnswer { body, again: false }))
        }
        Err(before) => Ok(before),
    }
}

async fn permitted(services: &Services, caller: &Caller, owner_id: i64) -> Result<(), KeyError> {
    let role = caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let for_itself = caller.actor.user_id() == Some(owner_id);
    if role.may_manage_users() || (role.may_create_keys() && for_itself) {
        return Ok(());
    }
    let details = json!({ "owner": owner_id });
    let object = Object::user(owner_id);
    caller.note(services, Entry::refused(Event::KeyCreated, object, details)).await?;
    Err(KeyError::NotAllowed)
}

/// A key that only lacks its row.
pub(in crate::service) struct Prepared {
    /// Key and secret.
    pub credential: Credential,
    /// The row.
    pub new: NewKey,
    /// Whom it acts for.
    pub owner: User,
}

/// Makes a key that somebody else writes, if the caller may make it.
pub(in crate::service) async fn prepare_permitted(
    services: &Services,
    caller: &Caller,
    request: NewKeyRequest,
) -> Result<Prepared, KeyError> {
    permitted(services, caller, request.owner_id).await?;
    prepare(services, request).await
}

async fn prepare(services: &Services, request: NewKeyRequest) -> Result<Prepared, KeyError> {
    let description = described(&request.description)?;
    let owner = db::read!(services.db, users::by_id(request.owner_id))?;
    let owner = owner.filter(|owner| !owner.disabled).ok_or(KeyError::NoOwner)?;
    let credential = Credential::generate(&*services.entropy);
    let new = hashed(services, &credential, NewKeyRequest { description, ..request }).await?;
    Ok(Prepared { credential, new, owner })
}

/// What the log says of a new key.
fn told(new: &NewKey) -> Value {
    json!({
        "owner": new.owner_id, "description": new.description,
        "permissions": new.permissions.as_str(),
        "expires_at": new.expires_at.map(|at| at.to_string()),
    })
}

fn noted(made: KeyInsert, details: Value) -> Vec<Entry> {
    match made {
        KeyInsert::Made(id) => vec![Entry::done(Event::KeyCreated, Object::key(id), details)],
        KeyInsert::Taken(_) | KeyInsert::NoOwner => Vec::new(),
    }
}

fn number(made: KeyInsert) -> Result<i64, KeyError> {
    match made {
        KeyInsert::Made(id) => Ok(id),
        KeyInsert::NoOwner => Err(KeyError::NoOwner),
        // Two of 2^160 random keys.
        KeyInsert::Taken(_) => Err(KeyError::Changed),
    }
}

/// The answer to a creation: the key as it is shown ever after, with its pair.
fn shown_once(
    now: Timestamp,
    new: &NewKey,
    owner: User,
    credential: Credential,
) -> impl Fn(i64) -> Zeroizing<Vec<u8>> + Send + Sync + use<> {
    let key = KeyView {
        id: 0,
        description: new.description.clone(),
        ending: new.ending.clone(),
        permissions: new.permissions,
        kind: KeyKind::Manual,
        environment: Environment::default(),
        state: ShownState::Active,
        owner: Owner { id: owner.id, login: owner.login, name: owner.name, disabled: false },
        app: None,
        created_at: now,
        expires_at: new.expires_at,
        last_use: None,
        last_write_at: None,
        revoked_at: None,
        revoke_reason: None,
    };
    move |id| with_pair(KeyView { id, ..key.clone() }, &credential)
}

/// Writes out a key with its pair, to be shown this once.
pub fn with_pair(key: KeyView, pair: &Credential) -> Zeroizing<Vec<u8>> {
    let mut answer = json!(KeyJson::from(key));
    answer["consumer_key"] = pair.key.as_str().into();
    answer["consumer_secret"] = pair.secret.expose().into();
    Zeroizing::new(answer.to_string().into_bytes())
}

/// The row of a key, its secret hashed.
async fn hashed(
    services: &Services,
    credential: &Credential,
    request: NewKeyRequest,
) -> Result<NewKey, KeyError> {
    let secret = Zeroizing::new(credential.secret.expose().to_owned());
    let salt = random(&*services.entropy);
    let secret_hash = services.secret_hasher.hash(secret, salt, services.costs.secret).await?;
    Ok(NewKey {
        lookup: services.keyring.lookup(credential.key.as_str()),
        secret_hash,
        ending: credential.key.ending(),
        description: request.description,
        permissions: request.permissions,
        owner_id: request.owner_id,
        expires_at: request.expires_at,
    })
}

/// Seals the secret for OAuth 1.0a, if that is on.
pub(in crate::service) fn seal_secret(services: &Services, pair: &Credential) -> Option<SealFor> {
    seal(services, &pair.secret)
}

/// As [`seal_secret`], where only the secret is known.
pub(super) fn seal(services: &Services, secret: &ConsumerSecret) -> Option<SealFor> {
    let (keyring, entropy) = (services.keyring.clone(), services.entropy.clone());
    let secret = Zeroizing::new(secret.expose().to_owned());
    let seal = move |key_id| {
        Sealed::seal(&keyring, &*entropy, &verify::sealed_row(key_id), secret.as_bytes())
    };
    let is_kept = services.verifier.options.oauth1 != Mode::Off;
    is_kept.then(|| Box::new(seal) as SealFor)
}
