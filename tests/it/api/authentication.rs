//! Who is let in: tokens, and the sessions of browsers with their protection.

use std::time::Duration;

use appgrant::service::{
    caller::Caller,
    tokens,
    users::{self, KeysFate},
};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::{Program, Told};
use crate::support::TestApp;

#[tokio::test]
async fn a_token_acts_for_its_user() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let me = ada.get("/api/v1/me").await.is(200);
    assert_eq!(me["user"]["login"], "ada");
    assert_eq!(me["user"]["role"], "admin");
    assert_eq!((&me["token_id"], &me["csrf_token"]), (&json!(1), &json!(null)));
}

#[tokio::test]
async fn who_names_nobody_or_a_wrong_token_is_told_how_to() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let told = Told::by(ada.bare(Method::GET, "/api/v1/keys")).await;
    told.is_problem(401, "no_credentials");
    assert_eq!(told.header("www-authenticate"), "Bearer realm=\"appgrant\"");
    let never = format!("agt_{}", "0".repeat(40));
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        &format!("Bearer {never}"),
        &ada.token,
        &format!("Basic {}", ada.token),
        &format!("Bearer {}", ada.token.to_uppercase()),
        &format!("Bearer {}0", ada.token),
        &format!("Bearer {0}, Bearer {0}", ada.token),
    ] {
        let request = ada.bare(Method::GET, "/api/v1/keys").header("authorization", value);
        let told = Told::by(request).await;
        told.is_problem(401, "invalid_token");
        assert!(told.header("www-authenticate").contains("invalid_token"), "{value}");
    }
    let twice = ada.request(Method::GET, "/api/v1/me").bearer_auth(&ada.token);
    Told::by(twice).await.is_problem(401, "invalid_token");
    let lower = ada.bare(Method::GET, "/api/v1/me");
    Told::by(lower.header("authorization", format!("bearer {}", ada.token))).await.is(200);
}

#[tokio::test]
async fn a_token_in_the_address_is_refused_even_beside_a_good_one() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for query in [
        format!("access_token={}", ada.token),
        format!("q={}", ada.token),
        format!("Token={}", ada.token),
        "api_key=1".to_owned(),
    ] {
        let told = ada.get(&format!("/api/v1/keys?{query}")).await;
        let problem = told.is_problem(400, "token_in_query");
        assert!(!problem.to_string().contains(&ada.token), "the token is not repeated");
    }
}

#[tokio::test]
async fn a_token_ends_by_revoking_by_time_and_with_its_user() {
    let app = TestApp::start().await;
    let (ada, max) = (Program::of(&app, "ada").await, Program::of(&app, "max").await);
    let own = max.get("/api/v1/me").await.is(200)["token_id"].as_i64().unwrap();
    max.post("/api/v1/tokens/1/revoke", json!({})).await.is_problem(404, "not_found");
    max.post(&format!("/api/v1/tokens/{own}/revoke"), json!({})).await.is(204);
    max.get("/api/v1/me").await.is_problem(401, "invalid_token");

    let user = app.user("max").await.id;
    let soon = Some(app.services().now().plus(Duration::from_mins(1)));
    let caller = Caller::command_line();
    let made = tokens::create(app.services(), &caller, user, "short", soon).await.unwrap();
    let short = Program::with(&app, made.token.expose());
    short.get("/api/v1/me").await.is(200);
    app.clock.advance(Duration::from_mins(1));
    short.get("/api/v1/me").await.is_problem(401, "invalid_token");

    let again = Program::of(&app, "max").await;
    again.get("/api/v1/me").await.is(200);
    users::disable(app.services(), &caller, user, KeysFate::Pause).await.unwrap();
    again.get("/api/v1/me").await.is_problem(401, "invalid_token");
    let tokens = ada.get("/api/v1/tokens?everybodys=true").await.is(200);
    assert_eq!(tokens["data"].as_array().unwrap().len(), 4);
    assert!(!tokens.to_string().contains(&again.token[4..20]), "no token is in the list");
    assert_eq!(ada.get("/api/v1/tokens").await.is(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_make_no_tokens() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let told = ada.post("/api/v1/tokens", json!({ "name": "another" })).await;
    told.is_problem(405, "method_not_allowed");
    assert_eq!(told.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_session_reads_freely_and_changes_only_from_our_own_pages() {
    let app = TestApp::start().await;
    let browser = app.logged_in("ada").await;
    let me = Told::by(browser.request(Method::GET, "/api/v1/me")).await.is(200);
    let token = me["csrf_token"].as_str().unwrap();
    assert_eq!(me["token_id"], json!(null));
    let body = json!({ "description": "by a page", "permissions": "read" });
    let post = || browser.request(Method::POST, "/api/v1/keys").json(&body);
    let site =
        |site: &'static str| post().header("x-csrf-token", token).header("sec-fetch-site", site);
    let foreign = "https://evil.example";
    for refused in [
        post(),
        post().header("x-csrf-token", ""),
        post().header("x-csrf-token", "x"),
        post().header("sec-fetch-site", "same-origin"),
        site("cross-site"),
        site("same-site"),
        post().header("x-csrf-token", token).header("origin", foreign),
    ] {
        Told::by(refused).await.is_problem(403, "csrf");
    }
    Told::by(post().header("x-csrf-token", token)).await.is(201);
    Told::by(site("same-origin")).await.is(201);
    Told::by(post().header("x-csrf-token", token).header("origin", &app.url)).await.is(201);
    let others = app.logged_in("max").await;
    let theirs = others.request(Method::POST, "/api/v1/keys").json(&body);
    Told::by(theirs.header("x-csrf-token", token)).await.is_problem(403, "csrf");
    let keys = Told::by(browser.request(Method::GET, "/api/v1/keys")).await.is(200);
    assert_eq!(keys["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_token_needs_no_such_protection_and_wins_over_a_cookie() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let browser = app.logged_in("ada").await;
    let body = json!({ "description": "d", "permissions": "read" });
    let both = browser.request(Method::POST, "/api/v1/keys").bearer_auth(&max.token).json(&body);
    let made = Told::by(both.header("origin", "https://elsewhere.example")).await.is(201);
    assert_eq!(made["owner"], "max");
}

#[tokio::test]
async fn whoever_guesses_waits_and_good_tokens_of_others_do_not() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let guess = |n: usize| {
        let token = format!("agt_{n:040x}");
        let request = ada.bare(Method::GET, "/api/v1/me").bearer_auth(token);
        request.header("x-forwarded-for", "203.0.113.9")
    };
    for n in 0..20 {
        Told::by(guess(n)).await.is_problem(401, "invalid_token");
    }
    let before = Instant::now();
    Told::by(guess(20)).await.is_problem(401, "invalid_token");
    assert!(before.elapsed() >= Duration::from_millis(240), "{:?}", before.elapsed());
    let fastest = async |address: &'static str| {
        let mut fastest = Duration::MAX;
        for _ in 0..5 {
            let before = Instant::now();
            let request = ada.request(Method::GET, "/api/v1/me").header("x-forwarded-for", address);
            Told::by(request).await.is(200);
            fastest = fastest.min(before.elapsed());
        }
        fastest
    };
    let elsewhere = fastest("203.0.113.10").await;
    assert!(elsewhere < Duration::from_millis(240), "{elsewhere:?}");
}
