//! The store's process, and the one who kills it.

use std::{
    ffi::OsString,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use tempfile::TempDir;
use tokio::{
    sync::{OnceCell, oneshot},
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};

use crate::support::{PASSWORD, Process, database, own_address};

/// Who may approve.
pub const MANAGERS: [&str; 3] = ["max", "mia", "moe"];

/// Where stores' folders are: in `target`, where a folder that is left disturbs nobody.
const FOLDERS: &str = env!("CARGO_TARGET_TMPDIR");

/// How many apps are begun for one kill.
const KILL_EVERY: usize = 7;

/// A store's folder, address and running process.
pub struct Store {
    pub folder: TempDir,
    address: String,
    process: Process,
}

impl Store {
    /// A store of its own with the managers in it; its folder's name begins with `name`.
    pub async fn open(name: &str, settings: &[(&str, &str)]) -> Self {
        let prefix = format!("{name}-");
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(FOLDERS);
        let mut folder = folder.unwrap();
        folder.disable_cleanup(true); // whatever goes wrong from here on, what is left can be looked at
        let template = template().await;
        for (name, content) in &template.files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        database::copy(template.folder.path(), folder.path());
        let address = own_address();
        let process = Process::start(folder.path(), &address, settings).await;
        Self { folder, address, process }
    }

    pub fn url(&self) -> String {
        self.process.url.clone()
    }

    /// Kills and restarts it at random moments until told to stop; then it runs. At most once in
    /// `KILL_EVERY` of the apps that were `begun`, so that a slow machine is not kept slow by it.
    pub fn under_fire(mut self, mut dice: Rng, begun: Arc<AtomicUsize>) -> UnderFire {
        let (stop, mut stopped) = oneshot::channel();
        let killing = tokio::spawn(async move {
            let mut kills = 0;
            loop {
                tokio::select! {
                    () = sleep(Duration::from_millis(dice.u64(50..1_500))) => {}
                    _ = &mut stopped => return (self, kills),
                }
                if kills * KILL_EVERY < begun.load(Ordering::Relaxed) {
                    self.kill_and_restart(&mut dice).await;
                    kills += 1;
                }
            }
        });
        UnderFire { stop, killing }
    }

    async fn kill_and_restart(&mut self, dice: &mut Rng) {
        self.process.kill();
        sleep(Duration::from_millis(dice.u64(..200))).await;
        self.process = Process::start(self.folder.path(), &self.address, &[]).await;
    }

    /// Kills it, and removes its folder.
    pub fn discard(mut self) {
        self.process.kill();
        fs::remove_dir_all(self.folder.path()).unwrap();
    }

    /// Stops it as an operator would; gives its exit code.
    pub async fn close(mut self) -> (TempDir, Option<i32>) {
        spawn_blocking(move || {
            let code = self.process.terminate();
            (self.folder, code)
        })
        .await
        .unwrap()
    }
}

/// A store that is being killed.
pub struct UnderFire {
    stop: oneshot::Sender<()>,
    killing: JoinHandle<(Store, usize)>,
}

impl UnderFire {
    /// Ends the killing; gives the running store, and how often it was killed.
    pub async fn cease(self) -> (Store, usize) {
        let _ = self.stop.send(());
        self.killing.await.unwrap()
    }
}

/// A file's name and content.
type File = (OsString, Vec<u8>);

/// A store that is copied.
struct Template {
    folder: TempDir,
    files: Vec<File>,
}

/// A database with the managers and its key file, as `appgrant user add` makes them; each store begins
/// with a copy.
async fn template() -> &'static Template {
    static TEMPLATE: OnceCell<Template> = OnceCell::const_new();
    TEMPLATE.get_or_init(|| async { spawn_blocking(make_template).await.unwrap() }).await
}

fn make_template() -> Template {
    let folder = tempfile::tempdir_in(FOLDERS).unwrap();
    for login in MANAGERS {
        let add = ["user", "add", login, "--role", "manager", "--password-stdin"];
        let (code, _, error) = Process::run(folder.path(), &add, PASSWORD);
        assert_eq!(code, 0, "{error}");
    }
    let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap());
    let files = files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect();
    Template { folder, files }
}
