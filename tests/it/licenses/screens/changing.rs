//! A license is changed, taken back and given again; its activations are ended.

use appgrant::domain::licenses::LicenseDraft;

use super::{activated, asks, made, made_of, submit};
use crate::{
    admin::{led_to, send},
    support::TestApp,
};

const FORM: &str = "main form";

#[tokio::test]
async fn terms_are_changed_and_an_untouched_end_stays_exact() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let expires_at = "2099-05-01T12:34:56Z".to_owned();
    let draft = LicenseDraft { customer: "Ada".into(), expires_at, ..LicenseDraft::default() };
    made_of(&app, draft).await;
    let page = max.get("/admin/licenses/1").await;
    let form = max.get(&page.attribute(".tools a", "href")).await;
    assert_eq!(form.attribute("#expires_at", "value"), "2099-05-01");
    assert!(form.text("#expires_at-rule").contains("2099-05-01T12:34:56Z"));
    let filled = [("customer", "Ada Byron"), ("activation_limit", "5")];
    let to = led_to(&app, &submit(&max, &form, FORM, &filled).await);
    let page = max.get(&to).await;
    assert_eq!(page.text("[role=status]"), "Saved.");
    assert_eq!(page.text("h1"), "Ada Byron");
    let facts = page.text(".columns");
    assert!(facts.contains("12:34") && facts.contains("0 of 5"), "{facts}");
    assert!(page.text("#history").contains("activation limit: 5"), "{}", page.text("#history"));

    let form = max.get("/admin/licenses/1/edit").await;
    let wrong = [("email", "x"), ("expires_at", "2001-01-01"), ("sku", "other")];
    let answer = submit(&max, &form, FORM, &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(
        !answer.text("#email-wrong").is_empty() && !answer.text("#expires_at-wrong").is_empty()
    );
    let answer = submit(&max, &answer, FORM, &[("email", ""), ("expires_at", "2099-05-02")]).await;
    assert!(answer.text("#sku-wrong").contains("make the product first"), "{}", answer.body);
    let to = led_to(&app, &submit(&max, &answer, FORM, &[("sku", super::SKU)]).await);
    let page = max.get(&to).await;
    assert!(page.body.contains("2099-05-03T00:00:00Z"), "until that day is over");
    let facts = page.text(".columns");
    assert!(facts.contains("2 May 2099, end of the day UTC"), "the day that was typed: {facts}");
}

/// Two people with the same form open: nobody overwrites what they did not see.
#[tokio::test]
async fn whoever_saves_later_sees_what_the_other_saved() {
    let app = TestApp::start().await;
    let (max, ada) = (app.logged_in("max").await, app.logged_in("ada").await);
    made(&app, "Ada").await;
    let (first, second) =
        (max.get("/admin/licenses/1/edit").await, ada.get("/admin/licenses/1/edit").await);
    led_to(&app, &submit(&max, &first, FORM, &[("activation_limit", "5")]).await);
    let late = submit(&ada, &second, FORM, &[("customer", "Ada Byron")]).await;
    assert_eq!(late.status, 409);
    assert!(late.text("[role=alert]").contains("somebody else changed this"), "{}", late.body);
    assert_eq!(late.text("#activation_limit-wrong"), "Saved now: “5”.");
    assert_eq!(late.attribute("#customer", "value"), "Ada Byron");
    assert!(max.get("/admin/licenses/1").await.text(".columns").contains("0 of 5"));
    led_to(&app, &submit(&ada, &late, FORM, &[("activation_limit", "5")]).await);
    let page = ada.get("/admin/licenses/1").await;
    assert!(page.text("h1") == "Ada Byron" && page.text(".columns").contains("0 of 5"));
    let without = [("version", ""), ("customer", "x")];
    assert_eq!(submit(&ada, &second, FORM, &without).await.status, 409, "without a version");
}

