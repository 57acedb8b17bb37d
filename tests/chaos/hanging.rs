//! Measures how much apps that never answer slow the delivery to one that does.

use std::time::Duration;

use reqwest::Method;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    left_behind,
    person::{request, return_url},
    store::{MANAGERS, Store},
    support::{Manager, PASSWORD, Reaction, Receiver},
};

const HANGING: usize = 200;
const HEALTHY: usize = 200;

/// Deliveries that only warm the process up.
const WARM_UP: usize = 50;

/// Each measurement asks for other apps, so that no question is asked twice.
const QUIET: usize = 1_000;
const BESIDE: usize = 2_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures time, which needs a quiet machine: scripts/bench-delivery"]
async fn apps_that_never_answer_slow_no_other() {
    let store = Store::open("bench", &[("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "60")]).await;
    let (hanging, healthy) = (Receiver::start().await, Receiver::start().await);
    hanging.will((0..HANGING).map(|_| Reaction::Held(500)));
    let manager = Manager::new(store.url());
    manager.post("/login", &[("username", MANAGERS[0]), ("password", PASSWORD)]).await;

    measure(&manager, &healthy, QUIET..QUIET + WARM_UP).await;
    let quiet = measure(&manager, &healthy, QUIET + WARM_UP..QUIET + WARM_UP + HEALTHY).await;
    press_and_leave(&manager, &hanging).await;
    assert_eq!(in_flight(&store), HANGING, "before the measurement");
    let beside = measure(&manager, &healthy, BESIDE..BESIDE + HEALTHY).await;
    assert_eq!(in_flight(&store), HANGING, "after it");
    assert_eq!(hanging.received().len(), HANGING, "each was asked once");
    store.discard();

    let ratio = quantile(&beside, 50).div_duration_f64(quantile(&quiet, 50));
    print("quiet", &quiet);
    print(&format!("with {HANGING} that hang in flight"), &beside);
    println!("ratio of medians: {ratio:.2}");
    assert!(ratio < 2.0, "apps that never answer slow the others");
}

/// Approves these apps one after the other; the times from Approve to the redirect back to the app.
async fn measure(
    manager: &Manager,
    healthy: &Receiver,
    apps: std::ops::Range<usize>,
) -> Vec<Duration> {
    let mut times = Vec::new();
    for app in apps {
        let page = manager.consent(&request(app, &healthy.url())).await;
        let pressed = Instant::now();
        let answer = manager.approve(&page).await;
        times.push(pressed.elapsed());
        let back = format!("{}?success=1&user_id={app}", return_url(app));
        assert_eq!((answer.status, answer.location()), (303, back.as_str()));
    }
    times.sort();
    times
}

/// Approves apps that hang; the browsers are closed once the last app has been asked.
async fn press_and_leave(manager: &Manager, hanging: &Receiver) {
    let mut browsers = JoinSet::new();
    for app in 1..=HANGING {
        let page = manager.consent(&request(app, &hanging.url())).await;
        let press = manager.request(Method::POST, &page.approve_to).form(&page.approve);
        browsers.spawn(press.send());
    }
    hanging.wait_for(HANGING).await;
    browsers.shutdown().await;
    sleep(Duration::from_millis(200)).await;
}

/// How many deliveries are being sent.
fn in_flight(store: &Store) -> usize {
    let grants = left_behind::grants(store.folder.path());
    grants.iter().filter(|grant| grant.state == "sending").count()
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent).div_ceil(100) - 1]
}

fn print(what: &str, sorted: &[Duration]) {
    let millis = |percent| quantile(sorted, percent).as_secs_f64() * 1000.0;
    let (median, p95) = (millis(50), millis(95));
    println!("{what}: {} deliveries, median {median:.1} ms, p95 {p95:.1} ms", sorted.len());
}
