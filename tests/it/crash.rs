//! The process is killed at each point of the approve path, and of a rotation's. After the restart the app
//! has a working key or there is none (contract §5); a key that worked before works.

use std::{sync::Arc, time::Duration};

use appgrant::{
    cli::startup::{self, World},
    config::{Settings, Values},
    service::{
        Services,
        deliver::{self, Claim},
    },
};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{
    Manager, PASSWORD, Process, Received, Receiver, database, own_address, query,
};

struct Story {
    folder: TempDir,
    address: String,
    receiver: Receiver,
}

impl Story {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let add = ["user", "add", "max", "--role", "manager", "--password-stdin"];
        let (code, _, error) = Process::run(folder.path(), &add, PASSWORD);
        assert_eq!(code, 0, "{error}");
        Self { folder, address: own_address(), receiver: Receiver::start().await }
    }

    async fn start(&self, fault: &str) -> Process {
        Process::start(self.folder.path(), &self.address, &[("FAULT_POINT", fault)]).await
    }

    fn request(&self) -> String {
        query(&[
            ("app_name", "My App"),
            ("user_id", "123"),
            ("return_url", "http://app.example/"),
            ("callback_url", &self.receiver.url()),
            ("scope", "read"),
        ])
    }

    /// Approves on a process that stops at `fault`, and kills it there.
    async fn approve_and_kill_at(&self, fault: &str) {
        let mut process = self.start(fault).await;
        let manager = log_in(&process).await;
        let page = manager.consent(&self.request()).await;
        let pressing = tokio::spawn(async move {
            let request =
                manager.request(reqwest::Method::POST, &page.approve_to).form(&page.approve);
            request.send().await.map(drop)
        });
        process.wait_for_log(&format!("stopped at {fault}")).await;
        process.kill();
        assert!(pressing.await.unwrap().is_err(), "the browser’s connection broke");
    }
}

async fn log_in(process: &Process) -> Manager {
    let browser = process.browser();
    let answer = browser.post("/login", &[("username", "max"), ("password", PASSWORD)]).await;
    assert!(answer.location().ends_with("/admin"), "{}", answer.body);
    browser
}

/// The use cases on what the process left behind.
async fn services(story: &Story) -> Arc<Services> {
    let path = |name: &str| story.folder.path().join(name).display().to_string();
    let environment = [
        ("APPGRANT_DATABASE_URL".to_owned(), database::of(story.folder.path())),
        ("APPGRANT_SECRET_KEY_FILE".to_owned(), path("appgrant.key")),
    ];
    let settings = Settings::read(&Values::gather(environment, None).unwrap()).unwrap();
    startup::services(&settings, &World::real()).await.unwrap()
}

#[tokio::test]
async fn killed_before_the_transaction_there_is_no_key() {
    let story = Story::begin().await;
    story.approve_and_kill_at("before-transaction").await;
    let mut process = story.start("").await;
    let page = log_in(&process).await.consent(&story.request()).await;
    assert!(!page.body.contains("already has access"));
    assert_eq!(process.terminate(), Some(0));
    let services = services(&story).await;
    let due = deliver::claim(&services).await.unwrap();
    assert!(matches!(due, Claim::Nothing(None)), "nothing was written, nothing will be sent");
    assert!(story.receiver.received().is_empty());
}

#[tokio::test]
async fn killed_after_the_transaction_it_is_delivered() {
    delivered_after_a_kill_at("after-transaction", 1).await;
}

#[tokio::test]
async fn killed_after_the_claim_it_is_delivered() {
    delivered_after_a_kill_at("after-claim", 1).await;
}

#[tokio::test]
async fn killed_after_the_post_it_is_delivered_again_and_the_same() {
    delivered_after_a_kill_at("after-send", 2).await;
}

#[tokio::test]
async fn killed_after_the_answer_it_is_delivered_again_and_the_same() {
    delivered_after_a_kill_at("after-answer", 2).await;
}

