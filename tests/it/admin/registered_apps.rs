//! Registered apps: registered, shown once, changed, ended; their connections.

use appgrant::{domain::permissions::Permissions, service::keys};

use super::{led_to, made, press, send};
use crate::support::{Answer, Manager, Question, TestApp, connected, database, token_of};

const BACK: &str = "https://app.example/back";

const SERVER: [(&str, &str); 4] = [
    ("name", "Parcel Express"),
    ("kind", "server"),
    ("redirect_uris", "https://app.example/back\r\nhttp://127.0.0.1/back\r\n"),
    ("permissions", "read"),
];

/// Registers an app as that manager; its client id and secret.
async fn registered(browser: &Manager, filled: &[(&str, &str)]) -> (String, String) {
    let form = browser.get("/admin/registered-apps/new").await;
    let answer = press(browser, &form, filled).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    (answer.text("#client-id"), answer.text("#client-secret"))
}

#[tokio::test]
async fn an_app_is_registered_once_and_its_secret_shown_once() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    assert!(max.get("/admin/apps").await.body.contains("href=\"/admin/registered-apps\""));
    let list = max.get("/admin/registered-apps").await;
    assert!(list.text("main").contains("No registered apps yet"));
    let form = max.get(&list.attribute(".heading a", "href")).await;
    let answer = press(&max, &form, &SERVER).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("cache-control").contains("no-store"));
    let (id, secret) = (answer.text("#client-id"), answer.text("#client-secret"));
    assert_eq!((&id[..3], &secret[..3]), ("ck_", "cs_"));
    token_of(&app, (&id, &secret)).await;

    assert_eq!(press(&max, &form, &SERVER).await.status, 409, "a reload registers nothing");
    let list = max.get("/admin/registered-apps").await;
    assert_eq!(list.texts("a.key-name"), ["Parcel Express"]);
    assert!(list.text("td.what").contains("app.example, this device"), "{}", list.body);
    let page = max.get(&list.attribute("a.key-name", "href")).await;
    let told = page.text("section.panel");
    for words in [BACK, "http://127.0.0.1/back", "Runs on a server", &id[36..], "Max"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let key = max.get("/admin/keys/1").await;
    assert!(key.text(".facts").contains("The key of this registered app"));
    for path in
        ["/admin/registered-apps", "/admin/registered-apps/1", "/admin/keys/1", "/admin/audit"]
    {
        let page = max.get(path).await;
        assert!(page.status == 200 && !page.body.contains(&id) && !page.body.contains(&secret));
    }
}

#[tokio::test]
async fn pressed_many_times_at_once_one_app_is_registered() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/registered-apps/new").await;
    let answers = futures_util::future::join_all((0..6).map(|_| press(&max, &form, &SERVER))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(max.get("/admin/registered-apps").await.texts("a.key-name").len(), 1);
}

/// Nobody has the secret of an app that keeps none, and nobody gets one later.
#[tokio::test]
async fn an_app_on_a_device_is_given_no_secret() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let filled = [
        ("name", "Till on a tablet"),
        ("kind", "device"),
        ("redirect_uris", "com.example.till:/back"),
        ("permissions", "read_write"),
    ];
    let form = max.get("/admin/registered-apps/new").await;
    let answer = press(&max, &form, &filled).await;
    assert!(answer.text("#no-secret").contains("There is no client secret"), "{}", answer.body);
    assert!(answer.text("#client-id").starts_with("ck_") && !answer.body.contains("cs_"));
    let key = max.get("/admin/keys/1").await;
    assert!(!key.body.contains("/rotate") && !key.body.contains("/tokens/new"));
    assert_eq!(max.get("/admin/keys/1/rotate").await.status, 409);
    let ending = [("ending", "1234567"), ("overlap", "0")];
    assert_eq!(send(&max, "/admin/keys/1/rotate", &ending).await.status, 409);
    assert_eq!(max.get("/admin/keys/1/tokens/new").await.status, 409);
    let page = max.get("/admin/registered-apps/1").await;
    assert!(page.text(".facts").contains("keeps no secret"));
}

