//! Tokens on several nodes with one PostgreSQL, whose clocks differ by ten seconds.

use std::time::Duration;

use appgrant::{domain::permissions::Permissions, service::access_tokens};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Program, come, in_use};
use crate::{admin::made, nodes::Nodes, support::TestApp};

async fn story() -> Option<(Nodes, Program, i64)> {
    let nodes = Nodes::start(&[]).await?;
    let key = made(&nodes.apps[0], "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&nodes.apps[0], &key);
    Some((nodes, program, key.id))
}

async fn heard_by_all(nodes: &Nodes, token: &str, word: &str) {
    let done = Instant::now();
    for app in &nodes.apps {
        while come(app, "GET", token).await != word {
            assert!(done.elapsed() < Duration::from_secs(1), "{word} was not heard of");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_works_on_every_node_at_once_and_ends_within_a_second() {
    let Some((nodes, program, key_id)) = story().await else { return };
    for app in &nodes.apps {
        // A name that no token has is remembered for a moment; this one is new each time.
        let token = program.at(app).token(&[]).await;
        for other in &nodes.apps {
            assert_eq!(come(other, "GET", &token).await, "allowed");
            in_use(other, &token).await;
        }
        let max = app.caller("max").await;
        access_tokens::revoke_all(app.services(), &max, key_id).await.unwrap();
        assert_eq!(come(app, "GET", &token).await, "token_revoked", "at once where it was done");
        heard_by_all(&nodes, &token, "token_revoked").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_refresh_at_once_through_all_nodes() {
    let Some((nodes, program, _)) = story().await else { return };
    let (_, refresh) = program.pair().await;
    let mut threads = JoinSet::new();
    for number in 0..24 {
        let (program, refresh) = (program.at(&nodes.apps[number % 3]), refresh.clone());
        threads.spawn(async move { program.refresh(&refresh).await });
    }
    let all = threads.join_all().await;
    for (number, told) in all.iter().enumerate() {
        assert_eq!(told.status, 200, "{}", told.body);
        let app = &nodes.apps[(number + 1) % 3];
        assert_eq!(come(app, "GET", &told.text("access_token")).await, "allowed");
    }
    let next = program.at(&nodes.apps[1]).refresh(&all[0].text("refresh_token")).await;
    assert_eq!(next.status, 200, "{}", next.body);
    let used: &TestApp = &nodes.apps[2];
    let stolen = program.at(used).refresh(&refresh).await;
    assert_eq!(&*stolen.text("error"), "invalid_grant", "what came of it was used");
    assert_eq!(come(used, "GET", &next.text("access_token")).await, "token_revoked");
    for told in &all {
        heard_by_all(&nodes, &told.text("access_token"), "token_revoked").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_token_is_forgiven_and_not_by_whatever_clock() {
    let Some((nodes, program, _)) = story().await else { return };
    let [behind, _, ahead] = &nodes.apps[..] else { unreachable!() };
    let (_, refresh) = program.pair().await;
    let first = program.at(ahead).refresh(&refresh).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let again = program.at(behind).refresh(&refresh).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let used = program.at(behind).refresh(&first.text("refresh_token")).await;
    assert_eq!(used.status, 200, "{}", used.body);
    let stolen = program.at(behind).refresh(&refresh).await;
    assert_eq!(&*stolen.text("error"), "invalid_grant");
    heard_by_all(&nodes, &used.text("access_token"), "token_revoked").await;
}
