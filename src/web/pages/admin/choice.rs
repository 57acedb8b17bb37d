//! A choice among few: what a `select` offers.

/// A choice in a form.
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub text: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// These choices, one of them chosen.
pub fn choices(all: &[(&str, &str)], chosen: &str) -> Vec<Choice> {
    let choice = |(value, text): &(&str, &str)| Choice {
        value: (*value).to_owned(),
        text: (*text).to_owned(),
        is_chosen: *value == chosen,
    };
    all.iter().map(choice).collect()
}
