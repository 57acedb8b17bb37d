//! What the services refuse, as pages: what may not be done, what is over, what is not there.

use actix_web::http::StatusCode;

use super::wrong::sentence;
use crate::{
    service::{keys::KeyError, oauth2::AppError, tokens::TokenError, users::UserError},
    web::errors::{Told, WebError},
};

fn told(status: StatusCode, title: &'static str, message: &str) -> WebError {
    WebError::Told(Told { status, title, message: sentence(message) })
}

/// What a form asks for that does not fit.
pub fn unfitting(message: &str) -> WebError {
    told(StatusCode::UNPROCESSABLE_ENTITY, "That does not fit", message)
}

/// What the role does not allow.
pub fn not_allowed(message: &str) -> WebError {
    told(StatusCode::FORBIDDEN, "You may not do that", message)
}

/// What does not fit what is.
pub fn conflict(message: &str) -> WebError {
    told(StatusCode::CONFLICT, "That is not possible any more", message)
}

impl From<KeyError> for WebError {
    fn from(error: KeyError) -> Self {
        let message = error.to_string();
        match error {
            KeyError::Unknown => Self::NotFound,
            KeyError::NotAllowed => not_allowed(&message),
            KeyError::Over(_) | KeyError::Changed => conflict(&message),
            KeyError::NoPair => told(StatusCode::CONFLICT, "That is not possible here", &message),
            KeyError::Service(error) => Self::Service(error),
            _ => unfitting(&message),
        }
    }
}

impl From<AppError> for WebError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unknown => Self::NotFound,
            AppError::Key(error) => error.into(),
            AppError::Name | AppError::Redirect(..) => unfitting(&error.to_string()),
        }
    }
}

impl From<UserError> for WebError {
    fn from(error: UserError) -> Self {
        let message = error.to_string();
        match error {
            UserError::Unknown | UserError::UnknownLogin => Self::NotFound,
            UserError::NotAllowed | UserError::Yourself => not_allowed(&message),
            UserError::LastAdmin | UserError::KeysLeft | UserError::Taken => conflict(&message),
            UserError::Service(error) => Self::Service(error),
            _ => unfitting(&message),
        }
    }
}

impl From<TokenError> for WebError {
    fn from(error: TokenError) -> Self {
        let message = error.to_string();
        match error {
            TokenError::NotAllowed => not_allowed(&message),
            TokenError::Unknown => conflict(&message),
            TokenError::Service(error) => Self::Service(error),
            TokenError::Name | TokenError::NoUser => unfitting(&message),
        }
    }
}
