//! What programs are told of keys and of the audit log: the same fields on the command line and in the
//! API. Instants are RFC 3339 in UTC; what is not known is null.
//!
//! Never: anything that opens something. There is none in what these are made of.

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::Value;

use crate::domain::{
    audit::Row,
    key_view::{KeyApp, KeyView, LastUse, Owner},
    timestamp::Timestamp,
};

/// A view as one line of JSON, its fields in their order.
pub fn line(view: &impl Serialize) -> String {
    serde_json::to_string(view).expect("texts and numbers can be written")
}

/// A key (contract §6).
#[derive(Debug, Serialize)]
pub struct KeyJson<'a> {
    id: i64,
    description: &'a str,
    permissions: &'static str,
    owner: OwnerJson<'a>,
    app: Option<AppJson<'a>>,
    created_at: String,
    expires_at: Option<String>,
    last_used: Option<LastUseJson<'a>>,
    last_write_at: Option<String>,
    state: &'static str,
    revoked_at: Option<String>,
    revoke_reason: Option<&'a str>,
    ending: &'a str,
}

#[derive(Debug, Serialize)]
struct OwnerJson<'a> {
    id: i64,
    login: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct AppJson<'a> {
    name: &'a str,
    callback_host: &'a str,
    grant_id: &'a str,
}

#[derive(Debug, Serialize)]
struct LastUseJson<'a> {
    at: String,
    address: Option<&'a str>,
    client: Option<&'a str>,
}

impl<'a> From<&'a KeyView> for KeyJson<'a> {
    fn from(key: &'a KeyView) -> Self {
        let Owner { id, login, name, .. } = &key.owner;
        Self {
            id: key.id,
            description: &key.description,
            permissions: key.permissions.as_str(),
            owner: OwnerJson { id: *id, login, name },
            app: key.app.as_ref().map(|KeyApp { name, callback_host, grant_id, .. }| AppJson {
                name,
                callback_host,
                grant_id,
            }),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.as_ref().map(Timestamp::to_string),
            last_used: key.last_use.as_ref().map(|LastUse { at, address, client }| LastUseJson {
                at: at.to_string(),
                // Not known of keys that WooCommerce saw last.
                address: Some(address.as_str()).filter(|address| !address.is_empty()),
                client: client.as_deref(),
            }),
            last_write_at: key.last_write_at.as_ref().map(Timestamp::to_string),
            state: key.state.as_str(),
            revoked_at: key.revoked_at.as_ref().map(Timestamp::to_string),
            revoke_reason: key.revoke_reason.as_deref(),
            ending: &key.ending,
        }
    }
}

/// A row of the audit log, as it is exported.
#[derive(Debug, Serialize)]
pub struct AuditJson<'a> {
    seq: i64,
    /// To the millisecond: that is what the hash covers.
    at: String,
    actor: &'a str,
    actor_id: Option<i64>,
    address: Option<&'a str>,
    event: &'a str,
    object: ObjectJson<'a>,
    outcome: &'a str,
    request_id: Option<&'a str>,
    details: Value,
    hash: String,
}

#[derive(Debug, Serialize)]
struct ObjectJson<'a> {
    kind: &'a str,
    id: &'a str,
}

impl<'a> From<&'a Row> for AuditJson<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            seq: row.seq,
            at: row.at.to_millis_text(),
            actor: &row.actor,
            actor_id: row.actor_id,
            address: row.address.as_deref(),
            event: &row.event,
            object: ObjectJson { kind: &row.object_kind, id: &row.object_id },
            outcome: &row.outcome,
            request_id: row.request_id.as_deref(),
            // Somebody may have altered it; then it is exported as the text it is.
            details: serde_json::from_str(&row.details)
                .unwrap_or_else(|_| Value::String(row.details.clone())),
            hash: HEXLOWER.encode(&row.hash),
        }
    }
}
