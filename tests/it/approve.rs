//! A manager approves or denies: what the app receives, where the browser goes, what is made.

use std::{collections::BTreeSet, time::Duration};

use crate::support::{ConsentPage, Reaction, Receiver, TestApp, encode, query};

/// A request of an app whose callback is `receiver`.
fn request(receiver: &Receiver) -> String {
    query(&[
        ("app_name", "My App"),
        ("user_id", "123"),
        ("return_url", "http://app.example/return?x=1#frag"),
        ("callback_url", &receiver.url()),
        ("scope", "read_write"),
    ])
}

const RETURNED: &str = "http://app.example/return?x=1&success=1&user_id=123#frag";

#[tokio::test]
async fn approving_sends_the_keys_and_the_browser_back() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let answer = manager.approve(&page).await;
    assert_eq!((answer.status, answer.location()), (303, RETURNED));

    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].target, "/callback?a=1");
    let identity = received[0].judged(app.services(), "GET").await.unwrap();
    assert_eq!(
        (identity.owner.as_str(), identity.app.as_deref()),
        ("max", Some("My App"))
    );
    assert_eq!(
        identity.key_id,
        received[0].json()["key_id"].as_i64().unwrap()
    );
}

#[tokio::test]
async fn the_body_and_headers_are_those_apps_know_and_then_ours() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager
        .consent(&format!("{}&state={}", request(&receiver), encode("a/é")))
        .await;
    let answer = manager.approve(&page).await;
    assert!(
        answer
            .location()
            .ends_with("&success=1&user_id=123&state=a%2F%C3%A9#frag"),
        "{}",
        answer.location()
    );

    let received = &receiver.received()[0];
    let (key, secret) = (
        received.text("consumer_key"),
        received.text("consumer_secret"),
    );
    let start = format!(
        r#"{{"key_id":1,"user_id":"123","consumer_key":"{key}","consumer_secret":"{secret}","key_permissions":"read_write","store_url":"{}","grant_id":""#,
        app.url.replace('/', "\\/")
    );
    assert!(received.body.starts_with(&start), "{}", received.body);
    assert!(
        received
            .body
            .ends_with(r#""expires_at":null,"state":"a\/\u00e9"}"#),
        "{}",
        received.body
    );
    assert!(received.body.is_ascii());
    assert_eq!((key.len(), secret.len()), (43, 43));
    assert_eq!(
        received.header("content-type"),
        "application/json;charset=UTF-8"
    );
    assert_eq!(
        received.header("user-agent"),
        format!("AppGrant/{}; {}", env!("CARGO_PKG_VERSION"), app.url)
    );
    assert_eq!(received.header("accept"), "*/*");
    for unwanted in ["cookie", "referer", "authorization", "accept-encoding"] {
        assert_eq!(received.header(unwanted), "", "{unwanted}");
    }
}

#[tokio::test]
async fn the_signature_holds_with_the_published_key() {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    manager
        .approve(&manager.consent(&request(&receiver)).await)
        .await;

    let received = &receiver.received()[0];
    let jwks: serde_json::Value =
        serde_json::from_str(&manager.get("/.well-known/jwks.json").await.body).unwrap();
    let x = data_encoding::BASE64URL_NOPAD
        .decode(jwks["keys"][0]["x"].as_str().unwrap().as_bytes())
        .unwrap();
    let key = VerifyingKey::from_bytes(&x.try_into().unwrap()).unwrap();
    let (id, timestamp) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    let signature = received
        .header("webhook-signature")
        .strip_prefix("v1a,")
        .unwrap();
    let signature = data_encoding::BASE64.decode(signature.as_bytes()).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    let signed = |body: &str| format!("{id}.{timestamp}.{body}");
    assert!(
        key.verify(signed(&received.body).as_bytes(), &signature)
            .is_ok()
    );
    assert!(
        key.verify(
            signed(&format!("{} ", received.body)).as_bytes(),
            &signature
        )
        .is_err()
    );
    assert!(id.starts_with("msg_"));
}

