//! The code flow in a browser: login, consent, and every way back.

use appgrant::{domain::permissions::Permissions::ReadWrite, service::oauth2::AppKind};

use super::program::{REDIRECT, key, parameter, press, registered};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_manager_logs_in_reads_and_approves() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Confidential, ReadWrite).await;
    let browser = app.browser();
    let asks = format!("/oauth2/authorize?{}", program.asks(&[]));
    let answer = browser.get(&asks).await;
    assert_eq!(answer.status, 302);
    let login = answer.location().to_owned();
    assert!(login.starts_with(&format!("{}/oauth2/login?", app.url)), "{login}");
    let page = browser.get(&login).await;
    assert!(page.text("h1").contains("Parcel Post would like to connect"), "{}", page.body);
    let mut fields = page.fields("form.wc-auth-login");
    fields.insert("username".into(), "max".into());
    fields.insert("password".into(), "wrong".into());
    assert!(browser.press(&login, &fields).await.body.contains("incorrect"));
    fields.insert("password".into(), PASSWORD.into());
    let answer = browser.press(&login, &fields).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    let page = browser.get(answer.location()).await;
    for text in ["Parcel Post", "Read/Write", "View and manage orders", "app.example", "Max"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self' http")
    );
    let answer = press(&browser, &page, "approve").await;
    assert_eq!(answer.status, 303);
    let back = answer.location();
    assert!(back.starts_with(REDIRECT), "{back}");
    assert_eq!(
        (parameter(back, "state"), parameter(back, "iss")),
        ("a b&c".into(), app.url.clone())
    );
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn denying_tells_the_app_and_makes_nothing() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let page = max.get(&format!("/oauth2/authorize?{}", program.asks(&[]))).await;
    let answer = press(&max, &page, "deny").await;
    let back = answer.location();
    assert_eq!(parameter(back, "error"), "access_denied");
    assert_eq!(
        (parameter(back, "state"), parameter(back, "iss")),
        ("a b&c".into(), app.url.clone())
    );
    // Whoever goes back and presses the other button gets what was decided.
    let answer = press(&max, &page, "approve").await;
    assert_eq!(parameter(answer.location(), "error"), "access_denied");
}

#[tokio::test]
async fn approving_twice_gives_one_connection() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let page = max.get(&format!("/oauth2/authorize?{}", program.asks(&[]))).await;
    let first = parameter(press(&max, &page, "approve").await.location(), "code");
    let second = parameter(press(&max, &page, "approve").await.location(), "code");
    assert_ne!(first, second);
    assert_eq!(program.redeem(&first).await.error(), (400, "invalid_grant".to_owned()));
    assert!(!page.body.contains("already has access"));
    assert_eq!(program.redeem(&second).await.status, 200);
    let next = max.get(&format!("/oauth2/authorize?{}", program.asks(&[]))).await;
    assert!(next.body.contains("Parcel Post already has access"), "{}", next.body);
    let answer = press(&max, &page, "approve").await;
    assert_eq!(answer.status, 200, "{}", answer.location());
    assert!(answer.text("h1").contains("is connected"), "{}", answer.body);
}

#[tokio::test]
async fn nothing_is_sent_anywhere_before_app_and_address_are_known() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let plain = key(&app, ReadWrite).await;
    let max = app.logged_in("max").await;
    let mut queries = vec![
        (String::new(), "which app asks"),
        (program.asks(&[("client_id", "ck_nobody")]), "No app of that name"),
        (plain.asks(&[]), "No app of that name"),
        (program.asks(&[("redirect_uri", "")]), "does not say where"),
        (format!("{}&client_id=x", program.asks(&[])), "says client_id twice"),
        (format!("{}&state=x", program.asks(&[])), "says state twice"),
        (program.asks(&[("state", &"x".repeat(9_000))]), "too long"),
    ];
    for wrong in [
        "https://evil.example/",
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "http://app.example/callback",
        "https://app.example@evil.example/callback",
        "http://127.0.0.1:9/elsewhere",
        "javascript:alert(1)",
    ] {
        queries.push((program.asks(&[("redirect_uri", wrong)]), "has not registered"));
    }
    for (query, says) in queries {
        let answer = max.get(&format!("/oauth2/authorize?{query}")).await;
        assert_eq!((answer.status, answer.location()), (400, ""), "{query}");
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_known_app_is_told_what_else_is_wrong() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("scope", "admin", "invalid_scope"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
    ] {
        let answer =
            max.get(&format!("/oauth2/authorize?{}", program.asks(&[(name, value)]))).await;
        let back = answer.location();
        assert_eq!((answer.status, &*parameter(back, "error")), (303, error), "{name}={value}");
        assert_eq!(parameter(back, "state"), "a b&c");
        assert_eq!(parameter(back, "iss"), app.url);
        assert!(!parameter(back, "error_description").is_empty());
    }
}

