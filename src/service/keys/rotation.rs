//! The manager's side of a rotation: look at it, wait for it, hurry it, call it off.

use tokio::time::{sleep, timeout};

use super::{KeyError, has_secret, permitted};
pub use crate::db::pairs::OtherPair;
use crate::{
    db,
    domain::{access::KeyAction, delivery::DeliveryState, key_view::KeyView},
    service::{
        Services,
        caller::Caller,
        delivery_watch::{self, DeliveryStatus},
    },
};

/// A key and where its rotation is.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The key.
    pub key: KeyView,
    /// Its other pair, if it has one.
    pub other: Option<OtherPair>,
    /// The delivery of its newest rotation, if its app was ever sent one.
    pub delivery: Option<DeliveryStatus>,
}

impl Rotation {
    /// The delivery, if it is not over.
    pub fn under_way(&self) -> Option<&DeliveryStatus> {
        let is_live = |state| matches!(state, DeliveryState::Waiting | DeliveryState::Sending);
        self.delivery.as_ref().filter(|delivery| is_live(delivery.state))
    }
}

/// Where the rotation of a key is.
///
/// # Errors
/// If there is no such key, it has no secret, or the caller may not rotate it.
pub async fn rotation(services: &Services, caller: &Caller, id: i64) -> Result<Rotation, KeyError> {
    let key = permitted(services, caller, id, &[KeyAction::Rotate]).await?;
    if !has_secret(services, &key).await? {
        return Err(KeyError::NoPair);
    }
    look(services, key).await
}

async fn look(services: &Services, key: KeyView) -> Result<Rotation, KeyError> {
    let (now, id) = (services.now(), key.id);
    let other = db::read!(services.db, other_pairs::of(now, id))?;
    let delivery = db::read!(services.db, delivery_status::of_rotation(id))?;
    Ok(Rotation { key, other, delivery })
}

/// Waits until an attempt that runs or is about to is over, ten seconds at most; then where it is.
///
/// # Errors
/// As [`rotation`].
pub async fn wait_for_rotation(
    services: &Services,
    caller: &Caller,
    id: i64,
) -> Result<Rotation, KeyError> {
    let first = rotation(services, caller, id).await?;
    let Some(app) = &first.key.app else { return Ok(first) };
    let mut progress = services.signals.progress(&app.grant_id);
    let settled = async {
        loop {
            let found = look(services, first.key.clone()).await?;
            if !found.under_way().is_some_and(|it| delivery_watch::is_about_to_end(services, it)) {
                return Ok(());
            }
            tokio::select! {
                () = progress.next() => {}
                () = sleep(delivery_watch::LOOK_EVERY) => {}
            }
        }
    };
    if let Ok(Err(error)) = timeout(delivery_watch::PATIENCE, settled).await {
        return Err(error);
    }
    // Who is told that the old pair is over finds it so, also if the worker has not heard itself yet.
    services.verifier.changes.changed_here(services).await;
    rotation(services, caller, id).await
}

/// Sends at once what waits for its next attempt; whether it waited.
///
/// # Errors
/// As [`rotation`].
pub async fn retry_rotation(
    services: &Services,
    caller: &Caller,
    id: i64,
) -> Result<bool, KeyError> {
    match rotation(services, caller, id).await?.under_way() {
        Some(it) => Ok(delivery_watch::send_now(services, caller, &it.id, &it.grant_id).await?),
        None => Ok(false),
    }
}

/// Calls a rotation off: the app keeps the pair it has. Whether it was not over.
///
/// # Errors
/// As [`rotation`].
pub async fn cancel_rotation(
    services: &Services,
    caller: &Caller,
    id: i64,
) -> Result<bool, KeyError> {
    match rotation(services, caller, id).await?.under_way() {
        Some(it) => Ok(delivery_watch::call_off(services, caller, &it.id, &it.grant_id).await?),
        None => Ok(false),
    }
}
