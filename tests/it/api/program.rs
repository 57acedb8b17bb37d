//! A program that uses the API, and what it is told.

use appgrant::service::{caller::Caller, tokens};
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

use crate::support::TestApp;

/// A program with a token.
#[derive(Clone)]
pub struct Program {
    client: Client,
    url: String,
    pub token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Program {
    /// One that acts for that user.
    pub async fn of(app: &TestApp, login: &str) -> Self {
        let user = app.user(login).await.id;
        let caller = Caller::command_line();
        let made = tokens::create(app.services(), &caller, user, "test", None).await.unwrap();
        Self::with(app, made.token.expose())
    }

    /// One that shows that token.
    pub fn with(app: &TestApp, token: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { client, url: app.url.clone(), token: token.to_owned() }
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    /// A request without it.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Told {
        Told::by(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Told {
        Told::by(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Told {
        Told::by(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Told {
        Told::by(self.request(Method::DELETE, path)).await
    }

    /// Makes a key of that description; gives the whole answer.
    pub async fn key(&self, description: &str) -> Value {
        let body = serde_json::json!({ "description": description, "permissions": "read_write" });
        self.post("/api/v1/keys", body).await.is(201)
    }
}

impl Told {
    /// Sends a request and reads the answer.
    pub async fn by(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let told = Self { status, headers, body: answer.text().await.unwrap() };
        told.keeps_the_promises_of_every_answer();
        told
    }

    fn keeps_the_promises_of_every_answer(&self) {
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        if self.status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
            if !self.body.is_empty() {
                assert_eq!(self.json()["request_id"], self.header("x-request-id"));
            }
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of an answer that must have that status.
    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// A problem of that status and code.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> Value {
        let problem = self.is(status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
        problem
    }

    /// The fields that are said to be wrong.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<String> {
        let problem = self.is_problem(422, "invalid");
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }
}
