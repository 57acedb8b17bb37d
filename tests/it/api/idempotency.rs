//! A creation that names itself is carried out once, however often it is sent.

use std::time::Duration;

use appgrant::service::idempotency;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, Told};
use crate::support::{TestApp, database};

async fn named(program: &Program, path: &str, name: &str, body: &Value) -> Told {
    let request = program.request(Method::POST, path).header("idempotency-key", name);
    Told::by(request.json(body)).await
}

fn key() -> Value {
    json!({ "description": "once", "permissions": "read" })
}

#[tokio::test]
async fn sent_again_it_gives_the_same_answer_secret_included() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let first = named(&ada, "/api/v1/keys", "a-1", &key()).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""));
    let path = format!("/api/v1/keys/{}/revoke", first.json()["id"]);
    ada.post(&path, json!({})).await.is(200);
    let again = named(&ada, "/api/v1/keys", "a-1", &key()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.body, first.body, "the same answer, whatever became of the key");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(ada.get("/api/v1/keys").await.is(200)["data"].as_array().unwrap().len(), 1);

    let spaced = r#"{ "permissions" : "read",  "description":"once" }"#;
    let request = ada.request(Method::POST, "/api/v1/keys").header("idempotency-key", "a-1");
    let same = Told::by(request.header("content-type", "application/json").body(spaced)).await;
    assert_eq!(same.header("idempotent-replayed"), "true", "the same request, written otherwise");
}

#[tokio::test]
async fn a_name_is_for_one_request_of_one_user_and_one_day() {
    let app = TestApp::start().await;
    let (ada, max) = (Program::of(&app, "ada").await, Program::of(&app, "max").await);
    let first = named(&ada, "/api/v1/keys", "n", &key()).await.is(201);
    let other = json!({ "description": "another", "permissions": "read" });
    let told = named(&ada, "/api/v1/keys", "n", &other).await;
    told.is_problem(422, "idempotency_key_reused");
    let user = json!({ "login": "neu", "role": "viewer", "password": "long enough" });
    let told = named(&ada, "/api/v1/users", "n", &user).await;
    told.is_problem(422, "idempotency_key_reused");
    let theirs = named(&max, "/api/v1/keys", "n", &key()).await;
    assert_eq!(theirs.header("idempotent-replayed"), "");
    assert_ne!(theirs.is(201)["consumer_key"], first["consumer_key"]);

    app.clock.advance(Duration::from_hours(24));
    let next_day = named(&ada, "/api/v1/keys", "n", &key()).await;
    assert_eq!(next_day.header("idempotent-replayed"), "");
    assert_ne!(next_day.is(201)["id"], first["id"]);
}

#[tokio::test]
async fn sixteen_at_once_make_one_key() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let body = key();
    let all = join_all((0..16).map(|_| named(&ada, "/api/v1/keys", "at once", &body))).await;
    assert_eq!(all.iter().filter(|told| told.status == 400).count(), 16, "a space is no such sign");
    let all = join_all((0..16).map(|_| named(&ada, "/api/v1/keys", "at-once", &body))).await;
    for told in &all {
        assert_eq!(told.is(201), all[0].json());
    }
    let first = all.iter().filter(|told| told.header("idempotent-replayed").is_empty()).count();
    assert_eq!(first, 1);
    assert_eq!(ada.get("/api/v1/keys").await.is(200)["data"].as_array().unwrap().len(), 1);
    let log = ada.get("/api/v1/audit?event=key.created").await.is(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_not_made_may_be_tried_again_under_the_name() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let for_nobody = json!({ "description": "d", "permissions": "read", "owner_id": 99 });
    named(&ada, "/api/v1/keys", "x", &for_nobody).await.is(422);
    named(&ada, "/api/v1/keys", "x", &key()).await.is(201);
    let taken = json!({ "login": "max", "role": "viewer", "password": "long enough" });
    named(&ada, "/api/v1/users", "y", &taken).await.is_problem(409, "taken");
    let free = json!({ "login": "mo", "role": "viewer", "password": "long enough" });
    let made = named(&ada, "/api/v1/users", "y", &free).await.is(201);
    let again = named(&ada, "/api/v1/users", "y", &free).await;
    assert_eq!((again.is(201), again.header("idempotent-replayed")), (made, "true"));
}

#[tokio::test]
async fn names_have_a_form() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for name in ["", "é", "a b", &"a".repeat(256)] {
        let told = named(&ada, "/api/v1/keys", name, &key()).await;
        told.is_problem(400, "idempotency_key");
    }
    let twice = ada.request(Method::POST, "/api/v1/keys").json(&key());
    let twice = twice.header("idempotency-key", "a").header("idempotency-key", "a");
    Told::by(twice).await.is_problem(400, "idempotency_key");
    named(&ada, "/api/v1/keys", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &key()).await.is(201);
}

#[tokio::test]
async fn the_database_holds_no_secret_and_forgets_after_a_day() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let made = named(&ada, "/api/v1/keys", "kept", &key()).await.is(201);
    let user = json!({ "login": "neu", "role": "viewer", "password": "quite a long password" });
    named(&ada, "/api/v1/users", "kept-too", &user).await.is(201);
    for secret in [made["consumer_secret"].as_str().unwrap(), "quite a long password"] {
        database::assert_holds_no(&app.database, secret);
    }
    assert_eq!(idempotency::purge(app.services()).await.unwrap(), 0);
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(idempotency::purge(app.services()).await.unwrap(), 2);
}
