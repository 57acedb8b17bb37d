//! Refreshing: a refresh token is used once and gets the next pair (RFC 6749 §6, RFC 9700 §4.14).
//!
//! A second use ends everything that came of the first approval or secret, since somebody else has the
//! token too; but for 30 seconds in which the answer may have been lost (`db/queries/refresh_tokens.rs`).

use std::{net::IpAddr, sync::Arc};

use serde_json::json;

use super::{Issue, Issued, prepare};
use crate::{
    db::{
        self,
        token_outcomes::{NewToken, RefreshRecord, Spent},
    },
    domain::{
        access_token::{MadeBy, RefreshToken},
        audit::{Entry, Event, Object},
        permissions::Permissions,
        timestamp::Timestamp,
        token_life::TokenLife,
    },
    fault,
    service::{
        ServiceError, Services,
        caller::Caller,
        verify::{self, LiveKey},
    },
};

/// A refresh token that is presented.
pub struct Refresh<'a> {
    /// What is presented: any text.
    pub text: &'a str,
    /// Whoever presents it; nothing in dialects in which nobody says so.
    pub client: Option<&'a Arc<LiveKey>>,
    /// Whether a secret proved who that is.
    pub is_proven: bool,
    /// The permissions that the access token shall have, if not all of them.
    pub narrowed: Option<Permissions>,
    /// The life that is asked for, of the access token alone.
    pub asked: Option<TokenLife>,
    /// Who sends it.
    pub address: IpAddr,
}

/// Why there is no new pair.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is no refresh token, is over, or is another client's.
    #[error("the refresh token is not known, was ended, or belongs to another client")]
    Unknown,
    /// Its time is over.
    #[error("the refresh token expired since it was not used for long; connect again")]
    Expired,
    /// It was used before.
    #[error(
        "the refresh token was used before, so all tokens that came of it were ended; connect again"
    )]
    Reused,
    /// Its key opens nothing.
    #[error("the key that the refresh token belongs to is not live any more; connect again")]
    KeyOver,
    /// It asks for more than was approved.
    #[error("more was asked for than was approved")]
    Scope,
    /// Programs may not ask from that address.
    #[error("the key cannot be used from this address")]
    Network,
    /// Tokens are asked for too often.
    #[error("tokens are asked for too often with this key")]
    TooOften,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<db::DbError> for RefreshError {
    fn from(error: db::DbError) -> Self {
        Self::Service(error.into())
    }
}

/// A new pair, and the key it belongs to.
pub struct Refreshed {
    /// The pair.
    pub issued: Issued,
    /// The key.
    pub key: Arc<LiveKey>,
}

/// Exchanges a refresh token.
///
/// # Errors
/// Why there is no new pair.
pub async fn refresh(
    services: &Services,
    caller: &Caller,
    asked: Refresh<'_>,
) -> Result<Refreshed, RefreshError> {
    let token = RefreshToken::parse(asked.text).ok_or(RefreshError::Unknown)?;
    let lookup = services.keyring.lookup(token.expose());
    if !asked.is_proven {
        verify::slow_down(services, asked.address).await;
    }
    let record = db::read!(services.db, refresh_tokens::by_lookup(&lookup))?;
    let Some(record) = record else {
        verify::note_failure(services, asked.address);
        return Err(RefreshError::Unknown);
    };
    let now = services.now();
    let key = permitted(services, &record, &asked, now).await?;
    let (issued, next) = next_pair(services, &record, &key, &asked)?;
    let spent = db::write!(services.db, refresh_tokens::spend(now, lookup, next))?;
    fault::point("after-refresh").await;
    match spent {
        Spent::Fresh | Spent::Again => {
            services.metrics.tokens.made(MadeBy::RefreshToken);
            Ok(Refreshed { issued, key })
        }
        Spent::Over => Err(RefreshError::Unknown),
        Spent::Reused => {
            services.metrics.tokens.reused();
            services.verifier.changes.changed_here(services).await;
            let details = json!({ "what": "refresh token", "family": record.family });
            let object = Object::key(record.key_id);
            caller.note(services, Entry::refused(Event::TokenReused, object, details)).await?;
            Err(RefreshError::Reused)
        }
    }
}

/// The key, if this client may refresh at this moment. Whether the token was spent is decided later, in one
/// transaction.
async fn permitted(
    services: &Services,
    record: &RefreshRecord,
    asked: &Refresh<'_>,
    now: Timestamp,
) -> Result<Arc<LiveKey>, RefreshError> {
    let holder = record.client_id.unwrap_or(record.key_id);
    if asked.client.is_some_and(|client| client.identity.key_id != holder) || record.revoked {
        return Err(RefreshError::Unknown);
    }
    if asked.client.is_none() && record.client_id.is_some() {
        return Err(RefreshError::Unknown);
    }
    if record.spent_at.is_none() && record.expires_at.is_some_and(|end| end <= now) {
        return Err(RefreshError::Expired);
    }
    let key = verify::by_lookup(services, &record.key).await?.ok_or(RefreshError::KeyOver)?;
    key.life.usable(now).map_err(|_| RefreshError::KeyOver)?;
    key.admits_program(asked.address, now).map_err(|_| RefreshError::Network)?;
    let counted = asked.client.unwrap_or(&key);
    if !asked.is_proven && !counted.may_ask(now, services.tokens.options.rate) {
        return Err(RefreshError::TooOften);
    }
    Ok(key)
}

/// The pair that takes the token's place, for the same family.
fn next_pair(
    services: &Services,
    record: &RefreshRecord,
    key: &LiveKey,
    asked: &Refresh<'_>,
) -> Result<(Issued, NewToken), RefreshError> {
    let client = asked.client.filter(|_| record.client_id.is_some());
    let all = record.permissions.and(key.identity.permissions);
    let all = match client {
        Some(client) => all.and_then(|all| all.and(client.identity.permissions)),
        None => all,
    };
    let all = all.ok_or(RefreshError::KeyOver)?;
    let permissions = asked.narrowed.unwrap_or(all);
    if !all.covers(permissions) {
        return Err(RefreshError::Scope);
    }
    // Whatever this one's life, the family's stays what was asked for at its beginning.
    let life = [asked.asked, record.asked].into_iter().flatten().min();
    let (issued, mut next) = prepare(
        services,
        &Issue {
            key,
            client: client.map(|client| &**client),
            permissions,
            made_by: MadeBy::RefreshToken,
            asked: life,
            refreshes: true,
        },
    );
    if let Some(refresh) = &mut next.refresh {
        refresh.asked = record.asked;
    }
    Ok((issued, next))
}
