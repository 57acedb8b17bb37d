//! Users over the API, and what becomes of their keys.

use serde_json::json;

use super::Program;
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_user_is_made_changed_and_logs_in() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let body = json!({ "login": "Mia", "name": "Mia M.", "email": "Mia@Shop.example",
        "role": "manager", "password": "a long password" });
    let told = ada.post("/api/v1/users", body).await;
    let mia = told.is(201);
    let id = &mia["id"];
    assert_eq!(told.header("location"), format!("{}/api/v1/users/{id}", app.url));
    let path = format!("/api/v1/users/{id}");
    assert_eq!(ada.get(&path).await.is(200), mia);
    assert_eq!(
        mia,
        json!({ "id": id, "login": "mia", "name": "Mia M.", "email": "mia@shop.example",
            "role": "manager", "disabled": false })
    );
    let changed = ada.patch(&path, json!({ "email": null, "role": "viewer" })).await.is(200);
    assert_eq!((&changed["email"], &changed["role"]), (&json!(null), &json!("viewer")));
    assert_eq!(changed["name"], "Mia M.");
    ada.post(&format!("{path}/password"), json!({ "password": PASSWORD })).await.is(204);
    app.logged_in("mia").await;
    let list = ada.get("/api/v1/users").await.is(200);
    let logins: Vec<_> = list["data"].as_array().unwrap().iter().map(|u| &u["login"]).collect();
    assert_eq!(logins, ["ada", "max", "mia", "vera"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_told_by_field() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let good = json!({ "login": "mia", "role": "viewer", "password": "a long password" });
    for (member, value) in [
        ("login", json!("a b")),
        ("login", json!("")),
        ("email", json!("nowhere")),
        ("role", json!("boss")),
        ("password", json!("short")),
        ("password", json!(1_234_567_890)),
        ("admin", json!(true)),
    ] {
        let mut body = good.clone();
        body[member] = value.clone();
        let told = ada.post("/api/v1/users", body).await;
        assert_eq!(told.wrong_fields(), [member], "{value}");
        assert!(!told.body.contains("1234567890"));
    }
    let mut taken = good.clone();
    taken["login"] = json!("max");
    ada.post("/api/v1/users", taken).await.is_problem(409, "taken");
}

#[tokio::test]
async fn whoever_goes_it_is_said_what_becomes_of_the_keys() {
    let app = TestApp::start().await;
    let (ada, max) = (Program::of(&app, "ada").await, Program::of(&app, "max").await);
    let (ada_id, max_id) = (app.user("ada").await.id, app.user("max").await.id);
    let key = format!("/api/v1/keys/{}", max.key("Max’").await["id"]);
    let disable = format!("/api/v1/users/{max_id}/disable");
    for (body, field) in [
        (json!({}), "keys"),
        (json!({ "keys": "revoke" }), "keys"),
        (json!({ "keys": {} }), "keys.action"),
        (json!({ "keys": { "action": "burn" } }), "keys.action"),
        (json!({ "keys": { "action": "reassign" } }), "keys.to"),
        (json!({ "keys": { "action": "revoke", "to": 1 } }), "keys.to"),
        (json!({ "keys": { "action": "pause", "x": 1 } }), "keys.x"),
        (json!({ "keys": { "action": "reassign", "to": max_id } }), "keys.to"),
        (json!({ "keys": { "action": "reassign", "to": 999 } }), "keys.to"),
    ] {
        assert_eq!(ada.post(&disable, body.clone()).await.wrong_fields(), [field], "{body}");
    }
    let pause = json!({ "keys": { "action": "pause" } });
    assert_eq!(ada.post(&disable, pause.clone()).await.is(200)["disabled"], true);
    assert_eq!(ada.get(&key).await.is(200)["state"], "active");
    let enable = format!("/api/v1/users/{max_id}/enable");
    assert_eq!(ada.post(&enable, json!({})).await.is(200)["disabled"], false);
    max.get("/api/v1/me").await.is(200);

    let user = format!("/api/v1/users/{max_id}");
    for query in ["", "?keys=pause", "?keys=reassign", "?keys=revoke&to=1", "?to=1"] {
        let told = ada.delete(&format!("{user}{query}")).await;
        assert!(told.wrong_fields().contains(&"keys".to_owned()), "{query}");
    }
    ada.delete(&format!("{user}?keys=reassign&to={ada_id}")).await.is(204);
    assert_eq!(ada.get(&key).await.is(200)["owner"], "ada");
    ada.get(&user).await.is_problem(404, "not_found");
    max.get("/api/v1/me").await.is_problem(401, "invalid_token");

    let own = format!("/api/v1/users/{ada_id}");
    ada.post(&format!("{own}/disable"), pause).await.is_problem(409, "yourself");
    ada.delete(&format!("{own}?keys=revoke")).await.is_problem(409, "yourself");
    ada.patch(&own, json!({ "role": "viewer" })).await.is_problem(409, "last_admin");
}
