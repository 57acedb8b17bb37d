//! Three nodes of the real program on one PostgreSQL, behind nginx, under load: what one changes is
//! refused by all within a second; nodes that are killed, and a database that is restarted, lose nothing
//! and let nobody pass. `scripts/cluster` runs it and prints the figures.
//!
//! Everything is on this machine, for a bounded time. What was started is stopped by its own id, also on
//! Ctrl-C.

mod asking;
mod changes;
mod database;
mod desk;
mod judging;
mod killing;
mod load;
mod plan;
mod proxy;
mod restarts;
mod store;

use tokio::signal::unix::{SignalKind, signal};

use plan::Plan;
use store::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and measures time: scripts/cluster"]
async fn three_nodes_on_one_database() {
    let plan = Plan::from_environment();
    let wrong = tokio::select! {
        wrong = run(&plan) => wrong,
        () = interrupted() => vec!["it was interrupted".to_owned()],
    };
    for line in &wrong {
        println!("  WRONG: {line}");
    }
    assert!(wrong.is_empty(), "{} things are wrong, see above", wrong.len());
    println!("nothing is wrong");
}

/// Everything, one part after the other; gives what is wrong.
async fn run(plan: &Plan) -> Vec<String> {
    let store = Store::open().await;
    let mut wrong = changes::run(&store, plan).await;
    wrong.extend(killing::run(&store, plan).await);
    wrong.extend(restarts::run(&store, plan).await);
    if wrong.is_empty() {
        store.discard();
    } else {
        println!("  the nodes' logs are left in {}", store.folder.path().display());
    }
    wrong
}

async fn interrupted() {
    let mut interrupt = signal(SignalKind::interrupt()).unwrap();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
