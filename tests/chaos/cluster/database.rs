//! A PostgreSQL server that can be stopped, crashed and started again.
//!
//! A shell holds it, as in `support/thrown_away_postgres.rs`: when this process is gone, even killed, the
//! pipe ends, and the shell stops the server. But this shell leaves the server's folder, so that another
//! can start it again.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::{Instant, sleep};

use crate::support::{encode, thrown_away_postgres};

/// Holds the server for as long as the pipe is open; `$1` is the programs' folder.
const HOLD: &str = r#"
"$1/postgres" -D data -c listen_addresses= -c unix_socket_directories="$PWD" -c max_connections=200 \
    -c shared_buffers=64MB -c fsync=off </dev/null &
cat >/dev/null
kill -INT $! 2>/dev/null
wait
"#;

/// How a server is stopped.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// As an operator does: connections are cut, everything is written.
    Fast,
    /// As a crash does: it has to recover when it starts again.
    Immediate,
}

/// The server; stopped when dropped.
pub struct Database {
    folder: PathBuf,
    programs: PathBuf,
    shell: Option<Child>,
}

impl Database {
    /// A new one, running.
    pub async fn create() -> Self {
        let programs = thrown_away_postgres::programs().expect("this needs initdb and postgres");
        let folder = tempfile::Builder::new().prefix("appgrant-pg-").tempdir().unwrap().keep();
        let mut database = Self { folder, programs, shell: None };
        if database.folder.metadata().unwrap().uid() == 0 {
            let (user, group) = thrown_away_postgres::postgres_user();
            chown(&database.folder, Some(user), Some(group)).unwrap();
        }
        let mut initdb = database.command(database.programs.join("initdb"));
        initdb.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--no-sync"]);
        initdb.args(["--no-locale", "--encoding=UTF8"]).stdout(Stdio::null());
        assert!(initdb.status().unwrap().success());
        database.start().await;
        let mut conn = database.connect().await.unwrap();
        conn.batch_execute("CREATE DATABASE store TEMPLATE template0").await.unwrap();
        database
    }

    /// Starts it; ends when it takes connections.
    pub async fn start(&mut self) {
        let log = File::options().append(true).create(true).open(self.log()).unwrap();
        let mut shell = self.command("sh");
        shell.args(["-c", HOLD, "sh"]).arg(&self.programs);
        // A Ctrl-C at the terminal is for the test; the server ends with it.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        self.shell = Some(shell.spawn().unwrap());
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.connect().await.is_none() {
            assert!(Instant::now() < deadline, "{}", fs::read_to_string(self.log()).unwrap());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it; ends when it is gone.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut shell) = self.shell.take() else { return };
        if matches!(how, Stop::Immediate) {
            let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
            let pid = pid.lines().next().unwrap().to_owned();
            assert!(Command::new("kill").args(["-QUIT", &pid]).status().unwrap().success());
        }
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    /// The store's database.
    pub fn url(&self) -> String {
        self.url_of("store")
    }

    fn url_of(&self, name: &str) -> String {
        format!("postgres://postgres@{}/{name}", encode(self.folder.to_str().unwrap()))
    }

    async fn connect(&self) -> Option<AsyncPgConnection> {
        AsyncPgConnection::establish(&self.url_of("postgres")).await.ok()
    }

    fn log(&self) -> PathBuf {
        self.folder.with_extension("log")
    }

    /// A command in its folder, as its user.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("LC_ALL", "C").stdin(Stdio::null());
        let owner = self.folder.metadata().unwrap();
        if owner.uid() != own_user() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command
    }
}

/// Whose files this process makes.
fn own_user() -> u32 {
    tempfile::tempfile().unwrap().metadata().unwrap().uid()
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop(Stop::Fast);
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.log());
    }
}
