//! Every value leaves the service as it came in, on every way through it (wire.md §1.5, §1.9).

use crate::{
    approve::request,
    support::{Receiver, TestApp, encode},
};

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

        let login =
            through_form.get(&format!("/wc-auth/v1/authorize?{sent}")).await.location().to_owned();
        let fields = [("username", "max"), ("password", crate::support::PASSWORD)];
        let consent = through_form.post(&login, &fields).await.location().to_owned();
        let page = through_form.consent(consent.split_once('?').unwrap().1).await;
        assert_eq!(through_form.approve(&page).await.location(), expected);

        let received = receiver.received();
        assert_eq!(received.len(), 2 * number + 2);
        assert!(
            received[2 * number..].iter().all(|r| r.text("user_id") == *user_id),
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
        let login =
            browser.get(&format!("/wc-auth/v1/authorize?{sent}")).await.location().to_owned();
        let heading = format!("{name} would like to connect to your store");
        assert_eq!(browser.get(&login).await.text("h1"), heading);
        let fields = [("username", "max"), ("password", crate::support::PASSWORD)];
        let consent = browser.post(&login, &fields).await.location().to_owned();
        assert_eq!(browser.get(&consent).await.text("h1"), heading);
        let page = browser.consent(consent.split_once('?').unwrap().1).await;
        assert!(browser.approve(&page).await.location().contains("success=1"));
        let identity =
            receiver.received().last().unwrap().judged(app.services(), "GET").await.unwrap();
        assert_eq!(identity.app.text(), name);
    }
    for (return_url, back) in [
        ("https://app.com/?x=a%2Bb", "https://app.com/?x=a%2Bb&success=0&user_id=123"),
        ("https://app.com/a%20b?y=c+d", "https://app.com/a%20b?y=c+d&success=0&user_id=123"),
        (
            "https://app.com/%E2%82%AC?a[]=1&e=&f",
            "https://app.com/%E2%82%AC?a[]=1&e=&f&success=0&user_id=123",
        ),
        ("https%3A%2F%2Fapp.com%2Fx", "https://app.com/x?success=0&user_id=123"),
    ] {
        let browser = app.browser();
        let sent = format!("{}&return_url={}", request(&receiver), encode(return_url));
        let login =
            browser.get(&format!("/wc-auth/v1/authorize?{sent}")).await.location().to_owned();
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
        ("https://app.com/#/done?x=1", "https://app.com/?success=1&user_id=123#/done?x=1"),
        ("http://app.com/r?user_id=orig&z=1", "http://app.com/r?user_id=123&z=1&success=1"),
        (
            "http://app.com/?u=http%3A%2F%2Fz.com",
            "http://app.com/?u=http%3A%2F%2Fz.com&success=1&user_id=123",
        ),
        ("https://app.com", "https://app.com?success=1&user_id=123"),
        ("https://app.com/?", "https://app.com/?success=1&user_id=123"),
        ("myapp://cb", "myapp://cb?success=1&user_id=123"),
        ("com.example.app://cb/x", "com.example.app://cb/x?success=1&user_id=123"),
        ("exp://127.0.0.1:19000", "exp://127.0.0.1:19000?success=1&user_id=123"),
        ("ftp://x.y/", "ftp://x.y/?success=1&user_id=123"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/?success=1&user_id=123"),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = format!("{}&return_url={}", request(&receiver), encode(return_url));
        let denied = manager.deny(&manager.consent(&sent).await).await;
        assert_eq!(denied.location(), result.replace("success=1", "success=0"));
        let approved = manager.approve(&manager.consent(&sent).await).await;
        assert_eq!((approved.status, approved.location()), (303, result));
        assert_eq!(receiver.received().len(), number + 1, "denying sends nothing");
    }
}
