//! Access tokens of a key: looked at, ended one by one and all together, made by hand.

use std::time::Duration;

use appgrant::{
    domain::permissions::Permissions,
    service::{
        access_tokens,
        keys::{self, MadeKey},
    },
};

use super::{led_to, made, press, send};
use crate::support::{Answer, Question, TestApp, database, granted, token_of};

/// Gets a token with that key, as its program would.
async fn gets(app: &TestApp, key: &MadeKey) -> String {
    let pair = (key.credential.key.as_str(), key.credential.secret.expose());
    token_of(app, pair).await.access.expose().to_owned()
}

/// Comes to the store's API with a token; the word of the answer.
async fn comes(app: &TestApp, token: &str) -> String {
    let question = Question::forwarded("GET", "/wp-json/wc/v3/orders");
    let said = question.with("Authorization", &format!("Bearer {token}")).ask(app).await;
    said.word().to_owned()
}

#[tokio::test]
async fn one_token_is_ended_and_the_others_live() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let (first, second) = (gets(&app, &key).await, gets(&app, &key).await);
    assert_eq!([comes(&app, &first).await, comes(&app, &second).await], ["allowed", "allowed"]);

    let max = app.logged_in("max").await;
    let page = max.get("/admin/keys/1/tokens").await;
    let ending = |token: &str| format!("…{}", &token[token.len() - 6..]);
    assert_eq!(page.texts("td.what code"), [ending(&second), ending(&first)]);
    let told = page.text("tbody tr");
    for words in ["with key and secret", "Read", "Works", "in 1 hour"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!page.body.contains(&first) && !page.body.contains("agat_"));

    let to = page.attribute("tbody tr:nth-child(2) form", "action");
    let ended = led_to(&app, &send(&max, &to, &[]).await);
    let page = max.get(&ended).await;
    assert!(page.text("[role=status]").contains("was ended"));
    assert!(page.text("tbody tr:nth-child(2)").contains("Ended"));
    assert!(page.texts("tbody tr:nth-child(2) button").is_empty());
    assert_eq!(
        [comes(&app, &first).await, comes(&app, &second).await],
        ["token_revoked", "allowed"]
    );
    // Pressed again on a page that was open.
    let again = led_to(&app, &send(&max, &to, &[]).await);
    assert!(max.get(&again).await.text("[role=status]").contains("already"));
    let history = max.get("/admin/keys/1").await.text("#history");
    assert!(history.contains("max ended access tokens of a key"), "{history}");
}

#[tokio::test]
async fn all_tokens_are_ended_after_it_is_asked_once_more() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let tokens = [gets(&app, &key).await, gets(&app, &key).await];
    let max = app.logged_in("max").await;
    let page = max.get("/admin/keys/1/tokens").await;
    let asked = max.get(&page.attribute("a.danger", "href")).await;
    assert!(asked.text("h1").contains("End all tokens"));
    assert_eq!(comes(&app, &tokens[0]).await, "allowed", "only asked so far");
    let page = max.get(&led_to(&app, &press(&max, &asked, &[]).await)).await;
    assert!(page.text("main").contains("No tokens"), "{}", page.body);
    for token in &tokens {
        assert_eq!(comes(&app, token).await, "token_revoked");
    }
    // The key goes on, and gets new ones.
    assert_eq!(comes(&app, &gets(&app, &key).await).await, "allowed");
}

#[tokio::test]
async fn a_token_is_made_once_shown_once_and_ends_the_others() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let before = gets(&app, &key).await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/1/tokens/new").await;
    let filled =
        [("life", "seconds"), ("seconds", "120"), ("domains", "shop.example\r\n*.b.example")];
    let answer = press(&max, &form, &filled).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("cache-control").contains("no-store"));
    assert!(answer.text(".facts").contains("2 minutes"), "{}", answer.body);
    let token = answer.text("#access-token");
    assert_eq!((token.len(), &token[..5]), (48, "agat_"));
    assert_eq!(comes(&app, &before).await, "token_revoked");
    assert_eq!(comes(&app, &token).await, "domain_not_allowed");
    let from = Question::forwarded("GET", "/wp-json/wc/v3/orders")
        .with("Authorization", &format!("Bearer {token}"))
        .with("Origin", "https://shop.example");
    assert_eq!(from.ask(&app).await.word(), "allowed");

    assert_eq!(press(&max, &form, &filled).await.status, 409, "a reload makes none");
    assert_eq!(from.ask(&app).await.word(), "allowed", "and ends none");
    for path in ["/admin/keys/1", "/admin/keys/1/tokens", "/admin/audit"] {
        let page = max.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(&token), "{path}");
    }
    let rules = max.get("/admin/keys/1").await.text("#rules");
    assert!(rules.contains("shop.example, *.b.example") && rules.contains("2 minutes"), "{rules}");
}

