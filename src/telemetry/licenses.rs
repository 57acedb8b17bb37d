//! What programs ask about licenses, and how it goes.

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::metrics::Labels;

/// What a program asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseQuestion {
    /// For a token.
    Token,
    /// To activate.
    Activate,
    /// To validate.
    Validate,
    /// To deactivate.
    Deactivate,
}

impl LicenseQuestion {
    /// Every question.
    pub const ALL: [Self; 4] = [Self::Token, Self::Activate, Self::Validate, Self::Deactivate];

    /// The word for it, as in its address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Activate => "activate",
            Self::Validate => "validate",
            Self::Deactivate => "deactivate",
        }
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseVerdict {
    /// It got what it asked for.
    Granted,
    /// Rules were broken.
    Refused,
    /// It failed too often, and must wait.
    Throttled,
    /// The service could not answer.
    Failed,
}

impl LicenseVerdict {
    const ALL: [Self; 4] = [Self::Granted, Self::Refused, Self::Throttled, Self::Failed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Failed => "failed",
        }
    }
}

/// Counts of questions. Every series is there from the start.
pub struct Licenses(Family<Labels<2>, Counter>);

impl Licenses {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let all = Self(Family::default());
        for question in LicenseQuestion::ALL {
            for verdict in LicenseVerdict::ALL {
                drop(all.0.get_or_create(&labels(question, verdict)));
            }
        }
        let help = "What programs asked about licenses, and how it went";
        registry.register("appgrant_license_questions", help, Family::clone(&all.0));
        all
    }

    /// Counts one.
    pub fn asked(&self, question: LicenseQuestion, verdict: LicenseVerdict) {
        self.0.get_or_create(&labels(question, verdict)).inc();
    }
}

fn labels(question: LicenseQuestion, verdict: LicenseVerdict) -> Labels<2> {
    [("question", question.as_str()), ("verdict", verdict.as_str())]
}
