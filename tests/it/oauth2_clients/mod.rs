//! Apps made with the libraries that developers use, unchanged, at a small store behind nginx: from the
//! store's metadata to the token that is given back.
//!
//! The libraries check our answers against the RFCs themselves; the tests look at what the app got, and
//! what reached the store.

mod lines;
mod program;
mod shop;

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use program::{
    Library::{Authlib, OpenidClient, RequestsOauthlib},
    Program,
};
use shop::{DONE, Registered, Shop};

/// Any port of this machine's will do (RFC 8252, section 7.3).
const OWN: &str = "http://127.0.0.1/done";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_in_an_app_of_the_web_with_basic() {
    let Some((shop, app)) = connected_shop(OpenidClient, &[DONE], false).await else { return };
    let plan = json!({ "method": "basic", "redirect_uri": DONE, "scope": "read write" });
    let mut program = shop.starts(OpenidClient, &app, plan);
    discovers(&shop, &mut program).await;
    let link = text(&program.does("open").await["url"]);
    let came = shop.decides(&link, "approve").await;
    assert!(came.starts_with(&format!("{DONE}?")), "{came}");
    program.tell(&came);
    lives(&mut program, &app, "read write").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_in_a_public_app_on_a_persons_machine() {
    let Some((shop, app)) = connected_shop(OpenidClient, &[OWN], true).await else { return };
    let plan = json!({ "method": "none", "redirect_uri": null, "scope": "read" });
    let mut program = shop.starts(OpenidClient, &app, plan);
    discovers(&shop, &mut program).await;
    let link = text(&program.does("open").await["url"]);
    let came = shop.decides(&link, "approve").await;
    shop.arrives(&came).await;
    lives(&mut program, &app, "read").await;
}

/// The person says no; the app is told so, in an answer that its library believes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_is_told_of_a_no() {
    let Some((shop, app)) = connected_shop(OpenidClient, &[DONE], false).await else { return };
    let plan = json!({ "method": "post", "redirect_uri": DONE, "scope": "read" });
    let mut program = shop.starts(OpenidClient, &app, plan);
    discovers(&shop, &mut program).await;
    let link = text(&program.does("open").await["url"]);
    program.tell(&shop.decides(&link, "deny").await);
    let failed = program.does("failed").await;
    assert_eq!(failed["name"], "AuthorizationResponseError", "{failed}");
    assert_eq!(failed["error"], "access_denied", "{failed}");
}