/// The process stays down until the time is over: then there is no key, and the page does not blame the
/// app, which was never asked.
#[tokio::test]
async fn down_for_too_long_there_is_no_key() {
    let story = Story::begin().await;
    story.approve_and_kill_at("after-claim").await;
    let grant_id = let_the_time_run_out(&story);
    let process = story.start("").await;
    let manager = log_in(&process).await;
    let path = format!("/connections/{grant_id}");
    let given_up = timeout(Duration::from_secs(20), async {
        loop {
            let page = manager.get(&path).await;
            if page.text("h1") == "My App was not connected" {
                return page.text("main");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let page = given_up.await.unwrap();
    assert!(page.contains("The keys could not be handed over, so they were ended"), "{page}");
    assert!(page.contains("Interrupted before an answer came.") && !page.contains("did not take"));
    assert!(story.receiver.received().is_empty());
    assert!(!manager.consent(&story.request()).await.body.contains("already has access"));
}

/// As if a quarter of an hour had gone by; gives the grant.
fn let_the_time_run_out(story: &Story) -> String {
    let address = database::of(story.folder.path());
    database::execute(&address, "UPDATE deliveries SET due_at = 0, give_up_at = 0");
    database::texts(&address, "SELECT id AS text FROM grants").remove(0)
}

#[tokio::test]
async fn killed_after_a_rotation_was_written_it_is_delivered() {
    rotated_after_a_kill_at("after-rotation", 1).await;
}

#[tokio::test]
async fn killed_after_a_rotation_was_claimed_it_is_delivered() {
    rotated_after_a_kill_at("after-claim", 1).await;
}

#[tokio::test]
async fn killed_after_a_rotation_was_sent_it_is_delivered_again_and_the_same() {
    rotated_after_a_kill_at("after-answer", 2).await;
}

#[tokio::test]
async fn killed_while_an_app_reconnects_it_has_one_key() {
    for (fault, callbacks) in [("after-transaction", 1), ("after-answer", 2)] {
        let story = Story::begin().await;
        let mut process = story.start("").await;
        let manager = log_in(&process).await;
        manager.approve(&manager.consent(&story.request()).await).await;
        let old = story.receiver.wait_for(1).await.remove(0);
        assert_eq!(process.terminate(), Some(0));

        story.approve_and_kill_at(fault).await;
        let before = story.receiver.received().len();
        if fault == "after-answer" {
            let left = services(&story).await;
            assert!(old.judged(&left, "GET").await.is_ok(), "nothing is recorded, nothing ended");
        }
        let mut process = story.start("").await;
        let new = story.receiver.wait_for(before.max(1 + callbacks)).await.pop().unwrap();
        let services = services(&story).await;
        let settled = timeout(Duration::from_secs(20), async {
            while old.judged(&services, "GET").await.is_ok() {
                services.verifier.changes.catch_up(&services).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        settled.await.unwrap();
        assert_eq!(old.judged(&services, "GET").await.unwrap_err().reason(), "revoked");
        assert!(new.judged(&services, "GET").await.is_ok(), "{fault}");
        assert_eq!(process.terminate(), Some(0));
    }
}

/// A key in use gets a new pair from a process that is killed on the way. After the restart the app has
/// the new pair, and until then the old one worked.
async fn rotated_after_a_kill_at(fault: &str, callbacks: usize) {
    let story = Story::begin().await;
    let mut process = story.start("").await;
    let manager = log_in(&process).await;
    manager.approve(&manager.consent(&story.request()).await).await;
    let old = story.receiver.wait_for(1).await.remove(0);
    assert_eq!(process.terminate(), Some(0));

    let mut process = story.start(fault).await;
    let manager = log_in(&process).await;
    let page = "/admin/keys/1/rotate";
    let mut fields = manager.get(page).await.fields("form");
    fields.insert("overlap".to_owned(), "24".to_owned());
    let pressing = tokio::spawn(async move {
        let request = manager.request(reqwest::Method::POST, page).form(&fields);
        request.send().await.map(drop)
    });
    process.wait_for_log(&format!("stopped at {fault}")).await;
    process.kill();
    let _ = pressing.await.unwrap();
    let left = services(&story).await;
    assert!(old.judged(&left, "GET").await.is_ok(), "the old pair works");

    let mut process = story.start("").await;
    let received = story.receiver.wait_for(1 + callbacks).await;
    process.wait_for_log("callback sent").await;
    let new = &received[1];
    assert!(received[1..].iter().all(|again| again.body == new.body), "the same pair each time");
    assert_eq!(new.json()["key_id"], old.json()["key_id"]);
    let manager = log_in(&process).await;
    let settled = timeout(Duration::from_secs(20), async {
        while !manager.get(page).await.body.contains("has its new pair") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    settled.await.unwrap();
    assert_eq!(process.terminate(), Some(0));
    let services = services(&story).await;
    assert!(old.judged(&services, "GET").await.is_ok(), "until the new one is used");
    assert!(new.judged(&services, "GET").await.is_ok());
    assert_eq!(old.judged(&services, "GET").await.unwrap_err().reason(), "replaced");
}

async fn delivered_after_a_kill_at(fault: &str, callbacks: usize) {
    let story = Story::begin().await;
    story.approve_and_kill_at(fault).await;
    let before = story.receiver.received().len();
    assert!(before < callbacks || fault == "after-transaction", "{before} before the restart");
    let mut process = story.start("").await;
    let received = story.receiver.wait_for(before.max(callbacks)).await;
    process.wait_for_log("callback sent").await;
    assert!(
        received.iter().all(|again: &Received| again.body == received[0].body),
        "the same keys each time"
    );
    assert!(
        received.iter().all(|again| again.header("webhook-id") == received[0].header("webhook-id"))
    );
    wait_until_settled(&process, &story).await;
    assert_eq!(process.terminate(), Some(0));
    let services = services(&story).await;
    assert!(received[0].judged(&services, "GET").await.is_ok(), "the app’s key works");
    let due = deliver::claim(&services).await.unwrap();
    assert!(matches!(due, Claim::Nothing(None)), "nothing is left to send");
}

/// Waits until the consent page shows the one key as live.
async fn wait_until_settled(process: &Process, story: &Story) {
    let manager = log_in(process).await;
    let settled = timeout(Duration::from_secs(20), async {
        loop {
            let page = manager.consent(&story.request()).await;
            match page.body.matches("access, since").count() {
                0 => tokio::time::sleep(Duration::from_millis(50)).await,
                keys => return keys,
            }
        }
    });
    assert_eq!(settled.await.ok(), Some(1), "one key: {}", process.log());
}
