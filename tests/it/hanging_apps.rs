//! Apps that take a callback and never answer, many at once.

use std::time::Duration;

use tokio::{task::JoinSet, time::timeout};

use crate::{
    approve::{RETURNED, request},
    support::{Reaction, Receiver, TestApp},
};

const MANY: usize = 200;

/// Each keeps its own attempt waiting until its time is up. Whoever approves another app meanwhile must
/// not notice. No time is measured here: `scripts/bench-delivery` does that.
#[tokio::test]
async fn two_hundred_apps_that_never_answer_hold_up_no_other() {
    let app = TestApp::with(&[("CALLBACK_TIMEOUT_SECONDS", "60")]).await;
    let (hanging, healthy) = (Receiver::start().await, Receiver::start().await);
    hanging.will((0..MANY).map(|_| Reaction::Held(500)));
    let manager = app.logged_in("max").await;
    let mut waiting_browsers = JoinSet::new();
    for number in 0..MANY {
        let page = manager.consent(&format!("{}&state={number}", request(&hanging))).await;
        let manager = manager.clone();
        waiting_browsers.spawn(async move { manager.approve(&page).await });
    }
    hanging.wait_for(MANY).await;

    let page = manager.consent(&request(&healthy)).await;
    let approved = timeout(Duration::from_secs(5), manager.approve(&page)).await;
    assert_eq!(approved.expect("it had to wait for the others").location(), RETURNED);
    assert_eq!(hanging.received().len(), MANY, "none was given up or sent again meanwhile");
}