#[tokio::test]
async fn a_wrong_form_names_every_field_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let long = "x".repeat(101);
    let many = (0..21).map(|n| format!("https://a.example/{n}")).collect::<Vec<_>>().join("\n");
    for (field, value) in [
        ("name", ""),
        ("name", "\u{200b}"),
        ("name", long.as_str()),
        ("kind", "elsewhere"),
        ("redirect_uris", ""),
        ("redirect_uris", "http://app.example/back"),
        ("redirect_uris", "https://app.example/back\nhttp://localhost/back"),
        ("redirect_uris", "javascript:alert(1)"),
        ("redirect_uris", many.as_str()),
        ("permissions", "everything"),
        ("ends", "yesterday"),
        ("ends", "2001-01-01"),
    ] {
        let form = max.get("/admin/registered-apps/new").await;
        let mut filled = SERVER.to_vec();
        filled.extend([("name", "A <b> & \"c\""), (field, value)]);
        let answer = press(&max, &form, &filled).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.body);
        assert!(!answer.text(&format!("#{field}-wrong")).is_empty(), "{field} {value}");
        if field != "name" {
            assert_eq!(answer.attribute("#name", "value"), "A <b> & \"c\"");
        }
    }
    let form = max.get("/admin/registered-apps/new").await;
    let answer = press(&max, &form, &[("name", ""), ("redirect_uris", "x"), ("ends", "x")]).await;
    assert_eq!(answer.texts(".field-wrong").len(), 5, "{}", answer.body);
    let localhost = [("redirect_uris", "http://localhost/x"), ("name", "A")];
    let answer = press(&max, &answer, &localhost).await;
    assert!(answer.text("#redirect_uris-wrong").contains("127.0.0.1"), "it says what to write");
    assert!(max.get("/admin/registered-apps").await.texts("a.key-name").is_empty());
    assert_eq!(send(&max, "/admin/registered-apps/new", &SERVER).await.status, 409, "no ticket");
}

