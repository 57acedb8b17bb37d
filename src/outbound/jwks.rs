//! Fetches a store's public keys for the developers' receiver.
//!
//! No address guard: the person at the terminal names the store. Little time, little room, no redirect,
//! no proxy, as for everything that leaves here.

use std::time::Duration;

use reqwest::{Client, Response, redirect};
use url::Url;

use super::failures::innermost;
use crate::domain::signature::JwkSet;

/// From connecting to the last byte.
const LONGEST_TIME: Duration = Duration::from_secs(3);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Why there are no keys; `Display` names the address it tried.
#[derive(Debug, thiserror::Error)]
#[error("{url} {reason}")]
pub struct NoJwks {
    url: Url,
    reason: String,
}

/// The keys published by the store at that public address.
///
/// # Errors
/// If the store cannot be reached in time, or answers something else.
pub async fn fetch(store: &Url) -> Result<JwkSet, NoJwks> {
    let url = address(store);
    read(&url).await.map_err(|reason| NoJwks { url, reason })
}

/// Where a store publishes its keys: below its path prefix.
fn address(store: &Url) -> Url {
    let mut url = store.clone();
    url.set_path(&format!("{}/.well-known/jwks.json", store.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
}

async fn read(url: &Url) -> Result<JwkSet, String> {
    let failed = |error: reqwest::Error| unreadable(&error);
    // Whoever comes first in this process decides; it is the same choice everywhere here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(LONGEST_TIME)
        .build()
        .map_err(failed)?;
    let response = client.get(url.clone()).send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(format!("answers {}, not the store's keys", response.status().as_u16()));
    }
    let body = body(response).await?;
    serde_json::from_slice(&body).map_err(|_| "answers no JSON Web Key Set".to_owned())
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST => {
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err("answers more than a JSON Web Key Set".to_owned()),
            Ok(None) => return Ok(body),
            Err(error) => return Err(unreadable(&error)),
        }
    }
}

fn unreadable(error: &reqwest::Error) -> String {
    let seconds = LONGEST_TIME.as_secs();
    if error.is_timeout() {
        return format!("cannot be read: no answer within {seconds} seconds");
    }
    format!("cannot be read: {}", innermost(error))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A store that answers one request with these bytes.
    async fn store(answer: Vec<u8>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
        });
        Url::parse(&format!("http://{address}/auth/")).unwrap()
    }

    fn answer(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[test]
    fn the_address_keeps_the_prefix() {
        for (store, url) in [
            ("https://s.example", "https://s.example/.well-known/jwks.json"),
            ("https://s.example/auth/?a#b", "https://s.example/auth/.well-known/jwks.json"),
        ] {
            assert_eq!(address(&Url::parse(store).unwrap()).as_str(), url);
        }
    }

    #[tokio::test]
    async fn keys_are_read_and_everything_else_is_told() {
        assert!(fetch(&store(answer("200 OK", r#"{"keys":[]}"#)).await).await.is_ok());
        for (bytes, says) in [
            (answer("404 Not Found", "{}"), "/auth/.well-known/jwks.json answers 404"),
            (answer("302 Found", ""), "answers 302"),
            (answer("200 OK", "<html>"), "answers no JSON Web Key Set"),
            (answer("200 OK", &" ".repeat(LARGEST + 1)), "answers more than"),
            (b"rubbish\r\n\r\n".to_vec(), "cannot be read"),
            (Vec::new(), "cannot be read"),
        ] {
            let error = fetch(&store(bytes).await).await.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let nobody = Url::parse("http://127.0.0.1:1/").unwrap();
        let error = fetch(&nobody).await.unwrap_err().to_string();
        assert!(error.ends_with("cannot be read: connection refused"), "{error}");
    }
}
