//! Making and changing keys: shown once, changed by whom, never twice.

use appgrant::domain::permissions::Permissions;

use super::{led_to, made, send};
use crate::support::{Answer, Manager, Question, TestApp};

async fn press(browser: &Manager, page: &Answer, more: &[(&str, &str)]) -> Answer {
    let mut fields = page.fields("main form");
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    browser.press("/admin/keys/new", &fields).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_a_reload_makes_no_second() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/new").await;
    let filled = [("description", "Till"), ("permissions", "read")];
    let answer = press(&max, &form, &filled).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("cache-control").contains("no-store"));
    let key = answer.text("#consumer-key");
    let secret = answer.text("#consumer-secret");
    assert_eq!((key.len(), answer.text(".copy + .small-print").as_str()), (43, "43 characters"));
    assert!(answer.body.contains("<svg role=\"img\"") && !answer.body.contains("<?xml"));
    let asked = Question::forwarded("GET", "/wp-json/wc/v3/orders").basic(&key, &secret);
    assert_eq!(asked.ask(&app).await.word(), "allowed");

    let reload = press(&max, &form, &filled).await;
    assert_eq!(reload.status, 409, "{}", reload.body);
    assert_eq!(max.get("/admin/keys").await.texts("a.key-name"), ["Till"]);
    for path in ["/admin", "/admin/keys", "/admin/keys/1", "/admin/audit", "/admin/account"] {
        let page = max.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains(&secret) && !page.body.contains(&key), "{path}");
    }
}

#[tokio::test]
async fn pressed_many_times_at_once_one_key_is_made() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/new").await;
    let filled = [("description", "Till"), ("permissions", "read")];
    let presses = (0..8).map(|_| press(&max, &form, &filled));
    let answers = futures_util::future::join_all(presses).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(max.get("/admin/keys").await.texts("a.key-name").len(), 1);
}

#[tokio::test]
async fn a_wrong_form_comes_back_as_it_was_typed() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let long = "x".repeat(201);
    for (field, value) in [
        ("description", ""),
        ("description", "\u{200b}"),
        ("description", long.as_str()),
        ("permissions", "everything"),
        ("ends", "yesterday"),
        ("ends", "2001-01-01"),
        ("ends", "9999-01-01"),
    ] {
        let form = max.get("/admin/keys/new").await;
        let mut filled = vec![("description", "A \"till\" <b>"), ("permissions", "read")];
        filled.push((field, value));
        let answer = press(&max, &form, &filled).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.body);
        assert!(!answer.text(".field-wrong").is_empty(), "{field} {value}");
        if field != "description" {
            assert_eq!(answer.attribute("#description", "value"), "A \"till\" <b>");
        }
    }
    assert!(max.get("/admin/keys").await.texts("a.key-name").is_empty());
    assert_eq!(
        send(&max, "/admin/keys/new", &[("description", "No ticket"), ("permissions", "read")])
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn owners_are_chosen_by_admins_only() {
    let app = TestApp::start().await;
    let (ada, max, vera) =
        (app.logged_in("ada").await, app.logged_in("max").await, app.logged_in("vera").await);
    let of_max = app.user("max").await.id.to_string();
    let of_ada = app.user("ada").await.id.to_string();
    let filled = |owner| [("description", "Till"), ("permissions", "read"), ("owner", owner)];
    let form = ada.get("/admin/keys/new").await;
    assert_eq!(form.texts("#owner option").len(), 3);
    assert_eq!(press(&ada, &form, &filled(&of_max)).await.status, 200);
    let form = max.get("/admin/keys/new").await;
    assert!(form.texts("#owner").is_empty());
    assert_eq!(press(&max, &form, &filled(&of_ada)).await.status, 403);
    assert_eq!(vera.get("/admin/keys/new").await.status, 403);
    assert!(!vera.get("/admin/keys").await.body.contains("/admin/keys/new"));
    let form = ada.get("/admin/keys/new").await;
    assert_eq!(press(&ada, &form, &filled("999")).await.status, 422, "nobody");
}

#[tokio::test]
async fn description_permissions_and_end_are_changed() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::ReadWrite).await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/keys/1/edit").await;
    assert_eq!(form.attribute("input[name=permissions][checked]", "value"), "read_write");
    let change = |description, permissions, ends, was| {
        [
            ("description", description),
            ("permissions", permissions),
            ("ends", ends),
            ("ends_was", was),
        ]
    };
    let done =
        send(&max, "/admin/keys/1/edit", &change("Old till", "read", "2099-01-31", "")).await;
    let key = max.get(&led_to(&app, &done)).await;
    assert_eq!(key.text("h1"), "Old till");
    assert!(
        key.text("main").contains("31 January 2099, end of the day UTC"),
        "{}",
        key.text("main")
    );
    let form = max.get("/admin/keys/1/edit").await;
    assert_eq!(form.attribute("#ends", "value"), "2099-01-31");
    let listed = max.get("/admin/keys").await;
    assert_eq!(listed.text(".until"), "until 31 January 2099", "the last day");
    let same = change("Old till", "read", "2099-01-31", "2099-01-31");
    let done = send(&max, "/admin/keys/1/edit", &same).await;
    assert_eq!(led_to(&app, &done), "/admin/keys/1?done=unchanged");
    let wrong = send(&max, "/admin/keys/1/edit", &change("", "read", "", "")).await;
    assert_eq!(
        (wrong.status, wrong.text(".field-wrong").contains("what the key is for")),
        (422, true)
    );
    let done =
        send(&max, "/admin/keys/1/edit", &change("Old till", "read", "", "2099-01-31")).await;
    assert!(max.get(&led_to(&app, &done)).await.text("main").contains("No end date"));
}

#[tokio::test]
async fn a_form_that_was_open_while_a_key_was_narrowed_gives_nothing_back() {
    let app = TestApp::start().await;
    made(&app, "max", "Till", Permissions::ReadWrite).await;
    let max = app.logged_in("max").await;
    let path = "/admin/keys/1/edit";
    let mut stale = max.get(path).await.fields("main form");
    assert_eq!(stale["permissions_was"], "read_write");
    assert_eq!(send(&max, "/admin/keys/1/narrow", &[]).await.status, 303);
    stale.extend([("permissions", "read_write"), ("ends", "")].map(|(k, v)| (k.into(), v.into())));
    let wrong = max.press(path, &stale).await;
    assert_eq!(wrong.status, 422, "no description");
    let mut again = wrong.fields("main form");
    again.extend([("permissions", "read_write"), ("ends", "")].map(|(k, v)| (k.into(), v.into())));
    again.insert("description".into(), "Old till".into());
    let key = max.get(&led_to(&app, &max.press(path, &again).await)).await;
    assert_eq!(key.text("h1"), "Old till");
    assert!(!key.text(".facts").contains("Read/Write"), "{}", key.text(".facts"));
}

#[tokio::test]
async fn a_key_goes_to_another_owner() {
    let app = TestApp::start().await;
    made(&app, "ada", "Till", Permissions::Read).await;
    let ada = app.logged_in("ada").await;
    let form = ada.get("/admin/keys/1/owner").await;
    assert_eq!(form.texts("#owner option"), ["Max", "Vera"]);
    let to = app.user("max").await.id.to_string();
    let done = send(&ada, "/admin/keys/1/owner", &[("owner", &to)]).await;
    let key = ada.get(&led_to(&app, &done)).await;
    assert!(key.text(".facts").contains("Max (max)"), "{}", key.text(".facts"));
    assert_eq!(send(&ada, "/admin/keys/1/owner", &[("owner", "999")]).await.status, 422);
}