/// Else anybody's link to this store would lead on to the app's site, wherever that is (RFC 9700, section
/// 4.11.2).
#[tokio::test]
async fn nobody_is_led_to_an_app_before_logging_in() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let browser = app.browser();
    let asks = program.asks(&[("scope", "admin"), ("lang", "\u{e4}")]);
    for way in ["authorize", "decide"] {
        let answer = browser.get(&format!("/oauth2/{way}?{asks}")).await;
        assert!(!answer.location().starts_with(REDIRECT), "{way}: {}", answer.location());
    }
    let answer = browser.get(&format!("/oauth2/authorize?{asks}")).await;
    let login = answer.location().to_owned();
    assert_eq!((answer.status, &*login), (302, &*format!("{}/oauth2/login?{asks}", app.url)));
    let page = browser.get(&login).await;
    assert_eq!((page.status, page.location()), (200, ""));
    let cancel = page.attribute("main a", "href");
    assert_eq!(parameter(&cancel, "error"), "access_denied");
    let mut fields = page.fields("form.wc-auth-login");
    fields.insert("username".into(), "max".into());
    fields.insert("password".into(), PASSWORD.into());
    let answer = browser.press(&login, &fields).await;
    assert_eq!(answer.location(), format!("{}/oauth2/authorize?{asks}", app.url));
    let answer = browser.get(answer.location()).await;
    let back = answer.location();
    assert!(back.starts_with(REDIRECT), "{back}");
    assert_eq!(parameter(back, "error"), "invalid_scope");
}

#[tokio::test]
async fn a_device_may_have_any_port_and_a_scheme_of_its_own() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    for (address, policy) in [
        ("http://127.0.0.1:61023/back", "form-action 'self' http: https:"),
        ("com.example.parcel:/back", "form-action 'self' http: https: com.example.parcel:"),
    ] {
        let more = [("redirect_uri", address)];
        let page = max.get(&format!("/oauth2/authorize?{}", program.asks(&more))).await;
        assert!(page.header("content-security-policy").ends_with(policy), "{address}");
        assert!(page.body.contains("an app on this device"), "{}", page.body);
        let answer = press(&max, &page, "approve").await;
        assert!(answer.location().starts_with(address), "{}", answer.location());
        let told = program
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &parameter(answer.location(), "code")),
                ("redirect_uri", address),
                ("code_verifier", super::program::VERIFIER),
            ])
            .await;
        assert_eq!(told.status, 200, "{}", told.body);
    }
}

#[tokio::test]
async fn a_code_is_bound_to_client_address_verifier_and_a_minute() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let other = registered(&app, AppKind::Confidential, ReadWrite).await;
    let max = app.logged_in("max").await;
    let code = program.approved_by(&max, &[]).await;
    let redeem = |name: &'static str, value: &'static str| {
        let (program, code) = (program.clone(), code.clone());
        async move {
            let usual = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("redirect_uri", REDIRECT),
                ("code_verifier", super::program::VERIFIER),
            ];
            let fields = usual.map(|(n, v)| if n == name { (n, value) } else { (n, v) });
            program.token(&fields).await.error()
        }
    };
    let invalid = (400, "invalid_grant".to_owned());
    assert_eq!(other.redeem(&code).await.error(), invalid);
    assert_eq!(redeem("redirect_uri", "https://evil.example/").await, invalid);
    assert_eq!(redeem("redirect_uri", "").await, invalid);
    let another = "another-verifier-of-the-right-length-0123456789";
    assert_eq!(redeem("code_verifier", another).await, invalid);
    assert_eq!(redeem("code_verifier", "").await, (400, "invalid_request".to_owned()));
    assert_eq!(redeem("code", "agac_x").await, invalid);
    app.clock.advance(std::time::Duration::from_secs(59));
    assert_eq!(redeem("", "").await, (200, String::new()), "none of that used it up");
    let late = program.approved_by(&max, &[]).await;
    app.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(program.redeem(&late).await.error(), invalid);
}

#[tokio::test]
async fn a_viewer_cannot_connect_apps_and_no_other_site_can_press() {
    let app = TestApp::start().await;
    let program = registered(&app, AppKind::Public, ReadWrite).await;
    let vera = app.logged_in("vera").await;
    let asks = format!("/oauth2/authorize?{}", program.asks(&[]));
    let answer = vera.get(&asks).await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("do not have permission"), "{}", answer.body);
    let max = app.logged_in("max").await;
    let page = max.get(&asks).await;
    let action = page.attribute("form#approve", "action");
    let fields = page.fields("form#approve");
    let request = max.request(reqwest::Method::POST, &action).form(&fields);
    let foreign = max.send(request.header("sec-fetch-site", "cross-site")).await;
    assert_eq!((foreign.status, foreign.location()), (403, ""), "{}", foreign.body);
    // The form of one question does not answer another.
    let other =
        action.replace("state=a+b%26c", "state=other").replace("scope=read+write", "scope=read");
    assert_ne!(other, action);
    let answer = max.press(&other, &fields).await;
    assert_eq!((answer.status, answer.location()), (401, ""), "{}", answer.body);
}
