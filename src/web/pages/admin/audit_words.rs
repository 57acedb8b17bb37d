//! Rows of the audit log in plain words. What a newer version wrote is shown as it stands.

use serde_json::Value;

use super::moment::Moment;
use crate::{
    domain::{
        audit::{Actor, Event},
        timestamp::Timestamp,
        user::User,
    },
    service::audit::Row,
    web::site::Site,
};

/// A row, ready to be shown.
pub struct AuditLine {
    /// Its number in the log.
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// What happened.
    pub what: String,
    /// To what, and where that is shown, if it is.
    pub object: Option<(String, Option<String>)>,
    /// Whether it was not allowed.
    pub is_refused: bool,
    /// What else is worth knowing.
    pub details: Vec<String>,
    /// In which request.
    pub request_id: Option<String>,
}

impl AuditLine {
    /// A row as it is shown.
    pub fn of(row: Row, reader: &User, site: &Site, now: Timestamp) -> Self {
        let event = Event::parse(&row.event);
        let what = event.map_or_else(|| row.event.clone(), |event| words(event).to_owned());
        let actor = event.filter(|_| row.actor == Actor::Nobody.to_string()).and_then(stranger);
        let object = object(&row, reader, site);
        Self {
            seq: row.seq,
            at: Moment::of(row.at, now),
            actor: actor.map_or(row.actor, str::to_owned),
            address: row.address,
            what,
            object,
            is_refused: row.outcome != "done",
            details: details(&row.details),
            request_id: row.request_id,
        }
    }
}

/// Who it is that does this and is no user, in the words of whoever reads it.
const fn stranger(event: Event) -> Option<&'static str> {
    match event {
        Event::LicenseActivated | Event::LicenseDeactivated => Some("a program"),
        Event::Connected | Event::TokenReused | Event::AccessTokensEnded | Event::KeyRevoked => {
            Some("an app")
        }
        Event::UserCreated => Some("the setup page"),
        _ => None,
    }
}

/// What happened, after the name of who did it.
#[expect(clippy::too_many_lines, reason = "one line an event")]
pub const fn words(event: Event) -> &'static str {
    match event {
        Event::LoggedIn => "logged in",
        Event::LoginFailed => "failed to log in",
        Event::SessionEnded => "ended a session",
        Event::UserCreated => "made a user",
        Event::UserChanged => "changed a user",
        Event::PasswordChanged => "set a password",
        Event::UserDisabled => "disabled a user",
        Event::UserEnabled => "let a user in again",
        Event::UserDeleted => "deleted a user",
        Event::GrantApproved => "approved an app",
        Event::GrantDenied => "denied an app",
        Event::Delivered => "handed the keys over",
        Event::DeliveryFailed => "gave a delivery up",
        Event::DeliveryCancelled => "called a delivery off",
        Event::DeliveryRetried => "hurried a delivery",
        Event::KeyCreated => "made a key",
        Event::KeyImported => "took a key over",
        Event::KeyChanged => "changed a key",
        Event::KeyReassigned => "gave a key to another owner",
        Event::KeyRotated => "gave a key a new secret",
        Event::OldSecretEnded => "ended a key’s old secret",
        Event::KeyExpiring => "warned that a key ends soon",
        Event::KeyRevoked => "revoked a key",
        Event::AccessTokensEnded => "ended access tokens of a key",
        Event::TokenReused => "used a spent token of a key",
        Event::AccessTokenMade => "made an access token for a key",
        Event::AppRegistered => "registered an app",
        Event::AppChanged => "changed a registered app",
        Event::Connected => "took up the connection that was approved for it",
        Event::LicenseCreated => "made a license",
        Event::LicenseImported => "imported a license",
        Event::LicenseChanged => "changed a license",
        Event::LicenseRevoked => "revoked a license",
        Event::LicenseRestored => "restored a license",
        Event::LicenseActivated => "activated a license",
        Event::LicenseDeactivated => "ended an activation",
        Event::LicenseKeySeen => "looked at a whole license key",
        Event::LicensesExported => "exported licenses",
        Event::LicenseProductChanged => "set what a product is",
        Event::LicenseProductDeleted => "deleted a product",
        Event::LicenseSettingsChanged => "changed the license settings",
        Event::TokenCreated => "made an API token",
        Event::TokenRevoked => "ended an API token",
        Event::SigningKeyRotated => "exchanged the signing key",
        Event::AuditExported => "exported the log",
    }
}

fn object(row: &Row, reader: &User, site: &Site) -> Option<(String, Option<String>)> {
    if row.object_id.is_empty() {
        return None;
    }
    if row.object_kind == "license_product" {
        let href = site.path(&super::licenses::products::edit_path(&row.object_id));
        return Some((format!("license product {}", row.object_id), Some(href)));
    }
    // Nothing else but a number becomes part of an address.
    let number = row.object_id.parse::<i64>().ok();
    let href = match row.object_kind.as_str() {
        "key" => number.map(|id| site.path(&format!("/admin/keys/{id}"))),
        "license" => number.map(|id| site.path(&format!("/admin/licenses/{id}"))),
        "user" | "session" if reader.role.may_manage_users() => {
            number.map(|id| site.path(&format!("/admin/users/{id}")))
        }
        _ => None,
    };
    let kind = if row.object_kind == "session" { "user" } else { &row.object_kind };
    let id = number.map_or_else(|| row.object_id.chars().take(8).collect(), |id| id.to_string());
    Some((format!("{} {id}", kind.replace('_', " ")), href))
}

/// The details as short texts: `permissions: read_write → read`.
pub fn details(json: &str) -> Vec<String> {
    match serde_json::from_str(json) {
        Ok(Value::Object(fields)) => {
            fields.iter().filter_map(|(name, value)| detail(name, value)).collect()
        }
        _ => vec![json.to_owned()],
    }
}

fn detail(name: &str, value: &Value) -> Option<String> {
    let name = name.replace('_', " ");
    match value {
        Value::Bool(false) | Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(all) if all.is_empty() => None,
        Value::Number(id) if name == "user" => Some(format!("user {id}")),
        Value::Number(id) if name == "owner" => Some(format!("owner: user {id}")),
        Value::Bool(true) => Some(name),
        Value::Object(fields) => match (fields.get("from"), fields.get("to")) {
            (Some(from), Some(to)) => Some(format!("{name}: {} → {}", plain(from), plain(to))),
            _ => Some(format!("{name}: {value}")),
        },
        other => Some(format!("{name}: {}", plain(other))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_read_like_words() {
        let json = r#"{"expires_at":{"from":null,"to":"2027-01-01"},"name":true,"role":null,
            "reason":"<b>","ids":[1,2],"email":false,"download_url":"","none":[],"owner":2,"user":3}"#;
        let mut told = details(json);
        told.sort();
        let words = [
            "expires at: none → 2027-01-01",
            "ids: 1, 2",
            "name",
            "owner: user 2",
            "reason: <b>",
            "user 3",
        ];
        assert_eq!(told, words);
        assert_eq!(details("not json"), ["not json"]);
        assert!(details("{}").is_empty());
    }
}
