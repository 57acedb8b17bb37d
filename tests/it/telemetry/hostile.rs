//! Hostile requests to the metrics' listener.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{scrape::Scrape, story::Story};

/// Sends that and reads until the end; empty if nothing was said.
async fn said(address: &str, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever is refused in the middle of it hangs up.
    let _ = stream.write_all(sent).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = timeout(Duration::from_secs(15), read).await.expect("it hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn nothing_else_is_there_and_nothing_else_may_be_done() {
    let story = Story::begin(&[]).await;
    let (metrics, service) = (&story.metrics, &story.process.url);
    let client = reqwest::Client::new();
    for path in ["/", "/metrics/", "/metrics/x", "/healthz", "/verify", "/login"] {
        let answer = client.get(format!("http://{metrics}{path}")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (404, String::new()));
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let method = method.parse().unwrap();
        let answer = client.request(method, format!("http://{metrics}/metrics")).send();
        let answer = answer.await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["allow"]),
            (405, &"GET, HEAD".parse().unwrap())
        );
    }
    let answer = client.head(format!("http://{metrics}/metrics")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, String::new()));
    let answer = client.get(format!("{service}/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 404, "never on the service's own listener");
}

#[tokio::test]
async fn neither_huge_nor_slow_nor_broken_requests_stop_it() {
    let story = Story::begin(&[]).await;
    let address = &story.metrics;
    let huge = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let broken = b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n";
    let slow = b"GET /metrics HTTP/1.1\r\nhost: x\r\nx: ";
    let (huge, broken, slow) =
        tokio::join!(said(address, huge.as_bytes()), said(address, broken), said(address, slow),);
    for answer in [huge, broken, slow] {
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    assert!(Scrape::of(address).await.has("appgrant_keys_in_memory"));
}
