//! A key's tokens and rules over the API.

use appgrant::domain::user::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, Told};
use crate::{
    access_tokens::{self, come},
    support::TestApp,
};

/// Asks for tokens with a key that the API made.
fn asking(app: &TestApp, key: &Value) -> access_tokens::Program {
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("consumer_key"), text("consumer_secret"));
    access_tokens::Program { url: app.url.clone(), id, secret }
}

#[tokio::test]
async fn tokens_are_listed_and_ended_one_and_all() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let key = max.key("Till").await;
    let path = format!("/api/v1/keys/{}/tokens", key["id"]);
    assert_eq!(max.get(&path).await.is(200)["data"], json!([]));
    let program = asking(&app, &key);
    let (access, refresh) = program.pair().await;
    let read = program.token(&[("scope", "read"), ("validity_period", "60")]).await;

    let page = max.get(&format!("{path}?limit=1")).await.is(200);
    let newest = &page["data"][0];
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(newest["ending"], read[read.len() - 6..]);
    assert_eq!([&newest["state"], &newest["permissions"]], ["live", "read"]);
    assert_eq!(
        [&newest["made_by"], &newest["revoked_at"]],
        [&json!("client_credentials"), &json!(null)]
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = max.get(&format!("{path}?limit=1&cursor={cursor}")).await.is(200);
    assert_eq!(rest["next_cursor"], json!(null));
    let first = &rest["data"][0];
    assert_eq!((&first["made_by"], &first["refreshes"]), (&json!("secret"), &json!(true)));
    assert!(!format!("{page}{rest}").contains(&access) && !rest.to_string().contains("agrt_"));

    let one = format!("{path}/{}/revoke", first["id"]);
    for _ in 0..2 {
        max.post(&one, json!({})).await.is(204);
        assert_eq!(come(&app, "GET", &access).await, "token_revoked");
    }
    assert_eq!(program.refresh(&refresh).await.text("error"), "invalid_grant");
    assert_eq!(come(&app, "GET", &read).await, "allowed");
    let listed = max.get(&path).await.is(200);
    assert_eq!(listed["data"][1]["state"], "ended");
    app.clock.advance(std::time::Duration::from_secs(66));
    assert_eq!(max.get(&path).await.is(200)["data"][0]["state"], "expired");

    let other = program.token(&[]).await;
    max.post(&format!("{path}/revoke"), json!({})).await.is(204);
    assert_eq!(come(&app, "GET", &other).await, "token_revoked");
    assert_eq!(max.get(&path).await.is(200)["data"], json!([]));
    let history = max.get(&format!("/api/v1/keys/{}/history", key["id"])).await.is(200);
    let ended = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["event"].as_str().unwrap().contains("token"));
    assert_eq!(ended.count(), 2, "{history}");
}

#[tokio::test]
async fn a_token_is_made_anew_and_shown_once() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let key = max.key("Till").await;
    let old = asking(&app, &key).token(&[]).await;
    let path = format!("/api/v1/keys/{}/token", key["id"]);
    let told = max.post(&path, json!({ "token_seconds": 120, "allowed_domains": [] })).await;
    assert_eq!(told.header("cache-control"), "no-store");
    let made = told.is(200);
    assert_eq!((&made["token_type"], &made["expires_in"]), (&json!("Bearer"), &json!(120)));
    let token = made["access_token"].as_str().unwrap();
    assert_eq!(come(&app, "POST", token).await, "allowed");
    assert_eq!(come(&app, "GET", &old).await, "token_revoked");
    let rules = max.get(&format!("/api/v1/keys/{}/rules", key["id"])).await.is(200);
    assert_eq!(rules["token_seconds"], 120);
    let endless = max.request(Method::POST, &path).json(&json!({ "token_seconds": -1 }));
    assert_eq!(Told::by(endless).await.is(200)["expires_in"], json!(null));
    let bare = max.request(Method::POST, &path);
    assert_eq!(Told::by(bare).await.is(200)["expires_in"], json!(null), "the rules stay");
    max.post(&format!("/api/v1/keys/{}/revoke", key["id"]), json!({})).await.is(200);
    max.post(&path, json!({})).await.is_problem(409, "already_over");
}

