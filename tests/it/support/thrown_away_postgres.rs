//! A PostgreSQL server of the tests' own, where its programs are installed.
//!
//! One server a test process, started when the first test asks for it, in a temporary folder and
//! reachable through a socket in that folder, and with TLS and a password at an address of this process
//! (`server_tls.rs`). A shell holds it and reads from a pipe: when this
//! process is gone, even killed, the pipe ends, and the shell stops the server and removes the folder.

use std::{
    fs::{self, Permissions},
    io::{BufRead, BufReader, Write as _, stderr},
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::OnceLock,
};

use super::{ca_file, encode, own_address, pem_files, postgres::is_needed};

/// Runs in the server's folder, as the user who may run a server; `$1` is the programs' folder, `$2` the
/// server's, `$3` and `$4` the address for TLS. Texts are
/// sorted as people read them, where the server can (since 15, with ICU): not by bytes, as SQLite does it.
const HOLD_SERVER: &str = r#"
init() {
    "$programs/initdb" --pgdata=data --username=postgres --auth=trust --no-sync --no-locale --encoding=UTF8 \
        "$@" >initdb.log 2>&1 </dev/null
}
programs=$1
init --locale-provider=icu --icu-locale=en-US || { rm -rf data; init; } ||
    { cat initdb.log >&2; cd /; rm -rf "$2"; exit 1; }
"$1/postgres" -D data -c listen_addresses="$3" -c port="$4" -c unix_socket_directories="$2" \
    -c hba_file="$2/hba.conf" -c ssl=on -c ssl_ca_file="$2/ca.pem" -c ssl_cert_file="$2/tls.pem" \
    -c ssl_key_file="$2/tls.key" -c password_encryption=scram-sha-256 -c max_connections=500 \
    -c shared_buffers=32MB -c fsync=off -c full_page_writes=off -c autovacuum=off </dev/null &
cat >/dev/null
kill -INT $!
wait
cd /
rm -rf "$2"
"#;

/// Who may come in: everybody through the socket, else by what the user is called.
const WHO_MAY: &str = "
local all all trust
hostssl all certified all cert
hostssl all tls_only all scram-sha-256
hostnossl all plain_only all scram-sha-256
host all either all scram-sha-256
";

/// Where the server takes connections with TLS, for `localhost` and for the address itself.
pub static TLS_ADDRESS: OnceLock<String> = OnceLock::new();

/// Where its databases are; nothing where it is not installed.
pub fn server() -> Option<Box<dyn Fn(&str) -> String + Send + Sync>> {
    let Some(programs) = programs() else {
        skip();
        return None;
    };
    let address = TLS_ADDRESS.get_or_init(own_address);
    let (host, port) = address.split_once(':').unwrap();
    let folder = encode(start(&programs, host, port).to_str().unwrap());
    let port = port.to_owned();
    Some(Box::new(move |database| format!("postgres://postgres@{folder}:{port}/{database}")))
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
fn start(programs: &Path, host: &str, port: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("appgrant-pg-").tempdir().unwrap().keep();
    let mut shell = Command::new("sh");
    shell.args(["-c", HOLD_SERVER, "sh"]).arg(programs).arg(&folder).args([host, port]);
    prepare(&folder, host);
    // A server refuses to run as root.
    if folder.metadata().unwrap().uid() == 0 {
        let (user, group) = postgres_user();
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        for path in files.chain([folder.clone()]) {
            chown(path, Some(user), Some(group)).unwrap();
        }
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

/// Writes the files that it begins with.
fn prepare(folder: &Path, host: &str) {
    fs::write(folder.join("hba.conf"), WHO_MAY).unwrap();
    ca_file(folder);
    let (_, key) = pem_files(folder, &["localhost", host]);
    // A server uses no key that others may read.
    fs::set_permissions(key, Permissions::from_mode(0o600)).unwrap();
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
