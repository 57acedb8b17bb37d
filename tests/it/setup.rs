//! The first admin, through the link in the log.

use std::collections::BTreeMap;

use appgrant::service::setup;
use reqwest::Method;

use crate::support::{Answer, Manager, TestApp};

async fn link(app: &TestApp) -> String {
    let token = setup::issue_token(app.services()).await.unwrap().unwrap();
    format!("/setup?token={token}")
}

async fn send(browser: &Manager, page: &Answer, changes: &[(&str, &str)]) -> Answer {
    let mut fields: BTreeMap<String, String> = page.fields("form");
    let filled = [
        ("login", "ada"),
        ("name", "Ada L."),
        ("password", "ten letters"),
        ("password_again", "ten letters"),
    ];
    fields.extend(filled.iter().chain(changes).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    browser.press("/setup", &fields).await
}

#[tokio::test]
async fn the_link_makes_one_admin_and_logs_in() {
    let app = TestApp::empty(&[]).await;
    let (browser, link) = (app.browser(), link(&app).await);
    let page = browser.get(&link).await;
    assert_eq!(page.text("h1"), "Make the first admin");
    let answer = send(&browser, &page, &[]).await;
    assert_eq!((answer.status, answer.location()), (303, format!("{}/admin", app.url).as_str()));
    assert!(browser.get("/admin").await.text(".who").contains("Ada L. admin"));
    for used in [browser.get(&link).await, send(&app.browser(), &page, &[("login", "eve")]).await] {
        assert_eq!((used.status, used.text("h1").as_str()), (403, "This setup link is not valid"));
        assert!(used.text("main").contains("there is a user already"), "{}", used.body);
    }
    assert!(setup::issue_token(app.services()).await.unwrap().is_none(), "no more links");
}

#[tokio::test]
async fn the_first_admin_sees_which_browser_is_logged_in() {
    let app = TestApp::empty(&[]).await;
    let (browser, link) = (app.browser(), link(&app).await);
    let page = browser.get(&link).await;
    let fields = page.fields("form").into_iter();
    let filled = ["password", "password_again"].map(|name| (name.to_owned(), "ten letters".into()));
    let fields = fields.chain(filled).chain([("login".to_owned(), "ada".to_owned())]);
    let fields: BTreeMap<String, String> = fields.collect();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let request = browser.request(Method::POST, "/setup").form(&fields);
    let answer = browser.send(request.header("User-Agent", firefox)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let told = browser.get("/admin/account").await.text("main");
    assert!(told.contains("Firefox") && !told.contains("without a name"), "{told}");
}

#[tokio::test]
async fn wrong_input_is_explained_and_nothing_is_lost() {
    let app = TestApp::empty(&[]).await;
    let (browser, link) = (app.browser(), link(&app).await);
    for (changes, error) in [
        (
            &[("login", "a b")][..],
            "Error: A login has 1 to 60 letters, digits, dots, hyphens or underscores.",
        ),
        (
            &[("password", "short"), ("password_again", "short")],
            "Error: The password is too short: at least 10 characters are needed.",
        ),
        (
            &[("password_again", "something else")],
            "Error: The two passwords are not the same; please type them again.",
        ),
        (&[("email", "nonsense")], "Error: That does not look like an e-mail address."),
    ] {
        let answer = send(&browser, &browser.get(&link).await, changes).await;
        assert_eq!((answer.status, answer.text(".notice")), (200, error.to_owned()));
        assert_eq!(answer.attribute("#name", "value"), "Ada L.");
        assert!(!answer.body.contains("ten letters"), "a password is never sent back");
    }
    assert_eq!(send(&browser, &browser.get(&link).await, &[]).await.status, 303);
}

#[tokio::test]
async fn only_the_newest_link_works_and_only_once_at_once() {
    let app = TestApp::empty(&[]).await;
    let (old, new) = (link(&app).await, link(&app).await);
    assert_eq!(app.browser().get(&old).await.status, 403);
    for wrong in ["/setup", "/setup?token=", "/setup?token[]=x", "/setup?token=%ff"] {
        assert_eq!(app.browser().get(wrong).await.status, 403, "{wrong}");
    }
    let page = app.browser().get(&new).await;
    let (one, two) = (app.browser(), app.browser());
    let (a, b) = tokio::join!(send(&one, &page, &[]), send(&two, &page, &[("login", "eve")]));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403]);
}
