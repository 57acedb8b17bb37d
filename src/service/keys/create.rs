//! Making a key by hand: shown once, to whoever made it.

use serde_json::json;
use zeroize::Zeroizing;

use super::{KeyError, described};
use crate::{
    db::{
        self,
        outcomes::{KeyInsert, NewKey, SealFor},
    },
    domain::{
        audit::{Entry, Event, Object},
        credential::{ConsumerSecret, Credential},
        entropy::random,
        oauth1::Mode,
        permissions::Permissions,
        sealed::Sealed,
        timestamp::Timestamp,
    },
    service::{Services, caller::Caller, verify},
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
    let role = caller.actor.role().ok_or(KeyError::NotAllowed)?;
    let for_itself = caller.actor.user_id() == Some(request.owner_id);
    let may = role.may_manage_users() || (role.may_create_keys() && for_itself);
    if !may {
        let details = json!({ "owner": request.owner_id });
        let object = Object::user(request.owner_id);
        caller.note(services, Entry::refused(Event::KeyCreated, object, details)).await?;
        return Err(KeyError::NotAllowed);
    }
    let description = described(&request.description)?;
    let credential = Credential::generate(&*services.entropy);
    let new = hashed(services, &credential, NewKeyRequest { description, ..request }).await?;
    let seal = seal_secret(services, &credential);
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({
        "owner": new.owner_id, "description": new.description,
        "permissions": new.permissions.as_str(),
        "expires_at": new.expires_at.map(|at| at.to_string()),
    });
    let made = db::audited!(
        services.db,
        journal,
        key_edits::create(now, new, seal),
        |made: &KeyInsert| match made {
            KeyInsert::Made(id) => vec![Entry::done(Event::KeyCreated, Object::key(*id), details)],
            KeyInsert::Taken(_) | KeyInsert::NoOwner => Vec::new(),
        },
    )?;
    match made {
        KeyInsert::Made(id) => Ok(MadeKey { id, credential }),
        KeyInsert::NoOwner => Err(KeyError::NoOwner),
        // Two of 2^160 random keys.
        KeyInsert::Taken(_) => Err(KeyError::Changed),
    }
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
