//! A store manager's browser, as far as HTTP goes: cookies, forms, no following of redirects.

use std::collections::BTreeMap;

use reqwest::{
    Certificate, Client, Method, RequestBuilder,
    header::{COOKIE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use scraper::{Html, Selector};

use super::certificates::authority;

/// A browser with its cookies.
#[derive(Clone)]
pub struct Manager {
    pub client: Client,
    pub url: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// The consent page and the fields of its forms.
#[derive(Clone, Debug)]
pub struct ConsentPage {
    pub body: String,
    pub approve_to: String,
    pub approve: BTreeMap<String, String>,
    pub deny_to: String,
    pub deny: BTreeMap<String, String>,
}

impl Manager {
    /// A browser without cookies.
    pub fn new(url: String) -> Self {
        Self::trusting(authority(), url)
    }

    /// A browser without cookies that trusts that certificate alone.
    pub fn trusting(root: Certificate, url: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .cookie_store(true)
            .no_proxy()
            .tls_certs_only([root]) // the system's roots take long to read
            .tls_info(true)
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self { client, url }
    }

    /// A browser that sends this cookie and keeps none.
    pub fn with_cookie(url: String, cookie: &str) -> Self {
        let headers = [(COOKIE, HeaderValue::from_str(cookie).unwrap())].into_iter().collect();
        let client = Client::builder()
            .default_headers(headers)
            .no_proxy()
            .tls_certs_only([]) // roots take long to read, and the service speaks no TLS itself
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self { client, url }
    }

    /// Fetches a path, or an address of the service.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Asks for JSON.
    pub async fn get_json(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("accept", "application/json")).await
    }

    /// Posts a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }

    /// Posts a form with a header.
    pub async fn post_with(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        header: (&str, &str),
    ) -> Answer {
        let name = HeaderName::from_bytes(header.0.as_bytes()).unwrap();
        let request = self.request(Method::POST, path).form(fields);
        self.send(request.header(name, HeaderValue::from_str(header.1).unwrap())).await
    }

    /// A request to be sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.client.request(method, url)
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.unwrap() }
    }

    /// Opens the consent page of a request.
    pub async fn consent(&self, query: &str) -> ConsentPage {
        let answer = self.get(&format!("/wc-auth/v1/authorize?{query}")).await;
        assert_eq!(answer.status, 200, "{} {}", answer.location(), answer.body);
        ConsentPage {
            approve_to: answer.attribute("form#approve", "action"),
            approve: answer.fields("form#approve"),
            deny_to: answer.attribute("form#deny", "action"),
            deny: answer.fields("form#deny"),
            body: answer.body,
        }
    }

    /// Presses Approve.
    pub async fn approve(&self, page: &ConsentPage) -> Answer {
        self.press(&page.approve_to, &page.approve).await
    }

    /// Presses Deny.
    pub async fn deny(&self, page: &ConsentPage) -> Answer {
        self.press(&page.deny_to, &page.deny).await
    }

    /// Posts a page's fields.
    pub async fn press(&self, path: &str, fields: &BTreeMap<String, String>) -> Answer {
        self.send(self.request(Method::POST, path).form(fields)).await
    }
}

impl Answer {
    /// Where a redirect leads; empty if it is none.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The text of what a selector finds first, in single spaces.
    pub fn text(&self, selector: &str) -> String {
        let html = Html::parse_document(&self.body);
        let found = html.select(&Selector::parse(selector).unwrap()).next();
        let text = found.map(|element| element.text().collect::<String>()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The text of everything a selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector).map(|element| words(element.text().collect())).collect()
    }

    /// An attribute of what a selector finds first.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let html = Html::parse_document(&self.body);
        let found = html.select(&Selector::parse(selector).unwrap()).next();
        found.and_then(|element| element.attr(name)).unwrap_or_default().to_owned()
    }

    /// The hidden fields of a form.
    pub fn fields(&self, form: &str) -> BTreeMap<String, String> {
        let html = Html::parse_document(&self.body);
        let selector = Selector::parse(&format!("{form} input[type=hidden]")).unwrap();
        html.select(&selector)
            .map(|input| {
                (input.attr("name").unwrap().to_owned(), input.attr("value").unwrap().to_owned())
            })
            .collect()
    }

    /// WooCommerce's error sentence.
    pub fn error(&self) -> String {
        self.text("div.wp-die-message")
    }
}
