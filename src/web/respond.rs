//! Answers: pages with the headers that keep them safe, and redirects.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header::HeaderValue},
};
use askama::Template;

use super::{errors::WebError, site::Site};

/// `Retry-After` of an answer that could not be given now: after how many seconds it is worth trying again.
pub const TRY_AGAIN_AFTER: HeaderValue = HeaderValue::from_static("2");

/// Where a page's forms may lead. Browsers apply `form-action` to the redirects after a form too.
#[derive(Clone, Copy)]
pub enum Forms<'a> {
    /// Only to ourselves.
    Stay,
    /// Back to the app in the end, wherever it redirects further, its own scheme included.
    /// With that scheme of an app's own, if it has one.
    MayReturnTo(Option<&'a str>),
}

/// A page with its headers.
///
/// # Errors
/// If the template cannot be rendered, which no value makes it do.
pub fn page(
    status: StatusCode,
    template: &impl Template,
    forms: Forms<'_>,
) -> Result<HttpResponse, WebError> {
    let body = template.render().map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(private(HttpResponse::build(status))
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", policy(forms)))
        .insert_header(("X-Frame-Options", "DENY"))
        .body(body))
}

/// Headers of every answer that holds parameters or belongs to a session; the cache headers are
/// WordPress' (wire.md §1.3).
pub fn private(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header(("Cache-Control", "no-cache, must-revalidate, max-age=0, no-store, private"))
        .insert_header(("Expires", "Wed, 11 Jan 1984 05:00:00 GMT"))
        .insert_header(("Referrer-Policy", "no-referrer"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("X-Robots-Tag", "noindex, nofollow"));
    response
}

/// `302 Found`, as WooCommerce redirects between its own routes.
pub fn found(location: String) -> HttpResponse {
    private(HttpResponse::Found()).insert_header(("Location", location)).finish()
}

/// `303 See Other`, after a form.
pub fn see_other(location: String) -> HttpResponse {
    private(HttpResponse::SeeOther()).insert_header(("Location", location)).finish()
}

fn policy(forms: Forms<'_>) -> String {
    let action = match forms {
        Forms::Stay => "'self'".to_owned(),
        Forms::MayReturnTo(Some(scheme)) => format!("'self' http: https: {scheme}:"),
        Forms::MayReturnTo(None) => "'self' http: https:".to_owned(),
    };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action {action}"
    )
}

/// Which site a request comes from, as far as the browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of our own pages, or an address typed in.
    Own,
    /// Another site.
    Foreign,
    /// A browser that does not say (`Origin: null`, as after `no-referrer`).
    Unclear,
    /// No browser: it sends neither header.
    NoBrowser,
}

/// Reads `Sec-Fetch-Site`, else `Origin`.
pub fn origin(request: &HttpRequest, site: &Site) -> Origin {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header("origin")) {
        (Some("same-origin" | "none"), _) => Origin::Own,
        (None, Some(origin)) if origin == site.public_url.origin() => Origin::Own,
        (None, Some("null")) => Origin::Unclear,
        (None, None) => Origin::NoBrowser,
        (Some(_), _) | (None, Some(_)) => Origin::Foreign,
    }
}
