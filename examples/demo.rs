//! The whole story on one machine: `cargo run --release --example demo`.
//!
//! Starts AppGrant on SQLite in `./demo-data`, a small store whose API asks AppGrant about every
//! request, and a third-party app with an HTTPS callback under a certificate authority made here.
//! Prints one link, a login and a password. With `--auto` it plays the manager itself, prints each
//! step, and exits 0 only if the app's key worked.

#![allow(missing_docs, reason = "an example is read, not linked")]

#[path = "demo/app.rs"]
mod app;
#[path = "demo/auto.rs"]
mod auto;
#[path = "demo/certificates.rs"]
mod certificates;
#[path = "demo/service.rs"]
mod service;
#[path = "demo/store.rs"]
mod store;

use std::{error::Error, fs, net::TcpListener, path::Path, process::ExitCode};

type Outcome<T> = Result<T, Box<dyn Error>>;

const FOLDER: &str = "demo-data";

#[tokio::main]
async fn main() -> ExitCode {
    let auto = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--auto") => true,
        Some(other) => {
            eprintln!("demo: {other} is unknown; there is only --auto");
            return ExitCode::from(2);
        }
    };
    match run(auto).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(auto: bool) -> Outcome<()> {
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder)?;
    let tls = certificates::make(folder)?;
    let appgrant = service::start(folder, listen(8080)?).await?;
    let store_url = store::start(appgrant.services.clone(), listen(8081)?)?;
    let app_url = app::start(&appgrant.url, &store_url, (listen(8082)?, listen(8443)?), tls)?;
    if auto {
        auto::play(&app_url, &appgrant).await?;
        appgrant.stop().await;
        return Ok(());
    }
    println!("\n  Open      {app_url}");
    println!("  Log in    {}   {}\n", appgrant.login, appgrant.password);
    println!("  The app’s page has one button, “Connect your store”. Ctrl-C ends the demo.\n");
    tokio::signal::ctrl_c().await?;
    appgrant.stop().await;
    Ok(())
}

/// That port of this machine, or any free one.
fn listen(port: u16) -> Outcome<TcpListener> {
    let wanted = TcpListener::bind(("127.0.0.1", port));
    Ok(wanted.or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?)
}
