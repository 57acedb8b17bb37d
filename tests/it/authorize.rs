//! An app's link: routing, validation, who sees what (wire.md §1.1 to §1.4, with contract §4).

use appgrant::domain::user::Role;
use reqwest::Method;

use crate::support::{Answer, TestApp, encode, query};

const GOOD: &str = "app_name=My%20App&user_id=123&return_url=http%3A%2F%2Fapp.com%2Freturn&callback_url=https%3A%2F%2Fapp.com%2Fcb&scope=read";

/// The good request with one parameter's value exchanged.
fn with(name: &str, value: &str) -> String {
    format!("{GOOD}&{name}={}", encode(value))
}

async fn authorize(app: &TestApp, query: &str) -> Answer {
    app.browser()
        .get(&format!("/wc-auth/v1/authorize?{query}"))
        .await
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
        assert_eq!(
            (answer.status, answer.location()),
            (302, login.as_str()),
            "{path}"
        );
    }
    for version in ["1", "2", ""] {
        let path = format!("/?wc-auth-version={version}&wc-auth-route=authorize&{GOOD}");
        assert_eq!(
            browser.get(&path).await.location(),
            login,
            "version {version:?}"
        );
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
    }
    for path in [
        "/wc-auth/v1/foo",
        "/wc-auth/v1/authorize/extra",
        "/wc-auth/v1//authorize",
    ] {
        let answer = browser.get(&format!("{path}?{GOOD}")).await;
        assert_eq!(
            answer.error(),
            "Error: You do not have permission to access this page.",
            "{path}"
        );
        assert_eq!(
            browser.get(path).await.error(),
            "Error: Missing parameter app_name.",
            "{path}"
        );
    }
}

#[tokio::test]
async fn any_method_is_taken_and_the_body_of_a_post_wins() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let login = format!("{}/wc-auth/v1/login?{GOOD}", app.url);
    for method in [
        Method::GET,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::HEAD,
    ] {
        let request = browser.request(method.clone(), &format!("/wc-auth/v1/authorize?{GOOD}"));
        assert_eq!(browser.send(request).await.location(), login, "{method}");
    }
    let path = format!(
        "/wc-auth/v1/authorize?{}&app_name=A&app_name=B",
        with("scope", "write")
    );
    let fields = [("scope", "read"), ("app_name", "My App")];
    assert_eq!(browser.post(&path, &fields).await.location(), login);
    let form = browser
        .request(Method::POST, "/wc-auth/v1/authorize")
        .body(GOOD);
    let form = form.header(
        "content-type",
        "application/x-www-form-urlencoded; charset=UTF-8",
    );
    assert_eq!(
        browser.send(form).await.location(),
        login,
        "a form without a query"
    );
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
                let answer = app
                    .browser()
                    .get(&format!("/wc-auth/v1/{route}?{query}"))
                    .await;
                assert_eq!(answer.status, 401);
                assert_eq!(
                    answer.error(),
                    format!("Error: Missing parameter {name}."),
                    "{route}"
                );
            }
            let answer = app
                .browser()
                .get(&format!("/wc-auth/v1/{route}?{sent}&{name}[]=x"))
                .await;
            assert_eq!(
                answer.error(),
                format!("Error: Invalid parameter {name}."),
                "{route}"
            );
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
        (
            "return_url",
            "/path",
            "The https:///path is not a valid URL",
        ),
        ("callback_url", "http://", "The http:// is not a valid URL"),
        (
            "callback_url",
            "http://app.com/cb",
            "The callback_url needs to be over SSL",
        ),
        (
            "callback_url",
            "myapp://cb",
            "The callback_url needs to be over SSL",
        ),
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
        (
            "return_url",
            "http://a\"><script>b/",
            "The http://a\"><script>b/ is not a valid URL",
        ),
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
    let answer = authorize(&app, &with("user_id", &"x".repeat(8193))).await;
    assert_eq!(
        answer.error(),
        "Error: Invalid parameter user_id: it is longer than 8192 bytes."
    );
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
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (401, "application/json")
    );
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
        assert!(
            answer.error().ends_with("is not a valid URL."),
            "{value}: {}",
            answer.error()
        );
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
        assert_eq!(
            authorize(&app, &with("callback_url", value)).await.status,
            302,
            "{value}"
        );
    }
    for value in [
        "/path",
        "https://a_b.com/",
        "https%253A%252F%252Fapp.com",
        "javascript:alert(1)",
    ] {
        let answer = authorize(&app, &with("callback_url", value)).await;
        assert!(
            answer.error().ends_with("is not a valid URL."),
            "{value}: {}",
            answer.error()
        );
    }
    for value in [
        "http://app.com/",
        "ftp://app.com/",
        "myapp://cb",
        "data://x",
    ] {
        let answer = authorize(&app, &with("callback_url", value)).await;
        assert_eq!(
            answer.error(),
            "Error: The callback_url needs to be over SSL.",
            "{value}"
        );
    }
}

