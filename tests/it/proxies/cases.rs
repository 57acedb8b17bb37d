//! What must hold behind every proxy.

use serde_json::{Value, json};

use super::client::{Client, Reply, Request};
use crate::support::{Received, TestApp, granted};

/// An address of the store's API.
pub const ORDERS: &str = "/wp-json/wc/v3/orders";

/// A guarded shop and its keys.
pub struct Shop {
    client: Client,
    reader: Received,
    writer: Received,
}

/// A request without a key.
pub fn orders() -> Request {
    Request::new("GET", ORDERS)
}

impl Shop {
    /// Grants one key of each kind.
    pub async fn new(app: &TestApp, client: Client) -> Self {
        let (reader, writer) = (granted(app, "read").await, granted(app, "read_write").await);
        Self { client, reader, writer }
    }

    /// Everything.
    pub async fn keeps_the_house(&self) {
        self.lets_keys_pass().await;
        self.lets_tokens_pass().await;
        self.tells_the_store_who_it_is().await;
        self.hides_credentials_from_the_store().await;
        self.refuses_in_woocommerces_words().await;
        self.believes_no_clients_headers().await;
        self.believes_nothing_in_the_clear().await;
        self.judges_the_path_the_store_gets().await;
        self.brings_bodies_whole().await;
        self.shows_no_question_outside().await;
        self.leads_to_appgrants_pages().await;
        self.leads_to_where_tokens_are_given_out().await;
        self.leads_to_where_programs_ask_about_licenses().await;
    }

    async fn send(&self, request: Request) -> Reply {
        self.client.send(&request).await
    }

    fn read(&self, method: &str, target: &str) -> Request {
        Request::new(method, target)
            .basic(&self.reader.text("consumer_key"), &self.reader.text("consumer_secret"))
    }

    fn write(&self, method: &str, target: &str) -> Request {
        Request::new(method, target)
            .basic(&self.writer.text("consumer_key"), &self.writer.text("consumer_secret"))
    }

    fn pair(&self) -> String {
        let (key, secret) = (self.reader.text("consumer_key"), self.reader.text("consumer_secret"));
        format!("consumer_key={key}&consumer_secret={secret}")
    }

    async fn lets_keys_pass(&self) {
        let basic = self.send(self.read("GET", &format!("{ORDERS}?status=any&page=2"))).await;
        let got = basic.at_store();
        assert_eq!(got["target"], format!("{ORDERS}?status=any&page=2"));
        assert_eq!(got["method"], "GET");
        for target in [
            format!("{ORDERS}?{}", self.pair()),
            format!("/?rest_route=/wc/v3/orders&{}", self.pair()),
            format!("{ORDERS}?{}&search=t%C3%A9%26a+b", self.pair()),
        ] {
            self.send(Request::new("GET", &target)).await.at_store();
        }
        let page = self.send(Request::new("GET", "/shop/tea?wc=1")).await.at_store();
        assert_eq!(page["target"], "/shop/tea?wc=1", "the rest of the shop needs no key");
    }

    async fn tells_the_store_who_it_is(&self) {
        let forge = |request: Request| {
            request
                .with("X-Appgrant-Owner", "ada")
                .with("x-appgrant-permissions", "read_write")
                .with("X_Appgrant_Owner", "ada")
                .with("X-Appgrant-Other", "ada")
                .with("X-Appgrant-Environment", "sandbox")
        };
        let got = self.send(forge(self.read("GET", ORDERS))).await.at_store();
        assert_eq!(one(&got, "x-appgrant-owner"), "max", "{got}");
        assert_eq!(one(&got, "x-appgrant-permissions"), "read", "{got}");
        assert_eq!(one(&got, "x-appgrant-environment"), "production", "{got}");
        assert_eq!(one(&got, "x-appgrant-app"), "M%C3%B6bel & Co", "{got}");
        assert!(one(&got, "x-appgrant-key-id").parse::<u64>().is_ok(), "{got}");
        assert_eq!(got["headers"]["x_appgrant_owner"], Value::Null, "{got}");
        for request in [Request::new("GET", "/shop/tea"), Request::new("OPTIONS", ORDERS)] {
            let got = self.send(forge(request)).await.at_store();
            for name in [
                "x-appgrant-owner",
                "x-appgrant-permissions",
                "x-appgrant-environment",
                "x_appgrant_owner",
            ] {
                let value = &got["headers"][name];
                assert!(*value == Value::Null || *value == json!([""]), "{name}: {got}");
            }
        }
    }

