//! Registered apps over the API.

use appgrant::domain::user::Role;
use serde_json::{Value, json};

use super::Program;
use crate::{
    access_tokens::{self, come},
    support::TestApp,
};

const APPS: &str = "/api/v1/registered-apps";

fn app_named(name: &str) -> Value {
    json!({ "name": name, "permissions": "read_write",
        "redirect_uris": ["https://app.example/back", "http://127.0.0.1/back"] })
}

#[tokio::test]
async fn an_app_is_registered_shown_changed_and_ended() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let told = max.post(APPS, app_named("Möbel & Co")).await;
    let made = told.is(201);
    let path = format!("{APPS}/{}", made["id"]);
    assert_eq!(told.header("location"), format!("{}{path}", app.url));
    assert_eq!((&made["public"], &made["state"]), (&json!(false), &json!("active")));
    let shown = max.get(&path).await.is(200);
    assert_eq!(shown["redirect_uris"], made["redirect_uris"]);
    assert!(shown.get("client_id").is_none() && shown.get("client_secret").is_none());
    assert!(made["client_id"].as_str().unwrap().ends_with(shown["ending"].as_str().unwrap()));
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("client_id"), text("client_secret"));
    let program = access_tokens::Program { url: app.url.clone(), id, secret };
    let token = program.token(&[]).await;
    assert_eq!(come(&app, "POST", &token).await, "allowed");

    let change = json!({ "redirect_uris": ["com.example.app:/back"] });
    let changed = max.patch(&path, change).await.is(200);
    assert_eq!(changed["redirect_uris"], json!(["com.example.app:/back"]));
    assert_eq!(changed["name"], "Möbel & Co", "what is left out stays");
    assert_eq!(max.patch(&path, json!({ "name": "Möbel" })).await.is(200)["name"], "Möbel");

    let listed = max.get(APPS).await.is(200);
    assert_eq!(listed["data"], json!([max.get(&path).await.is(200)]));
    max.post(&format!("/api/v1/keys/{}/revoke", made["id"]), json!({})).await.is(200);
    assert_eq!(come(&app, "POST", &token).await, "revoked");
    assert_eq!(max.get(&path).await.is(200)["state"], "revoked");
    max.patch(&path, json!({ "name": "x" })).await.is_problem(409, "already_over");
}

#[tokio::test]
async fn a_public_app_has_no_secret() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let mut body = app_named("Phone");
    body["public"] = json!(true);
    let made = max.post(APPS, body).await.is(201);
    assert_eq!((&made["public"], &made["client_secret"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn what_users_approved_is_listed() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let max = Program::of(&app, "max").await;
    let one = access_tokens::registered(&app, "One").await;
    let path = format!("{APPS}/{}/connections", one.key_id);
    assert_eq!(max.get(&path).await.is(200)["data"], json!([]));
    app.add_user("mia", Role::Manager).await;
    for login in ["ada", "mia", "max"] {
        access_tokens::connected_as(&app, &one, login).await;
    }
    let page = max.get(&format!("{path}?limit=2")).await.is(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = max.get(&format!("{path}?limit=2&cursor={cursor}")).await.is(200);
    assert_eq!((&page["data"][0]["owner"], &rest["next_cursor"]), (&json!("max"), &json!(null)));
    let ids = |page: &Value| -> Vec<i64> {
        page["data"].as_array().unwrap().iter().map(|key| key["id"].as_i64().unwrap()).collect()
    };
    assert_eq!((ids(&page).len(), ids(&rest).len()), (2, 1));
    let ada = Program::of(&app, "ada").await;
    ada.post(&format!("/api/v1/keys/{}/revoke", ids(&rest)[0]), json!({})).await.is(200);
    assert_eq!(ids(&max.get(&path).await.is(200)), ids(&page), "what was ended is left out");
    let key = max.key("no app").await;
    let none = format!("{APPS}/{}", key["id"]);
    max.get(&none).await.is_problem(404, "not_found");
    max.get(&format!("{none}/connections")).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn wrong_values_are_named() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let with = |name: &str, value: Value| {
        let mut body = app_named("One");
        body[name] = value;
        body
    };
    for (name, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!("https://app.example/")),
        ("redirect_uris", json!(["http://app.example/"])),
        ("redirect_uris", json!(["https://app.example/#x"])),
        ("redirect_uris", json!(["https://*.example/"])),
        ("redirect_uris", json!(["http://localhost/back"])),
        ("redirect_uris", json!(["javascript:alert(1)"])),
        (
            "redirect_uris",
            json!((0..21).map(|n| format!("https://a.example/{n}")).collect::<Vec<_>>()),
        ),
        ("permissions", json!("admin")),
        ("public", json!("yes")),
        ("public", json!(null)),
        ("expires_at", json!("1999-01-01")),
        ("strange", json!(1)),
    ] {
        let told = max.post(APPS, with(name, value.clone())).await;
        assert_eq!(told.wrong_fields(), [name], "{value}");
    }
    let told = max.post(APPS, json!({})).await;
    assert_eq!(told.wrong_fields(), ["name", "redirect_uris", "permissions"]);
    assert_eq!(max.get(APPS).await.is(200)["data"], json!([]));
}

#[tokio::test]
async fn for_oneself_or_by_an_admin() {
    let app = TestApp::start().await;
    app.add_user("mia", Role::Manager).await;
    let [ada, max, mia, vera] = [
        Program::of(&app, "ada").await,
        Program::of(&app, "max").await,
        Program::of(&app, "mia").await,
        Program::of(&app, "vera").await,
    ];
    vera.post(APPS, app_named("One")).await.is_problem(403, "not_allowed");
    let mut for_mia = app_named("One");
    for_mia["owner_id"] = json!(app.user("mia").await.id);
    max.post(APPS, for_mia.clone()).await.is_problem(403, "not_allowed");
    let made = ada.post(APPS, for_mia).await.is(201);
    let path = format!("{APPS}/{}", made["id"]);
    max.patch(&path, json!({ "name": "x" })).await.is_problem(403, "not_allowed");
    mia.patch(&path, json!({ "name": "x" })).await.is(200);
    vera.get(&path).await.is(200);
}

/// A key says what it is, so that nobody has to guess it from what it lacks.
#[tokio::test]
async fn a_key_says_what_kind_it_is() {
    let app = TestApp::with(&[("OAUTH2_PASSWORD_GRANT", "true")]).await;
    let max = Program::of(&app, "max").await;
    let till = max.key("Till").await;
    assert_eq!(till["kind"], "manual");
    let parcel = max.post(APPS, app_named("Parcel")).await.is(201);
    let one = access_tokens::registered(&app, "One").await;
    access_tokens::connected(&app, &one).await;
    let granted = crate::support::granted(&app, "read").await.json()["key_id"].clone();
    let listed = max.get("/api/v1/keys").await.is(200)["data"].clone();
    let kind = |id: &Value| {
        let key = listed.as_array().unwrap().iter().find(|key| key["id"] == *id);
        key.unwrap_or_else(|| panic!("{id}: {listed}"))["kind"].clone()
    };
    assert_eq!(kind(&till["id"]), "manual");
    assert_eq!(kind(&parcel["id"]), "registered_app");
    assert_eq!(kind(&json!(one.key_id)), "registered_app");
    assert_eq!(kind(&json!(one.key_id + 1)), "connection");
    assert_eq!(kind(&granted), "granted");
    let shown = max.get(&format!("/api/v1/keys/{granted}")).await.is(200);
    assert_eq!((&shown["kind"], shown["app"].is_object()), (&json!("granted"), true));
}
