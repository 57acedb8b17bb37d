//! Stopping: nobody new is sent here, what is under way is finished, and there is an end to waiting.

use std::time::Duration;

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::support::{Answer, PASSWORD, Process, Reaction, Receiver, own_address, query};

/// A manager who has just pressed Approve, while the app takes its time.
struct Story {
    process: Process,
    receiver: Receiver,
    pressing: JoinHandle<Answer>,
    _folder: TempDir,
}

impl Story {
    async fn begin(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
        assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
        let receiver = Receiver::start().await;
        receiver.will([Reaction::Held(200)]);
        let all = [("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "20")];
        let settings: Vec<_> = all.iter().chain(settings).copied().collect();
        let process = Process::start(folder.path(), &own_address(), &settings).await;
        let manager = process.browser();
        manager.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
        let page = manager.consent(&request(&receiver)).await;
        let pressing = tokio::spawn(async move { manager.approve(&page).await });
        let story = Self { process, receiver, pressing, _folder: folder };
        story.until(|story| !story.receiver.received().is_empty()).await;
        story
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "{}", self.process.log());
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn told_to_stop(&self) {
        self.process.signal("TERM");
        self.until(|story| story.process.log().contains("stopping")).await;
    }

    /// The log's word comes a moment before the listener is closed.
    async fn until_nobody_comes_in(&self) {
        let address = self.process.url.strip_prefix("http://").unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_ok() {
            assert!(Instant::now() < deadline, "somebody new is let in");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn request(receiver: &Receiver) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ])
}

#[tokio::test]
async fn who_has_pressed_approve_gets_the_answer_and_nobody_new_comes_in() {
    let mut story = Story::begin(&[]).await;
    // A connection that stood before: a load balancer's.
    story.told_to_stop().await;
    story.until_nobody_comes_in().await;
    story.receiver.let_go();
    let answer = story.pressing.await.unwrap();
    assert!(answer.location().contains("success=1"), "{}", answer.location());
    assert_eq!(story.process.exit_code(), Some(0));
    assert!(!story.process.log().contains("ERROR"), "{}", story.process.log());
}

#[tokio::test]
async fn there_is_an_end_to_waiting() {
    let mut story = Story::begin(&[("APPGRANT_SHUTDOWN_SECONDS", "2")]).await;
    let told = Instant::now();
    story.told_to_stop().await;
    assert_eq!(story.process.exit_code(), Some(0));
    assert!(
        told.elapsed() < Duration::from_secs(12),
        "the app was waited for: {:?}",
        told.elapsed()
    );
    assert!(story.process.log().contains("not everything was finished in time"));
    story.pressing.abort();
}

#[tokio::test]
async fn told_twice_it_stops_at_once() {
    let mut story = Story::begin(&[]).await;
    story.told_to_stop().await;
    story.process.signal("INT");
    assert_eq!(story.process.exit_code(), Some(1));
    assert!(story.process.log().contains("told to stop twice"));
    story.pressing.abort();
}
