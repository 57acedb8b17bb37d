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

use super::{Manager, ca_file};

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
        let url = format!("http://{address}");
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

    /// Asks it to stop (SIGTERM); gives its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with no settings but these.
pub(super) fn command(folder: &Path, address: &str) -> Command {
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
