//! No secret in the log at its most talkative, in the metrics, or in a trace.

use super::{collector::Collector, scrape::Scrape, story::Story};
use crate::support::Process;

#[tokio::test]
async fn no_secret_of_the_whole_story_is_seen_by_operators() {
    let collector = Collector::start();
    let settings = [("APPGRANT_LOG", "trace"), ("APPGRANT_OTLP_ENDPOINT", collector.url.as_str())];
    let mut story = Story::begin(&settings).await;
    story.log_in().await;
    let pair = story.connect().await;
    story.verify(&pair).await;
    story.make_keys().await;
    story.rotate().await;
    story.import().await;
    story.revoke(&pair).await;
    story.connect_at_once().await;
    let metrics = Scrape::of(&story.metrics).await.text;
    assert_eq!(story.process.terminate(), Some(0));
    let log = story.process.log();
    assert!(log.contains("TRACE"), "the log was at its most talkative");
    assert!(story.secrets.len() > 60, "{}", story.secrets.len());
    let traces = collector.raw();
    for (place, content) in
        [("the log", log.as_bytes()), ("the metrics", metrics.as_bytes()), ("the traces", &traces)]
    {
        assert!(content.len() > 1_000, "{place}");
        assert_eq!(story.found_in(content), Vec::<&str>::new(), "in {place}");
    }
}

#[tokio::test]
async fn a_database_password_is_not_told_when_the_server_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://shop:hunter2-of-the-story@127.0.0.1:1/shop";
    for command in [&["serve"][..], &["doctor"], &["config"], &["key", "list"]] {
        let settings = [("APPGRANT_DATABASE_URL", url), ("APPGRANT_LOG", "trace")];
        let (_, said, error) = Process::run_with(folder.path(), &settings, command);
        for text in [said, error] {
            assert!(!text.contains("hunter2"), "{command:?}: {text}");
        }
    }
}
