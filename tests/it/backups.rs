//! `docs/backup.md`, done: a backup while the service runs under writes, put back into a fresh place.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PASSWORD, Process, Question, needed, own_address, postgres};

/// A service that runs, with a key, while somebody makes more keys.
struct Busy {
    folder: TempDir,
    settings: Vec<(&'static str, String)>,
    process: Process,
    key: Value,
    writing: Arc<AtomicBool>,
    writer: std::thread::JoinHandle<usize>,
}

const CREATE: [&str; 8] =
    ["key", "create", "--user", "max", "--description", "x", "--permissions", "read"];

fn run(folder: &Path, settings: &[(&str, String)], arguments: &[&str]) -> (i32, String, String) {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Process::run_with(folder, &settings, arguments)
}

async fn serve(folder: &Path, settings: &[(&str, String)]) -> Process {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Process::start(folder, &own_address(), &settings).await
}

async fn word(process: &Process, key: &Value) -> String {
    let [name, secret] = ["consumer_key", "consumer_secret"].map(|it| key[it].as_str().unwrap());
    let orders = Question::forwarded("GET", "/wp-json/wc/v3/orders").basic(name, secret);
    orders.ask_at(&process.url).await.word().to_owned()
}

impl Busy {
    async fn start(database_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = vec![
            ("APPGRANT_DATABASE_URL", database_url.to_owned()),
            ("APPGRANT_SECRET_KEY_FILE", "appgrant.key".to_owned()),
        ];
        assert_eq!(run(folder.path(), &settings, &["migrate"]).0, 0);
        let process = serve(folder.path(), &settings).await;
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        let mut add = crate::support::command(folder.path(), "127.0.0.1:1");
        add.args(["user", "add", "max", "--role", "manager", "--password-stdin"]);
        add.envs(settings.iter().map(|(name, value)| (name, value)));
        add.stdin(fs::File::open(folder.path().join("password")).unwrap());
        assert!(add.status().unwrap().success());
        let json = [&CREATE[..], &["--json"]].concat();
        let key = serde_json::from_str(&run(folder.path(), &settings, &json).1).unwrap();
        let writing = Arc::new(AtomicBool::new(true));
        let writer = std::thread::spawn({
            let (path, settings) = (folder.path().to_owned(), settings.clone());
            let writing = Arc::clone(&writing);
            move || {
                let mut made = 0;
                while writing.load(Ordering::Relaxed) {
                    assert_eq!(run(&path, &settings, &CREATE).0, 0);
                    made += 1;
                }
                made
            }
        });
        Self { folder, settings, process, key, writing, writer }
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.folder.path(), &self.settings, arguments)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the writing, and the key; what was put back knows of neither.
    async fn goes_on(mut self, restored: &Path, settings: &[(&str, String)]) {
        self.writing.store(false, Ordering::Relaxed);
        assert!(self.writer.join().unwrap() > 0);
        let end = ["key", "revoke", "1", "--reason", "leaked"];
        assert_eq!(run(self.folder.path(), &self.settings, &end).0, 0);
        let exported = run(self.folder.path(), &self.settings, &["audit", "export"]).1;
        let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let revoked: Vec<_> = rows.filter(|row| row["event"] == "key.revoked").collect();
        assert_eq!(revoked.len(), 1, "what has to be done again is found in the exported log");
        assert_eq!(revoked[0]["object"]["id"], "1", "{}", revoked[0]);
        self.process.terminate();

        let (code, said, error) = run(restored, settings, &["audit", "verify"]);
        assert!(code == 0 && said.starts_with("the chain holds"), "{said}{error}");
        let process = serve(restored, settings).await;
        assert_eq!(
            word(&process, &self.key).await,
            "allowed",
            "a revocation made since comes back"
        );
        assert_eq!(run(restored, settings, &end).0, 0);
        let login = [("username", "max"), ("password", PASSWORD)];
        assert!(process.browser().post("/login", &login).await.location().ends_with("/admin"));
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_backed_up_while_it_is_written_to() {
    let busy = Busy::start("sqlite:appgrant.db").await;
    let (code, _, error) = busy.run(&["backup", "--to", "kept/today"]);
    assert_eq!((code, error.as_str()), (0, ""));
    let kept = busy.path("kept/today");
    assert_eq!(mode(&kept), 0o700);
    let mut names: Vec<_> =
        fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["appgrant.db", "appgrant.key"]);
    assert_eq!([mode(&kept.join("appgrant.db")), mode(&kept.join("appgrant.key"))], [0o600; 2]);

    let (code, _, error) = busy.run(&["backup", "--to", "kept/today"]);
    assert!(code == 1 && error.contains("is there already"), "{error}");

    let restored = tempfile::tempdir().unwrap();
    for name in ["appgrant.db", "appgrant.key"] {
        fs::copy(kept.join(name), restored.path().join(name)).unwrap();
    }
    let settings = busy.settings.clone();
    busy.goes_on(restored.path(), &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlites_own_shell_makes_a_backup_too() {
    if needed("a backup by sqlite3", Command::new("sqlite3").arg("--version")).is_none() {
        return;
    }
    let busy = Busy::start("sqlite:appgrant.db").await;
    let vacuum = Command::new("sqlite3")
        .args(["appgrant.db", "VACUUM INTO 'backup.db'"])
        .current_dir(busy.folder.path())
        .status();
    assert!(vacuum.unwrap().success());
    let restored = tempfile::tempdir().unwrap();
    fs::copy(busy.path("backup.db"), restored.path().join("appgrant.db")).unwrap();
    fs::copy(busy.path("appgrant.key"), restored.path().join("appgrant.key")).unwrap();
    let settings = busy.settings.clone();
    busy.goes_on(restored.path(), &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_backed_up_while_it_is_written_to() {
    let Some(url) = postgres::empty_database().await else { return };
    let Some((dump, restore)) = postgres::program("pg_dump").zip(postgres::program("pg_restore"))
    else {
        return;
    };
    let busy = Busy::start(&url).await;
    let (code, _, error) = busy.run(&["backup", "--to", "kept"]);
    assert!(code == 1 && error.contains("pg_dump") && error.contains("key file"), "{error}");
    assert!(!busy.path("kept").exists());
    let archive = busy.path("appgrant.dump");
    let archive = archive.to_str().unwrap();
    let dumped =
        Command::new(dump).args(["--format=custom", "--file", archive, "--dbname", &url]).status();
    assert!(dumped.unwrap().success());

    let fresh = postgres::empty_database().await.unwrap();
    let put_back = Command::new(restore)
        .args(["--single-transaction", "--no-owner", "--dbname", &fresh, archive])
        .status();
    assert!(put_back.unwrap().success());
    let restored = tempfile::tempdir().unwrap();
    fs::copy(busy.path("appgrant.key"), restored.path().join("appgrant.key")).unwrap();
    let mut settings = busy.settings.clone();
    settings[0].1 = fresh;
    busy.goes_on(restored.path(), &settings).await;
}

#[test]
fn what_is_no_backup_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("APPGRANT_DATABASE_URL", "sqlite:appgrant.db".to_owned())];
    let (code, _, error) = run(folder.path(), &settings, &["backup", "--to", "kept"]);
    assert!(code == 1 && error.contains("nothing to back up"), "{error}");
    assert!(!folder.path().join("appgrant.db").exists() && !folder.path().join("kept").exists());

    Process::make_store(folder.path(), &[("APPGRANT_DATABASE_URL", "sqlite:appgrant.db")]);
    fs::write(folder.path().join("appgrant.key"), format!("{}\n", "ab".repeat(32))).unwrap();
    let (code, _, error) = run(folder.path(), &settings, &["backup", "--to", "kept"]);
    assert!(code == 1 && error.contains("APPGRANT_SECRET_KEY_FILE"), "{error}");
    fs::remove_file(folder.path().join("appgrant.key")).unwrap();
    let (code, _, error) = run(folder.path(), &settings, &["backup", "--to", "kept"]);
    assert!(code == 1 && error.contains("APPGRANT_SECRET_KEY_FILE"), "{error}");
    assert!(!folder.path().join("kept").exists());
}

#[test]
fn a_backup_follows_no_link_and_goes_into_no_folder_of_everybodys() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("APPGRANT_DATABASE_URL", "sqlite:appgrant.db".to_owned())];
    Process::make_store(folder.path(), &[("APPGRANT_DATABASE_URL", "sqlite:appgrant.db")]);
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("kept")).unwrap();
    let open = fs::Permissions::from_mode(0o777);
    fs::set_permissions(path("kept"), open).unwrap();
    let (code, _, error) = run(folder.path(), &settings, &["backup", "--to", "kept"]);
    assert!(code == 1 && error.contains("everybody on this machine may write"), "{error}");
    assert_eq!(fs::read_dir(path("kept")).unwrap().count(), 0);

    fs::set_permissions(path("kept"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path("target"), "stays").unwrap();
    fs::write(path("kept/appgrant.db.part"), "of a backup that broke off").unwrap();
    std::os::unix::fs::symlink(path("target"), path("kept/appgrant.key.part")).unwrap();
    assert_eq!(run(folder.path(), &settings, &["backup", "--to", "kept"]).0, 0);
    assert_eq!(fs::read_to_string(path("target")).unwrap(), "stays");
    let key = path("kept/appgrant.key");
    assert!(fs::symlink_metadata(&key).unwrap().is_file());
    assert_eq!([mode(&key), mode(&path("kept/appgrant.db"))], [0o600; 2]);
}
