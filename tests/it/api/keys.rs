//! The life of a key over the API.

use std::time::Duration;

use serde_json::{Value, json};

use super::Program;
use crate::support::{Question, TestApp, granted};

async fn verified(app: &TestApp, key: &Value, method: &str) -> String {
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let question = Question::forwarded(method, "/wp-json/wc/v3/orders");
    let asks = question.basic(&text("consumer_key"), &text("consumer_secret"));
    asks.ask(app).await.word().to_owned()
}

#[tokio::test]
async fn a_key_is_made_used_narrowed_and_ended() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let body = json!({ "description": " Accounting  export ", "permissions": "read_write",
        "expires_at": "2100-01-31" });
    let told = max.post("/api/v1/keys", body).await;
    let made = told.is(201);
    assert_eq!(told.header("location"), format!("{}/api/v1/keys/{}", app.url, made["id"]));
    assert_eq!(made["description"], "Accounting export");
    assert_eq!(made["expires_at"], "2100-02-01T00:00:00Z");
    assert_eq!(made["state"], "active");
    assert_eq!(made["app"], json!(null));
    assert!(made["consumer_key"].as_str().unwrap().ends_with(made["ending"].as_str().unwrap()));
    let max_id = app.user("max").await.id;
    assert_eq!([&made["owner"], &made["owner_name"]], ["max", "Max"]);
    assert_eq!(made["owner_id"], max_id);
    assert_eq!(verified(&app, &made, "POST").await, "allowed");

    let path = format!("/api/v1/keys/{}", made["id"]);
    let shown = max.get(&path).await.is(200);
    let mut without_secret = made.clone();
    for name in ["consumer_key", "consumer_secret"] {
        without_secret.as_object_mut().unwrap().remove(name);
    }
    without_secret["last_used"] = shown["last_used"].clone();
    without_secret["last_write_at"] = shown["last_write_at"].clone();
    assert_eq!(shown, without_secret, "as it was made, without the secret");

    let narrowed = max.patch(&path, json!({ "permissions": "read", "expires_at": null })).await;
    let narrowed = narrowed.is(200);
    assert_eq!((&narrowed["permissions"], &narrowed["expires_at"]), (&json!("read"), &json!(null)));
    assert_eq!(verified(&app, &made, "POST").await, "method_not_permitted");
    assert_eq!(verified(&app, &made, "GET").await, "allowed");

    let ended = max.post(&format!("{path}/revoke"), json!({ "reason": "moved" })).await.is(200);
    assert_eq!((&ended["state"], &ended["revoke_reason"]), (&json!("revoked"), &json!("moved")));
    assert!(ended["revoked_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(verified(&app, &made, "GET").await, "revoked");
    max.post(&format!("{path}/revoke"), json!({})).await.is_problem(409, "already_over");
    max.patch(&path, json!({ "description": "x" })).await.is_problem(409, "already_over");

    let history = max.get(&format!("{path}/history")).await.is(200);
    let events: Vec<_> =
        history["data"].as_array().unwrap().iter().map(|row| &row["event"]).collect();
    assert_eq!(events, ["key.revoked", "key.changed", "key.created"]);
    let actor = history["data"][0]["actor"].as_str().unwrap();
    assert_eq!(actor, "max (token 1)");
    assert_eq!(history["data"][1]["details"]["permissions"]["to"], "read");
    let secret = made["consumer_secret"].as_str().unwrap();
    assert!(!history.to_string().contains(secret));
}

#[tokio::test]
async fn the_secret_is_in_the_answer_to_the_creation_and_nowhere_else() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let made = ada.key("secretive").await;
    let id = &made["id"];
    for path in [
        "/api/v1/keys".to_owned(),
        "/api/v1/keys?q=secretive".to_owned(),
        format!("/api/v1/keys/{id}"),
        format!("/api/v1/keys/{id}/history"),
        "/api/v1/audit".to_owned(),
        "/api/v1/audit/export".to_owned(),
        "/api/v1/deliveries".to_owned(),
    ] {
        let told = ada.get(&path).await;
        assert_eq!(told.status, 200);
        for name in ["consumer_key", "consumer_secret"] {
            assert!(!told.body.contains(made[name].as_str().unwrap()), "{path} tells the {name}");
        }
    }
}

