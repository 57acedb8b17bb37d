//! The store: a database, three nodes and the proxy.

use std::{fs, path::Path, sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{asking::Asker, database::Database, desk::Desk, proxy::Proxy};
use crate::{
    store::MANAGERS,
    support::{PASSWORD, Process, own_address},
};

/// A running store.
pub struct Store {
    // In the order in which they are to be stopped.
    pub proxy: Proxy,
    pub nodes: Vec<Arc<Node>>,
    pub desk: Arc<Desk>,
    pub asker: Asker,
    pub database: Arc<Mutex<Database>>,
    pub folder: TempDir,
    pub settings: Arc<Vec<(String, String)>>,
}

/// One `appgrant serve`, which may be killed and started again.
pub struct Node {
    pub url: String,
    address: String,
    process: Mutex<Process>,
}

impl Store {
    /// A fresh one.
    pub async fn open() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("cluster-")
            .disable_cleanup(true)
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .unwrap();
        let database = Database::create().await;
        let (url, public) = (database.url(), Proxy::address());
        let settings: Vec<(String, String)> = [
            ("DATABASE_URL", url.as_str()),
            ("PUBLIC_URL", &format!("http://{public}")),
            ("LOG", "info"),
        ]
        .map(|(name, value)| (format!("APPGRANT_{name}"), value.to_owned()))
        .into();
        prepare(folder.path(), &settings);
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(Arc::new(Node::start(folder.path(), &settings).await));
        }
        let addresses: Vec<_> = nodes.iter().map(|node| node.address.clone()).collect();
        let proxy = Proxy::start(folder.path(), &public, &addresses).await;
        let desk = Arc::new(Desk::open(folder.path(), &url).await);
        let database = Arc::new(Mutex::new(database));
        let asker = Asker::new();
        Self { proxy, nodes, desk, asker, database, folder, settings: Arc::new(settings) }
    }

    /// Removes its folder; what runs is stopped with it.
    pub fn discard(self) {
        let folder = self.folder.path().to_owned();
        drop(self);
        fs::remove_dir_all(folder).unwrap();
    }
}

/// Makes the schema, the key file and the people.
fn prepare(folder: &Path, settings: &[(String, String)]) {
    let run = |arguments: &[&str], input: &str| {
        let (code, error) = run_command(folder, settings, arguments, input);
        assert_eq!(code, 0, "{arguments:?}: {error}");
    };
    run(&["migrate"], "");
    for (login, role) in MANAGERS.iter().map(|login| (*login, "manager")).chain([("ada", "admin")])
    {
        run(&["user", "add", login, "--role", role, "--password-stdin"], PASSWORD);
    }
}

/// Runs one command; gives its exit code and what it complained of.
pub fn run_command(
    folder: &Path,
    settings: &[(String, String)],
    arguments: &[&str],
    input: &str,
) -> (i32, String) {
    let settings: Vec<_> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let (code, _, error) = Process::run_fed(folder, &settings, arguments, input);
    (code, error)
}

impl Node {
    async fn start(folder: &Path, settings: &[(String, String)]) -> Self {
        let address = own_address();
        let process = Mutex::new(serve(folder, &address, settings).await);
        Self { url: format!("http://{address}"), address, process }
    }

    /// Kills it (SIGKILL), leaves it dead for a while and starts it again.
    pub async fn kill_and_restart(&self, store: &Store, dead_for: Duration) {
        let mut process = self.process.lock().await;
        process.kill();
        sleep(dead_for).await;
        *process = serve(store.folder.path(), &self.address, &store.settings).await;
    }

    /// Waits until its `/readyz` is green; whether it was in that time.
    pub async fn is_ready_within(&self, asker: &Asker, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if asker.status(&format!("{}/readyz", self.url)).await == Some(200) {
                return true;
            }
            sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

async fn serve(folder: &Path, address: &str, settings: &[(String, String)]) -> Process {
    let settings: Vec<_> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    Process::start(folder, address, &settings).await
}
