//! Every way an attempt can fail, and how it is stored. What people are told stands in `words`.
//!
//! The codes are stable: developers search for them. A detail is technical text of libraries or a
//! number; never anything the app answered.

mod words;

/// How an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's name has no address.
    NameNotFound,
    /// The name service gave no answer to the question.
    NameUnanswered,
    /// The host's name is one for the inside of a machine or network (RFC 6761, RFC 6762).
    NameRefused,
    /// The host's address is one that callbacks must not reach.
    AddressRefused(String),
    /// Nobody listens there, or the connection broke before anything was sent.
    CannotConnect(String),
    /// The certificate is not acceptable.
    Certificate(CertificateFault, String),
    /// What answers there does not speak TLS.
    NotTls,
    /// The TLS handshake failed for another reason.
    Tls(String),
    /// The time was over while waiting for that.
    Timeout(Phase),
    /// An answer other than 2xx.
    Status(u16),
    /// The connection broke, or the answer was no HTTP.
    BrokenAnswer(String),
    /// The sealed keys could not be opened; the key file was exchanged.
    CannotOpen,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It names other hosts.
    WrongName,
    /// No authority that the store trusts stands behind it; often the chain is not complete.
    Untrusted,
}

/// What an attempt is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The name's addresses.
    Name,
    /// A connection.
    Connection,
    /// The TLS handshake.
    Tls,
    /// The answer.
    Answer,
}

impl Failure {
    /// The stored word, stable for developers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::NameUnanswered => "name_unanswered",
            Self::NameRefused => "name_refused",
            Self::AddressRefused(_) => "address_refused",
            Self::CannotConnect(_) => "cannot_connect",
            Self::Certificate(fault, _) => fault.code(),
            Self::NotTls => "not_tls",
            Self::Tls(_) => "tls",
            Self::Timeout(phase) => phase.code(),
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
            | Self::Certificate(_, text)
            | Self::Tls(text)
            | Self::BrokenAnswer(text) => text.clone(),
            Self::Status(status) => status.to_string(),
            Self::NameNotFound
            | Self::NameUnanswered
            | Self::NameRefused
            | Self::NotTls
            | Self::Timeout(_)
            | Self::CannotOpen => String::new(),
        }
    }

    /// The failure of that stored word and detail.
    pub fn parse(code: &str, detail: &str) -> Option<Self> {
        let text = detail.to_owned();
        Some(match code {
            "name_not_found" => Self::NameNotFound,
            "name_unanswered" => Self::NameUnanswered,
            "name_refused" => Self::NameRefused,
            "address_refused" => Self::AddressRefused(text),
            "cannot_connect" => Self::CannotConnect(text),
            "not_tls" => Self::NotTls,
            "tls" => Self::Tls(text),
            "status" => Self::Status(detail.parse().ok()?),
            "broken_answer" => Self::BrokenAnswer(text),
            "cannot_open" => Self::CannotOpen,
            _ => match (Phase::parse(code), CertificateFault::parse(code)) {
                (Some(phase), _) => Self::Timeout(phase),
                (_, Some(fault)) => Self::Certificate(fault, text),
                (None, None) => return None,
            },
        })
    }

    /// Code and detail in one line.
    pub fn technical(&self) -> String {
        let (code, detail) = (self.code(), self.detail());
        if detail.is_empty() { code.to_owned() } else { format!("{code}: {detail}") }
    }
}

impl CertificateFault {
    const ALL: [Self; 4] = [Self::Expired, Self::NotYetValid, Self::WrongName, Self::Untrusted];

    const fn code(self) -> &'static str {
        match self {
            Self::Expired => "certificate_expired",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::WrongName => "certificate_wrong_name",
            Self::Untrusted => "certificate_untrusted",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.code() == code)
    }
}

impl Phase {
    const ALL: [Self; 4] = [Self::Name, Self::Connection, Self::Tls, Self::Answer];

    const fn code(self) -> &'static str {
        match self {
            Self::Name => "timeout_name",
            Self::Connection => "timeout_connection",
            Self::Tls => "timeout_tls",
            Self::Answer => "timeout",
        }
    }

    fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// One of each kind.
    pub(crate) fn all() -> Vec<Failure> {
        let text = || "detail".to_owned();
        let mut all = vec![
            Failure::NameNotFound,
            Failure::NameUnanswered,
            Failure::NameRefused,
            Failure::AddressRefused(text()),
            Failure::CannotConnect(text()),
            Failure::NotTls,
            Failure::Tls(text()),
            Failure::Status(500),
            Failure::BrokenAnswer(text()),
            Failure::CannotOpen,
        ];
        all.extend(CertificateFault::ALL.map(|fault| Failure::Certificate(fault, text())));
        all.extend(Phase::ALL.map(Failure::Timeout));
        all
    }

    #[test]
    fn every_failure_is_stored_without_loss() {
        for failure in all() {
            assert_eq!(Failure::parse(failure.code(), &failure.detail()), Some(failure.clone()));
        }
        let codes: BTreeSet<_> = all().iter().map(Failure::code).collect();
        assert_eq!(codes.len(), all().len(), "no two share a word");
        assert_eq!(Failure::parse("status", "x"), None);
        assert_eq!(Failure::parse("delivered", ""), None);
    }
}
