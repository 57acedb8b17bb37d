//! What a program sends, as PHP would read it: query, then form or JSON object, the last one winning.
//!
//! Forms come in both encodings: curl in PHP sends `multipart/form-data` when it is handed an array.

use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::{
    HttpRequest,
    http::header::CONTENT_TYPE,
    web::{Bytes, Payload},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Number, Value};
use tokio::time::timeout;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::domain::parameters::Parameters;

/// The largest body, in bytes.
const LARGEST: usize = 16 * 1024;

/// How many fields a form may have.
const MOST_FIELDS: usize = 64;

/// How long a program may take to send it.
const SLOWEST: Duration = Duration::from_secs(10);

/// What programs send.
const NAMES: [&str; 7] =
    ["store_code", "sku", "license_key", "domain", "activation_id", "grant_type", "action"];

/// Why there are no parameters.
pub enum Broken {
    /// The body is none that can be read, or too large.
    Unreadable,
    /// It did not come whole.
    Off,
}

/// The parameters of a request.
///
/// # Errors
/// If its body cannot be read.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<Parameters, Broken> {
    let query = request.query_string().as_bytes();
    let body = match timeout(SLOWEST, payload.to_bytes_limited(LARGEST)).await {
        Ok(Ok(Ok(body))) => body,
        Ok(Err(_)) => return Err(Broken::Unreadable),
        Ok(Ok(Err(_))) | Err(_) => return Err(Broken::Off),
    };
    let form = form(request, body).await.ok_or(Broken::Unreadable)?;
    Ok(Parameters::read([query, form.as_bytes()]))
}

/// The body as an ordinary form.
async fn form(request: &HttpRequest, body: Bytes) -> Option<Zeroizing<String>> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match media.to_ascii_lowercase().as_str() {
        _ if body.is_empty() => Some(Zeroizing::new(String::new())),
        "" | "application/x-www-form-urlencoded" => {
            let text = Zeroizing::new(String::from_utf8(body.to_vec()).ok()?);
            (!is_json(request.query_string(), &text)).then_some(text)
        }
        "application/json" => from_json(&body),
        "multipart/form-data" => from_parts(request, body).await,
        _ => None,
    }
}

/// Whether JSON was sent as a form, as curl does unless it is told otherwise: it would read as a form in which
/// nothing is, and everything that was sent would be said to be missing. Not if the address has it.
fn is_json(query: &str, text: &str) -> bool {
    let sent = || Parameters::read([query.as_bytes(), text.as_bytes()]);
    // An address of admin-ajax always has an action.
    let mut names = NAMES.iter().filter(|name| **name != "action");
    text.trim_start().starts_with('{') && !names.any(|name| sent().text(name).is_some())
}

fn from_json(body: &[u8]) -> Option<Zeroizing<String>> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return None };
    let mut form = Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::String(text) => form.append_pair(&name, &text),
            Value::Number(number) => form.append_pair(&name, &whole(&number)),
            Value::Bool(flag) => form.append_pair(&name, if flag { "1" } else { "" }),
            Value::Null => form.append_pair(&name, ""),
            // Nobody asks for one of these.
            Value::Array(_) | Value::Object(_) => &mut form,
        };
    }
    Some(Zeroizing::new(form.finish()))
}

/// A number as PHP writes it: `1519628117.0` is `1519628117`.
fn whole(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

async fn from_parts(request: &HttpRequest, body: Bytes) -> Option<Zeroizing<String>> {
    let body = stream::once(async move { Ok(body) });
    let mut parts = Multipart::new(request.headers(), body);
    let (mut form, mut fields) = (Serializer::new(String::new()), 0);
    while let Some(part) = parts.next().await {
        let mut part = part.ok()?;
        fields += 1;
        let name = part.name().filter(|_| fields <= MOST_FIELDS)?.to_owned();
        let mut value = Zeroizing::new(Vec::new());
        while let Some(piece) = part.try_next().await.ok()? {
            value.extend_from_slice(&piece);
        }
        let is_file = part.content_disposition().is_some_and(|it| it.get_filename().is_some());
        if !is_file {
            form.append_pair(&name, str::from_utf8(&value).ok()?);
        }
    }
    Some(Zeroizing::new(form.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_is_sent_as_a_form_is_told_from_a_form() {
        for json in ["{\"sku\":\"pro\"}", " \n{", "{\"sku\":\"a=b\"}"] {
            assert!(is_json("action=license_key_token", json), "{json}");
            assert!(!is_json("sku=pro", json), "the address has it");
        }
        for form in ["", "sku=%7B", "sku={", "{=1&sku=pro", "domain={pc}"] {
            assert!(!is_json("", form), "{form}");
        }
    }

    #[test]
    fn a_json_object_of_plain_values_is_a_form() {
        let read = |text: &str| from_json(text.as_bytes()).map(|form| form.to_string());
        let body = r#"{"sku":"a&b","activation_id":1519628117,"domain":null,"x":true}"#;
        assert_eq!(read(body), Some("sku=a%26b&activation_id=1519628117&domain=&x=1".to_owned()));
        let body = r#"{"activation_id":1519628117.0,"more":[1,{"a":2}],"sku":"pro","other":{}}"#;
        assert_eq!(read(body), Some("activation_id=1519628117&sku=pro".to_owned()));
        for body in ["", "[]", "1", "{", "{\"a\":1}x"] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
