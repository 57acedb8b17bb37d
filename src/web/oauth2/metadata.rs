//! What this authorization server can do (RFC 8414), so that client libraries need its address only.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use serde_json::json;

use crate::{
    domain::scope::SCOPES,
    web::{site::Site, visitor},
};

/// Where it stands.
pub const PATH: &str = "/.well-known/oauth-authorization-server";

/// Where RFC 8414 §3.1 puts it for a store under a path of its own: before that path, not behind it.
pub fn well_known(prefix: &str) -> String {
    format!("{PATH}{prefix}")
}

/// The name of this server: `issuer` here and `iss` in each authorization answer (RFC 9207).
pub fn issuer(site: &Site) -> &str {
    site.public_url.as_str()
}

/// The metadata.
pub async fn metadata(request: HttpRequest) -> HttpResponse {
    let visitor::App { services, site, .. } = visitor::app(&request);
    let site = site.load_full();
    let mut grants = vec!["authorization_code", "client_credentials", "refresh_token"];
    if services.tokens.options.password_grant {
        grants.push("password");
    }
    let methods = ["client_secret_basic", "client_secret_post"];
    let with_none = ["client_secret_basic", "client_secret_post", "none"];
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .json(json!({
            "issuer": issuer(&site),
            "authorization_endpoint": site.url("/oauth2/authorize"),
            "token_endpoint": site.url("/oauth2/token"),
            "introspection_endpoint": site.url("/oauth2/introspect"),
            "revocation_endpoint": site.url("/oauth2/revoke"),
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": grants,
            "token_endpoint_auth_methods_supported": with_none,
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": with_none,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        }))
}