#[tokio::test]
async fn name_and_addresses_are_changed_by_owner_and_admins_only() {
    let app = TestApp::start().await;
    app.add_user("mia", appgrant::domain::user::Role::Manager).await;
    let max = app.logged_in("max").await;
    registered(&max, &SERVER).await;
    let form = max.get("/admin/registered-apps/1/edit").await;
    assert_eq!(form.attribute("#name", "value"), "Parcel Express");
    for (login, may) in [("ada", true), ("max", true), ("mia", false), ("vera", false)] {
        let browser = app.logged_in(login).await;
        let page = browser.get("/admin/registered-apps/1").await;
        assert_eq!(page.texts("a[href$='/edit']").len(), usize::from(may), "{login}");
        assert_eq!(page.texts("#revoke").len(), usize::from(may), "{login}");
        let edit = browser.get("/admin/registered-apps/1/edit").await;
        assert_eq!(edit.status, if may { 200 } else { 403 }, "{login}");
        let fields = [("name", login), ("redirect_uris", BACK), ("name_was", "Parcel Express")];
        let sent = send(&browser, "/admin/registered-apps/1/edit", &fields).await;
        assert_eq!(sent.status, if may { 303 } else { 403 }, "{login}: {}", sent.body);
    }
    let page = max.get("/admin/registered-apps/1").await;
    assert_eq!((page.text("h1").as_str(), page.text(".plain").as_str()), ("max", BACK));

    // Wrong addresses are named, and a form that was open meanwhile changes what was touched only.
    let wrong =
        press(&max, &form, &[("name", "x"), ("redirect_uris", "http://evil.example/")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text("#redirect_uris-wrong").contains("http is for 127.0.0.1"));
    let typed = form.text("#redirect_uris").replace(' ', "\n");
    let to = press(&max, &wrong, &[("name", "Parcels"), ("redirect_uris", &typed)]).await;
    let page = max.get(&led_to(&app, &to)).await;
    assert_eq!((page.text("h1").as_str(), page.text(".plain").as_str()), ("Parcels", BACK));
    let same = max.get("/admin/registered-apps/1/edit").await;
    let to = press(&max, &same, &[("name", "Parcels"), ("redirect_uris", BACK)]).await;
    assert_eq!(led_to(&app, &to), "/admin/registered-apps/1?done=unchanged");

    made(&app, "max", "No app", Permissions::Read).await;
    for path in
        ["/admin/registered-apps/2", "/admin/registered-apps/2/edit", "/admin/registered-apps/9"]
    {
        assert_eq!(max.get(path).await.status, 404, "{path}");
    }
}

async fn comes(app: &TestApp, token: &str) -> String {
    let question = Question::forwarded("GET", "/wp-json/wc/v3/orders");
    question.with("X-AccessToken", token).ask(app).await.word().to_owned()
}

/// What a manager sees of an app that an employee connected, and how it is ended.
#[tokio::test]
async fn connections_stand_with_their_app_and_stop_with_it() {
    let app = TestApp::start().await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    let (id, secret) = registered(&max, &SERVER).await;
    let page = max.get("/admin/registered-apps/1").await;
    assert!(page.text("main").contains("Nobody has approved it"));
    let asked = max.get("/admin/keys/1/revoke").await;
    assert!(asked.text("#apps").contains("the registered app Parcel Express"), "{}", asked.body);
    assert!(asked.text("#connections").is_empty());

    let first = connected(&app, (&id, &secret), "ada").await;
    let second = connected(&app, (&id, &secret), "max").await;
    let tokens = [first.access.expose(), second.access.expose()];
    let page = max.get("/admin/registered-apps/1").await;
    assert_eq!(page.texts("tbody tr").len(), 2);
    assert!(page.text(".order").starts_with("2 connections"), "{}", page.text(".order"));
    assert!(page.text("tbody").contains("tokens only") && !page.text("tbody").contains('…'));

    let key = ada.get("/admin/keys/2").await;
    let told = key.text(".columns");
    assert!(told.contains("A connection of this registered app"), "{told}");
    assert!(told.contains("No consumer key and secret open it") && !told.contains("…"), "{told}");
    assert_eq!(key.attribute(".facts a", "href"), "/admin/registered-apps/1");
    for path in ["/rotate", "/tokens/new"] {
        assert!(!key.body.contains(path), "{path}");
        assert_eq!(ada.get(&format!("/admin/keys/2{path}")).await.status, 409, "{path}");
    }
    assert!(ada.get("/admin/keys/2/tokens").await.text("tbody").contains("can be refreshed"));

    // One connection ends by itself, the rest with the app.
    press(&ada, &ada.get("/admin/keys/2/revoke").await, &[]).await;
    assert_eq!(
        [comes(&app, tokens[0]).await, comes(&app, tokens[1]).await],
        ["revoked", "allowed"]
    );
    assert_eq!(max.get("/admin/registered-apps/1").await.texts("tbody tr").len(), 1);
    let page = max.get("/admin/registered-apps/1").await;
    let asked = max.get(&page.attribute("#revoke", "href")).await;
    assert!(
        asked.text("#connections").contains("1 connection to this store stops"),
        "{}",
        asked.body
    );
    assert!(asked.text("#connections").contains("approve anew"), "{}", asked.body);
    let several = send(&max, "/admin/keys/revoke", &[("key-1", "on"), ("key-3", "on")]).await;
    assert!(several.text("#connections").contains("1 connection"), "{}", several.body);
    let told = several.text("#apps");
    assert!(told.contains("Among them is the key of the registered app Parcel Express"), "{told}");
    let ordinary = max.get("/admin/keys/3/revoke").await;
    assert!(ordinary.status == 200 && ordinary.text("#apps").is_empty(), "{}", ordinary.body);
    led_to(&app, &press(&max, &asked, &[]).await);
    assert_eq!(comes(&app, tokens[1]).await, "revoked");
    assert!(max.get("/admin/keys/3").await.body.contains("its app was ended"));
    let page = max.get("/admin/registered-apps/1").await;
    assert!(page.text(".notice.warn").contains("none of its connections"));
    assert!(page.texts("main a.button").is_empty());
    assert_eq!(max.get("/admin/registered-apps/1/edit").await.status, 403);
}

#[tokio::test]
async fn very_many_apps_and_connections_are_shown_part_by_part() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    registered(&max, &SERVER).await;
    let (owner, random) = (app.user("max").await.id, database::random_bytes());
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3009)
         INSERT INTO keys (id, lookup, secret_hash, ending, description, permissions, owner_id, state,
                           created_at, opened_at)
         SELECT i, {random}, '!', '', 'Connection ' || i, 'read', {owner}, 'active', 1, 1 FROM n"
    ))
    .await;
    app.alter("INSERT INTO connections (key_id, client_id) SELECT id, 1 FROM keys WHERE id > 1")
        .await;
    let page = max.get("/admin/registered-apps/1").await;
    assert!(page.text(".order").starts_with("more than 1000 connections"), "{}", page.body);
    let names = |page: &Answer| page.texts("tbody a.key-name");
    assert_eq!((names(&page).len(), names(&page)[0].as_str()), (25, "Connection 3009"));
    let next = max.get(&page.attribute("a[rel=next]", "href")).await;
    assert_eq!((names(&next).len(), names(&next)[0].as_str()), (25, "Connection 2984"));
    let asked = max.get("/admin/keys/1/revoke").await.text("#connections");
    assert!(asked.contains("more than 1000 connections"), "{asked}");

    app.alter(&format!(
        "INSERT INTO oauth_clients (key_id, name, public, redirect_uris, created_at)
         SELECT id, 'App ' || id, 0, '{BACK}', 1 FROM keys WHERE id > 1"
    ))
    .await;
    let page = max.get("/admin/registered-apps").await;
    assert_eq!((names(&page).len(), names(&page)[0].as_str()), (25, "App 3009"));
    let next = max.get(&page.attribute("a[rel=next]", "href")).await;
    assert_eq!(names(&next)[0], "App 2984");
    assert!(max.get("/admin/registered-apps?before=1").await.text("main").contains("That was all"));
}

