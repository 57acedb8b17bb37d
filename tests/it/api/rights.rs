//! Who may do what over the API: the same as anywhere, since the use cases decide.

use appgrant::domain::user::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, Told};
use crate::support::TestApp;

/// What is tried, and what admin, owner, other manager and viewer are told.
#[tokio::test]
async fn roles_by_own_and_foreign() {
    let app = TestApp::start().await;
    app.add_user("mia", Role::Manager).await;
    let mut programs = Vec::new();
    for login in ["ada", "max", "mia", "vera"] {
        programs.push((login, Program::of(&app, login).await));
    }
    let max = programs[1].1.clone();
    let vera_id = app.user("vera").await.id;
    let table: [(Method, &str, Value, [u16; 4]); 13] = [
        (Method::GET, "/keys", Value::Null, [200, 200, 200, 200]),
        (Method::GET, "/keys/{key}", Value::Null, [200, 200, 200, 200]),
        (Method::GET, "/keys/{key}/history", Value::Null, [200, 200, 200, 200]),
        (Method::PATCH, "/keys/{key}", json!({ "description": "new" }), [200, 200, 403, 403]),
        (Method::PATCH, "/keys/{key}", json!({ "permissions": "read" }), [200, 200, 403, 403]),
        (
            Method::POST,
            "/keys/{key}/reassign",
            json!({ "owner_id": vera_id }),
            [200, 403, 403, 403],
        ),
        (Method::POST, "/keys/{key}/revoke", json!({}), [200, 200, 403, 403]),
        (Method::GET, "/audit", Value::Null, [200, 200, 200, 403]),
        (Method::GET, "/audit/export", Value::Null, [200, 403, 403, 403]),
        (Method::GET, "/users", Value::Null, [200, 403, 403, 403]),
        (Method::GET, "/users/1", Value::Null, [200, 403, 403, 403]),
        (Method::PATCH, "/users/{vera}", json!({ "name": "V" }), [200, 403, 403, 403]),
        (Method::GET, "/tokens?everybodys=true", Value::Null, [200, 403, 403, 403]),
    ];
    for (method, path, body, expected) in table {
        for ((login, program), status) in programs.iter().zip(expected) {
            let key = max.key("Max’ own").await["id"].to_string();
            let path = path.replace("{key}", &key).replace("{vera}", &vera_id.to_string());
            let request = program.request(method.clone(), &format!("/api/v1{path}"));
            let request = if body.is_null() { request } else { request.json(&body) };
            let told = Told::by(request).await;
            assert_eq!(told.status, status, "{login}: {method} {path}: {}", told.body);
            if status == 403 {
                told.is_problem(403, "not_allowed");
            }
        }
    }
}

#[tokio::test]
async fn keys_for_others_are_made_by_admins() {
    let app = TestApp::start().await;
    let max_id = app.user("max").await.id;
    let ada_id = app.user("ada").await.id;
    let body = |owner: i64| json!({ "description": "d", "permissions": "read", "owner_id": owner });
    for (login, owner, status) in
        [("ada", max_id, 201), ("max", max_id, 201), ("max", ada_id, 403), ("vera", max_id, 403)]
    {
        let told = Program::of(&app, login).await.post("/api/v1/keys", body(owner)).await;
        assert_eq!(told.status, status, "{login} for {owner}: {}", told.body);
    }
    let vera = Program::of(&app, "vera").await;
    let own = json!({ "description": "d", "permissions": "read" });
    vera.post("/api/v1/keys", own).await.is_problem(403, "not_allowed");
    let nobody = Program::of(&app, "ada").await.post("/api/v1/keys", body(999)).await;
    assert_eq!(nobody.wrong_fields(), ["owner_id"]);
}

/// WooCommerce's hole: a manager takes an admin's key over by its number.
#[tokio::test]
async fn nobody_takes_an_admins_key_over() {
    let app = TestApp::start().await;
    let (ada, max) = (Program::of(&app, "ada").await, Program::of(&app, "max").await);
    let key = ada.key("Ada’s").await;
    let path = format!("/api/v1/keys/{}", key["id"]);
    let to = json!({ "owner_id": app.user("max").await.id });
    max.post(&format!("{path}/reassign"), to.clone()).await.is_problem(403, "not_allowed");
    max.patch(&path, to).await.is(422);
    assert_eq!(ada.get(&path).await.is(200)["owner"], "ada");
    let log = ada.get("/api/v1/audit?outcome=refused&event=key.reassigned").await.is(200);
    assert_eq!(log["data"][0]["object"]["id"], key["id"].to_string());
    assert_eq!(log["data"][0]["actor"], "max (token 2)");
}
