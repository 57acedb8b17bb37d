//! The first use of an app's new pair ends the pair before: the app changed over.
//!
//! Only a proven use counts, and only after the app took the new pair: while it is being given it, apps
//! try it inside their callback, and both work.

use super::live_key::LiveKey;
use crate::{
    domain::keyring::Lookup,
    service::{ServiceError, Services, keys},
};

/// The pair of that hash was used: ends the key's previous one, if it is still there.
///
/// # Errors
/// If the database gives no answer; the next use tries again.
pub(super) async fn used(
    services: &Services,
    key: &LiveKey,
    lookup: &Lookup,
) -> Result<(), ServiceError> {
    if !key.takes_over() {
        return Ok(());
    }
    let ended = keys::end_previous_after_use(services, key.identity.key_id, *lookup).await;
    ended.inspect_err(|_| key.did_not_take_over())
}
