//! What goes on all the while: good keys that must pass, revoked keys that must not, and people who log
//! in. Through the proxy, but that revoked keys are also put to each node.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    asking::{Asker, Pair, Word},
    desk::Desk,
    store::Store,
};
use crate::{
    store::MANAGERS,
    support::{Manager, PASSWORD},
};

/// How long a revoked key may still pass.
const HEARD_WITHIN: Duration = Duration::from_secs(1);

/// How often what nobody answered is tried again; each time after a pause.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(50);

/// What happened so far.
#[derive(Default)]
pub struct Tally {
    pub passed: AtomicUsize,
    pub refused: AtomicUsize,
    pub logins: AtomicUsize,
    /// How often nobody answered, so that the client had to try again.
    pub healed: AtomicUsize,
    pub wrong: Mutex<Vec<String>>,
}

impl Tally {
    fn complain(&self, line: String) {
        self.wrong.lock().unwrap().push(line);
    }

    /// The complaints so far.
    pub fn take_wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().drain(..).collect()
    }
}

fn count(what: &AtomicUsize) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// What the tasks share.
#[derive(Clone)]
struct Scene {
    proxy: String,
    nodes: Vec<String>,
    asker: Asker,
    desk: Arc<Desk>,
    tally: Arc<Tally>,
    revoked: Arc<Mutex<Vec<Pair>>>,
}

/// Load that runs until it is dropped.
pub struct Load {
    pub tally: Arc<Tally>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Begins it.
    pub async fn begin(store: &Store) -> Self {
        let tally = Arc::new(Tally::default());
        let scene = Scene {
            proxy: store.proxy.url.clone(),
            nodes: store.nodes.iter().map(|node| node.url.clone()).collect(),
            asker: store.asker.clone(),
            desk: Arc::clone(&store.desk),
            tally: Arc::clone(&tally),
            revoked: Arc::default(),
        };
        let mut tasks = JoinSet::new();
        for login in MANAGERS {
            let made = store.desk.key(login).await;
            tasks.spawn(good_key_passes(scene.clone(), Pair::from(&made)));
        }
        tasks.spawn(revoke(scene.clone()));
        tasks.spawn(revoked_keys_stay_out(scene.clone()));
        tasks.spawn(log_in(scene));
        Self { tally, tasks }
    }

    /// Ends it; gives what was wrong.
    pub async fn end(mut self) -> Vec<String> {
        self.tasks.abort_all();
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                self.tally.complain(format!("the load broke off: {error}"));
            }
        }
        self.tally.take_wrong()
    }
}

async fn good_key_passes(scene: Scene, pair: Pair) {
    let Scene { proxy, asker, tally, .. } = scene;
    let mut away = 0;
    loop {
        match asker.store(&proxy, &pair).await {
            Word::Allowed => {
                count(&tally.passed);
                away = 0;
            }
            Word::Away if away < TRIES => {
                count(&tally.healed);
                away += 1;
                sleep(PAUSE).await;
            }
            word => {
                tally.complain(format!("the good key {} was answered {word:?}", pair.key_id));
                away = 0;
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Makes keys, uses them and revokes them through the proxy.
async fn revoke(scene: Scene) {
    loop {
        let made = scene.desk.key(MANAGERS[0]).await;
        let pair = Pair::from(&made);
        for url in &scene.nodes {
            scene.asker.node(url, &pair).await;
        }
        if !revoked(&scene, pair.key_id).await {
            scene.tally.complain(format!("key {} could not be revoked", pair.key_id));
            continue;
        }
        sleep(HEARD_WITHIN).await;
        scene.revoked.lock().unwrap().push(pair);
    }
}

/// Revokes a key; it is tried again if nobody answered, and may have been done then.
async fn revoked(scene: &Scene, id: i64) -> bool {
    for _ in 0..TRIES {
        let (to, path) = ((scene.proxy.as_str(), scene.desk.token.as_str()), revoke_path(id));
        match scene.asker.api(to, (Method::POST, &path), None).await {
            Some(200 | 409) => return true,
            None | Some(502..=504) => {
                count(&scene.tally.healed);
                sleep(PAUSE).await;
            }
            Some(status) => {
                scene.tally.complain(format!("revoking key {id} was answered {status}"));
                return false;
            }
        }
    }
    false
}

/// Where a key is revoked.
pub fn revoke_path(id: i64) -> String {
    format!("/keys/{id}/revoke")
}

async fn revoked_keys_stay_out(scene: Scene) {
    for number in 0.. {
        let pair = {
            let revoked = scene.revoked.lock().unwrap();
            revoked.get(number % revoked.len().max(1)).cloned()
        };
        let Some(pair) = pair else {
            sleep(PAUSE).await;
            continue;
        };
        let word = match scene.nodes.get(number % 4) {
            Some(node) => scene.asker.node(node, &pair).await,
            None => scene.asker.store(&scene.proxy, &pair).await,
        };
        match word {
            Word::Refused(_) => count(&scene.tally.refused),
            Word::Away => {}
            Word::Allowed => {
                scene.tally.complain(format!("the revoked key {} passed", pair.key_id));
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Logs in again and again, from another address each time, and looks whether it holds.
async fn log_in(scene: Scene) {
    for number in 0_u32.. {
        let login = MANAGERS[number as usize % MANAGERS.len()];
        let began = Instant::now();
        while !logged_in(&scene, login, number).await {
            count(&scene.tally.healed);
            if began.elapsed() > PAUSE * 200 {
                scene.tally.complain(format!("{login} could not log in"));
                break;
            }
            sleep(PAUSE).await;
        }
        sleep(PAUSE).await;
    }
}

/// Whether it went well; no if nobody answered.
async fn logged_in(scene: &Scene, login: &str, number: u32) -> bool {
    let browser = Manager::new(scene.proxy.clone());
    let [_, a, b, c] = number.to_be_bytes();
    let fields = [("username", login), ("password", PASSWORD)];
    let form = browser.request(Method::POST, "/login").form(&fields);
    let form = form.header("X-Forwarded-For", format!("10.{a}.{b}.{c}"));
    let status = async |request: reqwest::RequestBuilder| match request.send().await {
        Ok(answer) => answer.status().as_u16(),
        Err(_) => 502,
    };
    for request in [form, browser.request(Method::GET, "/admin")] {
        match status(request).await {
            200 | 303 => {}
            502..=504 => return false,
            other => {
                scene.tally.complain(format!("{login} logged in and was answered {other}"));
                return true;
            }
        }
    }
    count(&scene.tally.logins);
    true
}
