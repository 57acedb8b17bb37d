//! Logging in and out, sessions, and how failed logins are slowed.

use std::time::Duration;

use appgrant::service::{
    caller::Caller,
    users::{self, KeysFate},
};

use crate::{
    authorize::GOOD,
    support::{Answer, Manager, PASSWORD, TestApp},
};

const WRONG: &str = "Error: The username or password is incorrect.";

async fn log_in(browser: &Manager, username: &str, password: &str) -> Answer {
    let path = format!("/wc-auth/v1/login?{GOOD}");
    browser.post(&path, &[("username", username), ("password", password)]).await
}

async fn is_logged_in(browser: &Manager) -> bool {
    browser.get("/admin").await.status == 200
}

#[tokio::test]
async fn the_login_page_says_who_asks_and_offers_a_way_back() {
    let app = TestApp::start().await;
    let page = app.browser().get(&format!("/wc-auth/v1/login?{GOOD}")).await;
    assert_eq!(page.text("title"), "Application authentication request");
    assert_eq!(page.text("h1"), "My App would like to connect to your store");
    assert_eq!(page.text("main a"), "cancel and return to My App");
    assert_eq!(page.attribute("main a", "href"), "http://app.com/return?success=0&user_id=123");
    assert_eq!(page.text("label[for=username]"), "Username or email address");
    assert_eq!(page.attribute("form.wc-auth-login", "method"), "post");
    assert_eq!(page.attribute("button.wc-auth-login-button", "name"), "login");
}

#[tokio::test]
async fn login_name_and_address_work_in_any_case_and_lead_on() {
    let app = TestApp::start().await;
    for name in ["max", " MAX ", "max@shop.example", "Max@Shop.Example"] {
        let browser = app.browser();
        let answer = log_in(&browser, name, PASSWORD).await;
        assert_eq!(answer.status, 302, "{name}");
        assert_eq!(answer.location(), format!("{}/wc-auth/v1/authorize?{GOOD}", app.url));
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.starts_with("appgrant=")
                && cookie.contains("HttpOnly")
                && cookie.contains("SameSite=Lax"),
            "{cookie}"
        );
        assert!(is_logged_in(&browser).await);
    }
}

#[tokio::test]
async fn a_wrong_user_and_a_wrong_password_look_the_same() {
    let app = TestApp::start().await;
    let answers = [
        log_in(&app.browser(), "max", "wrong password").await,
        log_in(&app.browser(), "nobody", "wrong password").await,
    ];
    let stripped = answers.map(|answer| {
        assert_eq!((answer.status, answer.text(".notice")), (200, WRONG.to_owned()));
        answer
            .body
            .replace("nobody", "max")
            .replace(&answer.attribute("input[name=form_token]", "value"), "")
    });
    assert_eq!(stripped[0], stripped[1]);
    let answer = log_in(&app.browser(), " ", "x").await;
    assert_eq!(answer.text(".notice"), "Error: Username is required.");
    let answer = log_in(&app.browser(), "max", "").await;
    assert_eq!(answer.text(".notice"), "Error: Password is required.");
    assert_eq!(answer.attribute("#username", "value"), "max", "the name is kept");
}

