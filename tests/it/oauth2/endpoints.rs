//! Introspection, revocation, metadata.

use appgrant::{domain::permissions::Permissions::ReadWrite, service::oauth2::AppKind};
use serde_json::json;

use super::program::{key, registered, told, verify};
use crate::support::TestApp;

#[tokio::test]
async fn a_client_learns_what_its_own_tokens_are_worth_and_no_others() {
    let app = TestApp::start().await;
    let (program, other) = (key(&app, ReadWrite).await, key(&app, ReadWrite).await);
    let token = program.application_token().await;
    for round in 0..2 {
        let found = program.introspect(&token).await;
        assert_eq!(found["active"], true, "{round}: {found}");
        assert_eq!(found["scope"], "read write");
        assert_eq!((&found["client_id"], &found["username"]), (&json!(program.id), &json!("max")));
        assert_eq!((&found["token_type"], &found["iss"]), (&json!("Bearer"), &json!(app.url)));
        let (iat, exp) = (found["iat"].as_i64().unwrap(), found["exp"].as_i64().unwrap());
        assert_eq!(exp - iat, 3_600);
        assert_eq!(found["key_id"], program.key_id);
        assert_eq!(found["environment"], "production");
    }
    let inactive = json!({ "active": false });
    assert_eq!(other.introspect(&token).await, inactive);
    for text in ["x", "agat_", "agrt_x", &format!("agat_{}", "a".repeat(43))] {
        assert_eq!(program.introspect(text).await, inactive, "{text}");
    }
    app.clock.advance(std::time::Duration::from_secs(3_605));
    assert_eq!(program.introspect(&token).await, inactive);
}

#[tokio::test]
async fn a_persons_api_token_may_ask_about_all() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let token = program.application_token().await;
    let user = app.user("vera").await.id;
    let caller = app.caller("vera").await;
    let made =
        appgrant::service::tokens::create(app.services(), &caller, user, "watch", None).await;
    let bearer = format!("Bearer {}", made.unwrap().token.expose());
    let browser = app.browser();
    let ask = |bearer: String| {
        let request = browser.request(reqwest::Method::POST, "/oauth2/introspect");
        request.header("authorization", bearer).form(&[("token", token.clone())])
    };
    let found = told(browser.send(ask(bearer.clone())).await);
    assert_eq!((found.status, &found.body["active"]), (200, &json!(true)), "{}", found.body);
    assert!(found.body.get("client_id").is_none());
    let wrong = told(browser.send(ask(format!("{bearer}0"))).await);
    assert_eq!(wrong.error(), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_is_worth_a_pair_until_it_is_used() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let max = app.logged_in("max").await;
    let first = program.redeem(&program.approved_by(&max, &[]).await).await;
    let found = program.introspect(&first.text("refresh_token")).await;
    assert_eq!((&found["active"], found.get("token_type")), (&json!(true), None), "{found}");
    program.refresh(&first.text("refresh_token")).await;
    assert_eq!(program.introspect(&first.text("refresh_token")).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_client_throws_its_own_tokens_away() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let other = key(&app, ReadWrite).await;
    let max = app.logged_in("max").await;
    let first = program.redeem(&program.approved_by(&max, &[]).await).await;
    let (access, refresh) = (first.text("access_token"), first.text("refresh_token"));
    for text in [&access, &refresh, "agat_x", "anything"] {
        assert_eq!(other.post("/oauth2/revoke", &[("token", text)]).await.status, 200);
    }
    assert_eq!(verify(&app, "GET", &access).await.status, 204, "it is not theirs");
    let fields = [("token", &*access), ("token_type_hint", "refresh_token")];
    assert_eq!(program.post("/revoke", &fields).await.status, 200);
    assert_eq!(verify(&app, "GET", &access).await.word(), "token_revoked");
    let second = program.refresh(&refresh).await;
    assert_eq!(second.status, 200, "the refresh token goes on: {}", second.body);
    let (access, refresh) = (second.text("access_token"), second.text("refresh_token"));
    assert_eq!(program.post("/oauth2/revoke", &[("token", &refresh)]).await.status, 200);
    assert_eq!(verify(&app, "GET", &access).await.word(), "token_revoked");
    assert_eq!(program.refresh(&refresh).await.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn metadata_says_where_everything_is() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/.well-known/oauth-authorization-server").await;
    let found = told(answer).body;
    assert_eq!(found["issuer"], app.url);
    for (name, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("introspection_endpoint", "introspect"),
        ("revocation_endpoint", "revoke"),
    ] {
        assert_eq!(found[name], format!("{}/oauth2/{path}", app.url));
    }
    assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
    assert!(!found["grant_types_supported"].as_array().unwrap().contains(&json!("password")));
}

#[tokio::test]
async fn under_a_path_of_its_own_everything_answers_with_and_without_it() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/shop")]).await;
    let browser = app.browser();
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/shop",
        "/shop/.well-known/oauth-authorization-server",
    ] {
        let found = told(browser.get(path).await).body;
        assert_eq!(found["issuer"], format!("{}/shop", app.url), "{path}");
    }
    let program = key(&app, ReadWrite).await;
    for path in ["/shop/oauth2/token", "/oauth2/token", "/shop/token"] {
        let told = program.post(path, &[("grant_type", "client_credentials")]).await;
        assert_eq!(told.status, 200, "{path}");
        let token = told.text("access_token");
        for path in ["/shop/oauth2/introspect", "/oauth2/introspect"] {
            assert_eq!(program.post(path, &[("token", &token)]).await.body["active"], true);
        }
    }
}
