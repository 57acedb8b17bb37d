//! How long a token lives: as its key says, else as the store is set; a request may only shorten it.

use super::TokenOptions;
use crate::{
    domain::{timestamp::Timestamp, token_life::TokenLife},
    service::verify::LiveKey,
};

/// A life that nobody can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("validity_period is a whole number of seconds, 60 or more")]
pub struct LifeError;

/// The life that a request asks for (`validity_period`, WSO2's parameter).
///
/// # Errors
/// If it is none, or too short.
pub fn asked_life(text: &str) -> Result<TokenLife, LifeError> {
    let seconds: i64 = text.parse().map_err(|_| LifeError)?;
    match TokenLife::of(seconds) {
        Some(TokenLife::Seconds(seconds)) => Ok(TokenLife::Seconds(seconds)),
        // Longer than anything that has an end: the store's own life counts.
        None if seconds >= 60 => Ok(TokenLife::Never),
        Some(TokenLife::Never) | None => Err(LifeError),
    }
}

/// When a token ends that is made now.
pub(super) fn end(
    options: &TokenOptions,
    (key, client): (&LiveKey, Option<&LiveKey>),
    asked: Option<TokenLife>,
    now: Timestamp,
) -> Option<Timestamp> {
    let own = key.token_life().or_else(|| client?.token_life()).unwrap_or(options.life);
    let life = asked.map_or(own, |asked| asked.min(own));
    let ends = [life.ends(now), key.life.expires_at, client.and_then(|key| key.life.expires_at)];
    ends.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_for_a_minute_or_more() {
        for (text, life) in [
            ("60", Ok(TokenLife::Seconds(60))),
            ("9999999999", Ok(TokenLife::Never)),
            ("59", Err(LifeError)),
            ("0", Err(LifeError)),
            ("-1", Err(LifeError)),
            ("", Err(LifeError)),
            ("1e3", Err(LifeError)),
            ("99999999999999999999", Err(LifeError)),
        ] {
            assert_eq!(asked_life(text), life, "{text}");
        }
    }
}
