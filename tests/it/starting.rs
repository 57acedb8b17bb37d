//! Starting: nobody is let in by a service that may still find that it cannot run.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::support::{own_address, stopped_at};

#[tokio::test]
async fn nobody_is_answered_before_the_database_has_said_all_that_a_start_asks() {
    let (folder, address) = (tempfile::tempdir().unwrap(), own_address());
    let settings = [("APPGRANT_LISTEN", address.clone())];
    let mut child = stopped_at("before-serving", folder.path(), &settings, &["serve"]).await;
    // The listener stands, so whoever comes waits.
    let mut browser = TcpStream::connect(&address).await.unwrap();
    browser.write_all(b"GET /healthz HTTP/1.1\r\nHost: shop.example\r\n\r\n").await.unwrap();
    let answer = timeout(Duration::from_millis(500), browser.read_u8()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.is_err(), "answered: {answer:?}");
}
