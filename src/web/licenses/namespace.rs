//! The namespace's own address: what can be asked there, as WordPress lists routes. Developers look at it to see
//! whether the API is there.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
};
use serde_json::{Map, Value, json};

use super::{REST, answer, cors};
use crate::{telemetry::LicenseQuestion as Question, web::visitor};

/// Lists the routes.
pub async fn show(request: HttpRequest) -> HttpResponse {
    let visitor::App { services, site, .. } = visitor::app(&request);
    let response = match *request.method() {
        Method::OPTIONS => return cors::preflight(&services, &request).await,
        Method::GET | Method::HEAD => {
            let site = site.load();
            let routes: Map<_, _> = Question::ALL.into_iter().map(|q| route(&site, q)).collect();
            let body = json!({ "namespace": "woo-license-keys/v1", "routes": routes });
            answer::body_of(StatusCode::OK, &body)
        }
        _ => answer::only("GET"),
    };
    cors::allowed(&services, &request, response).await
}

fn route(site: &crate::web::Site, question: Question) -> (String, Value) {
    let required: &[&str] = match question {
        Question::Token => &["grant_type", "license_key"],
        Question::Activate => &["store_code", "sku", "license_key"],
        Question::Validate | Question::Deactivate => {
            &["activation_id", "store_code", "sku", "license_key"]
        }
    };
    let mut args: Map<_, _> =
        required.iter().map(|name| ((*name).to_owned(), json!({ "required": true }))).collect();
    if question != Question::Token {
        args.insert("domain".to_owned(), json!({ "required": false }));
    }
    let methods: &[&str] = if question == Question::Token { &["GET", "POST"] } else { &["POST"] };
    let route = json!({
        "namespace": "woo-license-keys/v1",
        "methods": methods,
        "endpoints": [{ "methods": methods, "args": args }],
        "_links": { "self": site.url(&format!("{REST}/{}", question.as_str())) },
    });
    (format!("/woo-license-keys/v1/{}", question.as_str()), route)
}
