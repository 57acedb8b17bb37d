//! The receivers in `examples/receivers`, each started as a process of its own.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::Instant;

use super::needed;

const RUNS_IN: &str = "document-root";
const DATA_FILE: &str = "data.json";

/// What a receiver is written in.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    Python,
    JavaScript,
    Php,
    Rust,
}

/// A running receiver, killed when dropped.
pub struct ExampleApp {
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl ExampleApp {
    /// Starts the receiver; nothing where its language is not installed.
    pub async fn start(language: Language, store_url: &str, app_url: &str) -> Option<Self> {
        Self::start_without("NOTHING", language, store_url, app_url).await
    }

    /// Starts the receiver without that setting.
    pub async fn start_without(
        setting: &str,
        language: Language,
        store_url: &str,
        app_url: &str,
    ) -> Option<Self> {
        let mut command = language.command()?;
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        fs::create_dir(folder.path().join(RUNS_IN)).unwrap();
        let child = command
            .current_dir(folder.path().join(RUNS_IN))
            .env("STORE_URL", store_url)
            .env("APP_URL", app_url)
            .env("DATA_FILE", folder.path().join(DATA_FILE))
            .env("PORT", "0")
            .env("NO_PROXY", "*")
            .env_remove(setting)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut app = Self { address, child, folder };
        app.address = app.wait_until_up().await;
        Some(app)
    }

    /// Waits until it says where it listens.
    async fn wait_until_up(&mut self) -> SocketAddr {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let log = self.log();
            let said = log.split("http://").nth(1).and_then(|rest| rest.split_once(['\n', ')']));
            if let Some((address, _)) = said {
                return address.parse().unwrap();
            }
            let alive = self.child.try_wait().unwrap().is_none();
            assert!(alive && Instant::now() < deadline, "it did not start: {log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// How often it stored keys, whoever they were for.
    pub fn stored(&self) -> usize {
        self.log().matches("stored the keys for user").count()
    }

    /// How many files it made in the folder where it runs, which under a web server anybody can read.
    pub fn left_where_it_runs(&self) -> usize {
        fs::read_dir(self.folder.path().join(RUNS_IN)).unwrap().count()
    }

    /// Where it keeps its data, if it keeps them in a file.
    pub fn data_file(&self) -> PathBuf {
        self.folder.path().join(DATA_FILE)
    }
}

impl Drop for ExampleApp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Language {
    /// How to run the receiver, if that is possible here.
    fn command(self) -> Option<Command> {
        let script = |program: &str, name: &str| {
            let mut command = Command::new(program);
            command.arg(root().join("examples/receivers").join(name));
            command
        };
        Some(match self {
            Self::Python => {
                installed("python3", &["-c", "import cryptography"])?;
                script("python3", "receiver.py")
            }
            Self::JavaScript => {
                installed("node", &["-e", "if (!globalThis.fetch) process.exit(1)"])?;
                script("node", "receiver.mjs")
            }
            Self::Php => {
                installed("php", &["-r", "exit(extension_loaded('sodium') ? 0 : 1);"])?;
                let mut command = Command::new("php");
                let router = root().join("examples/receivers/receiver.php");
                command.args(["-S", "127.0.0.1:0"]).arg(router);
                command
            }
            Self::Rust => Command::new(rust_example()),
        })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn installed(program: &str, check: &[&str]) -> Option<()> {
    needed("a receiver", Command::new(program).args(check))
}

/// The Rust receiver, built: `cargo test --test it` alone does not build examples.
fn rust_example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let programs = Path::new(env!("CARGO_BIN_EXE_appgrant")).parent().unwrap();
        let program = programs.join("examples/receiver");
        if is_fresh(&program) {
            return program;
        }
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let build = ["build", "--quiet", "--locked", "--example", "receiver", "--profile", profile];
        let done = Command::new(env!("CARGO")).args(build).current_dir(root()).status().unwrap();
        assert!(done.success(), "the Rust receiver does not build");
        program
    })
}

/// Whether all it is made from is older, so that building it again, which takes cargo long, makes no other.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let sources = ["examples/receivers/receiver.rs", "Cargo.toml", "Cargo.lock"];
    let newest = sources.iter().filter_map(|source| changed(&root().join(source))).max();
    changed(program).is_some_and(|built| newest.is_some_and(|newest| built > newest))
}
