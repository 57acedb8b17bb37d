//! Log lines: whole, with their ids, and nobody else's.

use serde_json::Value;

use super::story::{ORDERS, Story};
use crate::support::{Question, database};

fn lines(log: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    log.lines().map(read).collect()
}

#[tokio::test]
async fn each_line_is_json_with_the_documented_fields() {
    let settings = [("APPGRANT_LOG_FORMAT", "json"), ("APPGRANT_LOG", "debug")];
    let mut story = Story::begin(&settings).await;
    story.log_in().await;
    let pair = story.connect().await;
    story.verify(&pair).await;
    assert_eq!(story.process.terminate(), Some(0));
    let lines = lines(&story.process.log());
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} is missing: {line}");
        }
        let at: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert!(at.as_second() > 1_700_000_000);
    }
    let said = |message: &str, fields: &[&str]| {
        let line = lines.iter().find(|line| line["message"] == message);
        let line = line.unwrap_or_else(|| panic!("nothing says {message}"));
        for field in fields {
            assert!(!line[field].is_null(), "{field} is missing: {line}");
        }
    };
    said("AppGrant is running", &["listen", "public_url"]);
    said("request", &["request_id", "method", "path", "status", "millis"]);
    said("logged in", &["request_id", "user", "address"]);
    said("login failed", &["request_id", "address"]);
    said("callback sent", &["delivery", "what", "attempt", "host", "took_ms"]);
    said("refused", &["request_id", "reason"]);
    said("stopping", &[]);
    assert!(lines.iter().all(|line| line["trace_id"].is_null()), "traces are off");
}

#[tokio::test]
async fn nobody_can_forge_a_line() {
    let hostile = "a\r\n2026-01-01T00:00:00Z ERROR forged: \u{1b}[2Jx\u{202e}y\u{2028}z\"";
    for form in ["text", "json"] {
        let mut story = Story::begin(&[("APPGRANT_LOG_FORMAT", form)]).await;
        let browser = story.process.browser();
        browser.post("/login", &[("username", hostile), ("password", hostile)]).await;
        browser.get(&format!("/{}", crate::support::encode(hostile))).await;
        let agent = browser.request(reqwest::Method::GET, "/login");
        browser
            .send(agent.header("user-agent", "a\u{202e}\tb").header("x-request-id", "a b"))
            .await;
        let named = Question::forwarded("GET", &format!("{ORDERS}?x=%0d%0aforged"));
        named.with("User-Agent", "x\u{202e}").ask_at(&story.process.url).await;
        assert_eq!(story.process.terminate(), Some(0));
        let log = story.process.log();
        for line in log.lines() {
            let begins = if form == "json" { "{\"timestamp\":\"20" } else { "20" };
            assert!(line.starts_with(begins), "{line:?}");
            assert!(!line.contains(" ERROR ") && !line.contains("\"ERROR\""), "{line:?}");
            let odd = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}');
            assert!(!line.contains(odd), "{line:?}");
        }
    }
}

#[tokio::test]
async fn an_error_deep_inside_carries_the_requests_id() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("APPGRANT_LOG", "error"), ("APPGRANT_LOG_FORMAT", "json")];
    let address = crate::support::own_address();
    let mut process = crate::support::Process::start(folder.path(), &address, &settings).await;
    // The database loses what the page needs.
    database::execute(&database::of(folder.path()), "ALTER TABLE users RENAME TO gone");
    let form = [("username", "max"), ("password", "whatever it is")];
    let answer = process.browser().post("/login", &form).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let id = answer.header("x-request-id");
    assert!(answer.body.contains(id), "the page shows it");
    assert_eq!(process.terminate(), Some(0));
    let lines = lines(&process.log());
    let line = lines.iter().find(|line| line["message"] == "request failed").unwrap();
    assert_eq!((line["level"].as_str(), line["request_id"].as_str()), (Some("ERROR"), Some(id)));
}
