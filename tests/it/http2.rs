//! Apps that would rather speak HTTP/2, and apps that break TLS behind the handshake.
//!
//! Deliveries are HTTP/1.1 only: on an HTTP/2 stream an app could answer early, leave the body waiting
//! for its window, and take the keys long after the attempt was over.

use std::sync::Arc;

use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};

use crate::support::{
    Manner, RoughApp, TestApp, approve_in_vain, client_authority, request, server_config,
    server_config_asking,
};

fn preferring(protocols: &[&str]) -> ServerConfig {
    let mut tls = server_config(&["localhost"]);
    tls.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    tls
}

#[tokio::test]
async fn an_app_that_prefers_http_2_is_spoken_to_in_http_1() {
    let store = TestApp::start().await;
    let answer = Manner::says("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    let app = RoughApp::start(Some(preferring(&["h2", "http/1.1"])), answer).await;
    let manager = store.logged_in("max").await;
    let page = manager.consent(&request(&app.url())).await;
    assert!(manager.approve(&page).await.location().contains("success=1"));
    assert!(app.heard() > 0);
}

#[tokio::test]
async fn an_app_that_speaks_nothing_else_is_told_so() {
    let store = TestApp::start().await;
    let app = RoughApp::start(Some(preferring(&["h2"])), Manner::Silent).await;
    let (_, page) = approve_in_vain(&store.logged_in("max").await, &app.url()).await;
    let told = page.text("ol.timeline");
    assert!(told.contains("Nothing was sent.") && told.contains("with HTTP/1.1"), "{told}");
    assert_eq!(app.heard(), 0);
}

/// In TLS 1.3 a server's refusal of the client comes after the client's request: by then it may have
/// read the keys, and nobody may be told that nothing was sent.
#[tokio::test]
async fn nobody_is_told_that_nothing_was_sent_when_it_was() {
    let store = TestApp::start().await;
    let mut roots = RootCertStore::empty();
    roots.add(client_authority()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let app = RoughApp::start(Some(server_config_asking(verifier)), Manner::Silent).await;
    let (_, page) = approve_in_vain(&store.logged_in("max").await, &app.url()).await;
    let told = page.text("ol.timeline");
    assert!(told.contains("Keys sent") && !told.contains("Nothing was sent"), "{told}");
    assert!(told.contains("broken_answer") && told.contains("no client certificate"), "{told}");
}
