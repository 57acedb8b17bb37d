//! A row of the audit log in JSON: in lists, and as a line of an export.

use data_encoding::HEXLOWER;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words;
use crate::domain::audit::{Outcome, Row};

/// A row of the audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub struct AuditRowJson {
    /// Its place in the chain: 1, 2, … without gaps.
    #[schema(example = 42)]
    pub seq: i64,
    /// When, to the millisecond, which the hash covers.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who: a login, with the token's number if a program acted; `command line`, `system` or `nobody`.
    #[schema(example = "ada (token 3)")]
    pub actor: String,
    /// The user's number, if it was one.
    #[schema(required)]
    pub actor_id: Option<i64>,
    /// From where, if over the network.
    #[schema(required)]
    pub address: Option<String>,
    /// What happened; more words come with later versions.
    #[schema(example = "key.revoked")]
    pub event: String,
    /// What it happened to.
    pub object: AuditObjectJson,
    /// Whether it came about.
    #[schema(value_type = words::Outcome)]
    pub outcome: String,
    /// In which request.
    #[schema(required)]
    pub request_id: Option<String>,
    /// What else is worth knowing; its members depend on the event.
    #[schema(value_type = Object)]
    pub details: Value,
    /// Covers this row and the hash of the one before (hex).
    pub hash: String,
}

/// What an event happened to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditObject)]
pub struct AuditObjectJson {
    /// What kind of thing.
    #[schema(example = "key")]
    pub kind: String,
    /// Its number or id; empty where there is none.
    #[schema(example = "7")]
    pub id: String,
}

impl From<Row> for AuditRowJson {
    fn from(row: Row) -> Self {
        let details = serde_json::from_str(&row.details);
        Self {
            seq: row.seq,
            at: row.at.to_millis_text(),
            actor: row.actor,
            actor_id: row.actor_id,
            address: row.address,
            event: row.event,
            object: AuditObjectJson { kind: row.object_kind, id: row.object_id },
            outcome: Outcome::parse(&row.outcome)
                .map_or(row.outcome, |outcome| outcome.as_str().to_owned()),
            request_id: row.request_id,
            // Altered rows are shown too: `audit verify` is what judges them.
            details: details.unwrap_or(Value::Object(serde_json::Map::new())),
            hash: HEXLOWER.encode(&row.hash),
        }
    }
}
