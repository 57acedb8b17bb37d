//! A delivery under way on one node is nobody else's, whatever the clocks say.

use std::time::Duration;

use appgrant::service::deliver::{self, Claim, Lane};
use reqwest::Method;
use tokio::time::{Instant, sleep};

use crate::{
    nodes::Nodes,
    support::{Question, Reaction, Receiver, query},
    verify::ORDERS,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_node_behind_is_sending_the_node_ahead_leaves_alone() {
    let seconds = Duration::from_secs;
    let Some(nodes) = Nodes::start(&[("CALLBACK_TIMEOUT_SECONDS", "20")]).await else { return };
    let receiver = Receiver::start().await;
    receiver.will([Reaction::Held(200)]);
    let browser = nodes.logged_in("max", 0).await;
    let page = browser.consent(&request(&receiver)).await;
    let press = browser.request(Method::POST, &page.approve_to).form(&page.approve);
    let pressed = tokio::spawn(press.send());
    receiver.wait_for(1).await;

    // To the end of the attempt, and what it may have needed to begin; the workers look by themselves.
    nodes.advance(seconds(25).saturating_sub(Duration::from_millis(1)));
    for node in &nodes.apps {
        node.services().signals.wake_worker();
        let claim = deliver::claim_on(node.services(), Lane::Pairs).await.unwrap();
        assert!(matches!(claim, Claim::Nothing(Some(_))), "somebody else took it");
    }
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(receiver.received().len(), 1);

    // Had that node died, the node ahead would take it over now, and the node behind does not.
    nodes.advance(Duration::from_millis(1));
    let claim = deliver::claim_on(nodes.apps[0].services(), Lane::Pairs).await.unwrap();
    assert!(!matches!(claim, Claim::Got(_)));
    receiver.wait_for(2).await;
    receiver.let_go();
    let answer = pressed.await.unwrap().unwrap();
    assert_eq!(answer.status(), 303);
    let asked = Question::forwarded("GET", ORDERS).keys(&receiver.received()[0]);
    assert_eq!(asked.ask(&nodes.apps[1]).await.word(), "allowed");
}

/// A process that was stopped for a while, or a database that took its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_begins_too_late_does_not_begin() {
    let Some(nodes) = Nodes::start(&[("CALLBACK_TIMEOUT_SECONDS", "20")]).await else { return };
    let receiver = Receiver::start().await;
    receiver.will([Reaction::Held(500)]);
    let browser = nodes.logged_in("max", 0).await;
    let page = browser.consent(&request(&receiver)).await;
    let press = browser.request(Method::POST, &page.approve_to).form(&page.approve);
    let pressed = tokio::spawn(press.send());
    receiver.wait_for(1).await;
    receiver.let_go();
    pressed.await.unwrap().unwrap();

    let services = nodes.apps[2].services();
    let waited = Instant::now();
    let claimed = loop {
        match deliver::claim_on(services, Lane::Pairs).await.unwrap() {
            Claim::Got(claimed) => break claimed,
            _ => assert!(waited.elapsed() < Duration::from_secs(10), "nothing to claim"),
        }
        // Past the back-off, only on this node; its own worker may be first.
        nodes.apps[2].clock.advance(Duration::from_secs(1));
    };
    let long_ago = Instant::now().checked_sub(Duration::from_secs(6)).unwrap();
    assert!(deliver::send(services, *claimed, long_ago).await.is_none());
    assert_eq!(receiver.received().len(), 1, "nothing was sent");
}

fn request(receiver: &Receiver) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ])
}
