//! One approval, each step of it on another node.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    nodes::Nodes,
    support::{Answer, Question, Reaction, Receiver, query},
    verify::ORDERS,
};

fn request(receiver: &Receiver) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_may_be_on_another_node() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    // Forms come from a node that is ahead, and from one that is behind.
    for [login, consent, approve, wait] in [[0, 1, 2, 0], [2, 2, 0, 1], [1, 2, 0, 2]] {
        let receiver = Receiver::start().await;
        receiver.will([Reaction::Status(500)]);
        let browser = nodes.logged_in("max", login).await;
        let page = nodes.at(&browser, consent).consent(&request(&receiver)).await;
        let there = nodes.at(&browser, approve);
        let answer = there.press(nodes.path(&page.approve_to), &page.approve).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let waiting = nodes.path(answer.location()).to_owned();
        assert!(waiting.starts_with("/connections/"), "{waiting}");

        let here = nodes.at(&browser, wait);
        let is_back = |page: &Answer| page.location().starts_with("http://app.example/?success=1");
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut page = here.get(&waiting).await;
        while !is_back(&page) {
            assert!(Instant::now() < deadline, "{}", page.body);
            // A node that is ahead may have been first: for it the wait was over.
            if page.body.contains("wc-auth-retry") {
                let form = "form[action$=retry]";
                let retry = page.attribute(form, "action");
                here.press(nodes.path(&retry), &page.fields(form)).await;
            }
            sleep(Duration::from_millis(20)).await;
            page = here.get(&waiting).await;
        }
        let received = receiver.wait_for(2).await;
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].body, received[1].body);
        for app in &nodes.apps {
            let asked = Question::forwarded("GET", ORDERS).keys(&received[0]);
            assert_eq!(asked.ask(app).await.word(), "allowed");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pressed_on_all_nodes_at_once_one_key_is_made() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    let receiver = Receiver::start().await;
    let browser = nodes.logged_in("max", 0).await;
    let page = nodes.at(&browser, 2).consent(&request(&receiver)).await;
    let press = async |node| {
        nodes.at(&browser, node).press(nodes.path(&page.approve_to), &page.approve).await
    };
    let answers = futures_util::future::join_all((0..9).map(|n| press(n % 3))).await;
    for answer in answers {
        assert!(answer.location().starts_with("http://app.example/?success=1"), "{}", answer.body);
    }
    assert_eq!(receiver.received().len(), 1);
}
