//! A key as verification sees it: when it opens, and why it does not (contract §5 and §6).

use super::{key_rules::KeyRules, permissions::Permissions, sealed::Sealed, timestamp::Timestamp};

/// The longest description, in characters (WooCommerce's column).
pub const LONGEST_DESCRIPTION: usize = 200;

/// Where a key is in its life. `expired` is not stored: it follows from the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Its delivery is under way; it works once the first attempt has started.
    Delivering,
    /// The app has it.
    Active,
    /// Ended for good. The row is kept.
    Revoked,
}

impl KeyState {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivering => "delivering",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Delivering, Self::Active, Self::Revoked].into_iter().find(|s| s.as_str() == text)
    }
}

/// What verification needs to know of a key.
#[derive(Clone)]
pub struct KeyRecord {
    /// The key's number.
    pub id: i64,
    /// The secret's PHC string.
    pub secret_hash: String,
    /// The secret sealed, if OAuth 1.0a was on when the key was made.
    pub sealed_secret: Option<Sealed>,
    /// What it may do.
    pub permissions: Permissions,
    /// The number of the user it acts for.
    pub owner_id: i64,
    /// Login of that user.
    pub owner: String,
    /// Name of the app it was granted to, if it came by a grant.
    pub app: Option<String>,
    /// When it opens anything.
    pub life: Life,
    /// Whether the key's previous pair ends as soon as this one is used.
    pub ends_previous: bool,
    /// What it is bound to; nothing is the same as the defaults.
    pub rules: Option<Box<KeyRules>>,
}

/// When a key opens anything.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// Where it is in its life.
    pub state: KeyState,
    /// When its first delivery attempt started; nothing before that.
    pub opened_at: Option<Timestamp>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether the user it acts for may not act.
    pub owner_disabled: bool,
    /// When this pair gives way to the key's next one; nothing for the pair that is its own.
    pub replaced_at: Option<Timestamp>,
}

/// Why a key that exists does not open anything; the words are those of contract §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The app has not been asked to take it yet.
    NotDelivered,
    /// Revoked, or its delivery failed.
    Revoked,
    /// Its end has passed.
    Expired,
    /// Its owner was disabled.
    OwnerDisabled,
    /// The key has another pair by now.
    Replaced,
}

impl Life {
    /// Whether the key opens anything at `now`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn usable(&self, now: Timestamp) -> Result<(), Unusable> {
        match self.state {
            KeyState::Revoked => Err(Unusable::Revoked),
            KeyState::Delivering if self.opened_at.is_none() => Err(Unusable::NotDelivered),
            _ if self.expires_at.is_some_and(|end| end <= now) => Err(Unusable::Expired),
            _ if self.replaced_at.is_some_and(|end| end <= now) => Err(Unusable::Replaced),
            _ if self.owner_disabled => Err(Unusable::OwnerDisabled),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        KeyState::{Active, Delivering, Revoked},
        *,
    };

    #[test]
    fn a_key_works_from_its_first_attempt_to_its_end() {
        let at = Timestamp::from_millis;
        let life = |state, opened_at, expires_at, owner_disabled| Life {
            state,
            opened_at,
            expires_at,
            owner_disabled,
            replaced_at: None,
        };
        let key = |state, opened_at, expires_at, owner_disabled| {
            life(state, opened_at, expires_at, owner_disabled).usable(at(10))
        };
        let pair = |replaced_at| {
            let life = life(Active, Some(at(1)), None, false);
            Life { replaced_at: Some(at(replaced_at)), ..life }.usable(at(10))
        };
        assert_eq!((pair(11), pair(10)), (Ok(()), Err(Unusable::Replaced)));
        assert_eq!(key(Delivering, None, None, false), Err(Unusable::NotDelivered));
        assert_eq!(key(Delivering, Some(at(1)), None, false), Ok(()));
        assert_eq!(key(Active, Some(at(1)), Some(at(11)), false), Ok(()));
        assert_eq!(key(Active, Some(at(1)), Some(at(10)), false), Err(Unusable::Expired));
        assert_eq!(key(Active, Some(at(1)), None, true), Err(Unusable::OwnerDisabled));
        assert_eq!(key(Revoked, Some(at(1)), None, false), Err(Unusable::Revoked));
    }
}
