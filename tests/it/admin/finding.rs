//! Finding a key, seeing when it last came, narrowing and ending it.

use appgrant::domain::permissions::Permissions;

use super::{come, led_to, made, send, uses_are_noted};
use crate::support::{Question, Reaction, Receiver, TestApp, granted, query};

/// The whole of what a manager does about an app: in under a minute, and here in under a second.
#[tokio::test]
async fn a_manager_finds_an_apps_key_narrows_it_and_ends_it() {
    let app = TestApp::start().await;
    let keys = granted(&app, "read_write").await;
    let asks = |method| Question::forwarded(method, "/wp-json/wc/v3/orders").keys(&keys);
    let asked = asks("GET").with("X-Forwarded-For", "203.0.113.9").with("User-Agent", "Möbel/2");
    assert_eq!(asked.ask(&app).await.word(), "allowed");
    uses_are_noted(&app, 1).await;
    let max = app.logged_in("max").await;

    let found = send(&max, "/admin/keys/search", &[("q", "möb")]).await;
    let list = max.get(&led_to(&app, &found)).await;
    assert_eq!(list.texts("tbody tr").len(), 1, "{}", list.body);
    let row = list.text("tbody tr");
    assert!(row.contains("Möbel & Co") && row.contains("just now"), "{row}");
    let path = list.attribute("a.key-name", "href");

    let key = max.get(&path).await;
    let facts = key.text("main");
    for fact in
        ["203.0.113.9", "Möbel/2", "Read/Write", "Approved by", "Max", "Delivered", "approved"]
    {
        assert!(facts.to_lowercase().contains(&fact.to_lowercase()), "{fact} is not in {facts}");
    }

    let narrowed = send(&max, &format!("{path}/narrow"), &[]).await;
    let key = max.get(&led_to(&app, &narrowed)).await;
    assert!(key.text("[role=status]").contains("may only read now"), "{}", key.body);
    assert_eq!(asks("POST").ask(&app).await.word(), "method_not_permitted");
    assert_eq!(asks("GET").ask(&app).await.word(), "allowed");

    let sure = max.get(&format!("{path}/revoke")).await;
    assert!(sure.text("h1").contains("Revoke this key?"));
    let done = send(&max, &format!("{path}/revoke"), &[("reason", "no longer needed")]).await;
    let key = max.get(&led_to(&app, &done)).await;
    assert!(key.text("main").contains("no longer needed"));
    assert_eq!(asks("GET").ask(&app).await.word(), "revoked");
    let again = send(&max, &format!("{path}/revoke"), &[]).await;
    assert_eq!(again.status, 409);
    let history = key.texts(".log li");
    assert!(history[0].contains("max revoked a key") && history[1].contains("read_write → read"));
}

#[tokio::test]
async fn what_is_found_by_which_filter() {
    let app = TestApp::start().await;
    let reader = made(&app, "ada", "Stock sheet", Permissions::Read).await;
    let writer = made(&app, "max", "Till", Permissions::ReadWrite).await;
    made(&app, "max", "Write only", Permissions::Write).await;
    assert_eq!(come(&app, &writer, "GET").await, "allowed");
    uses_are_noted(&app, writer.id).await;
    let vera = app.logged_in("vera").await;
    let max = app.user("max").await.id;
    let ending = &reader.credential.key.as_str()[36..];
    for (query, expected) in [
        ("", vec!["Write only", "Till", "Stock sheet"]),
        ("order=oldest", vec!["Stock sheet", "Till", "Write only"]),
        ("q=stock", vec!["Stock sheet"]),
        (&format!("q={ending}"), vec!["Stock sheet"]),
        ("q=sto+she", vec!["Stock sheet"]),
        ("q=nothing", vec![]),
        ("permissions=read", vec!["Stock sheet"]),
        (&format!("owner={max}&order=oldest"), vec!["Till", "Write only"]),
        ("use=never", vec!["Write only", "Stock sheet"]),
        ("use=writes_in_vain", vec!["Till"]),
        ("use=long_ago", vec![]),
        ("state=revoked", vec![]),
        ("state=expiring", vec![]),
        ("app=api.example.com", vec![]),
    ] {
        let list = vera.get(&format!("/admin/keys?{query}")).await;
        assert_eq!(list.texts("a.key-name"), expected, "{query}");
        if expected.is_empty() {
            assert!(!list.text(".empty").is_empty(), "{query}");
        }
    }
}