#[tokio::test]
async fn who_sees_what() {
    let app = TestApp::start().await;
    let denied = "Error: You do not have permission to access this page.";
    let path = |route: &str| format!("/wc-auth/v1/{route}?{GOOD}");
    let url = |route: &str| format!("{}{}", app.url, path(route));

    let anonymous = app.browser();
    assert_eq!(
        anonymous.get(&path("authorize")).await.location(),
        url("login")
    );
    assert_eq!(anonymous.get(&path("login")).await.status, 200);
    assert_eq!(anonymous.get(&path("access_granted")).await.error(), denied);
    assert_eq!(anonymous.post(&path("deny"), &[]).await.error(), denied);

    let viewer = app.logged_in("vera").await;
    assert_eq!(viewer.get(&path("authorize")).await.error(), denied);
    assert_eq!(
        viewer.get(&path("login")).await.location(),
        url("authorize")
    );
    assert_eq!(viewer.get(&path("access_granted")).await.error(), denied);

    for login in ["ada", "max"] {
        let manager = app.logged_in(login).await;
        assert_eq!(manager.get(&path("authorize")).await.status, 200);
        assert_eq!(
            manager.get(&path("login")).await.location(),
            url("authorize")
        );
        let nonce = "Error: Invalid nonce verification.";
        assert_eq!(manager.get(&path("access_granted")).await.error(), nonce);
        assert_eq!(
            manager
                .post(&path("access_granted"), &[("wc_auth_nonce", "0123456789")])
                .await
                .error(),
            nonce
        );
        assert_eq!(manager.post(&path("deny"), &[]).await.error(), nonce);
    }
}

#[tokio::test]
async fn a_viewer_is_led_to_another_account() {
    let app = TestApp::start().await;
    app.add_user("eve", Role::Viewer).await;
    let viewer = app.logged_in("eve").await;
    let page = viewer.get(&format!("/wc-auth/v1/authorize?{GOOD}")).await;
    assert_eq!(page.text("button.wc-auth-logout"), "Log in as someone else");
    let answer = viewer.press("/logout", &page.fields("form.inline")).await;
    assert_eq!(
        answer.location(),
        format!("{}/wc-auth/v1/login?{GOOD}", app.url)
    );
    assert_eq!(
        viewer.get(answer.location()).await.status,
        200,
        "and is logged out"
    );
}

