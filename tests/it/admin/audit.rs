//! Who did what: read in plain words, narrowed, exported.

use appgrant::domain::permissions::Permissions;
use serde_json::Value;

use super::{made, send};
use crate::support::TestApp;

#[tokio::test]
async fn what_was_done_and_refused_is_read_in_plain_words() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::ReadWrite).await;
    let max = app.logged_in("max").await;
    assert_eq!(send(&max, "/admin/keys/1/revoke", &[]).await.status, 403);
    let ada = app.logged_in("ada").await;
    assert_eq!(send(&ada, "/admin/keys/1/narrow", &[]).await.status, 303);
    let lines = max.get("/admin/audit").await.texts(".log li");
    assert!(lines[0].contains("ada changed a key: key 1") && lines[0].contains("from 127.0.0.1"));
    assert!(lines[0].contains("permissions: read_write → read"), "{}", lines[0]);
    let refused = max.get("/admin/audit?outcome=refused&kind=key&object=1").await;
    assert_eq!(refused.texts(".log li").len(), 1);
    assert!(
        refused.text(".log li").contains("max Refused revoked a key"),
        "{}",
        refused.text(".log li")
    );
    assert_eq!(refused.attribute(".log a", "href"), "/admin/keys/1");
    for (query, count) in [
        ("event=key.changed", 1),
        (&format!("event=session.begun&actor={}", app.user("max").await.id), 1),
        ("since=2099-01-01", 0),
        ("until=2001-01-01", 0),
    ] {
        let page = max.get(&format!("/admin/audit?{query}")).await;
        assert_eq!(page.texts(".log li").len(), count, "{query}");
    }
    let named = max.get("/admin/audit?event=key.eaten&kind=fish&object=1").await;
    assert!(named.text(".notice.warn").contains("event, kind, object"), "{}", named.body);
    let of_keys = max.get("/admin/audit?kind=key").await;
    let lines = of_keys.texts(".log li");
    assert_eq!(lines.len(), 3, "made, refused, narrowed: {lines:?}");
    assert!(lines.iter().all(|line| line.contains("key 1")), "{lines:?}");
    assert!(of_keys.text(".notice.warn").is_empty());
    let one = max.get("/admin/audit?object=1").await;
    assert!(one.text(".notice.warn").contains("object"), "{}", one.body);
}

#[tokio::test]
async fn a_keys_history_tells_viewers_what_was_done_and_not_from_where() {
    let app = TestApp::start().await;
    crate::support::granted(&app, "read_write").await;
    let max = app.logged_in("max").await;
    assert_eq!(send(&max, "/admin/keys/1/narrow", &[]).await.status, 303);
    let rows = async |login: &str| {
        let browser = app.logged_in(login).await;
        let page = browser.get("/admin/keys/1").await;
        let told = browser.get("/api/v1/keys/1/history").await;
        let told: Value = serde_json::from_str(&told.body).unwrap();
        (page.texts("#history .log li"), told["data"].as_array().unwrap().clone())
    };
    let (seen, told) = rows("max").await;
    assert!(seen[0].contains("from 127.0.0.1") && seen[0].contains("request "), "{seen:?}");
    assert!(told[0]["address"].is_string() && told[0]["request_id"].is_string(), "{told:?}");
    let (hidden, untold) = rows("vera").await;
    assert_eq!((hidden.len(), untold.len()), (seen.len(), told.len()));
    for line in hidden {
        assert!(!line.contains("127.0.0.1") && !line.contains("request "), "{line}");
    }
    for row in untold {
        assert!(row["address"].is_null() && row["request_id"].is_null(), "{row}");
        assert!(row["event"].is_string() && row["actor"].is_string());
    }
}

#[tokio::test]
async fn pages_of_the_log_keep_the_filters() {
    let app = TestApp::start().await;
    for number in 0..55 {
        made(&app, "ada", &format!("Till {number}"), Permissions::Read).await;
    }
    let ada = app.logged_in("ada").await;
    let first = ada.get("/admin/audit?event=key.created").await;
    assert_eq!(first.texts(".log li").len(), 50);
    let second = ada.get(&first.attribute("a[rel=next]", "href")).await;
    assert_eq!(second.texts(".log li").len(), 5);
    assert_eq!(second.attribute("#event option[selected]", "value"), "key.created");
}

#[tokio::test]
async fn the_log_is_exported_by_admins_whole_and_that_is_noted() {
    let app = TestApp::start().await;
    for number in 0..12 {
        made(&app, "ada", &format!("Till {number}"), Permissions::Read).await;
    }
    let (ada, max) = (app.logged_in("ada").await, app.logged_in("max").await);
    assert_eq!(send(&max, "/admin/audit/export", &[]).await.status, 403);
    assert!(!max.get("/admin/audit").await.body.contains("/admin/audit/export"));
    let export = send(&ada, "/admin/audit/export", &[]).await;
    assert_eq!(export.header("content-type"), "application/jsonl; charset=utf-8");
    let rows: Vec<Value> =
        export.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<_> = rows.iter().map(|row| row["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=i64::try_from(rows.len()).unwrap()).collect::<Vec<_>>());
    assert_eq!(rows.iter().filter(|row| row["event"] == "key.created").count(), 12);
    assert_eq!(rows.last().unwrap()["event"], "audit.exported");
}
