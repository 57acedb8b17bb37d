//! What needs attention, and what is done about it with one press.

use std::time::Duration;

use appgrant::{
    domain::{licenses::SettingsChange, permissions::Permissions, token_life::TokenLife},
    service::{
        keys::{self, KeyChange},
        licenses,
    },
};

use super::{come, led_to, made, send, uses_are_noted};
use crate::support::{TestApp, database};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn each_key_that_needs_attention_is_told_with_its_reason() {
    let app = TestApp::start().await;
    let ada = app.logged_in("ada").await;
    assert!(ada.get("/admin").await.text("main").contains("No keys yet"));
    let used = made(&app, "max", "Used once", Permissions::Read).await;
    assert_eq!(come(&app, &used, "GET").await, "allowed");
    uses_are_noted(&app, used.id).await;
    made(&app, "max", "Forgotten", Permissions::Read).await;
    assert!(ada.get("/admin").await.text("main").contains("Nothing needs attention"), "still new");

    app.clock.advance(DAY * 8);
    let ada = app.logged_in("ada").await;
    assert_eq!(group(&ada.get("/admin").await, "Never used"), ["Forgotten"]);

    app.clock.advance(DAY * 90);
    made(&app, "max", "Fresh", Permissions::Read).await;
    let ends = Some(Some(app.services().now().plus(DAY * 10)));
    let change = KeyChange { expires_at: ends, ..KeyChange::default() };
    keys::change(app.services(), &app.caller("ada").await, 3, change).await.unwrap();
    let ada = app.logged_in("ada").await;
    let page = ada.get("/admin").await;
    assert_eq!(group(&page, "Not used for 90 days"), ["Used once"]);
    assert_eq!(group(&page, "Never used"), ["Forgotten"]);
    assert_eq!(group(&page, "Ending within 14 days"), ["Fresh"]);
}

/// What the settings of licenses let live for ever is told to whoever can change that.
#[tokio::test]
async fn tokens_of_licenses_that_never_end_are_warned_about() {
    let app = TestApp::start().await;
    let (ada, max) = (app.logged_in("ada").await, app.logged_in("max").await);
    assert!(ada.get("/admin").await.texts("#warnings").is_empty());
    let never = SettingsChange { token_life: Some(TokenLife::Never), ..SettingsChange::default() };
    licenses::change_settings(app.services(), &app.caller("ada").await, never).await.unwrap();
    let told = ada.get("/admin").await.text("#warnings");
    assert!(told.contains("Tokens for license keys never end"), "{told}");
    assert!(max.get("/admin").await.texts("#warnings").is_empty(), "who cannot change it");
}

/// So many keys of Max's that were never used, made ten days ago, the numbers from `first` on; ended by
/// now, or with no end.
async fn never_used(app: &TestApp, first: usize, count: usize, ended: bool) {
    let (owner, now) = (app.user("max").await.id, app.services().now());
    let made = now.minus(DAY * 10).as_millis();
    let ends = if ended { now.minus(DAY).as_millis().to_string() } else { "NULL".to_owned() };
    let (last, random) = (first + count - 1, database::random_bytes());
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
         INSERT INTO keys (id, lookup, secret_hash, ending, description, permissions, owner_id, state,
                           created_at, opened_at, expires_at)
         SELECT i, {random}, 'no hash', 'abcdefg', 'Key ' || i, 'read', {owner}, 'active',
                {made}, {made}, {ends}
         FROM n"
    ))
    .await;
}

#[tokio::test]
async fn never_used_keys_hide_none_that_are_not_used_any_more() {
    let app = TestApp::start().await;
    let used = made(&app, "max", "Used once", Permissions::Read).await;
    assert_eq!(come(&app, &used, "GET").await, "allowed");
    uses_are_noted(&app, used.id).await;
    app.clock.advance(DAY * 91);
    never_used(&app, 10, 150, false).await;
    let ada = app.logged_in("ada").await;
    let page = ada.get("/admin").await;
    assert_eq!(group(&page, "Not used for 90 days"), ["Used once"]);
    assert_eq!(group(&page, "Never used").len(), 5);
    let all = ada.get(&page.attribute("a[href*='use=never']", "href")).await;
    assert_eq!(all.texts("a.key-name").len(), 50);
}

