//! An app's link: routing and validation (wire.md §1.1 to §1.3, with contract §4).

use reqwest::Method;

use crate::support::{Answer, TestApp, encode};

/// A good request.
pub const GOOD: &str = "app_name=My%20App&user_id=123&return_url=http%3A%2F%2Fapp.com%2Freturn&callback_url=https%3A%2F%2Fapp.com%2Fcb&scope=read";

/// The good request with one parameter's value exchanged.
pub fn with(name: &str, value: &str) -> String {
    format!("{GOOD}&{name}={}", encode(value))
}

async fn authorize(app: &TestApp, query: &str) -> Answer {
    app.browser().get(&format!("/wc-auth/v1/authorize?{query}")).await
}

#[tokio::test]
async fn routes_are_found_as_in_woocommerce() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let login = format!("{}/wc-auth/v1/login?{GOOD}", app.url);
    for path in [
        "/wc-auth/v1/authorize",
        "/wc-auth/v1/authorize/",
        "/wc-auth/v1/AUTHORIZE",
        "/wc-auth/v1/Authorize//",
    ] {
        let answer = browser.get(&format!("{path}?{GOOD}")).await;
        assert_eq!((answer.status, answer.location()), (302, login.as_str()), "{path}");
    }
    for version in ["1", "2", ""] {
        let path = format!("/?wc-auth-version={version}&wc-auth-route=authorize&{GOOD}");
        assert_eq!(browser.get(&path).await.location(), login, "version {version:?}");
    }
    for path in [
        "/wc-auth/v1",
        "/wc-auth/v1/",
        "/wc-auth/v2/authorize",
        "/wc-auth/v11/authorize",
        "/sub/wc-auth/v1/authorize",
        "/WC-AUTH/v1/authorize",
    ] {
        let answer = browser.get(&format!("{path}?{GOOD}")).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.text("h1"), "There is no such page", "{path}");
        let told: serde_json::Value =
            serde_json::from_str(&browser.get_json(path).await.body).unwrap();
        assert_eq!((&told["code"], &told["data"]["status"]), (&"not_found".into(), &404.into()));
    }
    for path in ["/wp-json/", "/wp-json/wc/v3/orders", "/wp-json/woo-license-keys/v1/renew"] {
        let told: serde_json::Value = serde_json::from_str(&browser.get(path).await.body).unwrap();
        let words = "No route was found matching the URL and request method.";
        assert_eq!((&told["code"], &told["message"]), (&"rest_no_route".into(), &words.into()));
        assert_eq!(told["data"]["status"], 404, "as WordPress, whatever is accepted");
    }
    for path in ["/wc-auth/v1/foo", "/wc-auth/v1/authorize/extra", "/wc-auth/v1//authorize"] {
        let answer = browser.get(&format!("{path}?{GOOD}")).await;
        assert_eq!(
            answer.error(),
            "Error: You do not have permission to access this page.",
            "{path}"
        );
        assert_eq!(browser.get(path).await.error(), "Error: Missing parameter app_name.", "{path}");
    }
}

#[tokio::test]
async fn any_method_is_taken_and_the_body_of_a_post_wins() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let login = format!("{}/wc-auth/v1/login?{GOOD}", app.url);
    for method in
        [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::HEAD]
    {
        let request = browser.request(method.clone(), &format!("/wc-auth/v1/authorize?{GOOD}"));
        assert_eq!(browser.send(request).await.location(), login, "{method}");
    }
    let path = format!("/wc-auth/v1/authorize?{}&app_name=A&app_name=B", with("scope", "write"));
    let fields = [("scope", "read"), ("app_name", "My App")];
    assert_eq!(browser.post(&path, &fields).await.location(), login);
    let form = browser.request(Method::POST, "/wc-auth/v1/authorize").body(GOOD);
    let form = form.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    assert_eq!(browser.send(form).await.location(), login, "a form without a query");
}