#[tokio::test]
async fn an_apps_key_tells_of_its_app() {
    let app = TestApp::start().await;
    granted(&app, "read").await;
    let vera = Program::of(&app, "vera").await;
    let list = vera.get("/api/v1/keys?q=m%C3%B6bel").await.is(200);
    let key = &list["data"][0];
    assert_eq!(key["app"]["name"], "Möbel & Co");
    let host = key["app"]["callback_host"].as_str().unwrap();
    let grant = key["app"]["grant_id"].as_str().unwrap();
    let found = vera.get(&format!("/api/v1/keys?callback_host={host}")).await.is(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);

    let shown = vera.get(&format!("/api/v1/grants/{grant}")).await.is(200);
    assert_eq!(shown["callback_host"], host);
    assert_eq!(shown["approved_by"]["login"], "max");
    assert_eq!(shown["key_id"], key["id"]);
    assert_eq!(vera.get("/api/v1/grants").await.is(200)["data"][0], shown);
    let apps = vera.get("/api/v1/apps").await.is(200);
    assert_eq!(apps["data"][0]["callback_host"], host);
    assert_eq!(vera.get(&format!("/api/v1/apps/{host}")).await.is(200), apps["data"][0]);
    vera.get("/api/v1/apps/nowhere.example").await.is_problem(404, "not_found");
    vera.get("/api/v1/grants/none").await.is_problem(404, "not_found");

    let max = Program::of(&app, "max").await;
    let ended = max.post(&format!("/api/v1/apps/{host}/revoke"), json!({})).await.is(200);
    assert_eq!(ended, json!({ "ended": 1, "left": 0 }));
}

#[tokio::test]
async fn keys_end_by_time() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let soon = app.services().now().plus(Duration::from_hours(1)).to_string();
    let body = json!({ "description": "short", "permissions": "read", "expires_at": soon });
    let made = ada.post("/api/v1/keys", body).await.is(201);
    assert_eq!(made["expires_at"], soon);
    app.clock.advance(Duration::from_hours(1));
    let path = format!("/api/v1/keys/{}", made["id"]);
    assert_eq!(ada.get(&path).await.is(200)["state"], "expired");
    let listed = ada.get("/api/v1/keys?state=expired").await.is(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    ada.patch(&path, json!({ "expires_at": null })).await.is(200);
    assert_eq!(ada.get(&path).await.is(200)["state"], "active");
}

#[tokio::test]
async fn of_many_who_end_a_key_at_once_one_is_first() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let made = ada.key("wanted").await;
    let path = format!("/api/v1/keys/{}/revoke", made["id"]);
    let all = (0..16).map(|_| ada.post(&path, json!({})));
    let statuses = futures_util::future::join_all(all).await;
    let ended = statuses.iter().filter(|told| told.status == 200).count();
    let late = statuses.iter().filter(|told| told.status == 409).count();
    assert_eq!((ended, late), (1, 15));
    let history = ada.get(&format!("/api/v1/keys/{}/history", made["id"])).await.is(200);
    assert_eq!(history["data"].as_array().unwrap().len(), 2, "{history}");
}

#[tokio::test]
async fn a_key_gets_a_new_pair_and_the_one_before_works_on_for_a_while() {
    let app = TestApp::start().await;
    let (max, ada) = (Program::of(&app, "max").await, Program::of(&app, "ada").await);
    let old = max.key("turning").await;
    let path = format!("/api/v1/keys/{}", old["id"]);
    let rotate = format!("{path}/rotate");
    let told = max.post(&rotate, json!({ "overlap_hours": 169 })).await;
    assert_eq!(told.wrong_fields(), ["overlap_hours"]);
    let new = max.post(&rotate, json!({ "overlap_hours": 2 })).await.is(200);
    assert_eq!(new["id"], old["id"]);
    assert_ne!(new["consumer_key"], old["consumer_key"]);
    assert_eq!(verified(&app, &old, "GET").await, "allowed");
    assert_eq!(verified(&app, &new, "GET").await, "allowed");
    ada.post(&rotate, json!({})).await.is_problem(409, "rotating");
    max.post(&format!("{path}/end-previous-pair"), json!({})).await.is(200);
    assert_ne!(verified(&app, &old, "GET").await, "allowed");
    assert_eq!(verified(&app, &new, "GET").await, "allowed");
    let shown = max.get(&path).await;
    assert!(!shown.body.contains(new["consumer_secret"].as_str().unwrap()));
    let vera = Program::of(&app, "vera").await;
    vera.post(&rotate, json!({})).await.is_problem(403, "not_allowed");
}

#[tokio::test]
async fn an_apps_new_pair_is_sent_to_the_app_and_not_shown() {
    let app = TestApp::start().await;
    granted(&app, "read").await;
    let max = Program::of(&app, "max").await;
    let under_way = max.post("/api/v1/keys/1/rotate", json!({})).await.is(202);
    assert_eq!(under_way["key"]["id"], 1);
    let delivery = under_way["delivery_id"].as_str().unwrap();
    let delivery = max.get(&format!("/api/v1/deliveries/{delivery}")).await.is(200);
    assert_eq!(delivery["kind"], "rotation");
    assert_eq!(delivery["key_id"], 1);
    assert!(!under_way.to_string().contains("cs_"));
}
