//! What apps are told of their keys: Standard Webhooks payloads (contract §5), never a secret.
//!
//! An event is kept as its facts; the body is written from them each time it is sent, and is the same
//! each time.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{authorize_request::AuthorizeRequest, timestamp::Timestamp};

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// It ends soon.
    Expiring {
        /// When.
        expires_at: Timestamp,
    },
    /// It has a new pair.
    Rotated {
        /// When the pair before ends at the latest.
        previous_ends_at: Timestamp,
    },
    /// It was ended.
    Revoked {
        /// Why.
        reason: String,
    },
}

impl KeyEvent {
    /// The type of the payload.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Expiring { .. } => "key.expiring",
            Self::Rotated { .. } => "key.rotated",
            Self::Revoked { .. } => "key.revoked",
        }
    }

    const fn code(&self) -> u128 {
        match self {
            Self::Expiring { .. } => 1,
            Self::Rotated { .. } => 2,
            Self::Revoked { .. } => 3,
        }
    }

    /// The delivery's id, which is the `webhook-id`: sorts by time as other deliveries' do (RFC 9562
    /// §5.7), then what happened and how often in that millisecond, and random as the grant's id is, so
    /// that no two stores have the same.
    pub fn id(&self, grant_id: &str, now: Timestamp, turn: u8) -> String {
        let grant = Uuid::try_parse(grant_id).map_or(0, |id| id.as_u128());
        let time = u128::try_from(now.as_millis()).unwrap_or(0) << 80;
        let what = (u128::from(turn) << 4 | self.code()) << 64;
        let random = grant & ((1 << 64) - 1);
        format!("msg_{}", Uuid::from_u128(time | (7 << 76) | what | random))
    }

    /// What the app is told besides which key it is: a JSON object.
    pub fn details(&self) -> Value {
        match self {
            Self::Expiring { expires_at } => json!({ "expires_at": expires_at.to_string() }),
            Self::Rotated { previous_ends_at } => {
                json!({ "previous_ends_at": previous_ends_at.to_string() })
            }
            Self::Revoked { reason } => json!({ "reason": reason }),
        }
    }
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The type of the payload.
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// The key's number.
    pub key_id: i64,
    /// What else is told, a JSON object.
    pub details: Value,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    key_id: i64,
    user_id: &'a str,
    grant_id: &'a str,
    store_url: &'a str,
    #[serde(flatten)]
    details: &'a Value,
}

impl Facts {
    /// The bytes to post.
    pub fn body(&self, request: &AuthorizeRequest, grant_id: &str, store_url: &str) -> Vec<u8> {
        let Self { name, at, key_id, details } = self;
        let data =
            Data { key_id: *key_id, user_id: &request.user_id, grant_id, store_url, details };
        let body = Body { r#type: name, timestamp: at.to_string(), data };
        serde_json::to_vec(&body).expect("plain values can be written")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::parameters::Parameters;

    #[test]
    fn payloads() {
        let query = "app_name=x&user_id=a%22b&return_url=x&callback_url=x&scope=read";
        let request = AuthorizeRequest::read(&Parameters::read([query.as_bytes()])).unwrap();
        let at = Timestamp::from_millis(0);
        let soon = Timestamp::from_millis(1000);
        for (event, data) in [
            (KeyEvent::Expiring { expires_at: soon }, r#""expires_at":"1970-01-01T00:00:01Z""#),
            (
                KeyEvent::Rotated { previous_ends_at: soon },
                r#""previous_ends_at":"1970-01-01T00:00:01Z""#,
            ),
            (KeyEvent::Revoked { reason: "lost".to_owned() }, r#""reason":"lost""#),
        ] {
            let (name, details) = (event.name().to_owned(), event.details());
            let facts = Facts { name, at, key_id: 7, details };
            let body = facts.body(&request, "g", "https://s.example");
            assert_eq!(
                String::from_utf8(body).unwrap(),
                format!(
                    r#"{{"type":"{}","timestamp":"1970-01-01T00:00:00Z","data":{{"key_id":7,"user_id":"a\"b","grant_id":"g","store_url":"https://s.example",{data}}}}}"#,
                    event.name()
                )
            );
        }
    }

    #[test]
    fn ids_sort_by_time_and_tell_events_and_grants_apart() {
        let revoked = KeyEvent::Revoked { reason: String::new() };
        let expiring = KeyEvent::Expiring { expires_at: Timestamp::from_millis(0) };
        let grants =
            ["01a1fafa-8cab-786c-8f81-3781efe958ca", "01a1fafa-8cab-786c-8f81-3781efe958cb"];
        let at = Timestamp::from_millis;
        let first = revoked.id(grants[0], at(1_795_207_503_999), 0);
        assert_eq!(first, "msg_01a1fab4-a07f-7003-8f81-3781efe958ca");
        assert!(first < expiring.id(grants[0], at(1_795_207_504_000), 0));
        for other in [
            expiring.id(grants[0], at(1_795_207_503_999), 0),
            revoked.id(grants[1], at(1_795_207_503_999), 0),
            revoked.id(grants[0], at(1_795_207_503_999), 1),
        ] {
            assert_ne!(first, other);
        }
    }
}
