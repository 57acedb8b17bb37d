//! What went wrong, as programs are told: `application/problem+json` (RFC 9457).
//!
//! `type` is `about:blank` and `title` the status' own phrase; programs look at `code`, a stable word,
//! and people read `detail`. A 5xx says a constant text, and is logged once, here. Never: a value that
//! somebody sent, which may be a secret.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use crate::{
    domain::key_rules::RuleError,
    service::{
        ServiceError, audit::AuditError, keys::KeyError, oauth2::AppError, tokens::TokenError,
        users::UserError,
    },
    web::{respond::TRY_AGAIN_AFTER, visitor},
};

/// What is wrong with one member of a body, or one parameter of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which one; a member within another has a dot before it.
    #[schema(example = "expires_at")]
    pub field: String,
    /// What is wrong, in a sentence.
    #[schema(example = "that end lies in the past")]
    pub message: String,
}

/// The body of every answer that is no success.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemJson<'a> {
    /// Always `about:blank`: look at `code`.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The status.
    #[schema(example = 422)]
    status: u16,
    /// What happened and what to do about it, for people.
    #[schema(example = "1 value cannot be taken")]
    detail: &'a str,
    /// A stable word for programs.
    #[schema(example = "invalid")]
    code: &'static str,
    /// The request's id, also in `X-Request-Id` and in the service's log.
    #[schema(example = "8d7c6b5a49382716")]
    request_id: String,
    /// Which values are wrong; only with status 422.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [FieldError]>,
}

/// An answer that is no success.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Option<Vec<FieldError>>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
    /// For the log alone.
    cause: Option<String>,
}

impl Problem {
    /// A problem of that status, told by a word and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { status, code, detail, errors: None, header: None, cause: None }
    }

    /// The request cannot be read.
    pub fn unreadable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing of that address")
    }

    /// The caller may not.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_allowed", detail)
    }

    /// What is asked for does not fit what is there.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// Values that cannot be taken.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "1 value cannot be taken".to_owned(),
            count => format!("{count} values cannot be taken"),
        };
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { errors: Some(errors), ..Self::new(status, "invalid", detail) }
    }

    /// One value that cannot be taken.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// With a header besides.
    pub fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "the fault is ours; give the request_id to whoever runs this service";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { cause: Some(cause.into()), ..Self::new(status, "internal", detail) }
    }

    /// The answer.
    pub fn render(&self, request: &HttpRequest) -> HttpResponse {
        let request_id = visitor::request_id(request);
        if self.status.is_server_error() {
            let error = self.cause.as_deref().unwrap_or(&self.detail);
            tracing::error!(request_id, %error, "request failed");
        }
        let body = ProblemJson {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            errors: self.errors.as_deref(),
        };
        let mut response = answer::private(self.status);
        response.content_type("application/problem+json");
        if let Some(header) = self.header.as_deref() {
            response.insert_header(header.clone());
        }
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let code = match &error {
            ServiceError::Busy => "busy",
            ServiceError::Db(_) => "unavailable",
        };
        let detail = "the service cannot answer right now; try again in a moment";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        let cause = Some(error.to_string());
        Self { cause, ..problem }.with(header::RETRY_AFTER, TRY_AGAIN_AFTER)
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Unknown => Self::not_found(),
            KeyError::NotAllowed => Self::not_allowed(detail),
            KeyError::Over(_) => Self::conflict("already_over", detail),
            KeyError::Changed => Self::conflict("changed_meanwhile", detail),
            KeyError::Rotating => Self::conflict("rotating", detail),
            KeyError::Overlap => Self::field("overlap_hours", detail),
            KeyError::Description => Self::field("description", detail),
            KeyError::Expiry(_) => Self::field("expires_at", detail),
            KeyError::NoOwner => Self::field("owner_id", detail),
            // Read before, member by member, without the value.
            KeyError::Rule(RuleError::Network(_)) => {
                Self::field("allowed_networks", "cannot be taken")
            }
            KeyError::Rule(_) => Self::field("allowed_domains", "cannot be taken"),
            KeyError::NoPair => Self::conflict("no_pair", detail),
            KeyError::Service(error) => error.into(),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Name => Self::field("name", error.to_string()),
            AppError::Redirect(_, error) => Self::field("redirect_uris", error.to_string()),
            AppError::Unknown => Self::not_found(),
            AppError::Key(error) => error.into(),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let detail = error.to_string();
        match error {
            UserError::Login => Self::field("login", detail),
            UserError::Email => Self::field("email", detail),
            UserError::Password(_) | UserError::Unmatched | UserError::WrongPassword => {
                Self::field("password", detail)
            }
            UserError::Taken => Self::conflict("taken", detail),
            UserError::Unknown | UserError::UnknownLogin => Self::not_found(),
            UserError::NotAllowed | UserError::NoSetup => Self::not_allowed(detail),
            UserError::OwnPassword => Self::conflict("own_password", detail),
            UserError::TooOften(_) => Self::conflict("too_often", detail),
            UserError::Yourself => Self::conflict("yourself", detail),
            UserError::LastAdmin => Self::conflict("last_admin", detail),
            UserError::NoHeir => Self::field("keys.to", detail),
            UserError::KeysLeft => Self::conflict("keys_left", detail),
            UserError::Service(error) => error.into(),
        }
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::NotAllowed => Self::not_allowed(error.to_string()),
            AuditError::Service(error) => error.into(),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let detail = error.to_string();
        match error {
            TokenError::Name => Self::field("name", detail),
            TokenError::NoUser => Self::field("user", detail),
            TokenError::NotAllowed => Self::not_allowed(detail),
            TokenError::Unknown => Self::not_found(),
            TokenError::Service(error) => error.into(),
        }
    }
}
