//! A call and what it comes to: what the app gets, and what of it reaches the store.

use reqwest::Url;
use serde_json::{Value, json};

use super::official::{Answer, Call, Language};
use crate::support::Received;

/// A call with what is expected of it; it arrives unless it is said to be refused.
pub struct Case {
    pub call: Call,
    key_id: String,
    permissions: String,
    query: Vec<(String, String)>,
    refused: Option<(String, String)>,
}

impl Case {
    /// A call with that key, without parameters.
    pub fn new(received: &Received, method: &'static str, endpoint: &'static str) -> Self {
        let pair = (received.text("consumer_key"), received.text("consumer_secret"));
        Self {
            call: Call { pair, method, endpoint, params: json!({}), data: None },
            key_id: received.json()["key_id"].to_string(),
            permissions: received.text("key_permissions"),
            query: Vec::new(),
            refused: None,
        }
    }

    /// With parameters, as the app gives them to its client.
    pub fn params(mut self, params: Value) -> Self {
        self.call.params = params;
        self
    }

    /// With a body.
    pub fn data(mut self, data: &Value) -> Self {
        self.call.data = Some(data.clone());
        self
    }

    /// With another key.
    pub fn key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.call.pair.0);
        self
    }

    /// With another secret.
    pub fn secret(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.call.pair.1);
        self
    }

    /// The store gets these parameters.
    pub fn gives(self, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.gives_all(query.collect())
    }

    /// The store gets all these.
    pub fn gives_all(mut self, query: Vec<(String, String)>) -> Self {
        self.query = by_name(query);
        self
    }

    /// It does not arrive; the app is told why.
    pub fn refused(mut self, reason: &str, message: &str) -> Self {
        self.refused = Some((reason.to_owned(), message.to_owned()));
        self
    }

    /// Compares what came of it.
    pub fn check(&self, language: Language, answer: &Answer) {
        let Call { method, endpoint, params, .. } = &self.call;
        let what = format!("{language:?}: {method} {endpoint} {params}: {answer:?}");
        assert_eq!(answer.error, "", "{what}");
        match &self.refused {
            Some(refused) => check_refused(refused, answer, &what),
            None => self.check_arrived(language, answer, &what),
        }
    }

    fn check_arrived(&self, language: Language, answer: &Answer, what: &str) {
        let Answer { status, body: got, .. } = answer;
        assert_eq!((*status, &got["store"]), (200, &json!(true)), "{what}");
        assert_eq!(got["method"], self.call.method.to_uppercase(), "{what}");
        let target = got["target"].as_str().unwrap();
        let url = Url::parse(&format!("http://shop.example{target}")).unwrap();
        assert_eq!(url.path(), format!("/wp-json/wc/v3/{}", self.call.endpoint), "{what}");
        assert_eq!(each_once(&url), self.query, "{what}");
        self.check_headers(language, got, what);
        self.check_body(got, what);
        let (key, secret) = &self.call.pair;
        let whole = got.to_string();
        for hidden in [key, secret, "oauth_", "consumer_"] {
            assert!(!whole.contains(hidden), "{hidden} reached the store: {what}");
        }
    }

    fn check_headers(&self, language: Language, got: &Value, what: &str) {
        let agent = match language {
            Language::Python => "WooCommerce-Python-REST-API/3.0.0",
            Language::JavaScript => "WooCommerce REST API - JS Client/1.0.2",
        };
        for (name, value) in [
            ("user-agent", agent),
            ("accept", "application/json"),
            ("x-appgrant-key-id", &self.key_id),
            ("x-appgrant-permissions", &self.permissions),
            ("x-appgrant-owner", "max"),
            ("x-appgrant-app", "M%C3%B6bel & Co"),
        ] {
            assert_eq!(got["headers"][name], json!([value]), "{name}: {what}");
        }
        assert_eq!(got["headers"]["authorization"], Value::Null, "{what}");
    }

    fn check_body(&self, got: &Value, what: &str) {
        let body = got["body"].as_str().unwrap();
        let Some(data) = &self.call.data else {
            return assert_eq!(body, "", "{what}");
        };
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), *data, "{what}");
        let json = json!(["application/json;charset=utf-8"]);
        assert_eq!(got["headers"]["content-type"], json, "{what}");
    }
}

fn check_refused((reason, message): &(String, String), answer: &Answer, what: &str) {
    let Answer { status, body, .. } = answer;
    assert_eq!(*status, 401, "{what}");
    assert_eq!(body["message"], **message, "{what}");
    assert_eq!(body["data"]["reason"], **reason, "{what}");
    assert_eq!(body["data"]["status"], 401, "{what}");
}

/// The query's parameters by name, arrays in their order; what is there twice (both clients send all
/// twice over http) counts once.
fn each_once(url: &Url) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for pair in url.query_pairs().into_owned() {
        if !found.contains(&pair) {
            found.push(pair);
        }
    }
    by_name(found)
}

fn by_name(mut query: Vec<(String, String)>) -> Vec<(String, String)> {
    query.sort_by(|(one, _), (other, _)| one.cmp(other)); // stable
    query
}
