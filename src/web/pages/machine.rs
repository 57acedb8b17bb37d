//! Answers for machines: health, public keys, embedded files.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::{
    service::{health, signing},
    web::{errors, visitor},
};

/// The process is up.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(json!({ "status": "ok" }))
}

/// The process can do its work; 503 with the reason if not.
pub async fn readyz(request: HttpRequest) -> HttpResponse {
    let services = visitor::app(&request).services;
    let (mut response, body) = match health::ready(&services).await {
        Ok(()) => (HttpResponse::Ok(), json!({ "status": "ok" })),
        Err(error) => {
            let reason = error.to_string();
            (
                HttpResponse::ServiceUnavailable(),
                json!({ "status": "unavailable", "reason": reason }),
            )
        }
    };
    response.insert_header(("Cache-Control", "no-store")).json(body)
}

/// The keys that callbacks are signed with.
pub async fn jwks(request: HttpRequest) -> HttpResponse {
    let services = visitor::app(&request).services;
    match signing::public_keys(&services).await {
        Ok(keys) => {
            HttpResponse::Ok().insert_header(("Cache-Control", "public, max-age=300")).json(keys)
        }
        Err(error) => errors::render(&request, &error.into()),
    }
}

/// An embedded file.
pub async fn asset(request: HttpRequest) -> HttpResponse {
    let name = request.match_info().get("name").unwrap_or_default();
    let file = visitor::app(&request).site.load().assets.serve(name);
    file.unwrap_or_else(|| HttpResponse::NotFound().finish())
}
