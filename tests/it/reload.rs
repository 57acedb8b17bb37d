//! SIGHUP: what can change without a restart is taken over, and a mistake changes nothing.

use std::{fs, path::Path};

use tempfile::TempDir;
use tokio::time::{Duration, Instant, sleep};

use crate::support::{Process, own_address, pem_files};

/// A running `serve` whose settings stand in a file.
struct Store {
    process: Process,
    folder: TempDir,
}

impl Store {
    async fn start(file: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("appgrant.toml"), file).unwrap();
        let process = Process::start(folder.path(), &own_address(), settings).await;
        Self { process, folder }
    }

    /// Changes the file, sends the signal, and waits until the log says `text` once more.
    async fn reload(&mut self, file: &str, text: &str) {
        fs::write(self.folder.path().join("appgrant.toml"), file).unwrap();
        self.hang_up(text).await;
    }

    async fn hang_up(&mut self, text: &str) {
        let before = self.process.log().matches(text).count();
        self.process.signal("HUP");
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.process.log().matches(text).count() == before {
            assert!(Instant::now() < deadline, "no more {text:?}: {}", self.process.log());
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn page(&self) -> String {
        self.process.browser().get("/login").await.body
    }
}

const DONE: &str = "were read anew";
const REFUSED: &str = "settings stay as they were";

#[tokio::test]
async fn name_colour_and_log_filter_are_taken_over() {
    let mut store = Store::start("store_name = 'First'", &[]).await;
    assert!(store.page().await.contains("First"));
    store.reload("store_name = 'Second'\nlog = 'appgrant=debug,info'", DONE).await;
    let page = store.page().await;
    assert!(page.contains("Second") && !page.contains("First"));
    store.reload("store_name = 'Third'\nlog = 'appgrant::web=warn,info'", DONE).await;
    let before = store.process.log().matches(" request").count();
    assert!(store.page().await.contains("Third"));
    assert_eq!(
        store.process.log().matches(" request").count(),
        before,
        "requests are told at info"
    );
    assert_eq!(store.process.terminate(), Some(0));
}

#[tokio::test]
async fn a_mistake_is_told_and_changes_nothing() {
    let mut store = Store::start("store_name = 'First'", &[]).await;
    for (file, says) in [
        ("store_name = 'Second'\nlog = '=='", "APPGRANT_LOG"),
        ("store_name = 'Second'\nstore_nam = 'x'", "store_nam (in appgrant.toml) is not a setting"),
        ("store_name = 'Second", "is not valid TOML"),
        ("store_name = 'Second'\nstore_logo = 'missing.svg'", "APPGRANT_STORE_LOGO"),
        ("store_name = 'Second'\ntls_certificate_file = 'x'", "APPGRANT_TLS_KEY_FILE"),
    ] {
        store.reload(file, REFUSED).await;
        assert!(store.process.log().contains(says), "{says}: {}", store.process.log());
        assert!(store.page().await.contains("First"), "{file}");
    }
    // The file is gone: then every setting is as the environment and the defaults have it.
    fs::remove_file(store.folder.path().join("appgrant.toml")).unwrap();
    store.hang_up(DONE).await;
    assert!(!store.page().await.contains("First"));
}

#[tokio::test]
async fn what_needs_a_restart_is_named() {
    let mut store = Store::start("callback_timeout_seconds = 3", &[]).await;
    store.reload("shutdown_seconds = 4\nanonymous = 'allow'", DONE).await;
    let log = store.process.log();
    for name in ["shutdown_seconds", "anonymous"] {
        assert!(log.contains(&format!("needs a restart setting={name}")), "{log}");
    }
}

/// The end of the certificate that is shown, as the client sees it.
async fn certificate(store: &Store) -> Vec<u8> {
    let browser = store.process.browser();
    let answer = browser.client.get(format!("{}/healthz", store.process.url)).send().await.unwrap();
    let shown = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    shown.peer_certificate().unwrap().to_vec()
}

fn host(address: &str) -> &str {
    address.split(':').next().unwrap()
}

#[tokio::test]
async fn a_new_certificate_is_shown_and_a_broken_one_never() {
    let (folder, address) = (tempfile::tempdir().unwrap(), own_address());
    let (pem, key) = pem_files(folder.path(), &[host(&address)]);
    let settings =
        [("APPGRANT_TLS_CERTIFICATE_FILE", pem.as_str()), ("APPGRANT_TLS_KEY_FILE", key.as_str())];
    let process = Process::start(folder.path(), &address, &settings).await;
    let mut store = Store { process, folder };
    let first = certificate(&store).await;

    pem_files(store.folder.path(), &[host(&address)]);
    assert_eq!(certificate(&store).await, first, "nothing is taken over before the signal");
    store.hang_up(DONE).await;
    let second = certificate(&store).await;
    assert_ne!(first, second);

    for broken in [Path::new(&pem), Path::new(&key)] {
        let good = fs::read(broken).unwrap();
        fs::write(broken, &good[..good.len() / 2]).unwrap();
        store.hang_up(REFUSED).await;
        fs::write(broken, good).unwrap();
        assert_eq!(certificate(&store).await, second);
    }
}