#[tokio::test]
async fn parameters_are_checked_in_order_and_named() {
    let app = TestApp::start().await;
    let names = ["app_name", "user_id", "return_url", "callback_url", "scope"];
    for route in ["authorize", "login", "access_granted"] {
        let mut sent = String::new();
        for (at, name) in names.iter().enumerate() {
            for empty in ["", "0"] {
                let query = format!("{sent}&{name}={empty}");
                let answer = app.browser().get(&format!("/wc-auth/v1/{route}?{query}")).await;
                assert_eq!(answer.status, 401);
                assert_eq!(answer.error(), format!("Error: Missing parameter {name}."), "{route}");
            }
            let answer = app.browser().get(&format!("/wc-auth/v1/{route}?{sent}&{name}[]=x")).await;
            assert_eq!(answer.error(), format!("Error: Invalid parameter {name}."), "{route}");
            sent = format!("{sent}&{}", GOOD.split('&').nth(at).unwrap());
        }
    }
}

#[tokio::test]
async fn each_error_has_woocommerces_text() {
    let app = TestApp::start().await;
    for (name, value, text) in [
        ("scope", "Read", "Invalid scope Read"),
        ("scope", " read ", "Invalid scope read"),
        ("scope", "<b>x</b>", "Invalid scope x"),
        ("return_url", "/path", "The https:///path is not a valid URL"),
        ("callback_url", "http://", "The http:// is not a valid URL"),
        ("callback_url", "http://app.com/cb", "The callback_url needs to be over SSL"),
        ("callback_url", "myapp://cb", "The callback_url needs to be over SSL"),
        (
            "callback_url",
            "https://u:p@app.com/",
            "The callback_url must not contain a user name or password",
        ),
        (
            "callback_url",
            "https://app.com:25/",
            "The callback_url uses port 25, which is reserved for another protocol",
        ),
        (
            "return_url",
            "javascript://%0aalert(1)",
            "The javascript://%0aalert(1) is not a valid URL",
        ),
        ("return_url", "http://a\"><script>b/", "The http://a\"><script>b/ is not a valid URL"),
    ] {
        let answer = authorize(&app, &with(name, value)).await;
        assert_eq!(answer.status, 401, "{value}");
        assert_eq!(answer.error(), format!("Error: {text}."), "{value}");
        assert!(!answer.body.contains("<script"), "{}", answer.body);
    }
    let answer = authorize(&app, &format!("{GOOD}&app_name=%ff")).await;
    assert_eq!(answer.error(), "Error: Invalid parameter app_name.");
    let answer = authorize(&app, &format!("{GOOD}&user_id=a%00b")).await;
    assert_eq!(answer.error(), "Error: Invalid parameter user_id.");
    let answer = authorize(&app, &with("user_id", &"x".repeat(4097))).await;
    assert_eq!(answer.error(), "Error: Invalid parameter user_id: it is longer than 4096 bytes.");
}

