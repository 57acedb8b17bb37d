//! The words for what the receiver does with a callback, as they stand in `--answer` and in the path
//! of a callback URL: `https://localhost:8443/500,hang-up,200`.

use std::{fmt, time::Duration};

use crate::domain::text::{shortened, visible};

/// Every word, with its meaning; for help texts.
pub const WORDS: [(&str, &str); 8] = [
    ("200 … 599", "that HTTP status at once"),
    ("slow", "200 after 5 seconds; slow:20 after 20"),
    ("never", "no answer, and the connection stays open"),
    ("hang-up", "the connection is closed without an answer"),
    ("redirect", "307 to /200 of this receiver; a store must not follow"),
    ("drip", "200, then one byte of the body a second"),
    ("huge", "200, then up to 1 GiB of body"),
    ("tls", "the TLS handshake breaks (with --answer only, alone)"),
];

/// The longest list, in answers.
const LONGEST: usize = 20;

/// What is done with one callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// That status at once.
    Status(u16),
    /// 200 after that time.
    Slow(Duration),
    /// Nothing, ever.
    Never,
    /// The connection is closed.
    HangUp,
    /// 307 to another path of this receiver.
    Redirect,
    /// 200, then a byte a second.
    Drip,
    /// 200, then more than anybody wants.
    Huge,
}

impl Answer {
    /// Reads one word.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "slow" => Self::Slow(Duration::from_secs(5)),
            "never" => Self::Never,
            "hang-up" => Self::HangUp,
            "redirect" => Self::Redirect,
            "drip" => Self::Drip,
            "huge" => Self::Huge,
            _ => match word.strip_prefix("slow:") {
                Some(seconds) => Self::Slow(Duration::from_secs(number(seconds, 0..=600)?.into())),
                None => Self::Status(number(word, 200..=599)?),
            },
        })
    }
}

fn number(text: &str, allowed: std::ops::RangeInclusive<u16>) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| plain && allowed.contains(number))
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "{code}"),
            Self::Slow(time) => write!(f, "200 after {} s", time.as_secs()),
            Self::Never => f.write_str("nothing, the connection stays open"),
            Self::HangUp => f.write_str("nothing, the connection is closed"),
            Self::Redirect => f.write_str("307, a redirect"),
            Self::Drip => f.write_str("200, one byte a second"),
            Self::Huge => f.write_str("200, up to 1 GiB"),
        }
    }
}

/// What is done with the first, second, … call of one webhook-id; the last one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Vec<Answer>);

impl Plan {
    /// Reads words separated by commas.
    ///
    /// # Errors
    /// The first word that is none.
    pub fn parse(text: &str) -> Result<Self, UnknownWord> {
        let unknown = |word: &str| UnknownWord(shortened(&visible(word), 40));
        let answer = |word: &str| Answer::parse(word).ok_or_else(|| unknown(word));
        let answers: Vec<_> =
            text.split(',').map(answer).take(LONGEST).collect::<Result<_, _>>()?;
        Ok(Self(answers))
    }

    /// What the call of that number, from 1, gets.
    pub fn answer(&self, call: usize) -> Answer {
        let last = self.0.last().copied().unwrap_or(Answer::Status(200));
        self.0.get(call.saturating_sub(1)).copied().unwrap_or(last)
    }
}

impl Default for Plan {
    /// 200 always.
    fn default() -> Self {
        Self(vec![Answer::Status(200)])
    }
}

/// A word that is no answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no answer; use a status from 200 to 599, slow, slow:SECONDS (up to 600), never, hang-up, redirect, drip or huge, or several with commas between"
)]
pub struct UnknownWord(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_told_is_understood() {
        for (word, _) in WORDS.iter().filter(|(word, _)| *word != "tls" && !word.contains(' ')) {
            assert!(Answer::parse(word).is_some(), "{word}");
        }
        for (word, answer) in [
            ("200", Answer::Status(200)),
            ("599", Answer::Status(599)),
            ("slow", Answer::Slow(Duration::from_secs(5))),
            ("slow:0", Answer::Slow(Duration::ZERO)),
            ("slow:599", Answer::Slow(Duration::from_secs(599))),
        ] {
            assert_eq!(Answer::parse(word), Some(answer), "{word}");
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        for word in [
            "", "0", "100", "199", "600", "99999", "+200", "2e2", "20 0", "slow:", "slow:601",
            "slow:-1", "slow:x", "SLOW", "hangup", "é",
        ] {
            assert!(Plan::parse(word).is_err(), "{word}");
            assert!(Plan::parse(&format!("200,{word}")).is_err(), "{word}");
        }
    }

    #[test]
    fn a_list_is_followed_and_its_last_word_stays() {
        let plan = Plan::parse("500,hang-up,200").unwrap();
        let answers: Vec<_> = (0..=5).map(|call| plan.answer(call)).collect();
        let (bad, good) = (Answer::Status(500), Answer::Status(200));
        assert_eq!(answers, [bad, bad, Answer::HangUp, good, good, good]);
    }

    #[test]
    fn a_long_list_of_rubbish_is_told_shortly() {
        let error = Plan::parse(&"x".repeat(100_000)).unwrap_err().to_string();
        assert!(error.len() < 300, "{error}");
        let error = Plan::parse("\u{9b}2J\u{1b}[1m\u{202e}").unwrap_err().to_string();
        assert!(error.starts_with("“2J[1m” is no answer"), "{error:?}");
    }
}
