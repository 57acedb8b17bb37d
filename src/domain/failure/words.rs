//! What people are told about a failure: one plain sentence for the manager, one for the app's
//! developer. Both say what can be known, and nothing the app answered.

use super::{CertificateFault, Failure, Phase};

/// What the operator can do about private addresses.
const PRIVATE: &str = "callback_url must lead to a public address. A store that runs the app in its own network can allow that network: APPGRANT_CALLBACK_ALLOW_NETWORKS.";

impl Failure {
    /// What happened, in plain words about `host`.
    pub fn what_happened(&self, host: &str) -> String {
        match self {
            Self::NameNotFound => format!("The address {host} was not found on the internet."),
            Self::NameUnanswered => format!("It could not be found out where {host} is."),
            Self::NameRefused => format!(
                "{host} is a name for the inside of one machine or network. Keys are not sent there."
            ),
            Self::AddressRefused(address) if host.contains(address) => format!(
                "{host} is an address inside a private or reserved network. Keys are not sent there."
            ),
            Self::AddressRefused(address) => format!(
                "{host} leads to {address}, an address inside a private or reserved network. Keys are not sent there."
            ),
            Self::CannotConnect(_) => format!("{host} did not accept a connection."),
            Self::Certificate(fault, _) => {
                format!("{host} {} Nothing was sent.", fault.what_happened())
            }
            Self::NotTls => format!("{host} does not speak TLS at that port. Nothing was sent."),
            Self::Tls(_) => {
                format!("A secure connection to {host} could not be made. Nothing was sent.")
            }
            Self::Timeout(phase) => phase.what_happened(host),
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

    /// The step that did not succeed, for the end of a timeline; nothing if the timeline says it all.
    pub fn last_step(&self) -> Option<String> {
        Some(match self {
            Self::NameNotFound => "No address for this name".to_owned(),
            Self::NameUnanswered => "No answer from the name service".to_owned(),
            Self::NameRefused => "Name refused".to_owned(),
            Self::AddressRefused(address) => format!("Address refused: {address}"),
            Self::Certificate(_, reason) if reason.is_empty() => "Certificate refused".to_owned(),
            Self::Certificate(_, reason) => format!("Certificate refused: {reason}"),
            Self::NotTls => "No TLS: what answered does not speak it".to_owned(),
            Self::Tls(reason) => format!("TLS handshake failed: {reason}"),
            Self::Timeout(Phase::Name) => "Waited for the name’s addresses".to_owned(),
            Self::Timeout(Phase::Tls) => "Waited for the TLS handshake".to_owned(),
            Self::Timeout(Phase::Answer) => "Waited for an answer".to_owned(),
            Self::BrokenAnswer(reason) => format!("No proper answer: {reason}"),
            Self::CannotConnect(_)
            | Self::Timeout(Phase::Connection)
            | Self::Status(_)
            | Self::CannotOpen => return None,
        })
    }

    /// What the app's people can do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NameNotFound => {
                "Check the host name in callback_url and its DNS records (A, AAAA)."
            }
            Self::NameUnanswered => {
                "The name servers of this domain, or the resolver the store uses, gave no answer. Check both."
            }
            Self::NameRefused | Self::AddressRefused(_) => PRIVATE,
            Self::CannotConnect(_) => "Check that the app is running and that its port is open.",
            Self::Certificate(fault, _) => fault.advice(),
            Self::NotTls => {
                "callback_url must lead to a port that speaks TLS; usually that is 443."
            }
            Self::Tls(_) => {
                "The TLS handshake failed. Offer TLS 1.2 or 1.3 with HTTP/1.1, and ask for no client certificate."
            }
            Self::Timeout(phase) => phase.advice(),
            Self::Status(status) => about_status(*status),
            Self::BrokenAnswer(_) => {
                "Check what stands in front of the app (proxy, load balancer), and the app’s own log. It must speak HTTP/1.1 and ask for no client certificate."
            }
            Self::CannotOpen => "Go back to the app and connect again.",
        }
    }
}

const fn about_status(status: u16) -> &'static str {
    match status {
        300..=399 => "Give the final address as callback_url.",
        400 | 415 | 422 => {
            "The keys come as a JSON body, not as form fields: read the raw body of the POST."
        }
        401 | 403 | 407 => "A firewall or login stands before callback_url; open it for this POST.",
        404 | 410 => "Check the path in callback_url.",
        405 => "The address in callback_url must take a POST.",
        413 => "The body has less than 10 kB; allow that at callback_url.",
        429 => "Exempt callback_url from the limit on requests.",
        502..=504 => {
            "A proxy stands before the app and did not reach it. Check that the app is running."
        }
        _ => {
            "Look into the app’s own log at that time. Any status from 200 to 299 counts as taken."
        }
    }
}

impl CertificateFault {
    const fn what_happened(self) -> &'static str {
        match self {
            Self::Expired => "showed a certificate that has expired.",
            Self::NotYetValid => "showed a certificate that is not valid yet.",
            Self::WrongName => "showed a certificate for another name.",
            Self::Untrusted => "showed a certificate that this store does not trust.",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Expired => "Renew the certificate, and load it into the running server.",
            Self::NotYetValid => "Check the certificate’s first day and the clocks on both sides.",
            Self::WrongName => {
                "The certificate must hold the host name that stands in callback_url."
            }
            Self::Untrusted => {
                "Send the whole chain with the certificate, from an authority that systems trust; a self-made one only works if the store adds it: APPGRANT_CALLBACK_CA_FILE."
            }
        }
    }
}

impl Phase {
    fn what_happened(self, host: &str) -> String {
        match self {
            Self::Name => format!("It could not be found out in time where {host} is."),
            Self::Connection => format!("{host} did not accept a connection in time."),
            Self::Tls => {
                format!("A secure connection to {host} was not made in time. Nothing was sent.")
            }
            Self::Answer => format!("{host} did not answer in time."),
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Name => "Check the name servers of this domain.",
            Self::Connection => {
                "Check that the app is running and that no firewall drops the connection."
            }
            Self::Tls => {
                "The connection was accepted, but TLS did not begin. Check what listens at that port."
            }
            Self::Answer => "Answer at once and do slow work afterwards.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::all;
    use super::*;

    #[test]
    fn every_failure_is_explained_in_whole_sentences() {
        for failure in all() {
            let (what, advice) = (failure.what_happened("app.example"), failure.advice());
            assert!(what.ends_with('.') && advice.ends_with('.'), "{what} {advice}");
            assert!(failure == Failure::CannotOpen || what.contains("app.example"), "{what}");
        }
        for status in 100..=999 {
            assert!(Failure::Status(status).advice().ends_with('.'));
        }
    }
}
