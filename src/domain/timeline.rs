//! What happened in one attempt, step by step, and how long each step took: kept with the attempt, and
//! shown to managers and developers.
//!
//! Of the app's answer nothing is kept but its status, length and content type.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::timestamp::Timestamp;

/// The instant by which a certificate says that it has no end (RFC 5280 §4.1.2.5).
const NO_END: Timestamp = Timestamp::from_millis(253_402_300_799_000);

/// The steps of an attempt, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// What was done.
    pub steps: Vec<Step>,
    /// How long the whole attempt took, in milliseconds.
    pub took_ms: u64,
}

/// One step that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it was.
    #[serde(flatten)]
    pub event: Event,
    /// How long it took since the step before, in milliseconds.
    pub took_ms: u64,
}

/// Something that happened in an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The name's addresses were found, and all of them may be reached.
    Resolved {
        /// The first of them.
        addresses: Vec<IpAddr>,
        /// How many there were besides.
        #[serde(default)]
        more: usize,
    },
    /// One of the addresses could not be reached.
    Unreachable {
        /// Which.
        address: SocketAddr,
        /// Why not, as the system says it.
        reason: String,
    },
    /// A connection was made.
    Connected {
        /// Where to.
        address: SocketAddr,
    },
    /// The app showed its certificate, which may have been refused.
    Certificate {
        /// Who issued it.
        issuer: String,
        /// When it ends.
        ends: Timestamp,
    },
    /// The TLS handshake was completed.
    Secured {
        /// `TLS 1.3`
        version: String,
    },
    /// The keys were handed to the connection.
    Sent,
    /// The app answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// How many bytes of its body were read.
        length: u64,
        /// What its body says it is.
        content_type: Option<String>,
    },
}

impl Timeline {
    /// How long the step took that was not finished, in milliseconds.
    pub fn unfinished_ms(&self) -> u64 {
        self.took_ms.saturating_sub(self.steps.iter().map(|step| step.took_ms).sum())
    }
}

impl Event {
    /// Whether something went wrong in this step.
    pub fn is_setback(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Answered { status, .. } => !(200..300).contains(status),
            _ => false,
        }
    }

    /// The step in plain words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Resolved { addresses, more } => {
                let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                let more = if *more == 0 { String::new() } else { format!(" and {more} more") };
                format!("Name found: {}{more}", shown.join(", "))
            }
            Self::Unreachable { address, reason } => {
                format!("No connection to {address}: {reason}")
            }
            Self::Connected { address } => format!("Connected to {address}"),
            Self::Certificate { issuer, ends } if *ends >= NO_END => {
                format!("Certificate issued by {issuer}, without an end")
            }
            Self::Certificate { issuer, ends } => {
                format!("Certificate issued by {issuer}, ends {}", ends.to_date())
            }
            Self::Secured { version } => format!("Secured by {version}"),
            Self::Sent => "Keys sent".to_owned(),
            Self::Answered { status, length, content_type } => {
                let kind = content_type.as_deref().unwrap_or("no content type");
                format!("Answered with status {status} ({length} bytes, {kind})")
            }
        }
    }
}

/// `12 ms`, `1.4 s`: how long a step took.
pub fn duration_in_words(ms: u64) -> String {
    match ms {
        0 => "under 1 ms".to_owned(),
        1..=999 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_is_stored_without_loss() {
        let address: SocketAddr = "[2001:db8::1]:443".parse().unwrap();
        let events = [
            Event::Resolved { addresses: vec![address.ip()], more: 3 },
            Event::Unreachable { address, reason: "Connection refused".into() },
            Event::Connected { address },
            Event::Certificate { issuer: "R11".into(), ends: Timestamp::from_millis(1) },
            Event::Certificate { issuer: "R11".into(), ends: NO_END },
            Event::Secured { version: "TLS 1.3".into() },
            Event::Sent,
            Event::Answered { status: 204, length: 0, content_type: None },
        ];
        let steps: Vec<_> = events.map(|event| Step { event, took_ms: 3 }).into();
        assert!(steps.iter().all(|step| !step.event.in_words().is_empty()));
        let timeline = Timeline { steps, took_ms: 28 };
        let text = serde_json::to_string(&timeline).unwrap();
        assert_eq!(serde_json::from_str::<Timeline>(&text).unwrap(), timeline);
        assert_eq!(timeline.unfinished_ms(), 4);
        assert_eq!(Timeline { took_ms: 1, ..timeline }.unfinished_ms(), 0);
    }

    #[test]
    fn durations_are_readable() {
        for (ms, words) in [(0, "under 1 ms"), (7, "7 ms"), (999, "999 ms"), (15_049, "15.0 s")] {
            assert_eq!(duration_in_words(ms), words);
        }
    }
}
