//! A client throws a token away (RFC 7009): an access token alone, or a refresh token with all that came of
//! it. What is not its own, or not known, is left alone, and it is not told which.

use crate::{
    db,
    domain::access_token::{AccessToken, RefreshToken},
    service::{ServiceError, Services, verify::LiveKey},
};

/// Why a family ends whose refresh token was thrown away.
const THROWN_AWAY: &str = "its app revoked it";

/// Ends that token, if it is one of this client's.
///
/// # Errors
/// If the database gives no answer.
pub async fn revoke(services: &Services, client: &LiveKey, text: &str) -> Result<(), ServiceError> {
    let (now, client_id) = (services.now(), client.identity.key_id);
    if let Some(token) = AccessToken::parse(text) {
        let lookup = services.keyring.lookup(token.expose());
        db::write!(services.db, access_tokens::revoke_own(now, lookup, client_id))?;
    } else if let Some(token) = RefreshToken::parse(text) {
        let lookup = services.keyring.lookup(token.expose());
        let record = db::read!(services.db, refresh_tokens::by_lookup(&lookup))?;
        let own = record.filter(|it| it.client_id.unwrap_or(it.key_id) == client_id);
        if let Some(record) = own {
            db::write!(services.db, refresh_tokens::end_family(now, record.family, THROWN_AWAY))?;
        }
    }
    services.verifier.changes.changed_here(services).await;
    Ok(())
}