/// Names and addresses that want to be code are text.
#[tokio::test]
async fn an_apps_name_is_text() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let hostile = "<script>alert(1)</script>\"'><img src=x>{{7*7}}";
    let mut filled = SERVER.to_vec();
    filled.push(("name", hostile));
    let (id, secret) = registered(&max, &filled).await;
    connected(&app, (&id, &secret), "max").await;
    for path in [
        "/admin/registered-apps",
        "/admin/registered-apps/1",
        "/admin/registered-apps/1/edit",
        "/admin/keys/1/revoke",
        "/admin/keys/2",
    ] {
        let page = max.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let body = page.body.to_lowercase();
        assert!(!body.contains("<script") && !body.contains("<img src=x"), "{path}");
    }
    keys::revoke(app.services(), &app.caller("max").await, 1, "over").await.unwrap();
    assert!(max.get("/admin/registered-apps/1").await.text("main").contains(hostile));
}

/// Whoever decides what becomes of the keys of somebody who leaves reads which apps stop.
#[tokio::test]
async fn apps_of_a_user_who_leaves_are_named() {
    let app = TestApp::start().await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    let path = format!("/admin/users/{}", app.user("max").await.id);
    made(&app, "max", "Till", Permissions::Read).await;
    let asked = ada.get(&format!("{path}/disable")).await;
    assert!(asked.status == 200 && asked.text("#apps").is_empty(), "{}", asked.body);

    let (id, secret) = registered(&max, &SERVER).await;
    connected(&app, (&id, &secret), "ada").await;
    for (way, stands_still) in [("disable", true), ("delete", false)] {
        let told = ada.get(&format!("{path}/{way}")).await.text("#apps");
        assert!(told.contains("registered app Parcel Express, with 1 connection"), "{told}");
        assert!(told.contains("approve anew") && told.contains("it goes on"), "{told}");
        assert_eq!(told.contains("stands still"), stands_still, "{told}");
    }
    for number in 0..12 {
        let name = format!("App {number}");
        registered(&max, &[&[("name", name.as_str())], &SERVER[1..]].concat()).await;
    }
    let told = ada.get(&format!("{path}/delete")).await.text("#apps");
    assert!(told.contains("are the keys of the registered apps"), "{told}");
    assert!(told.contains("App 8 and 3 more") && told.contains("they are revoked"), "{told}");
    let of_ada = format!("/admin/users/{}/delete", app.user("vera").await.id);
    assert!(ada.get(&of_ada).await.text("#apps").is_empty(), "nobody else’s");
}

/// The life of a connection's tokens is its app's where it has none of its own, and so is what widening is.
#[tokio::test]
async fn a_connection_says_whose_life_its_tokens_have() {
    use appgrant::{
        domain::token_life::TokenLife,
        service::{
            access_tokens::{RulesChange, change_rules},
            keys::KeyError,
        },
    };
    let app = TestApp::start().await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    let (id, secret) = registered(&max, &SERVER).await;
    connected(&app, (&id, &secret), "ada").await;
    let shown = async || max.get("/admin/keys/2").await.text("#rules");
    assert!(shown().await.contains("1 hour (as the store is set)"));
    let lives = |seconds: i64| RulesChange {
        token_life: Some(TokenLife::of(seconds)),
        ..RulesChange::default()
    };
    let services = app.services();
    change_rules(services, &app.caller("max").await, 1, lives(120)).await.unwrap();
    assert!(shown().await.contains("2 minutes (as its app is set)"), "{}", shown().await);
    let fields = "fieldset:nth-of-type(2)";
    let form = ada.get("/admin/keys/2/rules").await.text(fields);
    assert!(form.contains("As its app is set") && form.contains("2 minutes now"), "{form}");
    let own = max.get("/admin/keys/1/rules").await.text(fields);
    assert!(own.contains("As the store is set") && own.contains("1 hour now"), "{own}");

    change_rules(services, &app.caller("ada").await, 2, lives(60)).await.unwrap();
    assert!(shown().await.contains("1 minute") && !shown().await.contains("is set"));
    let longer = change_rules(services, &app.caller("max").await, 2, lives(600)).await;
    assert!(matches!(longer, Err(KeyError::NotAllowed)), "more than its app's is more");
}