    async fn hides_credentials_from_the_store(&self) {
        let got = self.send(self.read("GET", ORDERS)).await.at_store();
        assert_eq!(got["headers"]["authorization"], Value::Null, "{got}");
        for target in [
            format!("{ORDERS}?{}&a=%2B+1&b[]=%C3%A9", self.pair()),
            format!("{ORDERS}?a=%2B+1&{}&b[]=%C3%A9", self.pair()),
            format!("{ORDERS}?a=%2B+1&b[]=%C3%A9&{}", self.pair()),
        ] {
            let got = self.send(Request::new("GET", &target)).await.at_store();
            let (path, query) = got["target"].as_str().unwrap().split_once('?').unwrap();
            let rest: Vec<_> = query.split('&').filter(|part| !part.is_empty()).collect();
            assert_eq!((path, rest), (ORDERS, vec!["a=%2B+1", "b[]=%C3%A9"]), "{got}");
        }
    }

    async fn lets_tokens_pass(&self) {
        let token = self.token().await;
        for request in [
            orders().with("Authorization", &format!("Bearer {token}")),
            orders().with("X-AccessToken", &token),
        ] {
            let got = self.send(request).await.at_store();
            assert_eq!(one(&got, "x-appgrant-permissions"), "read", "{got}");
            assert!(!got.to_string().contains("agat_"), "{got}");
        }
        let two = orders().with("X-AccessToken", &token);
        let two = two.basic(&self.reader.text("consumer_key"), "cs_x");
        assert_eq!(self.send(two).await.reason(), "ambiguous_credentials");
        let unknown = format!("Bearer agat_{}", "x".repeat(43));
        let refused = self.send(orders().with("Authorization", &unknown)).await;
        assert_eq!((refused.status, refused.reason().as_str()), (401, "unknown_token"));
        let asks = refused.header("WWW-Authenticate");
        assert!(asks.starts_with("Bearer ") && asks.contains("invalid_token"), "{refused:?}");
    }