/// A pasted key leads to its screen; neither it nor a secret ever stands in an address.
#[tokio::test]
async fn whole_keys_are_found_and_never_put_into_an_address() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::Read).await;
    let vera = app.logged_in("vera").await;
    let pasted = format!(" {} ", key.credential.key.as_str());
    let found = send(&vera, "/admin/keys/search", &[("q", &pasted)]).await;
    assert_eq!(led_to(&app, &found), format!("/admin/keys/{}", key.id));
    let secret = key.credential.secret.expose();
    for (typed, told) in [
        (secret, "That was a secret"),
        (&format!("{}|{secret}", key.credential.key.as_str()), "That was a secret"),
        ("agt_0123456789", "That was a secret"),
        ("Cqu62al903ICv40am9nM68Y7o9-32", "Look for it under Licenses"),
        (&format!("ck_{}", "0".repeat(40)), "No key here has that"),
        ("ck_broken", "No key here has that"),
    ] {
        let answer = send(&vera, "/admin/keys/search", &[("q", typed)]).await;
        let path = led_to(&app, &answer);
        assert!(!path.contains(&typed[..6]), "{path}");
        let list = vera.get(&path).await;
        assert!(list.text("[role=status]").contains(told), "{typed}: {}", list.body);
        assert!(!list.body.contains(typed));
    }
}

#[tokio::test]
async fn paging_and_revoking_keep_the_filters() {
    let app = TestApp::start().await;
    for number in 0..52 {
        made(&app, "max", &format!("Till {number}"), Permissions::Read).await;
    }
    let max = app.logged_in("max").await;
    let first = max.get("/admin/keys?q=till&permissions=read&order=oldest").await;
    assert_eq!(first.texts("a.key-name").len(), 50);
    let second = max.get(&first.attribute("a[rel=next]", "href")).await;
    assert_eq!(second.texts("a.key-name"), ["Till 50", "Till 51"]);
    assert_eq!(second.attribute("input[name=q]", "value"), "till");
    assert_eq!(second.attribute("select[name=permissions] option[selected]", "value"), "read");

    let list = second.attribute("input[name=list]", "value");
    let ticks: Vec<_> = [51, 52].map(|id| format!("key-{id}")).to_vec();
    let mut fields: Vec<_> = ticks.iter().map(|tick| (tick.as_str(), "on")).collect();
    fields.push(("list", &list));
    let sure = send(&max, "/admin/keys/revoke", &fields).await;
    assert_eq!((sure.status, sure.text("h1").as_str()), (200, "Revoke 2 keys?"));
    assert!(
        max.get("/admin/keys?state=revoked").await.texts("a.key-name").is_empty(),
        "only asked"
    );
    fields.extend([("sure", "yes"), ("reason", "tidying up")]);
    let done = send(&max, "/admin/keys/revoke", &fields).await;
    let path = led_to(&app, &done);
    assert!(path.starts_with("/admin/keys?q=till&permissions=read&order=oldest&after="), "{path}");
    let list = max.get(&path).await;
    assert!(list.text("[role=status]").contains("The chosen keys were revoked"), "{}", list.body);
    assert_eq!(max.get("/admin/keys?state=revoked").await.texts("a.key-name").len(), 2);
    let none = send(&max, "/admin/keys/revoke", &[("list", "q=till")]).await;
    assert_eq!(led_to(&app, &none), "/admin/keys?q=till&done=nothing_chosen");
}