#[tokio::test]
async fn a_license_is_revoked_with_a_reason_and_restored() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let key = made(&app, "Ada").await.key;
    let id = activated(&app, key.expose(), "shop.example").await;
    let validate = [("domain", "shop.example"), ("activation_id", id.as_str())];
    let page = max.get("/admin/licenses/1").await;
    let asked = max.get(&page.attribute("#revoke", "href")).await;
    assert!(asked.text("main").contains("there is no such key"), "{}", asked.body);
    let to = led_to(&app, &submit(&max, &asked, FORM, &[("reason", "paid back")]).await);
    let page = max.get(&to).await;
    assert!(page.text("[role=status]").contains("was revoked"));
    assert!(page.text("#revoked").contains("works again when it is restored"));
    assert!(page.text("#history").contains("paid back"));
    assert!(page.texts("#revoke").is_empty() && page.text(".heading").contains("Revoked"));
    assert_eq!(asks(&app, "validate", key.expose(), &validate).await["error"], true);
    let license = format!("{}/admin/licenses/1", app.url);
    assert_eq!(max.get("/admin/licenses/1/revoke").await.location(), license);
    let twice = send(&max, "/admin/licenses/1/revoke", &[]).await;
    assert_eq!(twice.location(), format!("{license}?done=license_revoked"), "a double press");
    let to = led_to(&app, &send(&max, "/admin/licenses/1/restore", &[]).await);
    assert!(max.get(&to).await.text(".heading").contains("Works"));
    assert_eq!(asks(&app, "validate", key.expose(), &validate).await["error"], false);
    let twice = send(&max, "/admin/licenses/1/restore", &[]).await;
    assert_eq!(twice.location(), format!("{license}?done=license_restored"), "a double press");
}

#[tokio::test]
async fn an_activation_is_ended_and_its_place_is_free() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let limit = "1".to_owned();
    let key = made_of(&app, LicenseDraft { activation_limit: limit, ..LicenseDraft::default() });
    let key = key.await.key;
    activated(&app, key.expose(), "shop.example").await;
    let refused = asks(&app, "activate", key.expose(), &[("domain", "other.example")]).await;
    assert_eq!(refused["error"], true);
    let page = max.get("/admin/licenses/1").await;
    let place = page.text("#activations li");
    for words in ["shop.example", "Since just now", "last seen just now", "from 127.0.0.1", "id "] {
        assert!(place.contains(words), "{words}: {place}");
    }
    assert!(page.text("#history").contains("a program activated a license"), "{}", page.body);
    let end = page.attribute("#activations form", "action");
    let to = led_to(&app, &send(&max, &end, &[]).await);
    let page = max.get(&to).await;
    assert!(page.text("#activations").contains("Nowhere at present"), "{}", page.body);
    assert!(page.text("#history").contains("ended an activation"));
    let again = led_to(&app, &send(&max, &end, &[]).await);
    assert!(max.get(&again).await.text("[role=status]").contains("ended already"));
    activated(&app, key.expose(), "other.example").await;
    assert_eq!(send(&max, "/admin/licenses/1/activations/x/end", &[]).await.status, 404);
    assert_eq!(send(&max, "/admin/licenses/9/activations/1/end", &[]).await.status, 404);
}

#[tokio::test]
async fn very_many_activations_are_shown_part_by_part() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    made(&app, "Ada").await;
    app.alter(
        "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1059)
         INSERT INTO license_activations (license_id, id, domain, activated_at, seen_at)
         SELECT 1, i, 'shop' || i || '.example', 1, 1 FROM n",
    )
    .await;
    let page = max.get("/admin/licenses/1").await;
    assert_eq!(page.texts("#activations li").len(), 25);
    assert!(page.text("#activations li").contains("shop1059.example"));
    let next = max.get(&page.attribute("a[rel=next]", "href")).await;
    assert!(next.text("#activations li").contains("shop1034.example"), "{}", next.body);
    let last = max.get(&next.attribute("a[rel=next]", "href")).await;
    assert_eq!(last.texts("#activations li").len(), 10);
    assert!(last.texts("a[rel=next]").is_empty());
}
