//! Giving a key a new pair of consumer key and secret, the one before working on for a while
//! (`domain::pair`).
//!
//! A key made by hand shows its new pair once. An app's is sent to the callback that took the first one,
//! durably like the first: with the press of the button the delivery is written, and it ends in the app
//! having the new pair, or in everything being as it was.

use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{KeyError, MadeKey, has_secret, permitted, seal_secret};
use crate::{
    db::{
        self,
        pairs::{Exchange, Exchanged, Handover, NewPair},
    },
    domain::{
        access::KeyAction,
        audit::{Entry, Event, Object},
        authorize_request::AuthorizeRequest,
        callback_body::{self, Facts},
        credential::Credential,
        entropy::random,
        key_view::{KeyView, ShownState},
        keyring::Lookup,
        pair::LONGEST_OVERLAP,
        sealed::Sealed,
    },
    fault,
    service::{ServiceError, Services, caller::Caller},
};

/// How many previous pairs end in one transaction.
const AT_ONCE: i64 = 100;

/// What became of a rotation.
pub enum Rotated {
    /// The new pair, shown this once.
    Shown(MadeKey),
    /// It is on its way to the app.
    Sent {
        /// The grant that made the key.
        grant_id: String,
        /// The delivery that hands the new pair over.
        delivery_id: String,
    },
}

/// Gives an active key a new pair; the one before works on for `overlap`, an app's only until the new one
/// is used.
///
/// # Errors
/// If the caller may not, the overlap is too long, the key is not active, has two pairs already, or was
/// changed meanwhile.
pub async fn rotate(
    services: &Services,
    caller: &Caller,
    id: i64,
    overlap: Duration,
) -> Result<Rotated, KeyError> {
    if overlap > LONGEST_OVERLAP {
        return Err(KeyError::Overlap);
    }
    let key = permitted(services, caller, id, &[KeyAction::Rotate]).await?;
    match key.state {
        ShownState::Active if has_secret(services, &key).await? => {}
        ShownState::Active => return Err(KeyError::NoPair),
        ShownState::Delivering => return Err(KeyError::Rotating),
        over => return Err(KeyError::Over(over)),
    }
    let credential = Credential::generate(&*services.entropy);
    let new = Exchange {
        key_id: id,
        owner_id: key.owner.id,
        ending: key.ending.clone(),
        pair: hashed(services, id, &credential).await?,
        overlap,
    };
    match key.app.as_ref().map(|app| app.grant_id.clone()) {
        None => show(services, caller, new, credential).await,
        Some(grant_id) => send(services, caller, (&key, grant_id), new, credential).await,
    }
}

async fn hashed(
    services: &Services,
    key_id: i64,
    credential: &Credential,
) -> Result<NewPair, ServiceError> {
    let secret = Zeroizing::new(credential.secret.expose().to_owned());
    let salt = random(&*services.entropy);
    Ok(NewPair {
        lookup: services.keyring.lookup(credential.key.as_str()),
        secret_hash: services.secret_hasher.hash(secret, salt, services.costs.secret).await?,
        ending: credential.key.ending(),
        sealed_secret: seal_secret(services, credential).map(|seal| seal(key_id)),
    })
}

async fn show(
    services: &Services,
    caller: &Caller,
    new: Exchange,
    credential: Credential,
) -> Result<Rotated, KeyError> {
    let (id, now, journal) = (new.key_id, services.now(), caller.journal(services));
    let details = details("shown", new.overlap);
    let exchanged = db::audited!(
        services.db,
        journal,
        rotations::exchange(now, new),
        |exchanged: &Exchanged| entries(*exchanged, id, details),
    )?;
    services.verifier.changes.changed_here(services).await;
    done(exchanged).map(|()| Rotated::Shown(MadeKey { id, credential }))
}