/// The rows of wire.md §1.5: what WooCommerce damages arrives as it was sent, on both paths.
#[tokio::test]
async fn no_value_is_damaged_on_its_way() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let damaged_user_ids = [
        "a&b=c",
        "a+b/c",
        "eyJh==",
        r#"{"k":1}"#,
        "%41",
        "abc-._~XYZ",
        "a b",
        "é",
        "1#x",
        "<b>1</b>",
        "\\\"'`^",
        "a%2Fb",
        "-0",
        "00",
        " x ",
        "\r\n",
    ];
    for (number, user_id) in damaged_user_ids.iter().enumerate() {
        let sent = format!("{}&user_id={}", request(&receiver), encode(user_id));
        let (direct, through_form) = (app.logged_in("max").await, app.browser());
        let answer = direct.approve(&direct.consent(&sent).await).await;
        let expected = format!(
            "http://app.example/return?x=1&success=1&user_id={}#frag",
            appgrant::domain::app_url::percent_encoded(user_id)
        );
        assert_eq!(answer.location(), expected);

        let login = through_form
            .get(&format!("/wc-auth/v1/authorize?{sent}"))
            .await
            .location()
            .to_owned();
        let fields = [("username", "max"), ("password", crate::support::PASSWORD)];
        let consent = through_form
            .post(&login, &fields)
            .await
            .location()
            .to_owned();
        let page = through_form
            .consent(consent.split_once('?').unwrap().1)
            .await;
        assert_eq!(through_form.approve(&page).await.location(), expected);

        let received = receiver.received();
        assert_eq!(received.len(), 2 * number + 2);
        assert!(
            received[2 * number..]
                .iter()
                .all(|r| r.text("user_id") == *user_id),
            "{user_id:?}"
        );
    }
}

#[tokio::test]
async fn names_and_addresses_survive_the_login_form() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    for name in ["A & B", "A+B", "Tom's", "A #1", "A%26B", "100 %"] {
        let browser = app.browser();
        let sent = format!("{}&app_name={}", request(&receiver), encode(name));
        let login = browser
            .get(&format!("/wc-auth/v1/authorize?{sent}"))
            .await
            .location()
            .to_owned();
        let heading = format!("{name} would like to connect to your store");
        assert_eq!(browser.get(&login).await.text("h1"), heading);
        let fields = [("username", "max"), ("password", crate::support::PASSWORD)];
        let consent = browser.post(&login, &fields).await.location().to_owned();
        assert_eq!(browser.get(&consent).await.text("h1"), heading);
        let page = browser.consent(consent.split_once('?').unwrap().1).await;
        assert!(
            browser
                .approve(&page)
                .await
                .location()
                .contains("success=1")
        );
        let identity = receiver
            .received()
            .last()
            .unwrap()
            .judged(app.services(), "GET")
            .await
            .unwrap();
        assert_eq!(identity.app.as_deref(), Some(name));
    }
    for (return_url, back) in [
        (
            "https://app.com/?x=a%2Bb",
            "https://app.com/?x=a%2Bb&success=0&user_id=123",
        ),
        (
            "https://app.com/a%20b?y=c+d",
            "https://app.com/a%20b?y=c+d&success=0&user_id=123",
        ),
        (
            "https://app.com/%E2%82%AC?a[]=1&e=&f",
            "https://app.com/%E2%82%AC?a[]=1&e=&f&success=0&user_id=123",
        ),
        (
            "https%3A%2F%2Fapp.com%2Fx",
            "https://app.com/x?success=0&user_id=123",
        ),
    ] {
        let browser = app.browser();
        let sent = format!("{}&return_url={}", request(&receiver), encode(return_url));
        let login = browser
            .get(&format!("/wc-auth/v1/authorize?{sent}"))
            .await
            .location()
            .to_owned();
        let fields = [("username", "max"), ("password", crate::support::PASSWORD)];
        let consent = browser.post(&login, &fields).await.location().to_owned();
        let page = browser.consent(consent.split_once('?').unwrap().1).await;
        assert_eq!(browser.deny(&page).await.location(), back);
    }
}

