//! What an app asks for: five parameters and two optional ones, checked in WooCommerce's order with
//! WooCommerce's texts (wire.md §1.2), and written into the next address without loss (contract §4.1).

use std::fmt::Write as _;

use super::{
    app_url::percent_encoded,
    callback_url::{CallbackUrl, CallbackUrlError},
    parameters::{Parameters, Value},
    permissions::Permissions,
    return_url::{Outcome, ReturnUrl},
    text,
};

/// The required parameters, in the order they are checked and written.
pub const REQUIRED: [&str; 5] = ["app_name", "user_id", "return_url", "callback_url", "scope"];

/// The longest text of one parameter, in bytes; `state` is counted in characters (contract §4.4).
const LONGEST_TEXT: usize = 4096;
const LONGEST_STATE: usize = 512;

/// An app's request for keys, valid in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// The app's name as it was sent. Show [`Self::shown_name`] to people.
    pub app_name: String,
    /// The app's own name for its user; opaque to us and given back as it came.
    pub user_id: String,
    /// Where the browser goes back to.
    pub return_url: ReturnUrl,
    /// Where the keys go.
    pub callback_url: CallbackUrl,
    /// What the key may do.
    pub scope: Permissions,
    /// The app's own mark for this attempt, echoed if it was sent.
    pub state: Option<String>,
    /// Where the app wants to hear what becomes of its key, if it does.
    pub events_url: Option<CallbackUrl>,
}

/// Why a request is refused; `Display` is the sentence of the error page without its full stop.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Absent, empty or `0` (PHP's `empty()`).
    #[error("Missing parameter {0}")]
    Missing(&'static str),
    /// An array, or bytes that are not text.
    #[error("Invalid parameter {0}")]
    Invalid(&'static str),
    /// More than a parameter may hold.
    #[error("Invalid parameter {0}: it is longer than {1}")]
    TooLong(&'static str, &'static str),
    /// Not one of the three words.
    #[error("Invalid scope {0}")]
    Scope(String),
    /// One of the three addresses is no URL that can be used.
    #[error("The {0} is not a valid URL")]
    Url(String),
    /// `callback_url` or `events_url` is not https.
    #[error("The {0} needs to be over SSL")]
    NotSecure(&'static str),
    /// `callback_url` or `events_url` carries credentials.
    #[error("The {0} must not contain a user name or password")]
    HasUserInfo(&'static str),
    /// `callback_url` or `events_url` has a port that browsers refuse.
    #[error("The {0} uses port {1}, which is reserved for another protocol")]
    BadPort(&'static str, u16),
}

impl AuthorizeRequest {
    /// Checks the parameters of a request.
    ///
    /// # Errors
    /// The first rule that is broken, in WooCommerce's order.
    pub fn read(parameters: &Parameters) -> Result<Self, RequestError> {
        let mut texts = [""; REQUIRED.len()];
        for (text, name) in texts.iter_mut().zip(REQUIRED) {
            *text = required(parameters, name)?;
        }
        let [app_name, user_id, return_url, callback_url, scope] = texts;
        let scope =
            Permissions::parse(scope).ok_or_else(|| RequestError::Scope(text::cleaned(scope)))?;
        let return_url = ReturnUrl::read(return_url).map_err(|error| RequestError::Url(error.0))?;
        let callback_url = receiver("callback_url", callback_url)?;
        if text::visible(app_name).is_empty() {
            return Err(RequestError::Missing("app_name"));
        }
        let (app_name, user_id) = (app_name.to_owned(), user_id.to_owned());
        let (state, events_url) = (state(parameters)?, events_url(parameters)?);
        Ok(Self { app_name, user_id, return_url, callback_url, scope, state, events_url })
    }

    /// The app's name as people see it: no invisible characters, not endless.
    pub fn shown_name(&self) -> String {
        text::shown_name(&self.app_name)
    }

    /// The parameters by name, in their fixed order.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let texts = [
            self.app_name.as_str(),
            &self.user_id,
            self.return_url.url().text(),
            self.callback_url.url().text(),
            self.scope.as_str(),
        ];
        let state = self.state.as_deref().map(|state| ("state", state));
        let events = self.events_url.as_ref().map(|events| ("events_url", events.url().text()));
        REQUIRED.into_iter().zip(texts).chain(state).chain(events).collect()
    }

    /// The parameters as a query that reads back to this very request.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in self.pairs() {
            let separator = if query.is_empty() { "" } else { "&" };
            let _ = write!(query, "{separator}{name}={}", percent_encoded(value));
        }
        query
    }

    /// The address that tells the app how it went.
    pub fn outcome_url(&self, success: bool) -> String {
        let state = self.state.as_deref();
        self.return_url.with_outcome(Outcome { success, user_id: &self.user_id, state })
    }
}

fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str, RequestError> {
    match parameters.value(name) {
        None => Err(RequestError::Missing(name)),
        Some(Value::Text(text)) if text.is_empty() || text == "0" => {
            Err(RequestError::Missing(name))
        }
        Some(Value::Text(text)) if text.len() > LONGEST_TEXT => {
            Err(RequestError::TooLong(name, "4096 bytes"))
        }
        Some(Value::Text(text)) => Ok(text),
        Some(Value::Array | Value::Unreadable) => Err(RequestError::Invalid(name)),
    }
}

fn state(parameters: &Parameters) -> Result<Option<String>, RequestError> {
    match parameters.value("state") {
        None => Ok(None),
        Some(Value::Text(text)) if text.chars().count() > LONGEST_STATE => {
            Err(RequestError::TooLong("state", "512 characters"))
        }
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(Value::Array | Value::Unreadable) => Err(RequestError::Invalid("state")),
    }
}

