//! A PostgreSQL server of the tests' own, where its programs are installed; a fresh database a test.
//!
//! One server a test process, started when the first test asks for it, in a temporary folder and
//! reachable through a socket in that folder only. A shell holds it and reads from a pipe: when this
//! process is gone, even killed, the pipe ends, and the shell stops the server and removes the folder.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _, stderr},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use appgrant::db::Db;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::OnceCell;

use super::encode;

/// A database that holds the schema; every test's database is a copy of it.
const TEMPLATE: &str = "template_of_tests";

/// Runs in the server's folder, as the user who may run a server; `$1` is the programs' folder.
const HOLD_SERVER: &str = r#"
"$1/initdb" --pgdata=data --username=postgres --auth=trust --no-sync --no-locale --encoding=UTF8 \
    >initdb.log 2>&1 </dev/null || { cat initdb.log >&2; cd /; rm -rf "$2"; exit 1; }
"$1/postgres" -D data -c listen_addresses= -c unix_socket_directories="$2" -c max_connections=500 \
    -c shared_buffers=32MB -c fsync=off -c autovacuum=off </dev/null &
cat >/dev/null
kill -INT $!
wait
cd /
rm -rf "$2"
"#;

struct Server {
    folder: PathBuf,
    databases: AtomicU32,
    /// Keeps the pipe open for as long as this process lives.
    _shell: Child,
}

/// The address of a fresh database with the schema; nothing where PostgreSQL is not installed.
pub async fn migrated_database() -> Option<String> {
    server().await?.create(&format!("TEMPLATE {TEMPLATE}")).await
}

/// The address of a fresh database without any table; nothing where PostgreSQL is not installed.
pub async fn empty_database() -> Option<String> {
    server().await?.create("TEMPLATE template0").await
}

async fn server() -> Option<&'static Server> {
    static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
    let start = || async {
        let Some(programs) = programs() else {
            skip();
            return None;
        };
        let server = Server::start(&programs);
        server.make_template().await;
        Some(server)
    };
    SERVER.get_or_init(start).await.as_ref()
}

/// The folder of `initdb` and `postgres`.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/local/bin")])
        .chain(versions.map(|version| version.path().join("bin")))
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// Says so past the test harness, which would hide it.
fn skip() {
    let why = "no initdb and postgres in PATH, /usr/local/bin and /usr/lib/postgresql/*/bin";
    assert!(std::env::var_os("CI").is_none(), "the tests on PostgreSQL cannot run: {why}");
    let _ = writeln!(stderr(), "\n*** TESTS ON POSTGRESQL ARE SKIPPED: {why} ***\n");
}

impl Server {
    fn start(programs: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("appgrant-pg-").tempdir().unwrap().keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", HOLD_SERVER, "sh"]).arg(programs).arg(&folder);
        // A server refuses to run as root.
        if folder.metadata().unwrap().uid() == 0 {
            let (user, group) = postgres_user();
            chown(&folder, Some(user), Some(group)).unwrap();
            shell.uid(user).gid(group);
        }
        let mut shell = shell
            .current_dir(&folder)
            .env("LC_ALL", "C")
            // A Ctrl-C at the terminal is for the tests; the server ends with them.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until_ready(shell.stderr.take().unwrap());
        Self { folder, databases: AtomicU32::new(0), _shell: shell }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", encode(self.folder.to_str().unwrap()))
    }

    async fn make_template(&self) {
        self.execute(&format!("CREATE DATABASE {TEMPLATE} TEMPLATE template0")).await;
        Db::open(&self.url(TEMPLATE)).unwrap().migrate().await.unwrap();
    }

    async fn create(&self, how: &str) -> Option<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE DATABASE {name} {how}")).await;
        Some(self.url(&name))
    }

    async fn execute(&self, statement: &str) {
        let mut conn = AsyncPgConnection::establish(&self.url("postgres")).await.unwrap();
        conn.batch_execute(statement).await.unwrap();
    }
}

/// User and group number of `postgres`.
pub fn postgres_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find_map(|line| line.strip_prefix("postgres:"));
    let mut fields = line.expect("root needs a user named postgres").split(':').skip(1);
    let mut number = || fields.next().unwrap().parse().unwrap();
    (number(), number())
}

/// Reads the server's log until it takes connections; a thread reads the rest away.
fn wait_until_ready(log: ChildStderr) {
    let mut lines = BufReader::new(log).lines().map_while(Result::ok);
    let mut seen = String::new();
    let ready = lines.by_ref().any(|line| {
        seen = format!("{seen}{line}\n");
        line.contains("ready to accept connections") || line.contains("FATAL")
    });
    assert!(ready && !seen.contains("FATAL"), "PostgreSQL did not start: {seen}");
    std::thread::spawn(move || lines.for_each(drop));
}
