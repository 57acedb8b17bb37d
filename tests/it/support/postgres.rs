//! PostgreSQL for the tests: one server for this process, a fresh database for each test that asks.
//!
//! The server is the one that `APPGRANT_TEST_POSTGRES_URL` names, else a throw-away one, started from the
//! programs on this machine. A database that belongs to a test's folder is dropped soon after the folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};

use appgrant::db::Db;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::{
    runtime::{Builder, Runtime},
    task::spawn_blocking,
};

pub use super::given_postgres::URL;
use super::{database, given_postgres, thrown_away_postgres};

/// What a fresh database holds.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// Not even a table.
    Nothing,
    /// The schema.
    Schema,
    /// What the database at that address holds; nobody may be connected to it.
    #[allow(dead_code, reason = "tests/chaos copies its stores")]
    CopyOf(&'a str),
}

/// A statement for the server, and who wants to know how it went.
type Job = (String, mpsc::Sender<Result<(), String>>);

struct Server {
    /// What its databases are called, up to a number.
    prefix: String,
    /// The address of a database.
    url: Box<dyn Fn(&str) -> String + Send + Sync>,
    databases: AtomicU32,
    creating: mpsc::Sender<Job>,
    dropping: mpsc::Sender<Job>,
    lent: Mutex<Vec<(PathBuf, String)>>,
}

/// The address of a fresh database with the schema; nothing where there is no server.
pub async fn migrated_database() -> Option<String> {
    spawn_blocking(|| Some(server()?.create(Content::Schema))).await.unwrap()
}

/// The address of a fresh database without any table; nothing where there is no server.
pub async fn empty_database() -> Option<String> {
    spawn_blocking(|| Some(server()?.create(Content::Nothing))).await.unwrap()
}

/// The address of the folder's database, made with that content when first asked for.
///
/// # Panics
/// If there is no server.
pub fn of(folder: &Path, content: Content) -> String {
    try_of(folder, content).expect("the tests are to run on PostgreSQL, and there is none")
}

/// The same; nothing where there is no server.
pub fn try_of(folder: &Path, content: Content) -> Option<String> {
    let server = server()?;
    let mut lent = server.lent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, url)) = lent.iter().find(|(of, _)| of == folder) {
        return Some(url.clone());
    }
    for (_, url) in lent.extract_if(.., |(folder, _)| !folder.exists()) {
        server.drop_database(&url);
    }
    let url = server.create(content);
    lent.push((folder.to_owned(), url.clone()));
    Some(url)
}

/// Another of its programs; nothing, and a word about it, where it is not installed.
pub fn program(name: &str) -> Option<PathBuf> {
    // Beside the server, or where links to the server's programs lead, or in PATH.
    let beside = thrown_away_postgres::programs()
        .map(|folder| folder.join(name))
        .filter(|path| path.exists());
    let led = thrown_away_postgres::programs()
        .and_then(|folder| fs::canonicalize(folder.join("initdb")).ok());
    let led = led.map(|initdb| initdb.with_file_name(name)).filter(|path| path.exists());
    let path = beside.or(led).unwrap_or_else(|| name.into());
    super::needed(name, Command::new(&path).arg("--version"))?;
    Some(path)
}

fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    // On a thread of its own, since this one may run a runtime.
    let start = || thread::spawn(Server::start).join().unwrap();
    SERVER.get_or_init(start).as_ref()
}

impl Server {
    fn start() -> Option<Self> {
        let (prefix, url) = if let Some(given) = given_postgres::server() {
            (given_postgres::prefix(), given)
        } else {
            ("test_".to_owned(), thrown_away_postgres::server()?)
        };
        let (creating, dropping) = (work(url("postgres")), work(url("postgres")));
        let (databases, lent) = (AtomicU32::new(0), Mutex::default());
        let server = Self { prefix, url, databases, creating, dropping, lent };
        server.make_template();
        Some(server)
    }

    /// A database that holds the schema; every test's database is a copy of it.
    fn template(&self) -> String {
        format!("{}template", self.prefix)
    }

    fn make_template(&self) {
        let name = self.template();
        self.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
        let migrate = async { Db::open(&(self.url)(&name)).unwrap().migrate().await.unwrap() };
        runtime().block_on(migrate);
    }

    fn create(&self, content: Content) -> String {
        let name = format!("{}{}", self.prefix, self.databases.fetch_add(1, Ordering::Relaxed));
        let template = match content {
            Content::Nothing => "template0".to_owned(),
            Content::Schema => self.template(),
            Content::CopyOf(url) => name_in(url),
        };
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"));
        (self.url)(&name)
    }

    /// Does not wait for it.
    fn drop_database(&self, url: &str) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_in(url));
        let _ = self.dropping.send((statement, mpsc::channel().0));
    }

    fn run(&self, statement: &str) {
        let (tell, told) = mpsc::channel();
        self.creating.send((statement.to_owned(), tell)).expect("the thread works on");
        let done = told.recv().expect("the thread works on");
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// The database's name in its address, of which these tests make all.
fn name_in(url: &str) -> String {
    let path = url.rsplit('/').next().unwrap();
    path.split('?').next().unwrap().to_owned()
}

/// A thread with a connection, which runs one statement after the other.
fn work(url: String) -> mpsc::Sender<Job> {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::spawn(move || {
        let runtime = runtime();
        let mut conn = runtime.block_on(AsyncPgConnection::establish(&url)).unwrap();
        for (statement, tell) in jobs {
            let done = runtime.block_on(conn.batch_execute(&statement));
            let _ = tell.send(done.map_err(|error| error.to_string()));
        }
    });
    sender
}

/// A runtime of one's own, with a thread that looks after connections while nobody waits for them.
pub(super) fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Whether tests may go without a server.
pub(super) fn is_needed() -> bool {
    database::is_postgres() || std::env::var_os("CI").is_some()
}
