//! The addresses of WooCommerce License Keys, at which programs ask about their licenses (docs/licenses.md).
//!
//! Both of its handlers: `/wp-json/woo-license-keys/v1/…` and `/wp-admin/admin-ajax.php?action=license_key_…`.
//! Each reads its parameters (`parameters`), asks one use case, and answers in one envelope (`answer`), for
//! scripts of other sites too if the store allows them (`cors`).
//! Never: a cookie, a page, a license key in a line of the log.

mod answer;
mod cors;
mod namespace;
mod parameters;

use std::net::IpAddr;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{AUTHORIZATION, USER_AGENT},
    },
    web::{self, Payload, ServiceConfig, route},
};

use super::{client_address, visitor};
use crate::{
    domain::{licenses::Refusal, parameters::Parameters},
    service::{
        Services,
        caller::{Actor, Caller},
        licenses::{self, Asked, Denied},
    },
    telemetry::{LicenseQuestion as Question, LicenseVerdict as Verdict},
};

/// Where the REST handler stands.
pub const REST: &str = "/wp-json/woo-license-keys/v1";

/// Where the other one stands.
pub const AJAX: &str = "/wp-admin/admin-ajax.php";

/// Registers both handlers.
pub fn configure(config: &mut ServiceConfig) {
    for question in Question::ALL {
        let path = format!("{REST}/{}", question.as_str());
        let ask = move |request: HttpRequest, payload: Payload| rest(request, payload, question);
        // WordPress takes the last slash off a REST address.
        let slashed = format!("{path}/");
        config.service(web::resource([path, slashed]).default_service(route().to(ask)));
    }
    config
        .service(
            web::resource([REST, &format!("{REST}/")]).default_service(route().to(namespace::show)),
        )
        .service(web::resource(AJAX).default_service(route().to(ajax)));
}

async fn rest(request: HttpRequest, payload: Payload, question: Question) -> HttpResponse {
    answered(request, payload, |_| Some(question)).await
}

async fn ajax(request: HttpRequest, payload: Payload) -> HttpResponse {
    answered(request, payload, |parameters| {
        let action = parameters.text("action")?.strip_prefix("license_key_")?;
        Question::ALL.into_iter().find(|question| question.as_str() == action)
    })
    .await
}

/// Answers a question, for a script of another site too if it may ask.
async fn answered(
    request: HttpRequest,
    payload: Payload,
    question: impl FnOnce(&Parameters) -> Option<Question>,
) -> HttpResponse {
    let visitor::App { services, .. } = visitor::app(&request);
    if request.method() == Method::OPTIONS {
        return cors::preflight(&services, &request).await;
    }
    let parameters = match parameters::read(&request, payload).await {
        Ok(parameters) => parameters,
        Err(parameters::Broken::Unreadable) => {
            let response = answer::refused(&services, &[Refusal::Unreadable]).await;
            return cors::allowed(&services, &request, response).await;
        }
        Err(parameters::Broken::Off) => return answer::broken_off(),
    };
    let Some(question) = question(&parameters) else { return answer::no_action() };
    let response = if takes(question, request.method()) {
        ask(&services, &request, &parameters, question).await
    } else {
        answer::only(if question == Question::Token { "GET, POST" } else { "POST" })
    };
    cors::allowed(&services, &request, response).await
}

/// A token may be asked for by POST too, which keeps the key out of proxies' logs.
fn takes(question: Question, method: &Method) -> bool {
    method == Method::POST || (question == Question::Token && method == Method::GET)
}

async fn ask(
    services: &Services,
    request: &HttpRequest,
    parameters: &Parameters,
    question: Question,
) -> HttpResponse {
    let asked = asked(request, parameters);
    let site = visitor::app(request).site.load_full();
    let needs_tls = site.public_url.is_secure();
    let address = client_address::secured(request, &site.trusted_proxies, needs_tls);
    let Some(address) = address else { return answer::insecure() };
    let told = told(services, request, (address, asked), question).await;
    let verdict = match &told {
        Ok(_) => Verdict::Granted,
        Err(Denied::Refused(_)) => Verdict::Refused,
        Err(Denied::Wait(_)) => Verdict::Throttled,
        Err(Denied::Service(_)) => Verdict::Failed,
    };
    services.metrics.licenses.asked(question, verdict);
    match told {
        Ok(response) => response,
        Err(Denied::Refused(refusals)) => answer::refused(services, &refusals).await,
        Err(Denied::Wait(wait)) => answer::wait(wait),
        Err(Denied::Service(error)) => answer::unavailable(&error),
    }
}

async fn told(
    services: &Services,
    request: &HttpRequest,
    (address, asked): (IpAddr, Asked<'_>),
    question: Question,
) -> Result<HttpResponse, Denied> {
    let caller = Caller {
        actor: Actor::Nobody,
        address: Some(address),
        request_id: Some(visitor::request_id(request)).filter(|id| !id.is_empty()),
    };
    match question {
        Question::Token => {
            licenses::hand_token(services, address, asked).await.map(|token| answer::token(&token))
        }
        Question::Activate => {
            let granted = licenses::activate(services, &caller, address, asked).await?;
            Ok(answer::granted("License Key activated successfully.", &granted, asked.license_key))
        }
        Question::Validate => {
            let granted = licenses::validate(services, address, asked).await?;
            Ok(answer::granted("License Key is valid.", &granted, asked.license_key))
        }
        Question::Deactivate => {
            licenses::deactivate(services, &caller, address, asked).await?;
            Ok(answer::done("Activation has been deactivated."))
        }
    }
}

fn asked<'a>(request: &'a HttpRequest, parameters: &'a Parameters) -> Asked<'a> {
    let text = |name| parameters.text(name).unwrap_or_default().trim();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    Asked {
        store_code: text("store_code"),
        sku: text("sku"),
        license_key: text("license_key"),
        domain: text("domain"),
        activation_id: text("activation_id"),
        grant_type: text("grant_type"),
        token: bearer,
        client: header(USER_AGENT),
    }
}