/// What one may not end is left alone and told, whatever is sent.
#[tokio::test]
async fn others_keys_are_left_alone_when_several_are_ended() {
    let app = TestApp::start().await;
    let admins = made(&app, "ada", "Admin’s", Permissions::Read).await;
    let own = made(&app, "max", "Own", Permissions::Read).await;
    let max = app.logged_in("max").await;
    let list = max.get("/admin/keys").await;
    assert_eq!(list.texts("input[type=checkbox]").len(), 1, "only the own one can be ticked");
    let (a, b) = (format!("key-{}", admins.id), format!("key-{}", own.id));
    let fields = [(a.as_str(), "on"), (b.as_str(), "on"), ("key-999", "on"), ("key-x", "on")];
    let sure = send(&max, "/admin/keys/revoke", &fields).await;
    assert_eq!(sure.text("h1"), "Revoke 1 key?");
    let mut fields = fields.to_vec();
    fields.push(("sure", "yes"));
    let done = send(&max, "/admin/keys/revoke", &fields).await;
    assert!(led_to(&app, &done).ends_with("done=revoked_several&left=2"));
    assert_eq!(come(&app, &admins, "GET").await, "allowed");
    assert_eq!(come(&app, &own, "GET").await, "revoked");
}

#[tokio::test]
async fn an_app_ends_as_a_whole() {
    let app = TestApp::start().await;
    let keys = granted(&app, "read").await;
    let max = app.logged_in("max").await;
    let apps = max.get("/admin/apps").await;
    assert_eq!(apps.texts("a.key-name"), ["Möbel & Co"]);
    let path = apps.attribute("a.key-name", "href");
    let shown = max.get(&path).await;
    assert_eq!(shown.status, 200, "{path}");
    assert!(
        shown.text("main").contains("1 of 1") && shown.text(".short").contains("approved by max")
    );
    let vera = app.logged_in("vera").await;
    assert!(!vera.get(&path).await.body.contains("Revoke all"));
    assert_eq!(max.get(&format!("{path}/revoke")).await.status, 200);
    let done = send(&max, &format!("{path}/revoke"), &[("reason", "bought up")]).await;
    let shown = max.get(&led_to(&app, &done)).await;
    assert!(shown.text("main").contains("0 of 1"), "{}", shown.body);
    let asked = Question::forwarded("GET", "/wp-json/wc/v3/orders").keys(&keys);
    assert_eq!(asked.ask(&app).await.word(), "revoked");
    assert_eq!(max.get("/admin/apps/nobody.example").await.status, 404);
}

#[tokio::test]
async fn a_delivery_under_way_is_hurried_and_called_off_from_the_keys_screen() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.will([const { Reaction::Status(500) }; 2]);
    let max = app.logged_in("max").await;
    let request = query(&[
        ("app_name", "Parcel Express"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ]);
    max.approve(&max.consent(&request).await).await;
    let vera = app.logged_in("vera").await;
    assert!(!vera.get("/admin/keys/1").await.body.contains("/retry"));
    let key = max.get("/admin/keys/1").await;
    assert!(key.text(".heading").contains("Being delivered"), "{}", key.body);
    let retry = key.attribute("form[action$=retry]", "action");
    assert_eq!(send(&vera, &retry, &[]).await.status, 403);
    let hurried = send(&max, &retry, &[]).await;
    assert_eq!(led_to(&app, &hurried), "/admin/keys/1?done=delivery_hurried");
    for _ in 0..100 {
        if max.get("/admin/keys/1").await.texts(".attempt").len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let cancel = key.attribute("form[action$=cancel]", "action");
    let mut answer = send(&max, &cancel, &[]).await;
    for _ in 0..100 {
        if led_to(&app, &answer).ends_with("delivery_cancelled") {
            break;
        }
        answer = send(&max, &cancel, &[]).await;
    }
    let key = max.get("/admin/keys/1").await;
    assert!(key.text(".heading").contains("Revoked"), "{}", key.body);
    assert_eq!(send(&max, "/admin/keys/1/deliveries/nothing/retry", &[]).await.status, 404);
}
