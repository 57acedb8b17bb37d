//! The service ends TLS itself: who comes is shown the certificate, in HTTP/1.1 and HTTP/2, and nobody is
//! answered without it.

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::support::{Process, TestApp, client_authority, pem_files};

async fn connect(app: &TestApp, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(client_authority()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let address = app.url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("shop.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn with_tls(names: &[&str]) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = pem_files(folder.path(), names);
    let app =
        TestApp::with(&[("TLS_CERTIFICATE_FILE", &certificate), ("TLS_KEY_FILE", &key)]).await;
    // Both were read at the start.
    drop(folder);
    app
}

#[tokio::test]
async fn whoever_comes_with_tls_is_answered_in_either_protocol() {
    let app = with_tls(&["shop.example"]).await;
    let mut stream = connect(&app, &["http/1.1"]).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"status":"ok"}"#),
        "{answer}"
    );

    let stream = connect(&app, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn nobody_is_answered_without_tls_and_rubbish_stops_nobody() {
    let app = with_tls(&["shop.example"]).await;
    let address = app.url.strip_prefix("http://").unwrap();
    for rubbish in
        [&b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\xff\xff", &[0; 9_000]]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(rubbish).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Closed or reset, as the system likes.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    connect(&app, &["http/1.1"]).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_ours() {
    let app = with_tls(&["other.example"]).await;
    connect(&app, &["http/1.1"]).await.unwrap_err();
}

/// What `serve` says about such files at its start.
fn complaint(folder: &Path, certificate: &str, key: &str) -> String {
    let settings = [("APPGRANT_TLS_CERTIFICATE_FILE", certificate), ("APPGRANT_TLS_KEY_FILE", key)];
    let (code, _, told) = Process::run_with(folder, &settings, &["serve"]);
    assert_eq!(code, 1, "{told}");
    told
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = pem_files(folder.path(), &["shop.example"]);
    let other = tempfile::tempdir().unwrap();
    let (_, other_key) = pem_files(other.path(), &["shop.example"]);
    std::fs::write(path("rubbish"), "rubbish with a secret").unwrap();
    std::fs::write(path("broken"), "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")
        .unwrap();
    for (certificate, key, says) in [
        (path("missing"), key.clone(), "APPGRANT_TLS_CERTIFICATE_FILE names"),
        (path("rubbish"), key.clone(), "it holds no certificate"),
        (path("broken"), key.clone(), "which cannot be used"),
        (certificate.clone(), path("rubbish"), "it holds no private key"),
        (certificate.clone(), path("missing"), "APPGRANT_TLS_KEY_FILE names"),
        (certificate.clone(), certificate.clone(), "it holds no private key"),
        (certificate, other_key, "names a private key that is not the certificate's"),
    ] {
        let told = complaint(folder.path(), &certificate, &key);
        assert!(told.contains(says) && told.trim().lines().count() == 1, "{told}");
        assert!(!told.contains("with a secret"), "{told}");
    }
}
