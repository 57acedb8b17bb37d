//! `/verify`: a proxy asks whether a request to the store's API may pass (contract §7).
//!
//! Answers 204, or 401 and 403 in WooCommerce's words. Never: a page, a template, a log line at
//! `info`; this runs before every request to the store.

mod answer;
mod forwarded;

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};

use super::{client_address, visitor::App};
use crate::{
    domain::{
        api_request::{ApiRequest, Authorization, Origin},
        refusal::{Refusal, Wish},
    },
    service::verify,
};
use answer::Refused;
use forwarded::{Asked, Unasked};

const OVERRIDE: &str = "x-http-method-override";

/// Where it stands.
pub const PATH: &str = "/verify";

/// Judges the request a proxy asks about.
pub async fn verify(request: HttpRequest, app: Data<App>) -> HttpResponse {
    let is_proxy = client_address::is_from_proxy(&request, &app.site.trusted_proxies);
    let asked = match forwarded::read(&request, is_proxy, app.site.public_url.prefix()) {
        Ok(asked) => asked,
        Err(unasked) => return refuse_to_judge(&request, &app, unasked),
    };
    let client = client_address::of(&request, &app.site.trusted_proxies);
    let judged = api_request(&request, &asked, is_proxy, client);
    match verify::verify(&app.services, &judged).await {
        Ok(verify::Verdict::Allowed(key)) => answer::allowed(Some(&key.identity)),
        Ok(verify::Verdict::Anonymous) => answer::allowed(None),
        Ok(verify::Verdict::Refused(refusal)) => {
            let wish = Wish::of(judged.method, judged.path);
            answer::refused(&app.services, Refused { refusal, wish, bodiless: asked.bodiless })
        }
        Err(error) => answer::unavailable(&app.services, &error, asked.bodiless),
    }
}

fn refuse_to_judge(request: &HttpRequest, app: &App, unasked: Unasked) -> HttpResponse {
    let refusal = match unasked {
        Unasked::NoRequest => Refusal::NoRequest,
        Unasked::Contradiction => Refusal::AmbiguousRequest,
        Unasked::Unreadable => Refusal::AmbiguousPath,
    };
    let bodiless = request.headers().contains_key(forwarded::ORIGINAL_URI);
    answer::refused(&app.services, Refused { refusal, wish: Wish::List, bodiless })
}

fn api_request<'a>(
    request: &'a HttpRequest,
    asked: &Asked<'a>,
    is_proxy: bool,
    client: IpAddr,
) -> ApiRequest<'a> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    ApiRequest {
        method: asked.method,
        path: asked.path,
        query: asked.query,
        method_override: method_override(request),
        authorization: authorization(request),
        origin: if is_proxy {
            forwarded::origin(request)
        } else {
            Origin { secure: false, host: None }
        },
        client,
        agent: text("user-agent"),
    }
}

/// The override however its name is written: PHP takes `X_HTTP_Method_Override` for the same header.
/// Two of them override with no method at all.
fn method_override(request: &HttpRequest) -> Option<&str> {
    let mut found = None;
    for (name, value) in request.headers() {
        if is_override(name.as_str()) {
            let value = value.to_str().unwrap_or_default();
            found = Some(if found.is_some() { "" } else { value });
        }
    }
    found
}

fn is_override(name: &str) -> bool {
    let same = |(a, b): (u8, u8)| a == b || (b == b'-' && !a.is_ascii_alphanumeric());
    name.len() == OVERRIDE.len() && name.bytes().zip(OVERRIDE.bytes()).all(same)
}

fn authorization(request: &HttpRequest) -> Authorization<'_> {
    let mut values = request.headers().get_all(header::AUTHORIZATION);
    match (values.next(), values.next()) {
        (None, _) => Authorization::Absent,
        (Some(one), None) => one.to_str().map_or(Authorization::Unclear, Authorization::One),
        (Some(_), Some(_)) => Authorization::Unclear,
    }
}