#[tokio::test]
async fn cookies_are_for_this_host_over_tls_only() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://shop.example")]).await;
    let answer = log_in(&app.browser(), "max", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-appgrant=")
            && cookie.contains("Secure")
            && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn a_session_is_new_at_each_login_and_ends_at_logout() {
    let app = TestApp::start().await;
    let first = session_cookie(&log_in(&app.browser(), "max", PASSWORD).await);
    let browser = with_cookie(&app, &first);
    let second = session_cookie(&log_in(&app.browser(), "max", PASSWORD).await);
    assert_ne!(first, second);

    let (owner, thief) = (with_cookie(&app, &second), with_cookie(&app, &second));
    let page = owner.get("/admin").await;
    let answer = owner.press("/logout", &page.fields("form.inline")).await;
    assert!(answer.header("set-cookie").starts_with("appgrant=;"), "{answer:?}");
    assert!(!is_logged_in(&thief).await, "it ended on the server, not only in the browser");
    assert!(is_logged_in(&browser).await, "other sessions go on");
}

fn session_cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(app: &TestApp, cookie: &str) -> Manager {
    Manager::with_cookie(app.url.clone(), cookie)
}

#[tokio::test]
async fn sessions_end_when_idle_when_old_and_when_trust_ends() {
    let app = TestApp::start().await;
    let hours = |hours: u64| Duration::from_secs(hours * 3600);

    let idle = app.logged_in("max").await;
    app.clock.advance(hours(11));
    assert!(is_logged_in(&idle).await, "a use starts the time anew");
    app.clock.advance(hours(11));
    assert!(is_logged_in(&idle).await);
    app.clock.advance(hours(12));
    assert!(!is_logged_in(&idle).await);

    let old = app.logged_in("max").await;
    for _ in 0..16 {
        app.clock.advance(hours(10));
        assert!(is_logged_in(&old).await);
    }
    app.clock.advance(hours(8));
    assert!(!is_logged_in(&old).await, "168 hours");

    let (services, caller) = (app.services(), Caller::command_line());
    let max = app.user("max").await.id;
    let changed = app.logged_in("max").await;
    let password = zeroize::Zeroizing::new(PASSWORD.to_owned());
    users::set_password(services, &caller, max, password).await.unwrap();
    assert!(!is_logged_in(&changed).await);

    let disabled = app.logged_in("max").await;
    users::disable(services, &caller, max, KeysFate::Pause).await.unwrap();
    assert!(!is_logged_in(&disabled).await);
    assert_eq!(log_in(&app.browser(), "max", PASSWORD).await.text(".notice"), WRONG);
    users::enable(services, &caller, max).await.unwrap();
    assert_eq!(log_in(&app.browser(), "max", PASSWORD).await.status, 302);
}

#[tokio::test]
async fn failures_slow_an_account_wherever_they_come_from() {
    let app = TestApp::start().await;
    let from = |n: u8| format!("203.0.113.{n}");
    let path = format!("/wc-auth/v1/login?{GOOD}");
    let attempt = async |n: u8, name: &str, password: &str| {
        let fields = [("username", name), ("password", password)];
        app.browser().post_with(&path, &fields, ("x-forwarded-for", &from(n))).await
    };
    for n in 1..=5 {
        assert_eq!(attempt(n, "max", "wrong").await.status, 200, "attempt {n}");
    }
    let slowed = attempt(6, "max", PASSWORD).await;
    assert_eq!((slowed.status, slowed.header("retry-after")), (429, "1"));
    assert_eq!(
        slowed.text(".notice"),
        "Error: Too many failed attempts. Please wait 1 second and try again."
    );
    assert_eq!(attempt(7, "ada", PASSWORD).await.status, 302, "others are not slowed");
    assert_eq!(attempt(7, "nobody", "x").await.status, 200);
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(attempt(8, "max", PASSWORD).await.status, 302);
    assert_eq!(attempt(9, "max", "wrong").await.status, 200, "success forgave the failures");
}

#[tokio::test]
async fn failures_slow_an_address_whatever_account_it_tries() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for n in 0..20 {
        assert_eq!(log_in(&browser, &format!("user{n}"), "wrong").await.status, 200, "attempt {n}");
    }
    assert_eq!(log_in(&browser, "max", PASSWORD).await.status, 429);
    app.clock.advance(Duration::from_secs(2));
    assert_eq!(log_in(&browser, "max", PASSWORD).await.status, 302);
}

#[tokio::test]
async fn guesses_at_once_are_counted_one_by_one() {
    let app = TestApp::start().await;
    let attempts: Vec<_> = (0..40)
        .map(|_| {
            let browser = app.browser();
            tokio::spawn(async move { log_in(&browser, "max", "wrong").await.status })
        })
        .collect();
    let mut looked_at = 0;
    for attempt in attempts {
        looked_at += usize::from(attempt.await.unwrap() == 200);
    }
    assert_eq!(looked_at, 5, "five are free, then a wait begins");
}

#[tokio::test]
async fn another_site_cannot_log_anybody_in_or_out() {
    let app = TestApp::start().await;
    let fields = [("username", "max"), ("password", PASSWORD)];
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let browser = app.browser();
        let answer = browser.post_with("/login", &fields, header).await;
        assert!(answer.text(".notice").contains("This form had expired"), "{header:?}");
        assert!(!is_logged_in(&browser).await);
    }
    let browser = app.browser();
    let page = browser.get("/login").await;
    let token = page.attribute("input[name=form_token]", "value");
    let with_token = [fields[0], fields[1], ("form_token", &token)];
    browser.post_with("/login", &with_token, ("origin", "null")).await;
    assert!(is_logged_in(&browser).await, "a browser that does not say, with the page’s own token");

    assert_eq!(browser.post("/logout", &[]).await.status, 403);
    let fields = browser.get("/admin").await.fields("form.inline");
    let fields: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        browser.post_with("/logout", &fields, ("sec-fetch-site", "cross-site")).await.status,
        403
    );
    assert!(is_logged_in(&browser).await);
}

#[tokio::test]
async fn logout_leads_nowhere_else() {
    let app = TestApp::start().await;
    for next in
        ["https://evil.example/", "//evil.example", "/\\evil.example", "/wc-auth/v1/login", "x"]
    {
        let browser = app.logged_in("max").await;
        let mut fields = browser.get("/admin").await.fields("form.inline");
        fields.insert("next".into(), next.into());
        assert_eq!(
            browser.press("/logout", &fields).await.location(),
            format!("{}/login", app.url),
            "{next}"
        );
    }
}

#[tokio::test]
async fn the_root_leads_to_the_right_place() {
    let app = TestApp::start().await;
    assert_eq!(app.browser().get("/").await.location(), format!("{}/login", app.url));
    assert_eq!(app.browser().get("/admin").await.location(), format!("{}/login", app.url));
    assert_eq!(app.logged_in("vera").await.get("/").await.location(), format!("{}/admin", app.url));
}
