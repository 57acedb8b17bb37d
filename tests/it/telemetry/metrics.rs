//! Numbers after things happened, and who may see them.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use super::{scrape::Scrape, story::Story};
use crate::support::{database, needed};

#[tokio::test]
async fn what_happens_is_counted() {
    let mut story = Story::begin(&[]).await;
    story.log_in().await;
    let before = Scrape::of(&story.metrics).await;
    let pair = story.connect().await;
    story.verify(&pair).await;
    story.revoke(&pair).await;
    let after = Scrape::of(&story.metrics).await;
    for (series, least) in [
        (r#"appgrant_verify_total{outcome="allowed",reason=""}"#, 4),
        (r#"appgrant_verify_total{outcome="refused",reason="wrong_secret"}"#, 1),
        (r#"appgrant_verify_total{outcome="refused",reason="unknown_key"}"#, 1),
        (r#"appgrant_verify_total{outcome="refused",reason="no_credentials"}"#, 1),
        (r#"appgrant_verify_total{outcome="refused",reason="revoked"}"#, 1),
        (r#"appgrant_verify_answers_total{from="memory"}"#, 1),
        (r#"appgrant_verify_answers_total{from="database"}"#, 3),
        ("appgrant_verify_slow_seconds_count", 3),
        (r#"appgrant_requests_total{route="flow",outcome="success"}"#, 3),
        (r#"appgrant_hasher_done_total{line="secrets"}"#, 2),
    ] {
        assert!(after.value(series) - before.value(series) >= least, "{series}: {}", after.text);
    }
    let (kind, pool, most) =
        if database::is_postgres() { ("postgresql", "server", 8) } else { ("sqlite", "writer", 1) };
    for (series, value) in [
        (r#"appgrant_delivery_attempts_total{kind="keys",attempt="1",outcome="status"}"#, 1),
        (r#"appgrant_delivery_attempts_total{kind="keys",attempt="2",outcome="delivered"}"#, 1),
        (r#"appgrant_hasher_refused_total{line="passwords"}"#, 0),
        (r#"appgrant_hasher_waiting{line="secrets"}"#, 0),
        (r#"appgrant_deliveries{kind="keys",state="waiting"}"#, 0),
        (r#"appgrant_verify_total{outcome="unavailable",reason="busy"}"#, 0),
        (&format!(r#"appgrant_build_info{{version="0.1.0",database="{kind}"}}"#), 1),
        (&format!(r#"appgrant_database_connections_max{{pool="{pool}"}}"#), most),
    ] {
        assert!(after.has(series), "{series} is not in {}", after.text);
        assert_eq!(after.value(series), value, "{series}");
    }
    assert!(before.value(r#"appgrant_hasher_done_total{line="passwords"}"#) >= 2);
    assert!(after.value("process_resident_memory_bytes") > 1_000_000);
    assert!(after.value("process_start_time_seconds") > 1_700_000_000);
    assert!(after.value("process_open_fds") > 5);
    assert!(after.has("process_cpu_seconds_total"));
}

#[tokio::test]
async fn prometheus_own_checker_has_nothing_to_say() {
    let mut promtool = Command::new("promtool");
    let Some(()) = needed("the form of the metrics", promtool.arg("--version")) else { return };
    let mut story = Story::begin(&[]).await;
    story.log_in().await;
    let pair = story.connect().await;
    story.verify(&pair).await;
    let scrape = Scrape::of(&story.metrics).await;
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(scrape.text.as_bytes()).unwrap();
    let said = check.wait_with_output().unwrap();
    let text = [said.stdout, said.stderr].concat();
    assert_eq!((said.status.code(), String::from_utf8(text).unwrap()), (Some(0), String::new()));
}

#[tokio::test]
async fn many_scrape_at_once_and_only_what_is_counted_changes() {
    let story = Story::begin(&[]).await;
    let scrapes = (0..40).map(|_| Scrape::of(&story.metrics));
    let scrapes = futures_util::future::join_all(scrapes).await;
    for scrape in &scrapes {
        assert_eq!(scrape.names(), scrapes[0].names());
    }
}