#[tokio::test]
async fn rules_are_shown_and_changed() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let path = format!("/api/v1/keys/{}/rules", max.key("Till").await["id"]);
    let usual = json!({ "environment": "production", "token_seconds": null,
        "allowed_domains": [], "allowed_networks": [] });
    assert_eq!(max.get(&path).await.is(200), usual);
    let change = json!({ "environment": "sandbox", "token_seconds": 600,
        "allowed_domains": ["Shop.example", "*.Möbel.example"],
        "allowed_networks": ["203.0.113.7/24", "::1"] });
    let changed = max.patch(&path, change).await.is(200);
    let wanted = json!({ "environment": "sandbox", "token_seconds": 600,
        "allowed_domains": ["shop.example", "*.xn--mbel-5qa.example"],
        "allowed_networks": ["203.0.113.0/24", "::1/128"] });
    assert_eq!(changed, wanted);
    assert_eq!(max.get(&path).await.is(200), wanted);
    let some = json!({ "token_seconds": null, "allowed_domains": ["ALL"] });
    let changed = max.patch(&path, some).await.is(200);
    assert_eq!(
        (&changed["token_seconds"], &changed["allowed_domains"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(changed["environment"], "sandbox", "what is left out stays");

    for (body, fields) in [
        (json!({ "environment": "staging" }), &["environment"][..]),
        (json!({ "environment": null }), &["environment"]),
        (json!({ "token_seconds": 59 }), &["token_seconds"]),
        (json!({ "token_seconds": 0 }), &["token_seconds"]),
        (json!({ "token_seconds": 1e300 }), &["token_seconds"]),
        (json!({ "token_seconds": "60" }), &["token_seconds"]),
        (json!({ "allowed_domains": "shop.example" }), &["allowed_domains"]),
        (json!({ "allowed_domains": ["https://shop.example"] }), &["allowed_domains"]),
        (json!({ "allowed_domains": ["*"] }), &["allowed_domains"]),
        (json!({ "allowed_domains": vec!["a.example"; 51] }), &["allowed_domains"]),
        (json!({ "allowed_networks": ["10.0.0.0/33"] }), &["allowed_networks"]),
        (json!({ "allowed_networks": [7] }), &["allowed_networks"]),
        (
            json!({ "allowed_domains": ["x y/z"], "allowed_networks": ["x"], "tokens_over": 0 }),
            &["allowed_domains", "allowed_networks", "tokens_over"],
        ),
    ] {
        let told = max.patch(&path, body.clone()).await;
        assert_eq!(told.wrong_fields(), fields, "{body}");
        assert!(!told.body.contains("x y/z"), "a value is not said back");
    }
}

#[tokio::test]
async fn roles_by_own_and_foreign() {
    let app = TestApp::start().await;
    app.add_user("mia", Role::Manager).await;
    let mut programs = Vec::new();
    for login in ["ada", "max", "mia", "vera"] {
        programs.push((login, Program::of(&app, login).await));
    }
    let max = programs[1].1.clone();
    let rules = |seconds: i64| json!({ "token_seconds": seconds });
    for (method, path, body, expected) in [
        (Method::GET, "/rules", Value::Null, [200, 200, 200, 200]),
        (Method::GET, "/tokens", Value::Null, [200, 200, 200, 200]),
        (Method::PATCH, "/rules", rules(60), [200, 200, 403, 403]),
        (Method::PATCH, "/rules", rules(-1), [200, 200, 403, 403]),
        (Method::POST, "/token", json!({}), [200, 200, 403, 403]),
        (Method::POST, "/tokens/1/revoke", json!({}), [404, 404, 403, 403]),
        (Method::POST, "/tokens/revoke", json!({}), [204, 204, 403, 403]),
    ] {
        for ((login, program), status) in programs.iter().zip(expected) {
            let path = format!("/api/v1/keys/{}{path}", max.key("Max’ own").await["id"]);
            let request = program.request(method.clone(), &path);
            let request = if body.is_null() { request } else { request.json(&body) };
            let told = Told::by(request).await;
            assert_eq!(told.status, status, "{login}: {method} {path}: {}", told.body);
        }
    }
    for path in ["/api/v1/keys/999/tokens", "/api/v1/keys/999/rules", "/api/v1/keys/x/tokens"] {
        max.get(path).await.is_problem(404, "not_found");
    }
}
