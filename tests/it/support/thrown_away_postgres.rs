//! A PostgreSQL server of the tests' own, where its programs are installed.
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
};

use super::{encode, postgres::is_needed};

/// Runs in the server's folder, as the user who may run a server; `$1` is the programs' folder. Texts are
/// sorted as people read them, where the server can (since 15, with ICU): not by bytes, as SQLite does it.
const HOLD_SERVER: &str = r#"
init() {
    "$programs/initdb" --pgdata=data --username=postgres --auth=trust --no-sync --no-locale --encoding=UTF8 \
        "$@" >initdb.log 2>&1 </dev/null
}
programs=$1
init --locale-provider=icu --icu-locale=en-US || { rm -rf data; init; } ||
    { cat initdb.log >&2; cd /; rm -rf "$2"; exit 1; }
"$1/postgres" -D data -c listen_addresses= -c unix_socket_directories="$2" -c max_connections=500 \
    -c shared_buffers=32MB -c fsync=off -c full_page_writes=off -c autovacuum=off </dev/null &
cat >/dev/null
kill -INT $!
wait
cd /
rm -rf "$2"
"#;

/// Where its databases are; nothing where it is not installed.
pub fn server() -> Option<Box<dyn Fn(&str) -> String + Send + Sync>> {
    let Some(programs) = programs() else {
        skip();
        return None;
    };
    let folder = encode(start(&programs).to_str().unwrap());
    Some(Box::new(move |database| format!("postgres://postgres@{folder}/{database}")))
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
    let why = "no initdb and postgres in PATH, /usr/local/bin and /usr/lib/postgresql/*/bin, and no \
               APPGRANT_TEST_POSTGRES_URL";
    assert!(!is_needed(), "the tests on PostgreSQL cannot run: {why}");
    let _ = writeln!(stderr(), "\n*** TESTS ON POSTGRESQL ARE SKIPPED: {why} ***\n");
}

/// Gives its folder.
fn start(programs: &Path) -> PathBuf {
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
    hold(shell);
    folder
}

/// Keeps the pipe open for as long as this process lives.
fn hold(shell: Child) {
    std::mem::forget(shell);
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
