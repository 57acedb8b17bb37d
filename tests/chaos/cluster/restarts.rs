//! PostgreSQL goes away and comes back: keys in use pass all the while, and each node works again by
//! itself.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::json;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep},
};

use super::{
    asking::{Asker, Pair, Word},
    database::Stop,
    plan::Plan,
    store::{Node, Store},
};
use crate::store::MANAGERS;

/// What is promised.
const BOUND: Duration = Duration::from_secs(5);

/// How long the database is away.
const AWAY: Duration = Duration::from_secs(2);

/// How long is waited at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Restarts it as often as planned; prints the figures, gives what is wrong.
pub async fn run(store: &Store, plan: &Plan) -> Vec<String> {
    let mut wrong = Vec::new();
    println!("PostgreSQL stopped, and started again after {} s:", AWAY.as_secs());
    for number in 0..plan.restarts {
        let how = if number == 1 { Stop::Immediate } else { Stop::Fast };
        wrong.extend(one(store, how).await);
    }
    wrong
}

async fn one(store: &Store, how: Stop) -> Vec<String> {
    let pair = Pair::from(&store.desk.key(MANAGERS[2]).await);
    let warm = Warm::begin(store, &pair).await;
    let is_away_seen = restart(store, how).await;
    let back = Instant::now();
    let mut wrong = Vec::new();
    let mut slowest = Duration::ZERO;
    for node in &store.nodes {
        match writes_again(store, node, pair.key_id, back).await {
            Some(time) => slowest = slowest.max(time),
            None => wrong.push(format!("{} does not write again after {PATIENCE:?}", node.url)),
        }
    }
    let (passed, refused) = warm.end();
    println!(
        "  {how:?}: all nodes write again and are ready {:.0} ms after it takes connections; the key in \
         use passed {passed} times meanwhile, and was not let pass {} times",
        slowest.as_secs_f64() * 1e3,
        refused.len()
    );
    if slowest > BOUND {
        wrong.push(format!("it took {slowest:?} until all nodes wrote again"));
    }
    if !is_away_seen {
        wrong.push("/readyz was green while the database was away".to_owned());
    }
    wrong.extend(refused.into_iter().take(3));
    wrong
}

/// Stops the database and starts it again; whether every node said meanwhile that it is not ready.
async fn restart(store: &Store, how: Stop) -> bool {
    let mut database = Arc::clone(&store.database).lock_owned().await;
    let mut database = spawn_blocking(move || {
        database.stop(how);
        database
    })
    .await
    .unwrap();
    sleep(AWAY).await;
    let mut all = true;
    for node in &store.nodes {
        all &= store.asker.status(&format!("{}/readyz", node.url)).await == Some(503);
    }
    database.start().await;
    all
}

/// How long after `back` that node writes, and says that it is ready.
async fn writes_again(store: &Store, node: &Node, key: i64, back: Instant) -> Option<Duration> {
    let to = (node.url.as_str(), store.desk.token.as_str());
    while back.elapsed() < PATIENCE {
        let body = json!({ "description": format!("Written at {:?}", back.elapsed()) });
        let path = format!("/keys/{key}");
        if store.asker.api(to, (Method::PATCH, &path), Some(body)).await == Some(200) {
            let is_ready = node.is_ready_within(&store.asker, PATIENCE).await;
            return is_ready.then(|| back.elapsed());
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}

/// A key in use at all nodes.
struct Warm {
    asking: JoinSet<()>,
    passed: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Warm {
    async fn begin(store: &Store, pair: &Pair) -> Self {
        let (passed, refused) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<_>>>::default());
        let mut asking = JoinSet::new();
        for node in &store.nodes {
            for _ in 0..3 {
                store.asker.node(&node.url, pair).await;
            }
            let asker = store.asker.clone();
            let (url, pair) = (node.url.clone(), pair.clone());
            asking.spawn(ask(asker, url, pair, Arc::clone(&passed), Arc::clone(&refused)));
        }
        Self { asking, passed, refused }
    }

    fn end(mut self) -> (usize, Vec<String>) {
        self.asking.abort_all();
        let refused = self.refused.lock().unwrap().clone();
        (self.passed.load(Ordering::Relaxed), refused)
    }
}

async fn ask(
    asker: Asker,
    url: String,
    pair: Pair,
    passed: Arc<AtomicUsize>,
    refused: Arc<Mutex<Vec<String>>>,
) {
    loop {
        match asker.node(&url, &pair).await {
            Word::Allowed => drop(passed.fetch_add(1, Ordering::Relaxed)),
            word => {
                refused
                    .lock()
                    .unwrap()
                    .push(format!("a key in use was answered {word:?} by {url}"));
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}