async fn send(
    services: &Services,
    caller: &Caller,
    (key, grant_id): (&KeyView, String),
    new: Exchange,
    credential: Credential,
) -> Result<Rotated, KeyError> {
    let request = db::read!(services.db, delivery_status::request_of(&grant_id))?;
    let delivery_id = format!("msg_{}", services.new_id());
    let body = seal(services, (key, &request), &credential, (&grant_id, &delivery_id));
    let (id, now, journal) = (key.id, services.now(), caller.journal(services));
    let by = Handover { grant_id: grant_id.clone(), delivery_id: delivery_id.clone(), body };
    let details = details("sent", new.overlap);
    let exchanged = db::audited!(
        services.db,
        journal,
        rotations::hand_over(now, new, by),
        |exchanged: &Exchanged| entries(*exchanged, id, details),
    )?;
    fault::point("after-rotation").await;
    services.signals.wake_worker();
    done(exchanged).map(|()| Rotated::Sent { grant_id, delivery_id })
}

/// The body of the callback: what the first one held, with the new pair and what holds now.
fn seal(
    services: &Services,
    (key, request): (&KeyView, &AuthorizeRequest),
    credential: &Credential,
    (grant_id, delivery_id): (&str, &str),
) -> Sealed {
    let facts = Facts {
        key_id: key.id,
        permissions: key.permissions,
        store_url: &services.public_url,
        grant_id,
        issued_at: services.now(),
        expires_at: key.expires_at,
    };
    let body = callback_body::write(request, credential, facts);
    Sealed::seal(&services.keyring, &*services.entropy, delivery_id, &body)
}

fn details(step: &str, overlap: Duration) -> Value {
    json!({ "step": step, "overlap_seconds": overlap.as_secs() })
}

fn entries(exchanged: Exchanged, id: i64, details: Value) -> Vec<Entry> {
    match exchanged {
        Exchanged::Done => vec![Entry::done(Event::KeyRotated, Object::key(id), details)],
        Exchanged::UnderWay | Exchanged::Changed => Vec::new(),
    }
}

fn done(exchanged: Exchanged) -> Result<(), KeyError> {
    match exchanged {
        Exchanged::Done => Ok(()),
        Exchanged::UnderWay => Err(KeyError::Rotating),
        Exchanged::Changed => Err(KeyError::Changed),
    }
}

/// Ends the pair before a key's own at once.
///
/// # Errors
/// If the caller may not, or there is none.
pub async fn end_previous(services: &Services, caller: &Caller, id: i64) -> Result<(), KeyError> {
    permitted(services, caller, id, &[KeyAction::Rotate]).await?;
    let ended = end_one(services, caller, id, None, "by_hand").await?;
    if ended { Ok(()) } else { Err(KeyError::Changed) }
}

/// Ends the pair before a key's own, which was used.
pub(in crate::service) async fn end_previous_after_use(
    services: &Services,
    id: i64,
    own: Lookup,
) -> Result<(), ServiceError> {
    end_one(services, &Caller::system(), id, Some(own), "new_pair_used").await.map(drop)
}

async fn end_one(
    services: &Services,
    caller: &Caller,
    id: i64,
    of_own: Option<Lookup>,
    why: &str,
) -> Result<bool, ServiceError> {
    let (now, journal) = (services.now(), caller.journal(services));
    let details = json!({ "why": why });
    let ended = db::audited!(
        services.db,
        journal,
        other_pairs::end_previous(now, id, of_own),
        |ended: &bool| {
            let entry = Entry::done(Event::OldSecretEnded, Object::key(id), details);
            if *ended { vec![entry] } else { Vec::new() }
        },
    )?;
    services.verifier.changes.changed_here(services).await;
    Ok(ended)
}

/// Ends the previous pairs whose time is over; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn end_overdue(services: &Services) -> Result<usize, ServiceError> {
    let mut count = 0;
    loop {
        let (now, journal) = (services.now(), Caller::system().journal(services));
        let ended = db::audited!(
            services.db,
            journal,
            other_pairs::end_overdue(now, AT_ONCE),
            |ended: &Vec<i64>| {
                let details = json!({ "why": "overlap_over" });
                let entry = |id: &i64| {
                    Entry::done(Event::OldSecretEnded, Object::key(*id), details.clone())
                };
                ended.iter().map(entry).collect()
            },
        )?;
        if ended.is_empty() {
            return Ok(count);
        }
        count += ended.len();
    }
}
