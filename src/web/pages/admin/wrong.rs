//! What is wrong with a form, and at which fields: shown beside each, with everything typed kept.

use actix_web::http::StatusCode;

/// What is wrong with a form.
#[derive(Default)]
pub struct Wrong(Vec<(&'static str, String)>);

impl Wrong {
    /// That, at the field of that name.
    pub fn at_field(field: &'static str, why: &str) -> Self {
        Self(vec![(field, sentence(why))])
    }

    /// Takes what was read of a field, or keeps what is wrong with it.
    pub fn read<T>(&mut self, read: Result<T, Self>) -> Option<T> {
        read.map_err(|wrong| self.0.extend(wrong.0)).ok()
    }

    /// What is wrong at that field, if something is.
    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(at, _)| *at == field).map(|(_, why)| why.as_str())
    }

    /// What is wrong, wherever.
    pub fn anywhere(&self) -> Option<String> {
        let all: Vec<&str> = self.0.iter().map(|(_, why)| why.as_str()).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// The status of a form that is shown, again if something is wrong.
pub fn status(wrong: &Wrong) -> StatusCode {
    match wrong.anywhere() {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The text as a sentence of its own.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
        .unwrap_or_default()
}
