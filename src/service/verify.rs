//! May this request pass? Looks the presented credential up and says who it is, or why not.
//!
//! The secret is checked before anything about the key is told, so that nobody learns a key's state
//! without its secret.

use zeroize::Zeroizing;

use super::{ServiceError, Services};
use crate::{
    db,
    domain::{
        credential::Credential,
        key::Unusable,
        permissions::{MethodRefused, Permissions},
    },
};

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The key's number.
    pub key_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// Login of the user it acts for.
    pub owner: String,
    /// Name of the app it was granted to.
    pub app: Option<String>,
}

/// Why a request may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It presents no complete credential.
    NoCredentials,
    /// No key is known by that name.
    UnknownKey,
    /// The secret is not that key's.
    WrongSecret,
    /// The key does not open anything now.
    Unusable(Unusable),
    /// The key may not do that.
    Method(MethodRefused),
}

impl Refusal {
    /// The stable word for developers (contract §7).
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::UnknownKey => "unknown_key",
            Self::WrongSecret => "wrong_secret",
            Self::Unusable(Unusable::NotDelivered) => "not_delivered",
            Self::Unusable(Unusable::Revoked) => "revoked",
            Self::Unusable(Unusable::Expired) => "expired",
            Self::Unusable(Unusable::OwnerDisabled) => "owner_disabled",
            Self::Method(_) => "method_not_permitted",
        }
    }
}

/// Judges a request by the credential it presents and its effective method.
///
/// # Errors
/// If the database gives no answer or too many secrets wait to be checked.
pub async fn verify(
    services: &Services,
    presented: Option<Credential>,
    method: &str,
) -> Result<Result<Identity, Refusal>, ServiceError> {
    let Some(Credential { key, secret }) = presented else {
        return Ok(Err(Refusal::NoCredentials));
    };
    let lookup = services.keyring.lookup(key.as_str());
    let Some(record) = db::read!(services.db, keys::by_lookup(&lookup))? else {
        return Ok(Err(Refusal::UnknownKey));
    };
    let plain = Zeroizing::new(secret.expose().to_owned());
    if !services.secret_hasher.verify(plain, record.secret_hash.clone()).await? {
        return Ok(Err(Refusal::WrongSecret));
    }
    if let Err(unusable) = record.usable(services.now()) {
        return Ok(Err(Refusal::Unusable(unusable)));
    }
    if let Err(refused) = record.permissions.check_method(method) {
        return Ok(Err(Refusal::Method(refused)));
    }
    let (key_id, permissions) = (record.id, record.permissions);
    Ok(Ok(Identity { key_id, permissions, owner: record.owner, app: record.app }))
}