/// A group of which none is found within a bounded walk says so, and leads on.
#[tokio::test]
async fn what_was_not_looked_through_is_not_called_fine() {
    let app = TestApp::start().await;
    never_used(&app, 1, 5_100, true).await;
    never_used(&app, 6_000, 1, false).await;
    let ada = app.logged_in("ada").await;
    let page = ada.get("/admin").await;
    assert!(!page.text("main").contains("Nothing needs attention"), "{}", page.text("main"));
    assert!(page.text("main").contains("None found so far"), "{}", page.text("main"));
    let further = page.attribute("a[href*='use=never']", "href");
    let found = ada.get(&further).await;
    assert_eq!(found.texts("a.key-name"), ["Key 6000"], "{further}");
}

/// The names of the keys in the group of that title.
fn group(page: &crate::support::Answer, title: &str) -> Vec<String> {
    let html = scraper::Html::parse_document(&page.body);
    let css = |text| scraper::Selector::parse(text).unwrap();
    let (panel, heading, name) = (css(".panel"), css("h2"), css(".key-name"));
    let has_title = |panel: &scraper::ElementRef<'_>| {
        panel.select(&heading).any(|h| h.text().collect::<String>() == title)
    };
    let found = html.select(&panel).find(has_title);
    let names = |panel: scraper::ElementRef<'_>| {
        panel.select(&name).map(|name| name.text().collect()).collect()
    };
    found.map(names).unwrap_or_default()
}

#[tokio::test]
async fn writing_that_is_not_needed_is_taken_away_and_given_back() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    assert_eq!(come(&app, &key, "GET").await, "allowed");
    uses_are_noted(&app, key.id).await;
    let max = app.logged_in("max").await;
    let page = max.get("/admin").await;
    assert_eq!(group(&page, "May write, never wrote"), ["Till"]);

    let back = [("back", "overview")];
    let answer = send(&max, &format!("/admin/keys/{}/narrow", key.id), &back).await;
    let page = max.get(&led_to(&app, &answer)).await;
    assert!(page.text("[role=status]").contains("may only read now"));
    assert!(group(&page, "May write, never wrote").is_empty());
    assert_eq!(come(&app, &key, "POST").await, "method_not_permitted");

    let undo = page.attribute("[role=status] form", "action");
    let fields = page.fields("[role=status] form");
    let answer = max.press(&undo, &fields).await;
    assert_eq!(led_to(&app, &answer), "/admin?done=widened");
    assert_eq!(come(&app, &key, "POST").await, "allowed");
}

#[tokio::test]
async fn failed_deliveries_are_told() {
    let app = TestApp::start().await;
    let receiver = crate::support::Receiver::start().await;
    receiver.will([const { crate::support::Reaction::Status(500) }; 5]);
    let max = app.logged_in("max").await;
    let request = crate::support::query(&[
        ("app_name", "Parcel Express"),
        ("user_id", "1"),
        ("return_url", "http://app.example/"),
        ("callback_url", &receiver.url()),
        ("scope", "read"),
    ]);
    let waiting = max.approve(&max.consent(&request).await).await.location().to_owned();
    for _ in 0..4 {
        let page = max.get(&waiting).await;
        let fields = page.fields("main form");
        max.press(&format!("{}/retry", waiting.strip_prefix(&app.url).unwrap()), &fields).await;
    }
    let page = max.get("/admin").await;
    assert_eq!(group(&page, "Not delivered"), ["Parcel Express"], "{}", page.body);
    let key = max.get(&page.attribute(".short .key-name", "href")).await;
    assert_eq!(key.texts(".attempt").len(), 5);
    assert!(key.text(".deliveries").contains("given up"));
}

#[tokio::test]
async fn more_failed_deliveries_than_are_shown_are_spoken_of() {
    let app = TestApp::start().await;
    crate::support::granted(&app, "read").await;
    let more = |count: usize| {
        format!(
            "INSERT INTO deliveries (id, kind, grant_id, key_id, state, event, details, attempts,
                                     failures, due_at, give_up_at, created_at, ended_at)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             SELECT id || '_{count}_' || i, 'event', grant_id, key_id, 'failed', 'key.expiring', '{{}}',
                    5, 5, due_at, give_up_at, created_at, created_at FROM deliveries, n WHERE kind = 'keys'"
        )
    };
    let ada = app.logged_in("ada").await;
    assert_eq!(app.alter(&more(5)).await, 5);
    let page = ada.get("/admin").await;
    assert_eq!(group(&page, "Not delivered").len(), 5);
    assert!(!page.text("main").contains("more were not delivered"), "these are all");
    assert_eq!(app.alter(&more(1)).await, 1);
    let page = ada.get("/admin").await;
    assert_eq!(group(&page, "Not delivered").len(), 5);
    assert!(page.text("main").contains("more were not delivered"), "{}", page.text("main"));
}
