//! The life of a delivery: its states, its back-off, and every way an attempt can fail, in words that
//! a manager understands and a developer can act on (contract §5).

use std::time::Duration;

use super::timestamp::Timestamp;

/// Failed attempts after which a delivery is given up.
pub const MOST_FAILURES: i64 = 5;

/// How long after approval a delivery is given up, whatever happened until then.
pub const GIVE_UP_AFTER: Duration = Duration::from_mins(15);

/// How long to wait after the first, second, … failed attempt. With five attempts of 15 s each all
/// of them fall within [`GIVE_UP_AFTER`].
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its next attempt.
    Waiting,
    /// Leased by a worker that is sending it.
    Sending,
    /// The app answered 2xx.
    Delivered,
    /// Given up.
    Failed,
    /// Ended by the manager.
    Cancelled,
}

impl DeliveryState {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that stored word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Sending, Self::Delivered, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again at that time.
    RetryAt(Timestamp),
    /// That was the last one.
    GiveUp,
}

/// What follows the failed attempt number `failures` of a delivery that ends at `give_up_at`.
pub fn after_failure(failures: i64, now: Timestamp, give_up_at: Timestamp) -> Next {
    let wait = usize::try_from(failures).ok().and_then(|n| BACK_OFF.get(n.saturating_sub(1)));
    match wait.map(|wait| now.plus(*wait)) {
        Some(at) if at < give_up_at && failures < MOST_FAILURES => Next::RetryAt(at),
        _ => Next::GiveUp,
    }
}

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's name has no address.
    NameNotFound,
    /// The host's address is one that callbacks must not reach.
    AddressRefused(String),
    /// Nobody listens there, or the connection broke before anything was sent.
    CannotConnect(String),
    /// The certificate or the TLS handshake is not acceptable.
    Tls(String),
    /// No answer in time.
    Timeout,
    /// An answer other than 2xx.
    Status(u16),
    /// The connection broke, or the answer was no HTTP.
    BrokenAnswer(String),
    /// The sealed keys could not be opened; the key file was exchanged.
    CannotOpen,
}

impl Failure {
    /// The stored word, stable for developers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::AddressRefused(_) => "address_refused",
            Self::CannotConnect(_) => "cannot_connect",
            Self::Tls(_) => "tls",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::BrokenAnswer(_) => "broken_answer",
            Self::CannotOpen => "cannot_open",
        }
    }

    /// The stored detail, empty where there is none.
    pub fn detail(&self) -> String {
        match self {
            Self::AddressRefused(text)
            | Self::CannotConnect(text)
            | Self::Tls(text)
            | Self::BrokenAnswer(text) => text.clone(),
            Self::Status(status) => status.to_string(),
            Self::NameNotFound | Self::Timeout | Self::CannotOpen => String::new(),
        }
    }

    /// The failure of that stored word and detail.
    pub fn parse(code: &str, detail: &str) -> Option<Self> {
        let text = detail.to_owned();
        Some(match code {
            "name_not_found" => Self::NameNotFound,
            "address_refused" => Self::AddressRefused(text),
            "cannot_connect" => Self::CannotConnect(text),
            "tls" => Self::Tls(text),
            "timeout" => Self::Timeout,
            "status" => Self::Status(detail.parse().ok()?),
            "broken_answer" => Self::BrokenAnswer(text),
            "cannot_open" => Self::CannotOpen,
            _ => return None,
        })
    }

    /// What happened, in one plain sentence about `host`.
    pub fn what_happened(&self, host: &str) -> String {
        match self {
            Self::NameNotFound => format!("The address {host} was not found on the internet."),
            Self::AddressRefused(address) => format!(
                "{host} leads to {address}, an address inside a private or reserved network. Keys are \
                 not sent there."
            ),
            Self::CannotConnect(_) => format!("{host} did not accept a connection."),
            Self::Tls(_) => format!("A secure connection to {host} could not be made."),
            Self::Timeout => format!("{host} did not answer in time."),
            Self::Status(status) if (300..400).contains(status) => format!(
                "{host} answered with a redirect (HTTP status {status}). Keys are not sent on to another address."
            ),
            Self::Status(status) => {
                format!("{host} answered that it could not take the keys (HTTP status {status}).")
            }
            Self::BrokenAnswer(_) => format!("{host} broke off without a proper answer."),
            Self::CannotOpen => {
                "The store’s key file changed while the keys were on their way.".into()
            }
        }
    }

    /// What the app's people can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NameNotFound => "Check the host name in callback_url and its DNS records.",
            Self::AddressRefused(_) => {
                "callback_url must lead to a public address. A store that runs the app in its own \
                 network can allow that network in its settings."
            }
            Self::CannotConnect(_) => "Check that the app is running and that its port is open.",
            Self::Tls(_) => {
                "Check the certificate: it must be valid, name this host, and come with its whole chain."
            }
            Self::Timeout => "Answer at once and do slow work afterwards.",
            Self::Status(300..=399) => "Give the final address as callback_url.",
            Self::Status(404 | 405) => "Check the path in callback_url; it must take a POST.",
            Self::Status(401 | 403) => {
                "A firewall or login stands before callback_url; open it for this POST."
            }
            Self::Status(_) => {
                "Look into the app’s own log at that time. Any 2xx answer counts as taken."
            }
            Self::BrokenAnswer(_) => {
                "Check what stands in front of the app (proxy, load balancer)."
            }
            Self::CannotOpen => "Go back to the app and connect again.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_fit_into_fifteen_minutes_at_any_speed() {
        for slow in [Duration::ZERO, Duration::from_secs(15)] {
            let start = Timestamp::from_millis(0);
            let give_up_at = start.plus(GIVE_UP_AFTER);
            let (mut now, mut attempts) = (start, 0);
            loop {
                now = now.plus(slow);
                attempts += 1;
                match after_failure(attempts, now, give_up_at) {
                    Next::RetryAt(at) => now = at,
                    Next::GiveUp => break,
                }
            }
            assert_eq!(attempts, MOST_FAILURES);
            assert!(now < give_up_at, "{now:?}");
        }
    }

    #[test]
    fn back_off_table() {
        let now = Timestamp::from_millis(0);
        let far = now.plus(Duration::from_secs(100_000));
        for (failures, seconds) in [(1, 5), (2, 30), (3, 120), (4, 600)] {
            let at = now.plus(Duration::from_secs(seconds));
            assert_eq!(after_failure(failures, now, far), Next::RetryAt(at));
            assert_eq!(after_failure(failures, now, at), Next::GiveUp, "never past the end");
        }
        for failures in [5, 6, i64::MAX, 0, -1].into_iter().filter(|n| *n > 4) {
            assert_eq!(after_failure(failures, now, far), Next::GiveUp);
        }
    }

    #[test]
    fn every_failure_is_stored_without_loss_and_explained() {
        let text = || "detail".to_owned();
        for failure in [
            Failure::NameNotFound,
            Failure::AddressRefused(text()),
            Failure::CannotConnect(text()),
            Failure::Tls(text()),
            Failure::Timeout,
            Failure::Status(302),
            Failure::Status(500),
            Failure::BrokenAnswer(text()),
            Failure::CannotOpen,
        ] {
            assert_eq!(Failure::parse(failure.code(), &failure.detail()), Some(failure.clone()));
            assert!(
                failure.what_happened("app.example").ends_with('.')
                    && failure.advice().ends_with('.')
            );
        }
        assert_eq!(Failure::parse("status", "x"), None);
    }
}
