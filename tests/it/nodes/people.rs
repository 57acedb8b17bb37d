//! Sessions, wrong passwords and forms, on whichever node they come.

use super::{Nodes, log_in};
use crate::support::PASSWORD;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_holds_and_ends_everywhere() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    for (begun, ended) in [(0, 2), (2, 1), (1, 0)] {
        let browser = nodes.logged_in("max", begun).await;
        for node in 0..3 {
            assert_eq!(nodes.at(&browser, node).get("/admin").await.status, 200);
        }
        let there = nodes.at(&browser, ended);
        let cookie = format!("appgrant={}", cookie(&nodes, begun).await);
        let thief = |node: usize| {
            crate::support::Manager::with_cookie(nodes.apps[node].url.clone(), &cookie)
        };
        assert_eq!(thief(ended).get("/admin").await.status, 200);
        let page = thief(ended).get("/admin").await;
        thief(ended).press("/logout", &page.fields("form.inline")).await;
        for node in 0..3 {
            assert_ne!(thief(node).get("/admin").await.status, 200, "ended on the server");
            assert_eq!(nodes.at(&browser, node).get("/admin").await.status, 200, "another's");
        }
        let page = there.get("/admin").await;
        there.press("/logout", &page.fields("form.inline")).await;
        assert_ne!(nodes.at(&browser, begun).get("/admin").await.status, 200);
    }
}

/// A session's id, as a thief would know it.
async fn cookie(nodes: &Nodes, node: usize) -> String {
    let answer = log_in(&nodes.at(&nodes.apps[0].browser(), node), "max", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    cookie.split(['=', ';']).nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_wrong_passwords_on_three_nodes_are_counted_together() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    // One failure where the clock is ahead shuts nobody out where it is behind.
    let [behind, ahead] = [0, 2].map(|node| nodes.at(&nodes.apps[0].browser(), node));
    assert_eq!(log_in(&ahead, "max", "wrong").await.status, 200);
    assert_eq!(nodes.path(log_in(&behind, "max", PASSWORD).await.location()), "/admin");

    let mut statuses = Vec::new();
    for number in 0..10 {
        let browser = nodes.at(&nodes.apps[0].browser(), number % 3);
        statuses.push(log_in(&browser, "max", "wrong").await.status);
    }
    // Five are free. Then one second is to be waited, which for the last node, whose clock is ahead, is
    // over already; then two.
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 429, 429, 429, 429]);
    for node in 0..3 {
        let answer = log_in(&nodes.at(&nodes.apps[0].browser(), node), "max", PASSWORD).await;
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert_eq!(answer.status, 429, "even the right one");
        assert!(wait <= 2 + 10, "the wait, and how far the clocks are apart: {wait}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_taken_once_by_all_nodes_together() {
    let Some(nodes) = Nodes::start(&[]).await else { return };
    for (shown, taken, again) in [(2, 0, 1), (0, 2, 1), (1, 1, 0)] {
        let browser = nodes.logged_in("max", shown).await;
        let form = browser.get("/admin/keys/new").await;
        let mut fields = form.fields("main form");
        fields.extend(
            [("description", "Till"), ("permissions", "read")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let press = async |node: usize| {
            nodes.at(&browser, node).press("/admin/keys/new", &fields).await.status
        };
        assert_eq!((press(taken).await, press(again).await), (200, 409));
    }
}
