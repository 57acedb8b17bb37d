//! Deliveries over the API: where they are, attempt by attempt, and deciding about them.

use serde_json::json;

use super::Program;
use crate::support::{Reaction, Receiver, TestApp, approve_in_vain, granted};

#[tokio::test]
async fn a_delivery_tells_its_attempts_and_steps() {
    let app = TestApp::start().await;
    granted(&app, "read").await;
    let vera = Program::of(&app, "vera").await;
    let list = vera.get("/api/v1/deliveries?state=delivered&key_id=1").await.is(200);
    let delivery = &list["data"][0];
    assert_eq!(delivery["state"], "delivered");
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let shown = vera.get(&path).await.is(200);
    assert_eq!(shown["id"], delivery["id"]);
    let attempt = &shown["attempts"][0];
    assert_eq!((&attempt["number"], &attempt["failure"]), (&json!(1), &json!(null)));
    let steps = attempt["steps"].as_array().unwrap();
    let events: Vec<_> = steps.iter().map(|step| step["event"].as_str().unwrap()).collect();
    assert_eq!(events.last(), Some(&"answered"), "{shown}");
    let certificate = steps.iter().find(|step| step["event"] == "certificate").unwrap();
    assert!(certificate["ends"].as_str().unwrap().ends_with('Z'), "{certificate}");
    assert_eq!(vera.get("/api/v1/deliveries?state=failed").await.is(200)["data"], json!([]));
    let grant = delivery["grant_id"].as_str().unwrap();
    let by_grant = vera.get(&format!("/api/v1/deliveries?grant_id={grant}")).await.is(200);
    assert_eq!(by_grant["data"], list["data"]);
    let ada = Program::of(&app, "ada").await;
    ada.post(&format!("{path}/retry"), json!({})).await.is_problem(409, "not_waiting");
    ada.post(&format!("{path}/cancel"), json!({})).await.is_problem(409, "already_over");
}

#[tokio::test]
async fn whoever_may_end_the_key_may_call_its_delivery_off() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.will([Reaction::Status(500)]);
    approve_in_vain(&app.logged_in("max").await, &receiver.url()).await;
    let vera = Program::of(&app, "vera").await;
    let list = vera.get("/api/v1/deliveries?state=waiting").await.is(200);
    let delivery = &list["data"][0];
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    let failed = vera.get(&path).await.is(200);
    assert!(!failed["attempts"][0]["failure"]["code"].as_str().unwrap().is_empty(), "{failed}");
    vera.post(&format!("{path}/cancel"), json!({})).await.is_problem(403, "not_allowed");
    vera.post(&format!("{path}/retry"), json!({})).await.is_problem(403, "not_allowed");
    let max = Program::of(&app, "max").await;
    let over = max.post(&format!("{path}/cancel"), json!({})).await.is(200);
    assert_eq!((&over["state"], &over["due_at"]), (&json!("cancelled"), &json!(null)));
    let key = max.get(&format!("/api/v1/keys/{}", delivery["key_id"])).await.is(200);
    assert_eq!(key["state"], "revoked");
}
