//! How long it takes until what one node did to a key is refused by all three.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::{
    asking::{Asker, Pair, Word},
    load::{Load, revoke_path},
    plan::Plan,
    store::{Node, Store, run_command},
};
use crate::store::MANAGERS;

/// What is promised (contract §7).
const BOUND: Duration = Duration::from_secs(1);

/// How long is waited for a refusal at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a key's holder is shut out.
#[derive(Clone, Copy, Debug)]
enum Way {
    Revoke,
    Narrow,
    Rotate,
    DisableUser,
    CommandLine,
}

impl Way {
    const ALL: [Self; 5] =
        [Self::Revoke, Self::Narrow, Self::Rotate, Self::DisableUser, Self::CommandLine];

    const fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoked by a node",
            Self::Narrow => "permissions narrowed by a node",
            Self::Rotate => "rotated by a node",
            Self::DisableUser => "its user disabled by a node",
            Self::CommandLine => "revoked by `appgrant key revoke`",
        }
    }

    /// What the key is answered from then on.
    const fn word(self) -> &'static str {
        match self {
            Self::Revoke | Self::CommandLine => "401 revoked",
            Self::Narrow => "401 method_not_permitted",
            Self::Rotate => "401 replaced",
            Self::DisableUser => "403 owner_disabled",
        }
    }

    /// Whose key it is; the disabled one's load must not depend on.
    const fn owner(self) -> &'static str {
        match self {
            Self::DisableUser => "dora",
            _ => MANAGERS[1],
        }
    }

    /// Does it; ends when it was answered.
    async fn go(self, store: &Store, node: &Node, id: i64) {
        let user = store.desk.user(self.owner()).await;
        let (method, path, body) = match self {
            Self::Revoke => (Method::POST, revoke_path(id), None),
            Self::Narrow => {
                (Method::PATCH, format!("/keys/{id}"), Some(json!({ "permissions": "read" })))
            }
            Self::Rotate => {
                (Method::POST, format!("/keys/{id}/rotate"), Some(json!({ "overlap_hours": 0 })))
            }
            Self::DisableUser => (
                Method::POST,
                format!("/users/{user}/disable"),
                Some(json!({ "keys": { "action": "pause" } })),
            ),
            Self::CommandLine => return command_line(store, id).await,
        };
        let to = (node.url.as_str(), store.desk.token.as_str());
        let status = store.asker.api(to, (method, &path), body).await;
        assert_eq!(status, Some(200), "{self:?}");
    }
}

async fn command_line(store: &Store, id: i64) {
    let (settings, folder) = (store.settings.clone(), store.folder.path().to_owned());
    let revoke = move || run_command(&folder, &settings, &["key", "revoke", &id.to_string()], "");
    let (code, error) = spawn_blocking(revoke).await.unwrap();
    assert_eq!(code, 0, "{error}");
}

/// Times every way; prints the figures, gives what is wrong.
pub async fn run(store: &Store, plan: &Plan) -> Vec<String> {
    let (code, error) = run_command(
        store.folder.path(),
        &store.settings,
        &["user", "add", "dora", "--role", "manager", "--password-stdin"],
        crate::support::PASSWORD,
    );
    assert_eq!(code, 0, "{error}");
    let load = Load::begin(store).await;
    let mut wrong = Vec::new();
    println!("from the answer to the change until all three nodes refuse the key, under load:");
    for way in Way::ALL {
        let mut times = Vec::new();
        for number in 0..plan.changes {
            match one(store, way, &store.nodes[number % 3]).await {
                Ok(time) => times.push(time),
                Err(line) => wrong.push(line),
            }
        }
        times.sort();
        wrong.extend(told(way, &times));
    }
    println!(
        "  beside it {} requests of good keys passed",
        load.tally.passed.load(std::sync::atomic::Ordering::Relaxed)
    );
    wrong.extend(load.end().await);
    wrong
}

fn told(way: Way, times: &[Duration]) -> Option<String> {
    let at = |percent: usize| {
        times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied().unwrap_or_default()
    };
    let [median, p99, most] = [50, 99, 100].map(at);
    println!(
        "  {:34} {} times: median {:.0} ms, p99 {:.0} ms, at most {:.0} ms",
        way.name(),
        times.len(),
        median.as_secs_f64() * 1e3,
        p99.as_secs_f64() * 1e3,
        most.as_secs_f64() * 1e3
    );
    (most > BOUND).then(|| format!("{}: it took {most:?}", way.name()))
}

/// One key, used at all nodes and then shut out by one; how long until all refuse it.
async fn one(store: &Store, way: Way, by: &Node) -> Result<Duration, String> {
    let owner = store.desk.user(way.owner()).await;
    if matches!(way, Way::DisableUser) {
        let to = (by.url.as_str(), store.desk.token.as_str());
        let path = format!("/users/{owner}/enable");
        assert_eq!(store.asker.api(to, (Method::POST, &path), None).await, Some(200));
    }
    let pair = Pair::from(&store.desk.key(way.owner()).await);
    for node in &store.nodes {
        in_use(&store.asker, node, &pair).await?;
    }
    way.go(store, by, pair.key_id).await;
    let done = Instant::now();
    let times = store.nodes.iter().map(|node| refused_after(&store.asker, node, &pair, way, done));
    let times: Result<Vec<_>, _> = join_all(times).await.into_iter().collect();
    Ok(times?.into_iter().max().unwrap_or_default())
}

/// Uses the key until the node answers from memory.
async fn in_use(asker: &Asker, node: &Node, pair: &Pair) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    let mut passed = 0;
    while passed < 3 {
        match asker.node(&node.url, pair).await {
            Word::Allowed => passed += 1,
            word if Instant::now() > deadline => {
                return Err(format!("the new key {} is answered {word:?}", pair.key_id));
            }
            _ => sleep(Duration::from_millis(20)).await,
        }
    }
    Ok(())
}

async fn refused_after(
    asker: &Asker,
    node: &Node,
    pair: &Pair,
    way: Way,
    done: Instant,
) -> Result<Duration, String> {
    loop {
        match asker.node(&node.url, pair).await {
            Word::Refused(word) if word == way.word() => return Ok(done.elapsed()),
            Word::Allowed if done.elapsed() < PATIENCE => sleep(Duration::from_millis(2)).await,
            word => {
                return Err(format!("{}: key {} is answered {word:?}", way.name(), pair.key_id));
            }
        }
    }
}
