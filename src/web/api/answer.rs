//! Answers that are a success: JSON, never kept by anybody in between.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::problem::Problem;

/// What a handler gives.
pub type Answer = Result<HttpResponse, Problem>;

/// An answer with the headers that every answer of the API has.
pub fn private(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}

/// 200 with that body.
///
/// # Errors
/// None that a value of ours causes.
#[expect(clippy::unnecessary_wraps, reason = "handlers end in it")]
pub fn ok(body: &impl Serialize) -> Answer {
    Ok(private(StatusCode::OK).json(body))
}

/// 201 with that body, which stands at that address from now on. Made by an earlier request of the same
/// `Idempotency-Key` if `again`.
///
/// # Errors
/// None that a value of ours causes.
#[expect(clippy::unnecessary_wraps, reason = "handlers end in it")]
pub fn created(location: String, body: Vec<u8>, again: bool) -> Answer {
    let mut response = private(StatusCode::CREATED);
    response.insert_header((header::LOCATION, location)).content_type("application/json");
    if again {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    Ok(response.body(body))
}

/// 204.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "handlers end in it")]
pub fn done() -> Answer {
    Ok(private(StatusCode::NO_CONTENT).finish())
}
