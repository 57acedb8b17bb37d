//! nginx with the file of `contrib/`: as it stands, and with signed requests let pass in the clear.

use std::{fs, path::Path, process::Command};

use super::{
    Proxy, Request, Site, Store,
    cases::{ORDERS, orders},
    contrib, guards, keeps_credentials, program,
};
use crate::support::TestApp;

/// What the file says to uncomment with `APPGRANT_OAUTH1=true`.
const SIGNED: [(&str, &str); 2] = [
    (r#"# "~^http 1 [^ ]*[?&]oauth_signature=" 0;"#, r#""~^http 1 [^ ]*[?&]oauth_signature=" 0;"#),
    (
        r#"# "~^http 1 [^ ]* OAuth .*oauth_signature=" 0;"#,
        r#""~^http 1 [^ ]* OAuth .*oauth_signature=" 0;"#,
    ),
];

/// nginx in front of that AppGrant and that store; `signed` lets signed requests pass in the clear.
pub fn nginx(site: &Site<'_>, app: &str, store: &str, signed: bool) -> Command {
    let listen = |address: &str, more: &str| format!("listen {address}{more};");
    let (plain, tls) = (listen(site.plain, ""), listen(site.tls, " ssl http2"));
    let mut changes = vec![
        ("listen [::]:80;", ""),
        ("listen [::]:443 ssl http2;", ""),
        ("listen 80;", &plain),
        ("listen 443 ssl http2;", &tls),
        ("/etc/ssl/certs/shop.example.pem", site.certificate.to_str().unwrap()),
        ("/etc/ssl/private/shop.example.key", site.key.to_str().unwrap()),
        ("127.0.0.1:8080", app),
        ("127.0.0.1:9000", store),
    ];
    changes.extend(SIGNED.into_iter().filter(|_| signed));
    let file = site.folder.join("nginx.conf");
    fs::write(&file, whole(site, &contrib("nginx/appgrant.conf", &changes))).unwrap();
    let mut command = program("nginx", "nginx");
    command.arg("-p").arg(site.folder).arg("-c").arg(file).args(["-e", "stderr"]);
    command
}

fn whole(site: &Site<'_>, configuration: &str) -> String {
    let folder = site.folder.display();
    let temporary: Vec<_> = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .collect();
    let temporary = temporary.concat();
    format!(
        "daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log stderr;\n\
         events {{}}\nhttp {{ access_log off;\n{temporary}{configuration}}}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_guards() {
    guards(|site, app, store| nginx(site, app, store, false)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_credentials_if_told_so() {
    keeps_credentials(|site, app, store| nginx(site, app, store, false)).await;
}

/// All that holds without the two lines holds with them, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_guards_where_signed_requests_pass() {
    guards(|site, app, store| nginx(site, app, store, true)).await;
}

/// The block of `docs/run.md`, as it stands: what needs TLS is not refused for want of it behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_block_to_begin_with_says_that_requests_have_tls() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://shop.example/auth")]).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(|site| first(site, &address)).await;
    let asks = Request::new("POST", "/auth/oauth2/token").basic("ck_a", "cs_a");
    let told = proxy.client.send(&asks.form(b"grant_type=client_credentials")).await;
    assert_eq!((told.status, &told.json()["error"]), (401, &"invalid_client".into()), "{told:?}");
    let asks = Request::new("POST", "/auth/wp-json/woo-license-keys/v1/activate");
    let told = proxy.client.send(&asks.form(b"sku=pro")).await;
    assert_eq!((told.status, &told.json()["error"]), (200, &true.into()), "{told:?}");
    let plain = Request::new("POST", "/auth/oauth2/token").form(b"a=b");
    let told = proxy.client.send_plain(&plain).await;
    assert_eq!(told.status, 400, "{told:?}");
    assert!(told.json()["error_description"].as_str().unwrap().contains("X-Forwarded-Proto"));
}

/// nginx with that block and a certificate.
fn first(site: &Site<'_>, app: &str) -> Command {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/run.md");
    let page = fs::read_to_string(page).unwrap();
    let block = page.split("```nginx\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(block.contains("http://127.0.0.1:8080"), "{block}");
    let server = format!(
        "server {{ listen {}; listen {} ssl; server_name shop.example;\n\
         ssl_certificate {}; ssl_certificate_key {};\n{}}}\n",
        site.plain,
        site.tls,
        site.certificate.display(),
        site.key.display(),
        block.replace("127.0.0.1:8080", app)
    );
    let file = site.folder.join("nginx.conf");
    fs::write(&file, whole(site, &server)).unwrap();
    let mut command = program("nginx", "nginx");
    command.arg("-p").arg(site.folder).arg("-c").arg(file).args(["-e", "stderr"]);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_clear_only_the_api_is_asked_about_and_only_what_is_signed() {
    let app = TestApp::with(&[("OAUTH1", "true")]).await;
    let store = Store::start().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let proxy = Proxy::start(|site| nginx(site, &address, &store.address, true)).await;
    let get = |target: &str| Request::new("GET", target);
    for unsigned in [
        orders(),
        orders().basic("ck_a", "cs_a"),
        orders().with("Authorization", "oauth oauth_signature=x"),
        orders().with("Authorization", "OAuth realm=\"x\""),
        orders().with("X-Forwarded-Proto", "https").basic("ck_a", "cs_a"),
        orders().with("Cookie", "oauth_signature=x").with("Referer", "/?oauth_signature=x"),
        get(&format!("{ORDERS}?consumer_key=ck_a&consumer_secret=cs_a")),
        get(&format!("{ORDERS}?xoauth_signature=x&oauth_signature")),
        get(&format!("{ORDERS}/oauth_signature=x")),
        Request::new("OPTIONS", ORDERS),
        get("/shop/account?oauth_signature=x"),
        get("/shop/account").with("Authorization", "OAuth oauth_signature=x"),
        get("/wp-json/wc/../../shop/account?oauth_signature=x"),
        get("/login?oauth_signature=x"),
        get("/admin/?oauth_signature=x").with("Authorization", "OAuth oauth_signature=x"),
        get("/wc-auth/v1/authorize?oauth_signature=x"),
        get("/static/../verify?oauth_signature=x"),
    ] {
        let reply = proxy.client.send_plain(&unsigned).await;
        assert_eq!(reply.status, 308, "{reply:?}");
        assert!(reply.header("Location").starts_with("https://"), "{reply:?}");
    }
    let signed = format!("{ORDERS}?oauth_signature=x");
    let routed = "/?rest_route=/wc/v3/orders&oauth_signature=x";
    for (judged, reason) in [
        (get(&signed), "missing_oauth_parameter"),
        (get(&signed).basic("ck_a", "cs_a"), "missing_oauth_parameter"),
        (get(&signed).with("X-Forwarded-Proto", "https"), "missing_oauth_parameter"),
        (get(routed), "missing_oauth_parameter"),
        (orders().with("Authorization", "OAuth oauth_signature=\"x\""), "missing_oauth_parameter"),
    ] {
        let reply = proxy.client.send_plain(&judged).await;
        assert_eq!((reply.status, reply.reason().as_str()), (401, reason), "{reply:?}");
    }
}
