//! The answer to a creation.

use actix_web::http::StatusCode;
use serde_json::Value;

use super::{
    answer::{self, Answer},
    client::Client,
    problem::Problem,
};
use crate::service::idempotency::Creation;

/// 201 with what was made, now or by an earlier request of the same name.
///
/// # Errors
/// If the name was used for another request.
pub fn answer(client: &Client, folder: &str, creation: Creation) -> Answer {
    let Creation::Answered(shown) = creation else {
        let detail = "this Idempotency-Key was used for another request; take a new one";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(Problem::new(status, "idempotency_key_reused", detail));
    };
    let made: Value = serde_json::from_slice(&shown.body).unwrap_or_default();
    let location = client.url(&format!("{folder}/{}", made["id"]));
    answer::created(location, shown.body.to_vec(), shown.again)
}