/// The rows of wire.md §1.9, for both outcomes, and the schemes below its table.
#[tokio::test]
async fn the_outcome_is_appended_as_listed() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for (number, (return_url, result)) in [
        (
            "http://app.com/return?x=1&y=2#frag",
            "http://app.com/return?x=1&y=2&success=1&user_id=123#frag",
        ),
        (
            "https://app.com/#/done?x=1",
            "https://app.com/?success=1&user_id=123#/done?x=1",
        ),
        (
            "http://app.com/r?user_id=orig&z=1",
            "http://app.com/r?user_id=123&z=1&success=1",
        ),
        (
            "http://app.com/?u=http%3A%2F%2Fz.com",
            "http://app.com/?u=http%3A%2F%2Fz.com&success=1&user_id=123",
        ),
        ("https://app.com", "https://app.com?success=1&user_id=123"),
        (
            "https://app.com/?",
            "https://app.com/?success=1&user_id=123",
        ),
        ("myapp://cb", "myapp://cb?success=1&user_id=123"),
        (
            "com.example.app://cb/x",
            "com.example.app://cb/x?success=1&user_id=123",
        ),
        (
            "exp://127.0.0.1:19000",
            "exp://127.0.0.1:19000?success=1&user_id=123",
        ),
        ("ftp://x.y/", "ftp://x.y/?success=1&user_id=123"),
        (
            "https://bücher.example/",
            "https://xn--bcher-kva.example/?success=1&user_id=123",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = format!("{}&return_url={}", request(&receiver), encode(return_url));
        let denied = manager.deny(&manager.consent(&sent).await).await;
        assert_eq!(denied.location(), result.replace("success=1", "success=0"));
        let approved = manager.approve(&manager.consent(&sent).await).await;
        assert_eq!((approved.status, approved.location()), (303, result));
        assert_eq!(
            receiver.received().len(),
            number + 1,
            "denying sends nothing"
        );
    }
}

#[tokio::test]
async fn pressing_approve_twice_makes_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    for _ in 0..3 {
        assert_eq!(manager.approve(&page).await.location(), RETURNED);
    }
    assert_eq!(
        manager.deny(&page).await.location(),
        RETURNED,
        "the outcome of the first is shown"
    );
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn pressing_approve_at_the_same_moment_makes_one_key() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for round in 1..=50 {
        let page = manager
            .consent(&format!("{}&state={round}", request(&receiver)))
            .await;
        let (one, two) = tokio::join!(manager.approve(&page), manager.approve(&page));
        assert_eq!(one.location(), two.location());
        assert!(one.location().contains("success=1"), "{}", one.location());
        assert_eq!(receiver.received().len(), round, "one delivery a page");
    }
    let received = receiver.received();
    let keys: BTreeSet<_> = received.iter().map(|r| r.text("consumer_key")).collect();
    let numbers: BTreeSet<_> = received
        .iter()
        .map(|r| r.json()["key_id"].as_i64().unwrap())
        .collect();
    assert_eq!((keys.len(), numbers.len()), (50, 50));
    assert_eq!(numbers.last(), Some(&50), "no key was made besides");
}

#[tokio::test]
async fn going_back_or_reloading_shows_what_was_done() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let path = format!("/wc-auth/v1/authorize?{}", request(&receiver));
    manager
        .approve(&manager.consent(&request(&receiver)).await)
        .await;
    let back = manager.get(&path).await;
    assert_eq!(back.text("h1"), "My App is connected");
    assert_eq!(back.attribute("a.button", "href"), RETURNED);

    let again = back.attribute(".small-print a", "href");
    let page = manager.consent(again.split_once('?').unwrap().1).await;
    assert!(
        page.body.contains("already has access") && page.body.contains("Read/Write access, since")
    );
    manager.approve(&page).await;
    assert_eq!(receiver.received().len(), 2, "asked for on purpose");

    let other = app.logged_in("ada").await;
    assert_eq!(
        other.get(&path).await.text("h1"),
        "My App would like to connect to your store"
    );
    app.clock.advance(Duration::from_mins(16));
    assert_eq!(
        manager.get(&path).await.text("h1"),
        "My App would like to connect to your store"
    );
}

