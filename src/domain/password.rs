//! A password somebody chose, and the rule it has to meet.
//!
//! Length is the rule (NIST SP 800-63B §5.1.1.2): no classes of characters, no expiry.

use zeroize::Zeroizing;

/// The shortest password, in characters.
pub const SHORTEST: usize = 10;

/// The longest, in bytes; more is a mistake or an attack.
pub const LONGEST: usize = 1024;

/// A new password that meets the rule. Neither `Debug` nor `Display`.
pub struct NewPassword(Zeroizing<String>);

/// Why a password was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than [`SHORTEST`].
    #[error("the password is too short: at least 10 characters are needed")]
    TooShort,
    /// More bytes than [`LONGEST`].
    #[error("the password is too long: at most 1024 bytes are taken")]
    TooLong,
}

impl NewPassword {
    /// Takes a password.
    ///
    /// # Errors
    /// Which end of the rule it misses.
    pub fn parse(text: Zeroizing<String>) -> Result<Self, PasswordError> {
        if text.chars().count() < SHORTEST {
            Err(PasswordError::TooShort)
        } else if text.len() > LONGEST {
            Err(PasswordError::TooLong)
        } else {
            Ok(Self(text))
        }
    }

    /// The plain password, for hashing it.
    pub fn into_plain(self) -> Zeroizing<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_the_rule() {
        let parse = |text: String| NewPassword::parse(Zeroizing::new(text)).map(|_| ());
        assert_eq!(parse("é".repeat(9)), Err(PasswordError::TooShort));
        assert_eq!(parse("é".repeat(10)), Ok(()));
        assert_eq!(parse("a".repeat(1025)), Err(PasswordError::TooLong));
    }
}
