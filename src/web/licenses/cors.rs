//! Scripts of other sites (CORS, Fetch §3.2): those that the store names may ask, no others.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue, ORIGIN, VARY,
    },
};

use crate::service::{Services, licenses};

/// For how many seconds a browser may remember that it may ask.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// Answers a browser that asks whether it may ask.
pub async fn preflight(services: &Services, request: &HttpRequest) -> HttpResponse {
    let mut response = allowed(services, request, HttpResponse::NoContent().finish()).await;
    if response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        let headers = response.headers_mut();
        let set = [
            (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
            (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Authorization, Content-Type")),
            (ACCESS_CONTROL_MAX_AGE, REMEMBERED),
        ];
        for (name, value) in set {
            headers.insert(name, value);
        }
    }
    response
}

/// Lets the script of another site read an answer, if it may.
pub async fn allowed(
    services: &Services,
    request: &HttpRequest,
    mut response: HttpResponse,
) -> HttpResponse {
    let Some(origin) = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok()) else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    // Without a database there is no answer worth reading.
    let answer = licenses::answer_to_origin(services, origin).await.unwrap_or_default();
    if let Some(answer) = answer.and_then(|answer| HeaderValue::from_str(&answer).ok()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, answer);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    }
    response
}