#[tokio::test]
async fn a_decision_stands() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let denied = RETURNED.replace("success=1", "success=0");
    assert_eq!(manager.deny(&page).await.location(), denied);
    assert_eq!(manager.approve(&page).await.location(), denied);
    let fresh = manager.consent(&request(&receiver)).await;
    assert_eq!(
        manager.approve(&fresh).await.location(),
        RETURNED,
        "asked anew, it can be approved"
    );
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn the_buttons_hold_for_this_session_these_parameters_and_this_day() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let nonce = "Error: Invalid nonce verification.";
    for (name, value) in [
        ("app_name", "Other"),
        ("user_id", "124"),
        ("scope", "read"),
        ("state", "x"),
        ("return_url", "http://evil.example/"),
        ("callback_url", "https://evil.example/"),
        ("wc_auth_nonce", ""),
        ("wc_auth_nonce", "AAAA"),
    ] {
        let mut changed = page.clone();
        changed.approve.insert(name.into(), value.into());
        changed.deny.insert(name.into(), value.into());
        assert_eq!(manager.approve(&changed).await.error(), nonce, "{name}");
        assert_eq!(manager.deny(&changed).await.error(), nonce, "{name}");
    }
    assert_eq!(
        app.logged_in("max").await.approve(&page).await.error(),
        nonce,
        "another session"
    );
    let anonymous = app.browser().approve(&page).await;
    assert_eq!(
        anonymous.error(),
        "Error: You do not have permission to access this page."
    );
    assert_eq!(foreign(&manager, &page).await, nonce, "another site’s form");
    let query: Vec<_> = page
        .approve
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let link = format!("{}&{}", page.approve_to, crate::support::query(&query));
    assert_eq!(manager.get(&link).await.error(), nonce, "a link");
    app.clock.advance(Duration::from_mins(719));
    let still = app.logged_in("max").await;
    let old = still.consent(&request(&receiver)).await;
    app.clock.advance(Duration::from_hours(12));
    assert!(receiver.received().is_empty());
    assert_eq!(still.approve(&old).await.status, 401, "too old");
    assert!(receiver.received().is_empty());
}

async fn foreign(manager: &crate::support::Manager, page: &ConsentPage) -> String {
    let fields: Vec<_> = page
        .approve
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let header = ("sec-fetch-site", "cross-site");
    manager
        .post_with(&page.approve_to, &fields, header)
        .await
        .error()
}

#[tokio::test]
async fn the_key_lives_as_long_as_was_chosen() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    let manager = app.logged_in("max").await;
    for (days, value) in [(1, "1"), (30, "30"), (365, "365")] {
        let mut page = manager
            .consent(&format!("{}&state={days}", request(&receiver)))
            .await;
        page.approve.insert("lifetime".into(), value.into());
        manager.approve(&page).await;
        let received = receiver.received().pop().unwrap();
        let (issued, expires) = (received.text("issued_at"), received.text("expires_at"));
        assert_eq!(
            (issued.len(), expires.len()),
            (20, 20),
            "{issued} {expires}"
        );
        assert!(received.judged(app.services(), "GET").await.is_ok());
        app.clock.advance(Duration::from_secs(days * 86_400 + 1));
        assert_eq!(
            received
                .judged(app.services(), "GET")
                .await
                .unwrap_err()
                .reason(),
            "expired"
        );
        let relogin = [("username", "max"), ("password", crate::support::PASSWORD)];
        manager.post("/login", &relogin).await;
    }
    let mut page = manager.consent(&request(&receiver)).await;
    page.approve.insert("lifetime".into(), "7".into());
    assert_eq!(
        manager.approve(&page).await.error(),
        "Error: Invalid parameter lifetime."
    );
}

#[tokio::test]
async fn a_key_works_inside_the_first_callback_already() {
    let (app, receiver) = (TestApp::start().await, Receiver::start().await);
    receiver.will([Reaction::Held(200)]);
    let manager = app.logged_in("max").await;
    let page = manager.consent(&request(&receiver)).await;
    let pressing = tokio::spawn({
        let manager = manager.clone();
        async move { manager.approve(&page).await }
    });
    let received = receiver.wait_for(1).await.remove(0);
    assert!(
        received.judged(app.services(), "GET").await.is_ok(),
        "the app tests it before it answers"
    );
    receiver.let_go();
    assert_eq!(pressing.await.unwrap().location(), RETURNED);
}
