//! The proxies' configurations in `contrib/`, each tried with the real proxy in front of AppGrant and
//! a store; Traefik and Envoy as they ask.

mod asked;
mod cases;
mod client;
mod nginx;
mod proxy;
mod store;

use std::{fs, process::Command};

use cases::Shop;
use proxy::{contrib, program};

pub use client::Request;
pub use nginx::nginx;
pub use proxy::{Proxy, Site, find};
pub use store::Store;

use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_guards() {
    guards(caddy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_keeps_credentials_if_told_so() {
    keeps_credentials(caddy).await;
}

fn caddy(site: &Site<'_>, app: &str, store: &str) -> Command {
    let port = |address: &str| address.rsplit_once(':').unwrap().1.to_owned();
    let (host, _) = site.tls.rsplit_once(':').unwrap();
    let certificate = format!("tls {} {}", site.certificate.display(), site.key.display());
    let configuration = contrib(
        "caddy/Caddyfile",
        &[
            (
                "# tls /etc/ssl/certs/shop.example.pem /etc/ssl/private/shop.example.key",
                &certificate,
            ),
            ("127.0.0.1:8080", app),
            ("127.0.0.1:9000", store),
        ],
    );
    let whole = format!(
        "{{\nadmin off\nhttp_port {}\nhttps_port {}\ndefault_bind {host}\nskip_install_trust\n}}\n{configuration}",
        port(site.plain),
        port(site.tls)
    );
    let file = site.folder.join("Caddyfile");
    fs::write(&file, whole).unwrap();
    let mut command = program("caddy", "caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    command.env("HOME", site.folder).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_guards() {
    guards(haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_keeps_credentials_if_told_so() {
    keeps_credentials(haproxy).await;
}

fn haproxy(site: &Site<'_>, app: &str, store: &str) -> Command {
    let script = site.folder.join("appgrant.lua");
    fs::write(&script, contrib("haproxy/appgrant.lua", &[])).unwrap();
    let configuration = contrib(
        "haproxy/haproxy.cfg",
        &[
            ("    user haproxy\n", ""),
            ("    group haproxy\n", ""),
            ("bind :80\n", &format!("bind {}\n", site.plain)),
            ("bind :443 ", &format!("bind {} ", site.tls)),
            ("/etc/haproxy/certs/shop.example.pem", site.both.to_str().unwrap()),
            ("/etc/haproxy/appgrant.lua", script.to_str().unwrap()),
            ("127.0.0.1:8080", app),
            ("127.0.0.1:9000", store),
        ],
    );
    let file = site.folder.join("haproxy.cfg");
    fs::write(&file, configuration).unwrap();
    let mut command = program("haproxy", "haproxy");
    command.arg("-db").arg("-f").arg(file);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apache_guards() {
    guards(apache).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apache_keeps_credentials_if_told_so() {
    keeps_credentials(apache).await;
}

fn apache(site: &Site<'_>, app: &str, store: &str) -> Command {
    let script = site.folder.join("appgrant.lua");
    let (host, port) = app.rsplit_once(':').unwrap();
    let address = format!("\"{host}\", {port}");
    let changes = [("\"127.0.0.1\", 8080", address.as_str())];
    fs::write(&script, contrib("apache/appgrant.lua", &changes)).unwrap();
    let configuration = contrib(
        "apache/appgrant.conf",
        &[
            ("*:80>", &format!("{}>", site.plain)),
            ("*:443>", &format!("{}>", site.tls)),
            ("/etc/ssl/certs/shop.example.pem", site.certificate.to_str().unwrap()),
            ("/etc/ssl/private/shop.example.key", site.key.to_str().unwrap()),
            ("/etc/apache2/appgrant.lua", script.to_str().unwrap()),
            ("127.0.0.1:8080", app),
            ("127.0.0.1:9000", store),
        ],
    );
    let modules: Vec<_> = [
        "mpm_event",
        "authz_core",
        "alias",
        "socache_shmcb",
        "ssl",
        "headers",
        "proxy",
        "proxy_http",
        "lua",
    ]
    .iter()
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .collect();
    let modules = modules.concat();
    let folder = site.folder.display();
    let whole = format!(
        "ServerRoot {folder}\nPidFile {folder}/apache.pid\nDefaultRuntimeDir {folder}\n\
             ErrorLog /dev/stderr\nServerName shop.example\n{modules}\
             Listen {}\nListen {} https\n{configuration}",
        site.plain, site.tls
    );
    let file = site.folder.join("apache.conf");
    fs::write(&file, whole).unwrap();
    let mut command = program("apache2", "apache2");
    command.arg("-DFOREGROUND").arg("-f").arg(file);
    command
}

/// Starts AppGrant that lets credentials through, a store and the proxy between them and the world.
async fn keeps_credentials(configure: impl FnOnce(&Site<'_>, &str, &str) -> Command) {
    let app = TestApp::with(&[("KEEP_CREDENTIALS", "true")]).await;
    let store = Store::start().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(|site| configure(site, &address, &store.address)).await;
    Shop::new(&app, proxy.client.clone()).await.keeps_credentials().await;
}

/// Starts AppGrant, a store and the proxy between them and the world; then tries everything.
async fn guards(configure: impl FnOnce(&Site<'_>, &str, &str) -> Command) {
    let app = TestApp::start().await;
    let store = Store::start().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(|site| configure(site, &address, &store.address)).await;
    Shop::new(&app, proxy.client.clone()).await.keeps_the_house().await;
    app.stop().await;
    let gone = proxy.client.send(&cases::orders()).await;
    assert_eq!((gone.status, gone.reason()), (503, "unavailable".to_owned()), "{gone:?}");
    assert!(!gone.header("Retry-After").is_empty(), "{gone:?}");
}