#[tokio::test]
async fn pages_with_parameters_cannot_be_framed_cached_or_scripted() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let custom = query(&[("return_url", "myapp://cb")]);
    for (path, form_action) in [
        (
            format!("/wc-auth/v1/authorize?{GOOD}"),
            "form-action 'self' http: https:",
        ),
        (
            format!("/wc-auth/v1/authorize?{GOOD}&{custom}"),
            "form-action 'self' http: https: myapp:",
        ),
    ] {
        let page = manager.get(&path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(policy.ends_with(form_action), "{policy}");
        assert!(!page.body.contains("<script") && !page.body.contains("style="));
        assert!(page.header("cache-control").contains("no-store"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn the_consent_page_says_everything() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let lines = [
        (
            "read",
            "Read",
            "View coupons View customers View orders and sales reports View products",
        ),
        (
            "write",
            "Write",
            "Create webhooks Create coupons Create customers Create orders Create products",
        ),
        (
            "read_write",
            "Read/Write",
            "Create webhooks View and manage coupons View and manage customers View and manage orders and sales reports View and manage products",
        ),
    ];
    for (scope, title, list) in lines {
        let page = manager
            .get(&format!("/wc-auth/v1/authorize?{}", with("scope", scope)))
            .await;
        assert_eq!(
            page.text("h1"),
            "My App would like to connect to your store"
        );
        let text = page.text("main");
        assert!(
            text.contains(&format!(
                "This will give \"My App\" {title} access which will allow it to:"
            )),
            "{text}"
        );
        assert_eq!(page.text("ul.wc-auth-permissions"), list);
        assert_eq!(
            text.contains("changing and deleting"),
            scope != "read",
            "{text}"
        );
        assert!(text.contains("Approving will share credentials with app.com. Do not proceed if this looks suspicious in any way."));
        assert!(text.contains("https://app.com") && text.contains("http://app.com"));
        assert!(!text.contains("Look twice"), "same registrable domain");
        assert!(
            page.text("div.wc-auth-logged-in-as")
                .starts_with("Logged in as Max")
        );
        assert_eq!(page.text("button.wc-auth-approve"), "Approve");
        assert_eq!(page.text("button.wc-auth-deny"), "Deny");
        assert_eq!(
            page.attribute("select[name=lifetime] option", "value"),
            "none",
            "no end by default"
        );
    }
    for (return_url, warned) in [
        ("https://www.app.com/", false),
        ("https://app.com.evil.example/", true),
        ("https://app.org/", true),
        ("https://127.0.0.1/", true),
        ("myapp://cb", false),
    ] {
        let page = manager
            .get(&format!(
                "/wc-auth/v1/authorize?{}",
                with("return_url", return_url)
            ))
            .await;
        assert_eq!(page.body.contains("Look twice"), warned, "{return_url}");
    }
    let idn = with("callback_url", "https://bücher.example:8443/cb");
    let text = manager
        .get(&format!("/wc-auth/v1/authorize?{idn}"))
        .await
        .text("section.receiver");
    assert!(
        text.contains("https://xn--bcher-kva.example:8443") && text.contains("bücher.example"),
        "{text}"
    );
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    for (sent, shown) in [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\"><img src=x onerror=y>", "\"><img src=x onerror=y>"),
        ("{{7*7}} {% x %}", "{{7*7}} {% x %}"),
        ("evil\u{202e}moc.knab", "evilmoc.knab"),
        ("My\r\n App\t\u{200b}", "My App"),
    ] {
        let page = manager
            .get(&format!("/wc-auth/v1/authorize?{}", with("app_name", sent)))
            .await;
        assert_eq!(
            page.text("h1"),
            format!("{shown} would like to connect to your store")
        );
        assert!(!page.body.contains("<script") && !page.body.contains("<img src=x"));
    }
    let long = "x".repeat(4000);
    let page = manager
        .get(&format!(
            "/wc-auth/v1/authorize?{}",
            with("app_name", &long)
        ))
        .await;
    assert!(
        page.text("h1")
            .starts_with(&format!("{}...", "x".repeat(167)))
    );
}

#[tokio::test]
async fn a_path_prefix_works_stripped_and_unstripped() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/auth")]).await;
    let browser = app.browser();
    for prefix in ["", "/auth"] {
        let answer = browser
            .get(&format!("{prefix}/wc-auth/v1/authorize?{GOOD}"))
            .await;
        assert_eq!(
            answer.location(),
            format!("{}/auth/wc-auth/v1/login?{GOOD}", app.url)
        );
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
    let answer = app
        .browser()
        .post(
            "/wc-auth/v1/authorize",
            &[("app_name", &"x".repeat(70_000))],
        )
        .await;
    assert_eq!(
        (answer.status, answer.text("h1").as_str()),
        (413, "The form is too large")
    );
}
