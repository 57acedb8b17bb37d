//! Apps that speak HTTP/2: the same delivery, and the same limits.

use std::{convert::Infallible, sync::Arc};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, body::Bytes, body::Incoming, server::conn::http2, service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpListener, sync::mpsc};
use tokio_rustls::TlsAcceptor;

use crate::support::{TestApp, approve_in_vain, request, server_config};

type Answer = Response<Full<Bytes>>;

/// Starts an app that speaks HTTP/2 only; gives its address and the bodies it gets.
async fn app(
    answer: impl Fn() -> Answer + Copy + Send + Sync + 'static,
) -> (String, mpsc::UnboundedReceiver<(String, Bytes)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/keys?a=1", listener.local_addr().unwrap().port());
    let mut tls = server_config(&["localhost"]);
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let heard = heard.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let heard = heard.clone();
                async move {
                    let target = format!("{} {}", request.method(), request.uri());
                    let length = request.headers().get("content-length").cloned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    assert_eq!(length.unwrap(), body.len().to_string().as_str());
                    let _ = heard.send((target, body));
                    Ok::<_, Infallible>(answer())
                }
            });
            let serving = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(1024 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    (url, hears)
}

#[tokio::test]
async fn the_keys_arrive_by_http_2() {
    let store = TestApp::start().await;
    let (url, mut heard) =
        app(|| Response::builder().status(201).body(Full::default()).unwrap()).await;
    let manager = store.logged_in("max").await;
    let page = manager.consent(&request(&url)).await;
    assert!(manager.approve(&page).await.location().contains("success=1"));
    let (target, body) = heard.recv().await.unwrap();
    assert_eq!(target, format!("POST {url}"));
    assert!(body.starts_with(b"{\"key_id\":"), "{body:?}");
}

#[tokio::test]
async fn its_headers_are_capped_and_its_refusal_is_told() {
    let store = TestApp::start().await;
    let (url, _heard) = app(|| {
        let filler = "x".repeat(64 * 1024);
        Response::builder().header("x-filler", filler).body(Full::default()).unwrap()
    })
    .await;
    let (_, page) = approve_in_vain(&store.logged_in("max").await, &url).await;
    let told = page.text("ol.timeline");
    assert!(told.contains("broken_answer") || told.contains("status 431"), "{told}");
    let (url, _heard) =
        app(|| Response::builder().status(503).body(Full::default()).unwrap()).await;
    let (_, page) = approve_in_vain(&store.logged_in("max").await, &url).await;
    assert!(page.text("ol.timeline").contains("Answered with status 503"));
}
