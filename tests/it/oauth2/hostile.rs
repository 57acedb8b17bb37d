//! Broken, huge, doubled and hostile requests to the token endpoints.

use appgrant::{domain::permissions::Permissions::ReadWrite, service::oauth2::AppKind};
use reqwest::Method;

use super::program::{key, registered, told};
use crate::support::TestApp;

const PATHS: [&str; 3] = ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"];

#[tokio::test]
async fn rubbish_gets_an_error_in_the_rfcs_words() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let browser = app.browser();
    let form = "application/x-www-form-urlencoded";
    let huge = format!("grant_type=client_credentials&x={}", "y".repeat(20_000));
    for (kind, body, status, says) in [
        ("text/plain", "grant_type=client_credentials", 400, "send the parameters in the body"),
        ("application/json", "{}", 400, "send the parameters in the body"),
        (form, &*huge, 400, "larger than 16 KiB"),
        (form, "grant_type=a&grant_type=b", 400, "grant_type is there twice"),
        (form, "grant_type=%00&token=%00", 400, "no readable text"),
    ] {
        for path in PATHS {
            let request = browser.request(Method::POST, path).header("content-type", kind);
            let answer = told(browser.send(request.body(body.to_owned())).await);
            assert_eq!(answer.error(), (status, "invalid_request".to_owned()), "{path} {body:.60}");
            assert!(answer.text("error_description").contains(says), "{}", answer.body);
            assert_eq!(answer.answer.header("cache-control"), "no-store");
        }
    }
    for path in PATHS {
        let answer = told(browser.get(&format!("{path}?grant_type=client_credentials")).await);
        assert_eq!((answer.status, answer.answer.header("allow")), (405, "POST"), "{path}");
        let none =
            told(browser.post(path, &[("grant_type", "client_credentials"), ("token", "x")]).await);
        assert_eq!(none.error(), (401, "invalid_client".to_owned()), "{path}");
        assert!(none.answer.header("www-authenticate").starts_with("Basic realm="), "{path}");
    }
    for grant in ["", "implicit", "urn:ietf:params:oauth:grant-type:device_code"] {
        let error = program.token(&[("grant_type", grant)]).await.error();
        let code = if grant.is_empty() { "invalid_request" } else { "unsupported_grant_type" };
        assert_eq!(error, (400, code.to_owned()), "{grant}");
    }
    for fields in [
        [("grant_type", "refresh_token"), ("x", "")],
        [("grant_type", "authorization_code"), ("x", "")],
    ] {
        assert_eq!(program.token(&fields).await.error(), (400, "invalid_request".to_owned()));
    }
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_key_and_none_read_the_same() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let client_credentials = [("grant_type", "client_credentials")];
    let wrong = super::program::Program { secret: Some("cs_wrong".into()), ..program.clone() };
    let unknown = super::program::Program { id: "ck_unknown".into(), ..program.clone() };
    let told = [wrong.token(&client_credentials).await, unknown.token(&client_credentials).await];
    for told in &told {
        assert_eq!(told.error(), (401, "invalid_client".to_owned()));
        assert_eq!(told.body, told.body);
    }
    assert_eq!(told[0].body, told[1].body, "nobody learns which keys there are");
    let nameless = super::program::Program { secret: None, ..program.clone() };
    assert_eq!(
        nameless.token(&client_credentials).await.error(),
        (401, "invalid_client".to_owned())
    );
    let public = registered(&app, AppKind::Public, ReadWrite).await;
    let told = public.token(&client_credentials).await;
    assert_eq!(told.error(), (400, "unauthorized_client".to_owned()));
}

#[tokio::test]
async fn no_secret_stands_in_an_error() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let secret = program.secret.clone().unwrap();
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &*secret), ("scope", &*secret)];
    let told = program.token(&fields).await;
    assert_eq!(told.status, 400);
    assert!(!told.body.to_string().contains(&secret[3..]), "{}", told.body);
    let body = format!(
        "grant_type=x&client_id={}&client_secret={secret}&client_secret={secret}",
        program.id
    );
    let request = app.browser().request(Method::POST, "/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = app.browser().send(request).await;
    assert!(!answer.body.contains(&secret[3..]), "{}", answer.body);
}

#[tokio::test]
async fn without_tls_at_the_proxy_a_store_with_tls_gives_nothing() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://shop.example")]).await;
    let program = key(&app, ReadWrite).await;
    let browser = app.browser();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", &*program.id),
        ("client_secret", program.secret.as_deref().unwrap()),
    ];
    assert_eq!(browser.post("/oauth2/token", &fields).await.status, 400, "nobody says that it is");
    for (proto, status) in [("https", 200), ("http", 400), ("https, http", 400)] {
        let answer =
            browser.post_with("/oauth2/token", &fields, ("x-forwarded-proto", proto)).await;
        assert_eq!(answer.status, status, "{proto}: {}", answer.body);
    }
}

#[tokio::test]
async fn many_at_once_each_get_a_token_of_their_own() {
    let app = TestApp::with(&[("TOKEN_RATE", "0")]).await;
    let program = key(&app, ReadWrite).await;
    let tasks = (0..100).map(|_| {
        let program = program.clone();
        tokio::spawn(async move { program.application_token().await })
    });
    let mut tokens = Vec::new();
    for task in tasks {
        tokens.push(task.await.unwrap());
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 100);
    for token in tokens.iter().step_by(17) {
        assert_eq!(super::program::verify(&app, "GET", token).await.status, 204);
    }
}
