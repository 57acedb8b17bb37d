//! The API's description in OpenAPI 3.1, made of the handlers' own attributes.
//!
//! What every operation has (who may ask, the problems any request can meet) is added here by rule, so
//! that no handler can forget it.

use actix_web::{HttpRequest, HttpResponse, http::header};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, HeaderBuilder, ObjectBuilder, OpenApi as Description, Ref, RefOr, Required,
        Response, ResponseBuilder, Server,
        header::Header,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::Type,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};

use super::{
    access_tokens, audit, deliveries, described, grants, key_list, key_rules, keys, licenses, me,
    problem::ProblemJson, registered_apps, rotation, users,
};
use crate::{service::views::words, web::visitor};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "AppGrant",
        description = "Keys, grants, deliveries, licenses, users and the audit log of a store.\n\n\
            Send `Authorization: Bearer agt_…`; `appgrant token create` makes a token, and so does your \
            account's page. A token acts for its user, with what that user may do at the time. Errors \
            are `application/problem+json` with a stable `code`. Lists go on with `next_cursor`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        me::show, key_list::list, keys::create, keys::show, keys::change, keys::revoke, keys::reassign,
        keys::history, rotation::rotate, rotation::end_previous,
        key_rules::show, key_rules::change, access_tokens::list, access_tokens::revoke,
        access_tokens::revoke_all, access_tokens::regenerate, registered_apps::list,
        registered_apps::create, registered_apps::show, registered_apps::change,
        registered_apps::connections, grants::list, grants::show, grants::list_apps, grants::show_app,
        grants::revoke_app, deliveries::list, deliveries::show, deliveries::retry, deliveries::cancel,
        users::list, users::create, users::show, users::change, users::set_password, users::disable,
        users::enable, users::delete, me::tokens, me::revoke_token, audit::list, audit::export,
    ),
    components(schemas(
        ProblemJson, words::KeyState, words::KeyOrder, words::Permissions, words::DeliveryState,
        words::Outcome, described::ObjectKindDescription, described::DeletedKeysDescription,
    )),
    tags(
        (name = "me", description = "Who you are"),
        (name = "keys", description = "Consumer keys"),
        (name = "access tokens", description = "Short-lived tokens of a key, and what it is bound to"),
        (name = "registered apps", description = "Apps that may ask for users' approval by OAuth 2.0"),
        (name = "grants", description = "Approvals of apps"),
        (name = "apps", description = "Apps: everything of one callback host together"),
        (name = "deliveries", description = "Hand-overs of keys to apps, attempt by attempt"),
        (name = "users", description = "People who may log in"),
        (name = "tokens", description = "Tokens of this API"),
        (name = "audit", description = "Who did what"),
    ),
)]
struct Api;

/// The description, as it stands in `docs/openapi.json`.
pub fn description() -> Description {
    let mut description = Api::openapi();
    description.merge(licenses::Description::openapi());
    Rules.modify(&mut description);
    description.servers = Some(vec![Server::new("http://127.0.0.1:8080")]);
    description
}

/// Serves the description of this very store.
pub async fn openapi(request: HttpRequest) -> HttpResponse {
    let mut description = description();
    let url = visitor::app(&request).site.load().url("");
    description.servers = Some(vec![Server::new(url.trim_end_matches('/'))]);
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .json(description)
}

/// How a handler describes a body that need not be there.
const OPTIONAL: &str = "May be left out";

/// What holds for every operation.
struct Rules;

impl Modify for Rules {
    fn modify(&self, api: &mut Description) {
        let components = api.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("agt_…");
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-appgrant",
            "A browser's session (`appgrant` where the store has no TLS). What changes something needs \
             the header X-CSRF-Token too, with `csrf_token` of GET /api/v1/me.",
        ));
        components.add_security_scheme("token", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let either = ["token", "session"].map(|name| SecurityRequirement::new(name, [""; 0]));
        api.security = Some(either.to_vec());
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in operations(item) {
                complete(path, method, operation);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let named = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    named.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Adds what an operation of that kind can always meet.
fn complete(path: &str, method: &str, operation: &mut Operation) {
    let mut add = |status: &str, words: &str| {
        let known = operation.responses.responses.remove(status);
        let words = match &known {
            Some(RefOr::T(response)) => response.description.clone(),
            _ => words.to_owned(),
        };
        let problem = problem(status, &words);
        operation.responses.responses.insert(status.to_owned(), RefOr::T(problem));
    };
    add("400", "The request cannot be read, or a token stands in its address");
    add("401", "Nobody is named, or the token or session is not valid");
    add("422", "Values cannot be taken; `errors` says which and why");
    add("503", "The service cannot answer right now");
    if path.contains('{') {
        add("404", "There is no such thing");
    }
    if method != "get" {
        add("403", "You may not, or the session's X-CSRF-Token is missing");
        add("413", "The body has more than 64 KiB");
        add("415", "The body is not `application/json`");
    }
    for status in ["403", "409"] {
        if operation_knows(operation, status) {
            let known = operation.responses.responses.remove(status);
            let Some(RefOr::T(response)) = known else { continue };
            let problem = problem(status, &response.description);
            operation.responses.responses.insert(status.to_owned(), RefOr::T(problem));
        }
    }
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && body.description.as_deref() == Some(OPTIONAL)
    {
        body.required = Some(Required::False);
    }
    if method == "post" && matches!(path, "/api/v1/keys" | "/api/v1/licenses" | "/api/v1/users") {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
}

fn operation_knows(operation: &Operation, status: &str) -> bool {
    operation.responses.responses.contains_key(status)
}

fn problem(status: &str, words: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let header = |words: &str| -> Header {
        HeaderBuilder::new().schema(Some(text.clone())).description(Some(words)).build()
    };
    let response = ResponseBuilder::new()
        .description(words)
        .content("application/problem+json", Content::new(Some(schema)));
    match status {
        "401" => response.header("WWW-Authenticate", header("`Bearer`")).build(),
        "503" => response.header("Retry-After", header("Seconds")).build(),
        _ => response.build(),
    }
}

fn idempotency_key() -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"))
        .build();
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "A name for this request, unlike any other of yours: sent again within a day, it gives the \
             same answer and makes nothing",
        ))
        .schema(Some(text))
        .build()
}
