//! What nobody should send to the token endpoints: each is answered in the RFC's words, and nothing of a
//! secret is said back.

use appgrant::domain::permissions::Permissions;

use super::{Program, client, told};
use crate::{admin::made, support::TestApp};

#[tokio::test]
async fn broken_requests_are_told_what_is_wrong() {
    let app = TestApp::with(&[("TOKEN_RATE", "0")]).await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let program = Program::of(&app, &key);
    let long = "x".repeat(20_000);
    for (fields, status, error) in [
        (&[][..], 400, "invalid_request"),
        (&[("grant_type", "")], 400, "invalid_request"),
        (&[("grant_type", "nonsense")], 400, "unsupported_grant_type"),
        (
            &[("grant_type", "password"), ("username", "max"), ("password", "x")],
            400,
            "unsupported_grant_type",
        ),
        (
            &[("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
            400,
            "invalid_request",
        ),
        (&[("grant_type", "client_credentials"), ("scope", "write")], 400, "invalid_scope"),
        (&[("grant_type", "client_credentials"), ("scope", "read admin")], 400, "invalid_scope"),
        (&[("grant_type", "client_credentials"), ("scope", "' OR 1=1 --")], 400, "invalid_scope"),
        (
            &[("grant_type", "client_credentials"), ("validity_period", "\u{661}\u{662}\u{663}")],
            400,
            "invalid_request",
        ),
        (&[("grant_type", "client_credentials"), ("x", "\0")], 400, "invalid_request"),
        (&[("grant_type", "client_credentials"), ("x", long.as_str())], 400, "invalid_request"),
        (&[("grant_type", "refresh_token")], 400, "invalid_request"),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "agrt_nonsense")],
            400,
            "invalid_grant",
        ),
        (&[("grant_type", "refresh_token"), ("refresh_token", "🫖")], 400, "invalid_grant"),
        (&[("grant_type", "authorization_code"), ("code", "agac_x")], 400, "invalid_grant"),
        (&[("grant_type", "client_credentials"), ("client_secret", "x")], 400, "invalid_request"),
        (&[("grant_type", "client_credentials"), ("client_id", "ck_x")], 400, "invalid_request"),
    ] {
        let answer = program.ask(fields).await;
        assert_eq!((answer.status, &*answer.text("error")), (status, error), "{fields:.200?}");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let said = answer.body.to_string();
        assert!(!said.contains(&program.secret) && said.len() < 500, "{said}");
    }
    assert_eq!(program.token(&[("scope", "read")]).await.len(), 48, "and it goes on");
}

#[tokio::test]
async fn whoever_is_no_client_learns_nothing() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let program = Program::of(&app, &key);
    for (id, secret) in [
        ("ck_unknown", "cs_x"),
        (program.id.as_str(), "cs_wrong"),
        (program.id.as_str(), ""),
        ("", "cs_x"),
        ("🫖", "🫖"),
    ] {
        let stranger = Program { id: id.to_owned(), secret: secret.to_owned(), ..program.clone() };
        let answer = stranger.ask(&[("grant_type", "client_credentials")]).await;
        assert_eq!((answer.status, &*answer.text("error")), (401, "invalid_client"), "{id}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic"));
    }
    let (_, refresh) = program.pair().await;
    let wrong = Program { secret: "cs_wrong".to_owned(), ..program.clone() };
    assert_eq!(wrong.refresh(&refresh).await.text("error"), "invalid_client");
    assert_eq!(program.refresh(&refresh).await.status, 200, "and it is not spent");
}

#[tokio::test]
async fn other_methods_and_bodies_are_refused() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let program = Program::of(&app, &key);
    for path in ["/oauth2/token", "/token"] {
        let url = format!("{}{path}", app.url);
        let get =
            told(client().get(format!("{url}?grant_type=client_credentials")), Some(&program));
        let get = get.await;
        assert_eq!((get.status, get.headers["allow"].to_str().unwrap()), (405, "POST"));
        for (kind, body) in [
            ("application/json", r#"{"grant_type":"client_credentials"}"#),
            ("text/plain", "grant_type=client_credentials"),
            ("", "grant_type=client_credentials"),
        ] {
            let post = client().post(&url).header("content-type", kind).body(body);
            let post = told(post, Some(&program)).await;
            assert_eq!((post.status, &*post.text("error")), (400, "invalid_request"), "{kind}");
        }
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait() {
    let app = TestApp::with(&[("TOKEN_RATE", "60")]).await;
    let (key, other) = (
        made(&app, "max", "Till", Permissions::Read).await,
        made(&app, "max", "Other", Permissions::Read).await,
    );
    let program = Program::of(&app, &key);
    let grant = [("grant_type", "client_credentials")];
    let mut answers = Vec::new();
    for _ in 0..14 {
        answers.push(program.ask(&grant).await);
    }
    let allowed = answers.iter().filter(|it| it.status == 200).count();
    assert!((10..13).contains(&allowed), "{allowed} at once");
    let last = answers.pop().unwrap();
    assert_eq!((last.status, &*last.text("error")), (429, "temporarily_unavailable"));
    assert_eq!(last.headers["retry-after"], "1");
    assert_eq!(Program::of(&app, &other).ask(&grant).await.status, 200, "others go on");
    app.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(program.ask(&grant).await.status, 200, "after a while");
}
