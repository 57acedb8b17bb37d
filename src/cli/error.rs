//! One line for the person at the terminal.

use crate::{
    config::SettingError,
    db::{DbError, copy::CopyError},
    service::{
        ServiceError,
        keys::{KeyError, import::ImportError},
        oauth2::AppError,
        signing::RotateError,
        tokens::TokenError,
        users::UserError,
    },
};

/// Why a command was not carried out; one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(String);

impl CliError {
    /// An error of that text, made one line.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl From<SettingError> for CliError {
    fn from(error: SettingError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<DbError> for CliError {
    fn from(error: DbError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<CopyError> for CliError {
    fn from(error: CopyError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ServiceError> for CliError {
    fn from(error: ServiceError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<UserError> for CliError {
    fn from(error: UserError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<RotateError> for CliError {
    fn from(error: RotateError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<KeyError> for CliError {
    fn from(error: KeyError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<TokenError> for CliError {
    fn from(error: TokenError) -> Self {
        Self::new(error.to_string())
    }
}
