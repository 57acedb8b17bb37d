//! `appgrant dev receiver` in a process of its own, and what it prints.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use reqwest::{Certificate, Client, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::Value;
use tokio::{net::TcpStream, time::Instant};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{own_address, process};

/// A running receiver, killed when dropped.
pub struct DevReceiver {
    child: Child,
    folder: PathBuf,
    /// `localhost:PORT`, for callback URLs.
    pub host: String,
}

impl DevReceiver {
    /// Starts one in `folder` that believes the store at `store`.
    pub async fn start(folder: &Path, store: &str, options: &[&str]) -> Self {
        let file = |name: &str| File::create(folder.join(name)).unwrap();
        let child = process::command(folder, &own_address())
            .args(["dev", "receiver", "--listen", "127.0.0.1:0", "--store", store])
            .args(options)
            .stdin(Stdio::null())
            .stdout(file("receiver.out"))
            .stderr(file("receiver.err"))
            .spawn()
            .unwrap();
        let mut receiver = Self { child, folder: folder.to_owned(), host: String::new() };
        let talk = receiver.wait_for("receiver.err", "one after the other").await;
        let host = talk.split("listens at https://").nth(1).unwrap();
        host.split(". ").next().unwrap().clone_into(&mut receiver.host);
        receiver
    }

    /// The callback URL whose path is that.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.host)
    }

    /// What it said to the person who started it.
    pub fn talk(&self) -> String {
        fs::read_to_string(self.folder.join("receiver.err")).unwrap()
    }

    /// What it printed about callbacks.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.folder.join("receiver.out")).unwrap()
    }

    /// Waits until it has printed that many JSON lines; gives them all.
    pub async fn lines(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.printed().matches('\n').count() < count {
            assert!(Instant::now() < deadline, "{count} lines were expected: {}", self.printed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.printed().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until it has said `text`.
    pub async fn wait_for_talk(&self, text: &str) {
        self.wait_for("receiver.err", text).await;
    }

    /// Waits until it has printed `text`.
    pub async fn wait_for_print(&self, text: &str) -> String {
        self.wait_for("receiver.out", text).await
    }

    async fn wait_for(&self, file: &str, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let seen = fs::read_to_string(self.folder.join(file)).unwrap();
            if seen.contains(text) {
                return seen;
            }
            assert!(Instant::now() < deadline, "{text:?} is not in {file}: {seen}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A client that trusts its authority.
    pub fn client(&self) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pem = fs::read(self.folder.join("appgrant-dev/ca.pem")).unwrap();
        Client::builder()
            .tls_certs_only([Certificate::from_pem(&pem).unwrap()])
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap()
    }

    /// A TLS connection to it, for what no client would send.
    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pem = fs::read(self.folder.join("appgrant-dev/ca.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(provider);
        let config = builder.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(self.host.replace("localhost", "127.0.0.1")).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }

    /// Ends it as Ctrl-C does; gives its exit code.
    pub fn interrupt(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for DevReceiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
