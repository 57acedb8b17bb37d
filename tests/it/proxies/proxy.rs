//! A real proxy in a process of its own, with the configuration that operators copy.
//!
//! What a test must change is what an operator changes too: addresses, certificate, file names.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::Instant};

use super::client::{Client, SHOP};
use crate::support::own_address;

/// A running proxy; killed when dropped.
pub struct Proxy {
    pub client: Client,
    /// What clients that are not of this process must trust.
    pub certificate: PathBuf,
    child: Child,
    // Removed after the process has ended.
    _folder: TempDir,
}

/// What a proxy's start has to work with.
pub struct Site<'a> {
    /// A folder of its own.
    pub folder: &'a Path,
    /// Where it listens without TLS and with it.
    pub plain: &'a str,
    pub tls: &'a str,
    /// Files of the certificate and its key, apart and in one.
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub both: PathBuf,
}

impl Proxy {
    /// Starts one: `configure` writes its files and gives the command.
    pub async fn start(configure: impl FnOnce(&Site<'_>) -> Command) -> Self {
        Self::start_at((own_address(), own_address()), configure).await
    }

    /// Starts one that listens there, without TLS and with it.
    pub async fn start_at(
        (plain, tls): (String, String),
        configure: impl FnOnce(&Site<'_>) -> Command,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let key = KeyPair::generate().unwrap();
        let (host, _) = tls.rsplit_once(':').unwrap();
        let names = [SHOP.to_owned(), host.to_owned()];
        let leaf = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let (certificate, private) = (leaf.pem(), key.serialize_pem());
        fs::write(file("shop.crt"), &certificate).unwrap();
        fs::write(file("shop.key"), &private).unwrap();
        fs::write(file("shop.pem"), certificate + &private).unwrap();
        let mut command = configure(&Site {
            folder: folder.path(),
            plain: &plain,
            tls: &tls,
            certificate: file("shop.crt"),
            key: file("shop.key"),
            both: file("shop.pem"),
        });
        let log = file("proxy.log");
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let client = Client { plain, tls, root: leaf.der().clone() };
        let mut proxy = Self { client, certificate: file("shop.crt"), child, _folder: folder };
        proxy.wait_until_up(&log).await;
        proxy
    }

    async fn wait_until_up(&mut self, log: &Path) {
        let deadline = Instant::now() + Duration::from_secs(30);
        for address in [&self.client.plain, &self.client.tls] {
            while TcpStream::connect(address).await.is_err() {
                let said = fs::read_to_string(log).unwrap();
                assert!(self.child.try_wait().unwrap().is_none(), "it ended: {said}");
                assert!(Instant::now() < deadline, "it does not listen: {said}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM, so that it takes its own children along.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The file of `contrib/`, with those texts replaced; each must be there.
pub fn contrib(file: &str, changes: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(file);
    let mut text = fs::read_to_string(path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "contrib/{file} has no {from:?}");
        text = text.replace(from, to);
    }
    text
}

/// The program, or a failure that says what to install.
pub fn program(name: &str, package: &str) -> Command {
    let Some(path) = find(name) else {
        panic!("{name} is missing: install Debian's package {package}");
    };
    Command::new(path)
}

/// Where that program is.
pub fn find(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
}
