//! Who sees the consent page, and what it says (wire.md §1.4 and §1.8, contract §4.6 and §4.9).

use appgrant::domain::user::Role;

use crate::{
    authorize::{GOOD, with},
    support::{TestApp, query},
};

#[tokio::test]
async fn who_sees_what() {
    let app = TestApp::start().await;
    let denied = "Error: You do not have permission to access this page.";
    let path = |route: &str| format!("/wc-auth/v1/{route}?{GOOD}");
    let url = |route: &str| format!("{}{}", app.url, path(route));

    let anonymous = app.browser();
    assert_eq!(anonymous.get(&path("authorize")).await.location(), url("login"));
    assert_eq!(anonymous.get(&path("login")).await.status, 200);
    assert_eq!(anonymous.get(&path("access_granted")).await.error(), denied);
    assert_eq!(anonymous.post(&path("deny"), &[]).await.error(), denied);

    let viewer = app.logged_in("vera").await;
    assert_eq!(viewer.get(&path("authorize")).await.error(), denied);
    assert_eq!(viewer.get(&path("login")).await.location(), url("authorize"));
    assert_eq!(viewer.get(&path("access_granted")).await.error(), denied);

    for login in ["ada", "max"] {
        let manager = app.logged_in(login).await;
        assert_eq!(manager.get(&path("authorize")).await.status, 200);
        assert_eq!(manager.get(&path("login")).await.location(), url("authorize"));
        let nonce = "Error: Invalid nonce verification.";
        assert_eq!(manager.get(&path("access_granted")).await.error(), nonce);
        assert_eq!(
            manager.post(&path("access_granted"), &[("wc_auth_nonce", "0123456789")]).await.error(),
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
    assert_eq!(answer.location(), format!("{}/wc-auth/v1/login?{GOOD}", app.url));
    assert_eq!(viewer.get(answer.location()).await.status, 200, "and is logged out");
}

#[tokio::test]
async fn pages_with_parameters_cannot_be_framed_cached_or_scripted() {
    let app = TestApp::start().await;
    let manager = app.logged_in("max").await;
    let custom = query(&[("return_url", "myapp://cb")]);
    for (path, form_action) in [
        (format!("/wc-auth/v1/authorize?{GOOD}"), "form-action 'self' http: https:"),
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
        ("read", "Read", "View coupons View customers View orders and sales reports View products"),
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
        let page = manager.get(&format!("/wc-auth/v1/authorize?{}", with("scope", scope))).await;
        assert_eq!(page.text("h1"), "My App would like to connect to your store");
        let text = page.text("main");
        assert!(
            text.contains(&format!(
                "This will give \"My App\" {title} access which will allow it to:"
            )),
            "{text}"
        );
        assert_eq!(page.text("ul.wc-auth-permissions"), list);
        assert_eq!(text.contains("changing and deleting"), scope != "read", "{text}");
        assert!(text.contains("Approving will share credentials with app.com. Do not proceed if this looks suspicious in any way."));
        assert!(text.contains("https://app.com") && text.contains("http://app.com"));
        assert!(!text.contains("Look twice"), "same registrable domain");
        assert!(page.text("div.wc-auth-logged-in-as").starts_with("Logged in as Max"));
        let unregistered = page.text(".wc-auth-unregistered");
        assert_eq!(
            unregistered,
            "This app is not registered with Ada’s Tea: “My App” is what it calls itself."
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
        let page =
            manager.get(&format!("/wc-auth/v1/authorize?{}", with("return_url", return_url))).await;
        assert_eq!(page.body.contains("Look twice"), warned, "{return_url}");
    }
    let idn = with("callback_url", "https://bücher.example:8443/cb");
    let text = manager.get(&format!("/wc-auth/v1/authorize?{idn}")).await.text("section.receiver");
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
        let page = manager.get(&format!("/wc-auth/v1/authorize?{}", with("app_name", sent))).await;
        assert_eq!(page.text("h1"), format!("{shown} would like to connect to your store"));
        assert!(!page.body.contains("<script") && !page.body.contains("<img src=x"));
    }
    let long = "x".repeat(4000);
    let page = manager.get(&format!("/wc-auth/v1/authorize?{}", with("app_name", &long))).await;
    assert!(page.text("h1").starts_with(&format!("{}...", "x".repeat(167))));
}