/// Another server's answer, mixed up with ours (RFC 9207): the library sees it by `iss`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_takes_no_answer_of_another_issuer() {
    let Some((shop, app)) = connected_shop(OpenidClient, &[DONE], false).await else { return };
    let plan = json!({ "method": "post", "redirect_uri": DONE, "scope": "read" });
    let mut program = shop.starts(OpenidClient, &app, plan);
    discovers(&shop, &mut program).await;
    let link = text(&program.does("open").await["url"]);
    let came = shop.decides(&link, "approve").await;
    let issuer = url::form_urlencoded::byte_serialize(shop.url.as_bytes()).collect::<String>();
    let mixed = came.replace(&issuer, "https%3A%2F%2Fevil.example");
    assert_ne!(mixed, came);
    program.tell(&mixed);
    let failed = program.does("failed").await;
    let why = "unexpected \"iss\" (issuer) response parameter value";
    assert_eq!((&failed["name"], &failed["why"]), (&json!("ClientError"), &json!(why)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_for_itself() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let Some((shop, app)) = machine_shop(Authlib).await else { return };
        let plan = json!({ "kind": "machine", "method": method, "scope": "read" });
        let mut program = shop.starts(Authlib, &app, plan);
        let first = granted(&program.does("connected").await, "read");
        assert_eq!(first.1, None, "RFC 6749, section 4.4.3");
        reaches(&mut program, "read").await;
        let told = program.does("introspected").await;
        assert_eq!((&told["active"], &told["client_id"]), (&json!(true), &json!(app.client_id)));
        reaches(&mut program, "read").await;
        let second = granted(&program.does("renewed").await, "read");
        assert_ne!(first.0, second.0);
        assert_eq!(program.does("revoked").await["status"], 200);
        refused(&mut program, "token_revoked").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_for_a_person() {
    let Some((shop, app)) = connected_shop(Authlib, &[DONE], false).await else { return };
    let plan = json!({
        "kind": "web", "method": "client_secret_basic", "redirect_uri": DONE, "scope": "read write",
    });
    let mut program = shop.starts(Authlib, &app, plan);
    let link = text(&program.does("open").await["url"]);
    program.tell(&shop.decides(&link, "approve").await);
    let first = granted(&program.does("connected").await, "read write");
    reaches(&mut program, "read_write").await;
    reaches(&mut program, "read_write").await;
    let second = granted(&program.does("refreshed").await, "read write");
    assert!(first.0 != second.0 && first.1 != second.1 && second.1.is_some());
    introspects(&mut program, &app, "read write").await;
    assert_eq!(program.does("revoked").await["status"], 200);
    refused(&mut program, "token_revoked").await;
    let failed = program.does("failed").await;
    assert_eq!(
        (&failed["name"], &failed["error"]),
        (&json!("OAuthError"), &json!("invalid_grant"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_oauthlib_for_itself() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let Some((shop, app)) = machine_shop(RequestsOauthlib).await else { return };
        for (scope, permissions) in
            [("read", "read"), ("read write", "read_write"), ("read_write", "read_write")]
        {
            let plan = json!({ "kind": "machine", "method": method, "scope": scope });
            let mut program = shop.starts(RequestsOauthlib, &app, plan);
            let told = program.does("connected").await;
            assert_eq!(told["tokens"]["refresh_token"], Value::Null, "{told}");
            reaches(&mut program, permissions).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_oauthlib_for_a_person_until_somebody_steals_a_refresh_token() {
    let Some((shop, app)) = connected_shop(RequestsOauthlib, &[DONE], false).await else { return };
    let plan = json!({ "kind": "web", "redirect_uri": DONE, "scope": "read write" });
    let mut program = shop.starts(RequestsOauthlib, &app, plan);
    let link = text(&program.does("open").await["url"]);
    program.tell(&shop.decides(&link, "approve").await);
    let mut seen = vec![text(&program.does("connected").await["tokens"]["access_token"])];
    reaches(&mut program, "read_write").await;
    for _ in ["by itself", "when told", "the answer was lost"] {
        seen.push(text(&program.does("refreshed").await["tokens"]["access_token"]));
        reaches(&mut program, "read_write").await;
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 4, "{seen:?}");
    shop.app.clock.advance(Duration::from_secs(31));
    program.tell("the grace is over");
    refused(&mut program, "token_revoked").await;
    let failed = program.does("failed").await;
    assert_eq!(failed["error"], "invalid_grant", "{failed}");
}

/// A shop that knows such an app, if both can be tried here.
async fn connected_shop(
    library: program::Library,
    uris: &[&str],
    public: bool,
) -> Option<(Shop, Registered)> {
    library.needed()?;
    let shop = Shop::open().await?;
    let app = shop.registers(uris, public).await;
    Some((shop, app))
}

/// A shop with a key of an app that acts for itself.
async fn machine_shop(library: program::Library) -> Option<(Shop, Registered)> {
    library.needed()?;
    let shop = Shop::open().await?;
    let app = shop.makes_a_key().await;
    Some((shop, app))
}

async fn discovers(shop: &Shop, program: &mut Program) {
    let told = program.does("discovered").await;
    assert_eq!(told["pkce"], true, "{told}");
    let metadata = &told["metadata"];
    assert_eq!(metadata["issuer"], shop.url, "{told}");
    for (name, path) in [
        ("authorization_endpoint", "/oauth2/authorize"),
        ("token_endpoint", "/oauth2/token"),
        ("introspection_endpoint", "/oauth2/introspect"),
        ("revocation_endpoint", "/oauth2/revoke"),
    ] {
        assert_eq!(metadata[name], format!("{}{path}", shop.url), "{told}");
    }
}

/// What comes after the connection in the JavaScript app.
async fn lives(program: &mut Program, app: &Registered, scope: &str) {
    let permissions = if scope == "read write" { "read_write" } else { scope };
    let first = granted(&program.does("connected").await, scope);
    reaches(program, permissions).await;
    let second = granted(&program.does("refreshed").await, scope);
    assert!(first.0 != second.0 && first.1 != second.1 && second.1.is_some());
    reaches(program, permissions).await;
    if app.secret.is_some() {
        introspects(program, app, scope).await;
    }
    program.does("revoked").await;
    if app.secret.is_some() {
        let told = program.does("introspected").await;
        assert_eq!(told, json!({ "step": "introspected", "active": false }));
    }
    refused(program, "token_revoked").await;
    let failed = program.does("failed").await;
    assert_eq!((&failed["error"], &failed["status"]), (&json!("invalid_grant"), &json!(400)));
    assert!(!failed["description"].as_str().unwrap().is_empty(), "{failed}");
}

async fn introspects(program: &mut Program, app: &Registered, scope: &str) {
    let told = program.does("introspected").await;
    assert_eq!(told["active"], true, "{told}");
    assert_eq!(told["client_id"], app.client_id, "{told}");
    assert_eq!(told["scope"], scope, "{told}");
    assert_eq!(told["username"], "max", "{told}");
}

/// Access token and refresh token of an answer, which gives that scope for an hour.
fn granted(told: &Value, scope: &str) -> (String, Option<String>) {
    let tokens = &told["tokens"];
    assert_eq!(tokens["scope"], scope, "{told}");
    assert_eq!(tokens["expires_in"], 3600, "{told}");
    assert_eq!(text(&tokens["token_type"]).to_lowercase(), "bearer", "{told}");
    let access = text(&tokens["access_token"]);
    assert!(access.starts_with("agat_") && access.len() == 48, "{told}");
    (access, tokens["refresh_token"].as_str().map(str::to_owned))
}

/// The app's call arrives at the store, with who it is and without the token.
async fn reaches(program: &mut Program, permissions: &str) {
    let told = program.does("called").await;
    let got = &told["body"];
    assert_eq!((&told["status"], &got["store"]), (&json!(200), &json!(true)), "{told}");
    assert_eq!(got["target"], "/wp-json/wc/v3/orders?page=2", "{told}");
    for (name, value) in [
        ("x-appgrant-permissions", permissions),
        ("x-appgrant-owner", "max"),
        ("x-appgrant-environment", "production"),
    ] {
        assert_eq!(got["headers"][name], json!([value]), "{name}: {told}");
    }
    assert!(!got.to_string().contains("agat_"), "{told}");
}

async fn refused(program: &mut Program, reason: &str) {
    let told = program.does("called").await;
    assert_eq!(told["status"], 401, "{told}");
    assert_eq!(told["body"]["data"]["reason"], reason, "{told}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
