//! Why a program's question about a license is refused: the numbers, names and words that WooCommerce License
//! Keys publishes, and how they are put together.
//!
//! Where the published list has none (tokens, a broken request) the number is ours: 6, 7, 105, 300 to 302.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const INVALID_KEY: &str = "Invalid license key.";
const REQUIRED: &str = "Required.";

/// Makes the enum of refusals with what is told of each.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $property:literal, $status:literal, $message:expr;)+) => {
        /// Why something is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refusal { $($(#[$doc])* $name,)+ }

        impl Refusal {
            /// Every refusal.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its number.
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The parameter it is about.
            pub const fn property(self) -> &'static str {
                match self { $(Self::$name => $property,)+ }
            }

            /// The status it has where refusals show in the status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What a person is told.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)+ }
            }
        }
    };
}

refusals! {
    /// The store code is another store's.
    WrongStoreCode = 1, "store_code", 403, "Invalid code.";
    /// The license key is none.
    KeyFormat = 2, "license_key", 403, INVALID_KEY;
    /// The license is for another product.
    WrongSku = 3, "license_key", 403, INVALID_KEY;
    /// The license key has no dash.
    NoDash = 4, "license_key", 403, INVALID_KEY;
    /// There is no such license, or it was revoked.
    Unknown = 5, "license_key", 403, INVALID_KEY;
    /// `grant_type` is not `license_key`.
    WrongGrantType = 6, "grant_type", 400, "Invalid grant type.";
    /// The request cannot be read.
    Unreadable = 7, "request", 400, "The body must be a form or a JSON object of texts, of at most 16 KiB.";
    /// No SKU.
    NoSku = 100, "sku", 400, REQUIRED;
    /// No license key.
    NoKey = 101, "license_key", 400, REQUIRED;
    /// No store code.
    NoStoreCode = 102, "store_code", 400, REQUIRED;
    /// No activation id.
    NoActivationId = 103, "activation_id", 400, REQUIRED;
    /// No domain, and the product needs one.
    NoDomain = 104, "domain", 400, REQUIRED;
    /// No grant type.
    NoGrantType = 105, "grant_type", 400, REQUIRED;
    /// The license is over.
    Expired = 200, "license_key", 403, "License key has expired.";
    /// The license is activated as often as it may be.
    ActivationLimit = 201, "license_key", 403,
        "License key activation limit reached. Deactivate one of the registered activations to proceed.";
    /// The license is activated on as many domains as it may be.
    DomainLimit = 202, "license_key", 403,
        "License key domain activation limit reached. Deactivate one or more of the registered activations to proceed.";
    /// There is no such activation, or it is another domain's.
    WrongActivation = 203, "activation_id", 403, "Invalid activation.";
    /// The store asks for a token first.
    NoToken = 300, "access_token", 401, REQUIRED;
    /// The token is unknown, or another license's.
    WrongToken = 301, "access_token", 401, "Invalid access token.";
    /// The token is over.
    TokenExpired = 302, "access_token", 401, "Access token has expired.";
}

/// How refusals are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// By the parameter they are about.
    #[default]
    Property,
    /// By their number, which tells why a license key is wrong.
    Code,
}

impl ErrorFormat {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Property, Self::Code];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Property => "property",
            Self::Code => "code",
        }
    }

    /// The way of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The member `errors` of an answer.
    pub fn errors(self, refusals: &[Refusal]) -> Value {
        let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for refusal in refusals {
            let mut say = |name: &str, message| {
                let messages = found.entry(name.to_owned()).or_default();
                if !messages.contains(&message) {
                    messages.push(message);
                }
            };
            match self {
                Self::Code => say(&refusal.code().to_string(), refusal.message()),
                Self::Property => {
                    say(refusal.property(), refusal.message());
                    if *refusal == Refusal::WrongActivation {
                        say("license_key", INVALID_KEY);
                    }
                }
            }
        }
        json!(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_number_of_its_own_and_a_refusing_status() {
        let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        assert!(Refusal::ALL.iter().all(|r| (400..500).contains(&r.status())));
    }

    #[test]
    fn by_property_no_kind_of_wrong_key_is_told_from_another() {
        let kinds = [Refusal::KeyFormat, Refusal::WrongSku, Refusal::NoDash, Refusal::Unknown];
        for kind in kinds {
            let told = ErrorFormat::Property.errors(&[kind]);
            assert_eq!(told, json!({ "license_key": ["Invalid license key."] }));
            assert_eq!(kind.status(), Refusal::Unknown.status());
        }
    }

    #[test]
    fn several_stand_together() {
        let both = [Refusal::Expired, Refusal::WrongActivation];
        assert_eq!(
            ErrorFormat::Property.errors(&both),
            json!({
                "license_key": ["License key has expired.", "Invalid license key."],
                "activation_id": ["Invalid activation."],
            })
        );
        assert_eq!(
            ErrorFormat::Code.errors(&both),
            json!({ "200": ["License key has expired."], "203": ["Invalid activation."] })
        );
    }
}