#[tokio::test]
async fn pressed_many_times_at_once_one_token_is_made() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::Read).await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/1/tokens/new").await;
    let presses = (0..6).map(|_| press(&max, &form, &[("life", "store")]));
    let answers = futures_util::future::join_all(presses).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(max.get("/admin/keys/1/tokens").await.texts("tbody tr").len(), 1);
}

#[tokio::test]
async fn a_wrong_form_ends_nothing_and_comes_back_as_it_was_typed() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let before = gets(&app, &key).await;
    let max = app.logged_in("max").await;
    for (field, value, choice) in [
        ("seconds", "59", "seconds"),
        ("seconds", "-1", "seconds"),
        ("seconds", "an hour", "seconds"),
        ("seconds", "90", "store"),
        ("domains", "https://shop.example", "never"),
        ("life", "long", "long"),
    ] {
        let form = max.get("/admin/keys/1/tokens/new").await;
        let filled = [("life", choice), (field, value)];
        let answer = press(&max, &form, &filled).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.body);
        assert!(!answer.text(&format!("#{field}-wrong")).is_empty(), "{field} {value}");
        match field {
            "seconds" => assert_eq!(answer.attribute("#seconds", "value"), value),
            "domains" => assert_eq!(answer.text("#domains"), value),
            _ => {}
        }
    }
    assert_eq!(comes(&app, &before).await, "allowed");
    let no_ticket = send(&max, "/admin/keys/1/tokens/new", &[("life", "store")]).await;
    assert_eq!(no_ticket.status, 409);
    assert_eq!(comes(&app, &before).await, "allowed");
}

/// Who approved an app may end what its key opens, and not lend himself its owner's standing.
#[tokio::test]
async fn each_role_has_its_buttons_and_no_more() {
    let app = TestApp::start().await;
    app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    let taken = granted(&app, "read").await;
    let pair = (taken.text("consumer_key"), taken.text("consumer_secret"));
    let ada_id = app.user("ada").await.id;
    keys::reassign(app.services(), &app.caller("ada").await, 1, ada_id).await.unwrap();
    for (login, makes, ends) in
        [("ada", true, true), ("max", false, true), ("mia", false, false), ("vera", false, false)]
    {
        token_of(&app, (&pair.0, &pair.1)).await;
        let browser = app.logged_in(login).await;
        let page = browser.get("/admin/keys/1/tokens").await;
        assert_eq!(page.texts("a[href$='/tokens/new']").len(), usize::from(makes), "{login}");
        assert_eq!(page.texts("a[href$='/tokens/end']").len(), usize::from(ends), "{login}");
        assert_eq!(page.texts("td form button").is_empty(), !ends, "{login}");
        let status = |may: bool, yes: u16| if may { yes } else { 403 };
        for (path, may, yes) in
            [("/admin/keys/1/tokens/new", makes, 200), ("/admin/keys/1/tokens/end", ends, 200)]
        {
            assert_eq!(browser.get(path).await.status, status(may, yes), "{login} {path}");
        }
        let newest = newest(&app, 1).await;
        let end_one = send(&browser, &format!("/admin/keys/1/tokens/{newest}/end"), &[]).await;
        assert_eq!(end_one.status, status(ends, 303), "{login}");
        let end_all = send(&browser, "/admin/keys/1/tokens/end", &[]).await;
        assert_eq!(end_all.status, status(ends, 303), "{login}");
    }
    let log = app.logged_in("ada").await.get("/admin/audit?outcome=refused").await;
    let log = log.text("ol.log");
    assert!(log.contains("Mia") || log.contains("mia"), "{log}");
}

/// The number of the token of that key that was made last.
async fn newest(app: &TestApp, key_id: i64) -> i64 {
    let ada = app.caller("ada").await;
    let found = access_tokens::list(app.services(), &ada, key_id, None, 1).await;
    found.unwrap().tokens[0].id
}

#[tokio::test]
async fn a_manager_who_approved_an_app_makes_no_token_for_its_owner() {
    let app = TestApp::start().await;
    granted(&app, "read").await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/1/tokens/new").await;
    let ada_id = app.user("ada").await.id;
    keys::reassign(app.services(), &app.caller("ada").await, 1, ada_id).await.unwrap();
    let answer = press(&max, &form, &[("life", "store")]).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(!answer.body.contains("agat_"));
}