    /// A token of the reader's key.
    async fn token(&self) -> String {
        let asked = self.read("POST", "/oauth2/token").form(b"grant_type=client_credentials");
        let given = self.send(asked).await;
        assert_eq!(given.status, 200, "{given:?}");
        given.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn leads_to_where_tokens_are_given_out(&self) {
        for path in ["/oauth2/token", "/token", "/oauth2/introspect", "/oauth2/revoke", "/revoke"] {
            let asked = Request::new("POST", path).form(b"grant_type=client_credentials&token=x");
            let refused = self.send(asked).await;
            assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_client")));
        }
        let asked = Request::new("POST", "/auth/v1/accessToken").form(b"grantType=secret");
        let refused = self.send(asked).await;
        assert_eq!(refused.json()["header"]["message"].as_str().map(str::is_empty), Some(false));
        let told = self.send(Request::new("GET", "/.well-known/oauth-authorization-server")).await;
        assert!(told.json()["token_endpoint"].is_string(), "{told:?}");
        let page = self.send(Request::new("GET", "/oauth2/authorize")).await;
        assert!(page.status == 400 && !page.is_the_stores(), "{page:?}");
        // What only begins like that is the store's.
        for path in ["/tokens", "/token/x", "/auth/v1/accessTokens", "/oauth2"] {
            self.send(Request::new("GET", path)).await.at_store();
        }
    }

    async fn leads_to_where_programs_ask_about_licenses(&self) {
        let rest = "/wp-json/woo-license-keys/v1/validate";
        let ajax = "/wp-admin/admin-ajax.php?action=license_key_validate";
        for target in [rest, ajax] {
            let asked = Request::new("POST", target).with("Authorization", "Bearer agat_x");
            let refused = self.send(asked.form(b"license_key=wc-1")).await;
            let errors = &refused.json()["errors"];
            assert_eq!(errors, &json!({ "store_code": ["Required."] }), "{target} {refused:?}");
        }
        // As WordPress, which takes the last slash off.
        let slashed = Request::new("POST", "/wp-json/woo-license-keys/v1/validate/");
        let refused = self.send(slashed.form(b"license_key=wc-1")).await;
        assert_eq!(refused.json()["errors"], json!({ "store_code": ["Required."] }), "{refused:?}");
        let token = "/wp-json/woo-license-keys/v1/token?grant_type=license_key&license_key=wc-1";
        let refused = self.send(Request::new("GET", token)).await;
        let errors = &refused.json()["errors"];
        assert_eq!(errors, &json!({ "license_key": ["Invalid license key."] }), "{refused:?}");
        // WordPress' own calls are the store's, and so is what only looks like one of these.
        for path in [
            "/wp-json/woo-license-keyss/v1/token",
            "/wp-json/woo-license-keys/v1/tokens",
            "/wp-json/woo-license-keys/v1/token/x",
            "/wp-admin/admin-ajax.php",
            "/wp-admin/admin-ajax.php?action=heartbeat",
            "/wp-admin/admin-ajax.php?action=license_key_tokens",
            "/wp-admin/admin-ajax.php?reaction=license_key_token",
            "/wp-admin/admin-ajax.php5?action=license_key_token",
        ] {
            self.send(Request::new("GET", path)).await.at_store();
        }
    }

    /// With `APPGRANT_KEEP_CREDENTIALS=true` the store gets what the app sent.
    pub async fn keeps_credentials(&self) {
        let got = self.send(self.read("GET", ORDERS)).await.at_store();
        assert!(one(&got, "authorization").starts_with("Basic "), "{got}");
        let token = self.token().await;
        let got = self.send(orders().with("X-AccessToken", &token)).await.at_store();
        assert_eq!(one(&got, "x-accesstoken"), token, "{got}");
        assert_eq!(one(&got, "x-appgrant-permissions"), "read", "{got}");
        let target = format!("{ORDERS}?{}&a=1", self.pair());
        let got = self.send(Request::new("GET", &target)).await.at_store();
        assert_eq!(got["target"], target, "{got}");
    }

    async fn refuses_in_woocommerces_words(&self) {
        let key = self.reader.text("consumer_key");
        for (request, status, reason) in [
            (orders().basic(&key, "cs_wrong"), 401, "wrong_secret"),
            (orders(), 401, "no_credentials"),
            (Request::new("GET", "/?rest_route=/wc/v3/orders"), 401, "no_credentials"),
            (self.read("POST", ORDERS).body(b"{}"), 401, "method_not_permitted"),
            (
                self.read("GET", ORDERS).with("X-HTTP-Method-Override", "DELETE"),
                401,
                "method_not_permitted",
            ),
        ] {
            let refused = self.send(request).await;
            assert_eq!(
                (refused.status, refused.reason().as_str()),
                (status, reason),
                "{refused:?}"
            );
            assert!(refused.header("Content-Type").starts_with("application/json"), "{refused:?}");
            let body = refused.json();
            assert!(body["code"].as_str().unwrap().starts_with("woocommerce_rest_"), "{body}");
            assert!(!body["message"].as_str().unwrap().is_empty(), "{body}");
            assert_eq!(body["data"]["status"], status, "{body}");
            assert!(body["data"]["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
        }
    }

    async fn believes_no_clients_headers(&self) {
        let harmless = "/wp-json/wc/v3/products";
        for (name, value) in [
            ("X-Forwarded-Uri", harmless),
            ("X-Original-URI", harmless),
            ("X-Forwarded-Method", "GET"),
            ("X-Original-Method", "OPTIONS"),
            ("X-Forwarded-Method", "OPTIONS"),
        ] {
            let forged = self.send(self.read("POST", ORDERS).with(name, value).body(b"{}")).await;
            assert_eq!(forged.reason(), "method_not_permitted", "{name}: {forged:?}");
            let right = self.send(self.read("GET", ORDERS).with(name, value)).await.at_store();
            assert_eq!(right["target"], ORDERS);
            for header in ["x-original-uri", "x-original-method", "x-forwarded-method"] {
                assert_eq!(right["headers"][header], Value::Null, "{right}");
            }
        }
        let far = self.read("GET", ORDERS).with("X-Forwarded-For", "203.0.113.9");
        let far = self.send(far.with("X-Forwarded-Proto", "http")).await.at_store();
        assert!(!far["headers"].to_string().contains("203.0.113.9"), "{far}");
        assert_eq!(one(&far, "x-forwarded-proto"), "https", "{far}");
    }

    async fn believes_nothing_in_the_clear(&self) {
        for request in [
            self.read("GET", ORDERS),
            self.read("GET", ORDERS).with("X-Forwarded-Proto", "https"),
            Request::new("GET", &format!("{ORDERS}?{}", self.pair())),
            Request::new("GET", "/login"),
            Request::new("GET", "/shop/tea"),
        ] {
            let plain = self.client.send_plain(&request).await;
            assert!((301..=308).contains(&plain.status), "{plain:?}");
            assert!(plain.header("Location").starts_with("https://"), "{plain:?}");
        }
    }

    /// What gets through arrives as it was sent, and never with a name for what is not allowed.
    async fn judges_the_path_the_store_gets(&self) {
        for path in [
            "//wp-json/wc/v3/orders",
            "/wp-json//wc/v3/orders",
            "/wp-json/wc/../wp/v2/users",
            "/wp-json/wc/%2e%2e/wp/v2/users",
            "/wp-json/wc/v3/%2e%2E/orders",
            "/wp-json/wc/v3/orders;x=1",
            "/wp-json/wc%2fv3/orders",
            "/wp-json/wc/v3%5corders",
            "/wp-json/%2577c/v3/orders",
            "/x/../wp-json/wc/v3/orders",
            "/wp-json/./wc/v3/orders",
            "/%77p-json/wc/v3/orders",
            "/wp-json/wc/v3/caf%C3%A9%20x",
        ] {
            let reply = self.send(self.read("GET", path)).await;
            if reply.is_the_stores() {
                let got = reply.at_store();
                assert_eq!(got["target"], path, "changed on the way");
                let guarded = !got["headers"]["x-appgrant-owner"].is_null();
                assert!(!guarded || !is_odd(path), "{path} counts as judged: {got}");
            } else {
                assert!((400..=404).contains(&reply.status), "{path}: {reply:?}");
            }
        }
        let plain = self.send(self.read("GET", "/wp-json/wc/v3/caf%C3%A9%20x")).await.at_store();
        assert_eq!(one(&plain, "x-appgrant-owner"), "max");
    }

    async fn brings_bodies_whole(&self) {
        let body = format!("{{\"note\":\"{}\"}}", "x".repeat(300_000));
        let request = self.write("POST", ORDERS).with("Content-Type", "application/json");
        let got = self.send(request.body(body.as_bytes())).await.at_store();
        assert_eq!((&got["length"], &got["method"]), (&json!(body.len()), &json!("POST")));
        assert_eq!(got["body"].as_str().unwrap(), &body[..200]);
        assert_eq!(one(&got, "x-appgrant-permissions"), "read_write");
    }

    async fn shows_no_question_outside(&self) {
        for target in [
            "/verify",
            "/verify/wp-json/wc/v3/orders",
            "/verify/../static/x",
            "/static/../verify",
            "/static/%2e%2e/verify",
            "/_appgrant_verify",
        ] {
            for method in ["GET", "POST"] {
                let request = self.read(method, target).with("X-Forwarded-Uri", ORDERS);
                let reply = self.send(request.with("X-Forwarded-Method", "GET")).await;
                assert_ne!(reply.status, 204, "{target}: {reply:?}");
                // An address like any other: the store's, or one that keys do not open.
                let reason = reply.header("X-Appgrant-Reason");
                assert!(["", "path_not_covered"].contains(&reason), "{target}: {reply:?}");
            }
        }
    }

    async fn leads_to_appgrants_pages(&self) {
        let keys = self.send(Request::new("GET", "/.well-known/jwks.json")).await;
        assert!(keys.status == 200 && keys.json()["keys"].is_array(), "{keys:?}");
        let login = self.send(Request::new("GET", "/login")).await;
        assert!(login.status == 200 && !login.is_the_stores(), "{login:?}");
        let named = Request::new("GET", "/login").with("X-Request-Id", "a-strangers-own");
        let id = self.send(named).await.header("X-Request-Id").to_owned();
        assert!(!id.is_empty() && id != "a-strangers-own", "{id} would stand in the log");
        self.leads_to_the_json_api().await;
        let denied = self.send(Request::new("GET", "/wc-auth/v1/authorize")).await;
        assert_eq!(denied.status, 401, "{denied:?}");
        assert!(denied.header("Content-Type").starts_with("text/html"), "{denied:?}");
    }
}

impl Shop {
    /// An API token is for nobody else to see.
    async fn leads_to_the_json_api(&self) {
        let asked = Request::new("GET", "/api/v1/me").with("Authorization", "Bearer agt_x");
        let refused = self.send(asked).await;
        assert!(refused.status == 401 && !refused.is_the_stores(), "{refused:?}");
        let described = self.send(Request::new("GET", "/openapi.json")).await;
        assert!(described.json()["openapi"].is_string(), "{described:?}");
        for path in ["/api/v1", "/api/v2/me", "/openapi.json5"] {
            self.send(Request::new("GET", path)).await.at_store();
        }
    }
}

/// The only value of a header at the store.
fn one(got: &Value, name: &str) -> String {
    let values = got["headers"][name].as_array().cloned().unwrap_or_default();
    assert_eq!(values.len(), 1, "{name}: {got}");
    values[0].as_str().unwrap().to_owned()
}

fn is_odd(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["//", ";", "%2f", "%5c", "/./", "/../", "%2e", "%25"].iter().any(|part| path.contains(part))
}
