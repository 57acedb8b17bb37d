//! What is promised of timing (docs/verify.md): which answers cost a hash, and that none tells how much
//! of a secret was right. Hashes are counted, not timed.

use super::ORDERS;
use crate::support::{Question, TestApp, granted};

/// How many secrets were hashed while `questions` were asked, which all got that answer.
async fn hashes(app: &TestApp, questions: &[Question], word: &str) -> u64 {
    let hasher = &app.services().secret_hasher;
    let before = hasher.done();
    for question in questions {
        assert_eq!(question.ask(app).await.word(), word);
    }
    hasher.done() - before
}

fn asks(key: &str, secret: &str) -> Question {
    Question::forwarded("GET", ORDERS).basic(key, secret)
}

#[tokio::test]
async fn an_unknown_key_costs_no_hash() {
    let app = TestApp::start().await;
    let unknown: Vec<_> = (0..5).map(|n| asks(&format!("ck_{n:040x}"), "cs_x")).collect();
    assert_eq!(hashes(&app, &unknown, "unknown_key").await, 0);
}

#[tokio::test]
async fn a_wrong_secret_costs_a_hash_only_until_the_right_one_was_seen() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let (key, right) = (received.text("consumer_key"), received.text("consumer_secret"));
    let wrong = |n: usize| asks(&key, &format!("cs_{n:040x}"));
    assert_eq!(hashes(&app, &[wrong(1), wrong(1), wrong(1)], "wrong_secret").await, 1, "repeated");
    assert_eq!(hashes(&app, &[wrong(2), wrong(3)], "wrong_secret").await, 2);
    assert_eq!(hashes(&app, &[asks(&key, &right), asks(&key, &right)], "allowed").await, 1);
    assert_eq!(hashes(&app, &[wrong(1), wrong(4), wrong(5)], "wrong_secret").await, 0);
}

#[tokio::test]
async fn how_much_of_a_secret_is_right_changes_nothing() {
    let app = TestApp::start().await;
    let received = granted(&app, "read").await;
    let (key, right) = (received.text("consumer_key"), received.text("consumer_secret"));
    let other = if right.ends_with('0') { "1" } else { "0" };
    let nearly = format!("{}{other}", &right[..42]);
    for secret in [nearly.as_str(), "cs_", &right[..42], &format!("{right}0")] {
        assert_eq!(hashes(&app, &[asks(&key, secret)], "wrong_secret").await, 1, "not used yet");
    }
    assert_eq!(hashes(&app, &[asks(&key, &right)], "allowed").await, 1);
    for secret in [nearly.as_str(), "cs_", &right[..42], &format!("{right}0")] {
        assert_eq!(hashes(&app, &[asks(&key, secret)], "wrong_secret").await, 0, "in use");
    }
}