#[tokio::test]
async fn tokens_of_another_key_are_not_ended_by_their_number() {
    let app = TestApp::start().await;
    made(&app, "max", "Mine", Permissions::Read).await;
    let other = made(&app, "ada", "Other", Permissions::Read).await;
    let token = gets(&app, &other).await;
    let max = app.logged_in("max").await;
    let foreign = newest(&app, other.id).await;
    let by_own = send(&max, &format!("/admin/keys/1/tokens/{foreign}/end"), &[]).await;
    assert_eq!(by_own.status, 404);
    let by_other = send(&max, &format!("/admin/keys/2/tokens/{foreign}/end"), &[]).await;
    assert_eq!(by_other.status, 403);
    for rubbish in ["x", "-1", "99999999999999999999", "%00"] {
        let path = format!("/admin/keys/1/tokens/{rubbish}/end");
        assert_eq!(send(&max, &path, &[]).await.status, 404, "{rubbish}");
        let path = format!("/admin/keys/1/tokens?before={rubbish}");
        assert_eq!(max.get(&path).await.status, 200, "{rubbish}");
    }
    for path in ["tokens", "tokens/new", "tokens/end", "rules"] {
        assert_eq!(max.get(&format!("/admin/keys/77/{path}")).await.status, 404, "{path}");
    }
    assert_eq!(comes(&app, &token).await, "allowed");
}

#[tokio::test]
async fn very_many_tokens_are_shown_part_by_part() {
    let app = TestApp::start().await;
    made(&app, "max", "Busy", Permissions::Read).await;
    let (random, now) = (database::random_bytes(), app.services().now().as_millis());
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO access_tokens (id, lookup, ending, key_id, permissions, made_by, created_at,
                                    expires_at, last_used_at)
         SELECT i, {random}, 'abcdef', 1, 'read', 'client_credentials', {now}, {now} + 3600000, 0
         FROM n"
    ))
    .await;
    let max = app.logged_in("max").await;
    assert_eq!(max.get("/admin/keys/1").await.texts("#tokens li").len(), 3);
    let first = max.get("/admin/keys/1/tokens").await;
    assert_eq!(first.texts("tbody tr").len(), 25);
    let second = max.get(&first.attribute("a[rel=next]", "href")).await;
    assert_eq!(second.texts("tbody tr").len(), 25);
    let first_of = |page: &Answer| page.attribute("tbody form", "action");
    assert_eq!(first_of(&first), "/admin/keys/1/tokens/5000/end");
    assert_eq!(first_of(&second), "/admin/keys/1/tokens/4975/end");
    let last = max.get("/admin/keys/1/tokens?before=1").await;
    assert!(last.text("main").contains("That was all"));
    assert_eq!(last.text(".paging a"), "To the newest");
}

#[tokio::test]
async fn tokens_that_never_end_and_those_of_a_key_that_is_over_are_told() {
    let app = TestApp::with(&[("TOKEN_SECONDS", "-1"), ("REFRESH_TOKEN_SECONDS", "-1")]).await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    gets(&app, &key).await;
    let ada = app.logged_in("ada").await;
    let warnings = ada.get("/admin").await.text("#warnings");
    for name in ["APPGRANT_TOKEN_SECONDS", "APPGRANT_REFRESH_TOKEN_SECONDS"] {
        assert!(warnings.contains(name), "{warnings}");
    }
    let max = app.logged_in("max").await;
    assert!(max.get("/admin").await.text("#warnings").is_empty(), "it is not his to set");
    assert!(max.get("/admin/keys/1/tokens").await.text("tbody").contains("Never ends"));
    let page = max.get("/admin/keys/1").await;
    assert!(page.text("#rules .warn").contains("never end"));
    assert!(page.text("#tokens").contains("never ends"));

    keys::revoke(app.services(), &app.caller("ada").await, 1, "over").await.unwrap();
    let page = max.get("/admin/keys/1/tokens").await;
    assert!(page.text("tbody").contains("Stands still"), "{}", page.body);
    assert!(page.text(".notice.warn").contains("does not work"));
    assert!(page.texts("main form, main a.button").is_empty(), "nothing is left to press");
    assert_eq!(max.get("/admin/keys/1/tokens/new").await.status, 403);
}

#[tokio::test]
async fn tokens_that_are_over_say_so() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    gets(&app, &key).await;
    app.clock.advance(Duration::from_hours(2));
    let max = app.logged_in("max").await;
    let page = max.get("/admin/keys/1/tokens").await;
    assert!(page.text("tbody").contains("Expired"), "{}", page.body);
    assert!(page.texts("td form").is_empty());
    assert!(max.get("/admin").await.text("#warnings").is_empty());
}
