//! The real program in a process of its own: started, watched, killed.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use tokio::time::Instant;

use super::{Manager, ca_file, database};

/// A running `appgrant serve`, killed when dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
    pub url: String,
}

/// An address of this machine that no other test process uses: 127.x.y.z from the process' own number.
pub fn own_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let id = std::process::id();
    let [_, a, b, c] = id.to_be_bytes();
    format!("127.{}.{b}.{c}:{}", 1 + a % 250, NEXT.fetch_add(1, Ordering::SeqCst))
}

impl Process {
    /// Starts the program in `folder` at `address`; waits until it answers.
    pub async fn start(folder: &Path, address: &str, settings: &[(&str, &str)]) -> Self {
        let count = fs::read_dir(folder).unwrap().count();
        let log = folder.join(format!("{count}.log"));
        let has_tls = settings.iter().any(|(name, _)| *name == "APPGRANT_TLS_CERTIFICATE_FILE");
        let url = format!("{}://{address}", if has_tls { "https" } else { "http" });
        let child = command(folder, address)
            .arg("serve")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut process = Self { child, log, url };
        process.wait_until_up().await;
        process
    }

    /// Runs one command to its end; gives its exit code, standard output and standard error.
    pub fn run(folder: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
        Self::run_at(folder, &own_address(), arguments, input)
    }

    /// Runs one command with that address in its settings, which say nothing about the database.
    pub fn run_without_database(
        folder: &Path,
        address: &str,
        arguments: &[&str],
    ) -> (i32, String, String) {
        let output = unsettled(folder, address).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs one command with that address in its settings.
    pub fn run_at(
        folder: &Path,
        address: &str,
        arguments: &[&str],
        input: &str,
    ) -> (i32, String, String) {
        let mut child = command(folder, address)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have closed its end already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs one command with these settings besides; gives its exit code, output and standard error.
    pub fn run_with(
        folder: &Path,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> (i32, String, String) {
        let mut command = command(folder, &own_address());
        let output = command.envs(settings.iter().copied()).args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// The same, and what it reads.
    #[allow(dead_code, reason = "tests/chaos feeds its commands")]
    pub fn run_fed(
        folder: &Path,
        settings: &[(&str, &str)],
        arguments: &[&str],
        input: &str,
    ) -> (i32, String, String) {
        let mut command = command(folder, &own_address());
        command.envs(settings.iter().copied()).args(arguments).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs one command whose output goes there; gives its exit code and standard error.
    pub fn run_into(folder: &Path, arguments: &[&str], output: Stdio) -> (i32, String) {
        let mut command = command(folder, &own_address());
        let run = command.args(arguments).stdin(Stdio::null()).stdout(output);
        let done = run.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    }

    /// Makes a store by its first user, who may only look.
    #[allow(dead_code, reason = "tests/chaos and tests/browser start theirs")]
    pub fn make_store(folder: &Path, settings: &[(&str, &str)]) {
        let add = ["user", "add", "eve", "--role", "viewer", "--password-stdin"];
        let (code, _, error) = Self::run_fed(folder, settings, &add, "a password of eve’s");
        assert_eq!(code, 0, "{error}");
    }

    /// Starts one command; its input, and its output if that is a pipe, are the caller's.
    pub fn spawn(folder: &Path, arguments: &[&str], output: Stdio) -> Child {
        let mut command = command(folder, &own_address());
        command.args(arguments).stdin(Stdio::piped()).stdout(output).spawn().unwrap()
    }

    async fn wait_until_up(&mut self) {
        let browser = self.browser();
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let alive = self.child.try_wait().unwrap().is_none();
            assert!(alive && Instant::now() < deadline, "it did not start: {}", self.log());
            if browser.client.get(format!("{}/healthz", self.url)).send().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a line of the log holds `text`.
    pub async fn wait_for_log(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "{text:?} is not in the log: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everything it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// A browser that is not logged in.
    pub fn browser(&self) -> Manager {
        Manager::new(self.url.clone())
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal: `HUP`, `TERM`.
    pub fn signal(&self, name: &str) {
        let (signal, id) = (format!("-{name}"), self.child.id().to_string());
        assert!(Command::new("kill").args([&signal, &id]).status().unwrap().success());
    }

    /// Asks it to stop (SIGTERM); gives its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    /// Waits until it has ended; gives its exit code.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Process {
    /// Says how it was when the test failed. What is just ending may do so, with its last words.
    fn explain(&mut self) {
        let mut ended = self.child.try_wait();
        for _ in 0..20 {
            if matches!(ended, Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
                ended = self.child.try_wait();
            }
        }
        let state = match ended {
            Ok(Some(status)) => format!("had ended ({status})"),
            _ => "was running".to_owned(),
        };
        let log = fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        eprintln!("{} {state}; its log:\n{log}", self.url);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.explain();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs one command until it stops at that fault point.
pub async fn stopped_at(
    point: &str,
    folder: &Path,
    settings: &[(&str, String)],
    arguments: &[&str],
) -> Child {
    let log = folder.join("stopped.log");
    let mut command = command(folder, &own_address());
    command.envs(settings.iter().map(|(name, value)| (name, value))).env("FAULT_POINT", point);
    let run = command.args(arguments).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
    let mut child = run.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while !fs::read_to_string(&log).unwrap().contains(&format!("stopped at {point}")) {
        let alive = child.try_wait().unwrap().is_none() && Instant::now() < deadline;
        assert!(alive, "{point} was not reached: {}", fs::read_to_string(&log).unwrap());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child
}

/// Runs one command until it stops at that fault point, and kills it there.
pub async fn killed_at(
    point: &str,
    folder: &Path,
    settings: &[(&str, String)],
    arguments: &[&str],
) {
    let mut child = stopped_at(point, folder, settings, arguments).await;
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The program with no settings but these.
pub fn command(folder: &Path, address: &str) -> Command {
    let mut command = unsettled(folder, address);
    if database::is_postgres() {
        command.env("APPGRANT_DATABASE_URL", database::of(folder));
    }
    command
}

/// The same, whatever the tests run on: the database is what the folder's files say, or the default.
fn unsettled(folder: &Path, address: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_appgrant"));
    command
        .env_clear()
        .current_dir(folder)
        .env("APPGRANT_LISTEN", address)
        .env("APPGRANT_PUBLIC_URL", format!("http://{address}"))
        .env("APPGRANT_CALLBACK_ALLOW_NETWORKS", "127.0.0.0/8,::1/128")
        .env("APPGRANT_CALLBACK_CA_FILE", ca_file(folder))
        .env("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "1");
    command
}
