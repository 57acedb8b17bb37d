//! The audit log over the API: filters, pages, and the export.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, Told};
use crate::support::{TestApp, database};

#[tokio::test]
async fn the_log_is_found_by_what_who_and_when() {
    let app = TestApp::start().await;
    let (ada, max) = (Program::of(&app, "ada").await, Program::of(&app, "max").await);
    let key = max.key("one").await["id"].to_string();
    let max_id = app.user("max").await.id;
    ada.patch(&format!("/api/v1/keys/{key}"), json!({ "permissions": "read" })).await.is(200);
    let found = async |query: &str| -> Vec<String> {
        let page = ada.get(&format!("/api/v1/audit?{query}")).await.is(200);
        let rows = page["data"].as_array().unwrap();
        rows.iter().map(|row| row["event"].as_str().unwrap().to_owned()).collect()
    };
    let about = format!("object_kind=key&object_id={key}");
    assert_eq!(found(&about).await, ["key.changed", "key.created"]);
    assert_eq!(found(&format!("{about}&actor_id={max_id}")).await, ["key.created"]);
    assert_eq!(found("event=key.changed").await, ["key.changed"]);
    assert_eq!(found("outcome=refused").await.len(), 0);
    assert_eq!(found("since=2100-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(found("until=2001-01-01T00:00:00Z&event=key.changed").await.len(), 0);
    for (query, field) in [
        ("object_kind=key", "object_id"),
        ("object_id=1", "object_kind"),
        ("object_kind=fish&object_id=1", "object_kind"),
        ("event=key.eaten", "event"),
        ("since=2027-01-01", "since"),
    ] {
        let told = ada.get(&format!("/api/v1/audit?{query}")).await;
        assert!(told.wrong_fields().contains(&field.to_owned()), "{query}");
    }
    let rows = ada.get("/api/v1/audit?event=key.changed").await.is(200);
    let row = &rows["data"][0];
    assert_eq!(row["actor"], "ada (token 1)");
    assert_eq!(row["object"], json!({ "kind": "key", "id": key }));
    assert_eq!(row["outcome"], "done");
    assert_eq!(row["hash"].as_str().unwrap().len(), 64);
    assert_eq!(row["address"], "127.0.0.1");
    assert!(!row["request_id"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn pages_of_the_log_lead_through_all_of_it() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    for n in 0..25 {
        ada.key(&format!("key {n}")).await;
    }
    let (mut seqs, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/api/v1/audit?limit=10{cursor}")).await.is(200);
        let rows = page["data"].as_array().unwrap();
        seqs.extend(rows.iter().map(|row| row["seq"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(seqs.len() >= 25);
    assert_eq!(seqs, (1..=i64::try_from(seqs.len()).unwrap()).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn no_other_site_makes_a_browser_export_the_log() {
    let app = TestApp::start().await;
    let browser = app.logged_in("ada").await;
    let me = Told::by(browser.request(Method::GET, "/api/v1/me")).await.is(200);
    let token = me["csrf_token"].as_str().unwrap();
    let export = || browser.request(Method::GET, "/api/v1/audit/export");
    let with = || export().header("x-csrf-token", token);
    for refused in [
        export(),
        export().header("sec-fetch-site", "cross-site"),
        export().header("sec-fetch-site", "none"),
        with().header("sec-fetch-site", "cross-site"),
        with().header("origin", "https://evil.example"),
    ] {
        Told::by(refused).await.is_problem(403, "csrf");
    }
    let noted = async || {
        let rows = browser.request(Method::GET, "/api/v1/audit?event=audit.exported");
        Told::by(rows).await.is(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(noted().await, 0, "a refused link writes nothing");
    assert_eq!(Told::by(with()).await.status, 200);
    assert_eq!(noted().await, 1);
    let ada = Program::of(&app, "ada").await;
    let told = ada.request(Method::GET, "/api/v1/audit/export");
    let told = Told::by(told.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(told.status, 200, "a token is sent on purpose");
}

#[tokio::test]
async fn the_export_is_the_whole_log_and_is_noted_in_it() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    // More than one batch.
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT seq + 1 FROM audit_head UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO audit (seq, at, actor, event, object_kind, object_id, outcome, details, hash)
         SELECT i, 1790000000000, 'system', 'key.expiring', 'key',
                CAST(i AS TEXT), 'done', '{{}}', {} FROM n",
        database::bytes("00"),
    ))
    .await;
    app.alter("UPDATE audit_head SET seq = 2500").await;
    let told = ada.get("/api/v1/audit/export").await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("content-type"), "application/jsonl");
    let rows: Vec<Value> =
        told.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2501);
    for (row, seq) in rows.iter().zip(1..) {
        assert_eq!(row["seq"], seq);
    }
    assert_eq!(rows[2500]["event"], "audit.exported");
    assert_eq!(rows[2500]["actor"], "ada (token 1)");
    let newest = ada.get("/api/v1/audit?limit=1").await.is(200);
    assert_eq!(newest["data"][0], rows[2500], "a line is a row as in the list");
    let vera = Program::of(&app, "vera").await;
    vera.get("/api/v1/audit/export").await.is_problem(403, "not_allowed");
    let refused = ada.get("/api/v1/audit?event=audit.exported&outcome=refused").await.is(200);
    assert_eq!(refused["data"].as_array().unwrap().len(), 1);
    let head = Told::by(ada.request(Method::HEAD, "/api/v1/audit/export")).await;
    assert_eq!(head.status, 405, "looking at its head would be an export too");
}
