//! One's own password, sessions and tokens.

use super::{led_to, send};
use crate::support::{Manager, PASSWORD, TestApp};

async fn is_in(browser: &Manager) -> bool {
    browser.get("/admin/account").await.status == 200
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_gives_this_browser_a_fresh_one() {
    let app = TestApp::start().await;
    let (here, there) = (app.logged_in("max").await, app.logged_in("max").await);
    let fields =
        |current, new, again| [("current", current), ("password", new), ("password_again", again)];
    for (wrong, told) in [
        (fields("wrong", "a new password", "a new password"), "not your password"),
        (fields(PASSWORD, "short", "short"), "too short"),
        (fields(PASSWORD, "a new password", "another one"), "not the same"),
    ] {
        let answer = send(&here, "/admin/account/password", &wrong).await;
        assert_eq!(
            (answer.status, answer.text(".field-wrong").contains(told)),
            (422, true),
            "{told}"
        );
        assert!(!answer.body.contains("a new password"));
    }
    assert!(is_in(&there).await);
    let new = fields(PASSWORD, "a new password", "a new password");
    let done = send(&here, "/admin/account/password", &new).await;
    assert_eq!(led_to(&app, &done), "/admin/account?done=own_password");
    assert!(is_in(&here).await && !is_in(&there).await);
    let old = [("username", "max"), ("password", PASSWORD)];
    assert_eq!(app.browser().post("/login", &old).await.status, 200);
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let app = TestApp::start().await;
    let (here, there, third) =
        (app.logged_in("max").await, app.logged_in("max").await, app.logged_in("max").await);
    let others = app.logged_in("ada").await;
    let page = here.get("/admin/account").await;
    let listed = page.texts(".panel:first-of-type .short li");
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!(listed.iter().filter(|line| line.contains("This one")).count(), 1);
    assert!(listed.iter().all(|line| line.contains("from 127.0.0.1")));
    let handle = there.get("/admin/account").await;
    let not_there = handle.attribute("input[name=session]", "value");
    for stranger in ["", "zz", "0123456789abcdef"] {
        let answer = send(&here, "/admin/account/sessions/end", &[("session", stranger)]).await;
        assert_eq!(led_to(&app, &answer), "/admin/account?done=session_gone", "{stranger}");
    }
    assert!(is_in(&there).await && is_in(&third).await);
    let answer = send(&there, "/admin/account/sessions/end", &[("session", &not_there)]).await;
    assert_eq!(led_to(&app, &answer), "/admin/account?done=session_ended");
    let left = [is_in(&here).await, is_in(&third).await];
    assert_eq!(left.iter().filter(|is_in| **is_in).count(), 1, "one of the others ended");
    let answer = send(&there, "/admin/account/sessions/end-others", &[]).await;
    assert_eq!(led_to(&app, &answer), "/admin/account?done=others_ended");
    assert!(is_in(&there).await && !is_in(&here).await && !is_in(&third).await);
    assert!(is_in(&others).await, "only one’s own");
}

#[tokio::test]
async fn tokens_are_shown_once_and_ended() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let page = max.get("/admin/account").await;
    let form = "form[action$=tokens]";
    let make = |name: &str| {
        let mut fields = page.fields(form);
        fields.insert("token_name".to_owned(), name.to_owned());
        fields
    };
    let wrong = max.press("/admin/account/tokens", &make(" ")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let made = max.press("/admin/account/tokens", &make("Stock <sync>")).await;
    let token = made.text("#token");
    assert!(token.starts_with("agt_"), "{}", made.body);
    let reload = max.press("/admin/account/tokens", &make("Stock <sync>")).await;
    assert_eq!(reload.status, 409);
    let page = max.get("/admin/account").await;
    assert!(page.text("main").contains("Stock <sync>") && !page.body.contains(&token));
    let vera = app.logged_in("vera").await;
    let foreign = send(&vera, "/admin/account/tokens/1/end", &[]).await;
    assert_eq!(foreign.status, 409, "somebody else’s");
    let done = send(&max, "/admin/account/tokens/1/end", &[]).await;
    assert_eq!(led_to(&app, &done), "/admin/account?done=token_revoked");
    assert!(max.get("/admin/account").await.text("main").contains("Ended"));
}
