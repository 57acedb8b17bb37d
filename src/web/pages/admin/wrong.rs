//! What is wrong with a form, and at which field: shown beside the field, with everything typed kept.

/// What is wrong with a form.
#[derive(Default)]
pub struct Wrong(Option<(&'static str, String)>);

impl Wrong {
    /// That, at the field of that name.
    pub fn at_field(field: &'static str, why: &str) -> Self {
        Self(Some((field, sentence(why))))
    }

    /// What is wrong at that field, if something is.
    pub fn at(&self, field: &str) -> Option<&str> {
        self.0.as_ref().filter(|(at, _)| *at == field).map(|(_, why)| why.as_str())
    }

    /// What is wrong, wherever.
    pub fn anywhere(&self) -> Option<&str> {
        self.0.as_ref().map(|(_, why)| why.as_str())
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