/// An absent or empty one is none: apps fill templates.
fn events_url(parameters: &Parameters) -> Result<Option<CallbackUrl>, RequestError> {
    match parameters.value("events_url") {
        None => Ok(None),
        Some(Value::Text(text)) if text.is_empty() => Ok(None),
        Some(Value::Text(text)) if text.len() > LONGEST_TEXT => {
            Err(RequestError::TooLong("events_url", "4096 bytes"))
        }
        Some(Value::Text(text)) => receiver("events_url", text).map(Some),
        Some(Value::Array | Value::Unreadable) => Err(RequestError::Invalid("events_url")),
    }
}

/// An address that we post to.
fn receiver(name: &'static str, text: &str) -> Result<CallbackUrl, RequestError> {
    CallbackUrl::read(text).map_err(|error| match error {
        CallbackUrlError::NotAUrl(text) => RequestError::Url(text),
        CallbackUrlError::NotSecure => RequestError::NotSecure(name),
        CallbackUrlError::HasUserInfo => RequestError::HasUserInfo(name),
        CallbackUrlError::BadPort(port) => RequestError::BadPort(name, port),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "app_name=My%20App&user_id=123&return_url=http%3A%2F%2Fapp.com%2Freturn&callback_url=https%3A%2F%2Fapp.com%2Fcb&scope=read";

    fn read(query: &str) -> Result<AuthorizeRequest, RequestError> {
        AuthorizeRequest::read(&Parameters::read([query.as_bytes()]))
    }

    #[test]
    fn is_checked_in_order() {
        let mut query = GOOD.to_owned();
        for name in REQUIRED {
            let without = GOOD.replace(name, "other");
            assert_eq!(read(&without), Err(RequestError::Missing(name)));
            assert_eq!(read(&format!("{GOOD}&{name}=0")), Err(RequestError::Missing(name)));
            assert_eq!(read(&format!("{GOOD}&{name}[]=x")), Err(RequestError::Invalid(name)));
        }
        query.push_str("&scope=%20%3Cb%3Ex%3C%2Fb%3E&return_url=/x&callback_url=http://x");
        assert_eq!(read(&query).unwrap_err().to_string(), "Invalid scope x");
        query.push_str("&scope=read");
        assert_eq!(read(&query).unwrap_err().to_string(), "The https:///x is not a valid URL");
        query.push_str("&return_url=x");
        assert_eq!(read(&query).unwrap_err().to_string(), "The callback_url needs to be over SSL");
    }

    #[test]
    fn the_query_equals_woocommerces_for_plain_values() {
        assert_eq!(read(GOOD).unwrap().query(), GOOD);
    }

    #[test]
    fn state_has_a_limit_in_characters() {
        assert!(read(&format!("{GOOD}&state={}", "%C3%A9".repeat(512))).is_ok());
        assert!(matches!(
            read(&format!("{GOOD}&state={}", "a".repeat(513))),
            Err(RequestError::TooLong("state", _))
        ));
        assert_eq!(read(&format!("{GOOD}&state=")).unwrap().state.as_deref(), Some(""));
    }

    #[test]
    fn events_go_where_keys_may_go() {
        let with = |url: &str| read(&format!("{GOOD}&events_url={url}"));
        for (url, says) in [
            ("http%3A%2F%2Fapp.com", "The events_url needs to be over SSL"),
            (
                "https%3A%2F%2Fa%40app.com",
                "The events_url must not contain a user name or password",
            ),
            (
                "https%3A%2F%2Fapp.com%3A22",
                "The events_url uses port 22, which is reserved for another protocol",
            ),
            ("%2Fevents", "The https:///events is not a valid URL"),
        ] {
            assert_eq!(with(url).unwrap_err().to_string(), says);
        }
        assert_eq!(
            read(&format!("{GOOD}&events_url[]=x")),
            Err(RequestError::Invalid("events_url"))
        );
        let long = format!("https%3A%2F%2Fapp.com%2F{}", "a".repeat(4096));
        assert!(matches!(with(&long), Err(RequestError::TooLong("events_url", _))));
        assert_eq!(with("").unwrap().events_url, None);
        let url = "https://app.com/events?a=%2B&b=100%25";
        let first = with(&percent_encoded(url)).unwrap();
        assert_eq!(first.events_url.as_ref().unwrap().url().text(), url);
        assert_eq!(read(&first.query()).unwrap(), first);
    }

    #[test]
    fn a_name_nobody_can_see_is_missing() {
        assert_eq!(
            read(&format!("{GOOD}&app_name=%E2%80%8B%20")),
            Err(RequestError::Missing("app_name"))
        );
    }

    proptest! {
        #[test]
        fn every_value_survives_every_hop(name in "[a-zA-Z][^\0]{0,20}", user in "[^\0]{2,20}",
                                          path in "[!-~&&[^\\\\]]{0,20}", state in "[^\0]{0,10}") {
            let query = format!(
                "app_name={}&user_id={}&return_url={}&callback_url=https%3A%2F%2Fapp.com%2F&scope=write&state={}",
                percent_encoded(&name), percent_encoded(&user),
                percent_encoded(&format!("https://app.com/{path}")), percent_encoded(&state));
            let first = read(&query).unwrap();
            prop_assert_eq!(&first.user_id, &user);
            prop_assert_eq!(first.return_url.url().text(), format!("https://app.com/{path}"));
            let again = read(&first.query()).unwrap();
            prop_assert_eq!(again, first);
        }
    }
}