#[tokio::test]
async fn the_error_page_is_woocommerces() {
    let app = TestApp::start().await;
    let answer = authorize(&app, "").await;
    assert_eq!(answer.header("content-type"), "text/html; charset=UTF-8");
    assert!(answer.body.contains("<title>Access denied</title>"));
    assert!(
        answer
            .body
            .contains(r#"<div class="wp-die-message">Error: Missing parameter app_name.</div>"#)
    );
    assert_eq!(answer.header("expires"), "Wed, 11 Jan 1984 05:00:00 GMT");
    assert_eq!(
        answer.header("cache-control"),
        "no-cache, must-revalidate, max-age=0, no-store, private"
    );

    let answer = app.browser().get_json("/wc-auth/v1/authorize").await;
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/json"));
    assert_eq!(
        answer.body,
        r#"{"code":"wp_die","message":"Error: Missing parameter app_name.","data":{"status":401},"additional_errors":[]}"#
    );
}

/// The rows of wire.md §1.2's table of URLs; contract §4.2 refuses three more schemes and takes
/// hosts beyond ASCII.
#[tokio::test]
async fn return_urls_are_taken_and_refused_as_listed() {
    let app = TestApp::start().await;
    for value in [
        "app.com/x",
        "app",
        "x",
        "1",
        "localhost",
        "myapp://cb",
        "com.foo.bar://cb",
        "exp://127.0.0.1:19000",
        "ftp://x.y/",
        "https://user:pw@h/",
        "http://[::1]/",
        "http://localhost:3000/x",
        "https%3A%2F%2Fapp.com",
        "mailto:a@b.c",
        "http:/app.com",
        "https://app.com/?x=1#frag",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
    ] {
        let answer = authorize(&app, &with("return_url", value)).await;
        assert_eq!(answer.status, 302, "{value}: {}", answer.error());
    }
    for value in [
        "/path",
        "//app.com/x",
        "myapp://",
        "http://",
        "https://",
        "javascript:alert(1)",
        "http://a_b.com/",
        "http://-a.com/",
        "http://a..com/",
        "http://-.-/",
        "https%253A%252F%252Fapp.com",
        "https%25253A%25252F%25252Fapp.com",
        "https://app.com/a b",
        "https%3A%2F%2Fapp.com%2Fa%20b",
        "https%3A%2F%2Fapp.com%2Fa+b",
        "file:///etc/passwd",
        "data://text/plain,x",
        "vbscript://x",
        "blob://x",
        "about://blank",
        "javascript://x",
    ] {
        let answer = authorize(&app, &with("return_url", value)).await;
        assert_eq!(answer.status, 401, "{value}");
        assert!(answer.error().ends_with("is not a valid URL."), "{value}: {}", answer.error());
    }
}

#[tokio::test]
async fn callback_urls_follow_the_same_table_over_https_only() {
    let app = TestApp::start().await;
    for value in [
        "app.com/x",
        "localhost",
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/",
        "HTTPS://app.com/",
        "https%3A%2F%2Fapp.com",
    ] {
        assert_eq!(authorize(&app, &with("callback_url", value)).await.status, 302, "{value}");
    }
    for value in ["/path", "https://a_b.com/", "https%253A%252F%252Fapp.com", "javascript:alert(1)"]
    {
        let answer = authorize(&app, &with("callback_url", value)).await;
        assert!(answer.error().ends_with("is not a valid URL."), "{value}: {}", answer.error());
    }
    for value in ["http://app.com/", "ftp://app.com/", "myapp://cb", "data://x"] {
        let answer = authorize(&app, &with("callback_url", value)).await;
        assert_eq!(answer.error(), "Error: The callback_url needs to be over SSL.", "{value}");
    }
}

#[tokio::test]
async fn a_path_prefix_works_stripped_and_unstripped() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/auth")]).await;
    let browser = app.browser();
    for prefix in ["", "/auth"] {
        let answer = browser.get(&format!("{prefix}/wc-auth/v1/authorize?{GOOD}")).await;
        assert_eq!(answer.location(), format!("{}/auth/wc-auth/v1/login?{GOOD}", app.url));
        let page = browser.get(&format!("{prefix}/login")).await;
        let style = page.attribute("link[rel=stylesheet]", "href");
        assert!(style.starts_with("/auth/static/style-"), "{style}");
        assert_eq!(
            browser.get(&style).await.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
    }
}

#[tokio::test]
async fn oversized_requests_get_a_clear_answer() {
    let app = TestApp::start().await;
    let answer =
        app.browser().post("/wc-auth/v1/authorize", &[("app_name", &"x".repeat(70_000))]).await;
    assert_eq!((answer.status, answer.text("h1").as_str()), (413, "The form is too large"));
}

#[tokio::test]
async fn a_form_that_does_not_arrive_is_given_up() {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    let app = TestApp::start().await;
    let mut slow = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nusername=";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}
