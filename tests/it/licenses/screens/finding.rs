//! Licenses are found: by words, numbers, keys and domains, by filters, part by part.

use appgrant::domain::licenses::LicenseDraft;

use super::{SKU, activated, made, made_of, submit};
use crate::{
    admin::{led_to, send},
    support::{Answer, Manager, TestApp, database},
};

const SEARCH: &str = "form[role=search]";

/// The names found by what is typed into the box.
async fn found(app: &TestApp, browser: &Manager, typed: &str) -> Vec<String> {
    let list = browser.get("/admin/licenses").await;
    let to = led_to(app, &submit(browser, &list, SEARCH, &[("q", typed)]).await);
    let page = browser.get(&to).await;
    assert_eq!(page.status, 200, "{typed}");
    page.texts("a.key-name")
}

#[tokio::test]
async fn a_license_is_found_by_what_people_know_of_it() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    made(&app, "Charles Babbage").await;
    let email = "ada@byron.example".to_owned();
    let draft = LicenseDraft { customer: "Ada Byron".into(), email, ..LicenseDraft::default() };
    let key = made_of(&app, draft).await.key;
    activated(&app, key.expose(), "shop.example").await;
    let shortened = max.get("/admin/licenses").await.text("td.what code");
    let number = key.number().to_string();
    for typed in ["ada", "BYR", "byron tea", "ada@byron.example", &shortened, &number] {
        assert_eq!(found(&app, &max, typed).await, ["Ada Byron"], "{typed}");
    }
    assert_eq!(found(&app, &max, "shop.example").await, ["Ada Byron"]);
    assert_eq!(found(&app, &max, "https://shop.example/blog").await, ["Ada Byron"]);
    assert_eq!(found(&app, &max, "tea").await, ["Ada Byron", "Charles Babbage"]);
    for typed in ["nobody", "other.example", "99999", "tea-2 nothing"] {
        assert!(found(&app, &max, typed).await.is_empty(), "{typed}");
    }
    let none = max.get("/admin/licenses?q=nobody").await;
    assert!(none.text(".empty").contains("No license fits"), "{}", none.body);
}

/// A whole key leads to its license; neither it nor one with a slip stands in an address.
#[tokio::test]
async fn a_whole_key_that_is_pasted_leads_to_its_license() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let key = made(&app, "Ada").await.key;
    let search = |typed: String| {
        let max = &max;
        async move { send(max, "/admin/licenses/search", &[("q", &typed)]).await }
    };
    let to = led_to(&app, &search(format!("  {} ", key.expose())).await);
    assert_eq!(to, "/admin/licenses/1");
    let pastes = [
        format!("\"{}\"", key.expose()),
        format!("{} .", key.expose()),
        format!("License key: {}", key.expose()),
        key.expose().replace('-', "\u{2011}"),
    ];
    for pasted in pastes {
        assert_eq!(led_to(&app, &search(pasted.clone()).await), "/admin/licenses/1", "{pasted}");
    }
    for secret in [&format!("cs_{}", "a".repeat(40)), "my agat_0123456789"] {
        let to = led_to(&app, &search(secret.to_owned()).await);
        assert_eq!(to, "/admin/licenses?done=secret_searched", "{secret}");
    }
    let slip = format!("x{}", key.expose());
    let to = led_to(&app, &search(slip.clone()).await);
    assert_eq!(to, "/admin/licenses?done=license_unknown");
    assert!(max.get(&to).await.text("[role=status]").contains("No license here has that key"));
    let page = max.get(&format!("/admin/licenses?q={slip}")).await;
    assert!(page.text(".notice.warn").contains('q') && !page.body.contains(&slip));
    let to = led_to(&app, &search("PLUGIN-2".to_owned()).await);
    assert_eq!(to, "/admin/licenses?q=PLUGIN-2", "a SKU is no key");
}

#[tokio::test]
async fn filters_narrow_the_list_and_can_be_taken_off() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    for customer in ["Works", "Revoked"] {
        made(&app, customer).await;
    }
    let draft = LicenseDraft { customer: "Over".into(), ..LicenseDraft::default() };
    made_of(&app, draft).await;
    app.alter("UPDATE licenses SET expires_at = 1 WHERE customer = 'Over'").await;
    send(&max, "/admin/licenses/2/revoke", &[]).await;
    for (state, name) in [("active", "Works"), ("expired", "Over"), ("revoked", "Revoked")] {
        let list = max.get("/admin/licenses").await;
        let to = led_to(&app, &submit(&max, &list, SEARCH, &[("state", state)]).await);
        let page = max.get(&to).await;
        assert_eq!(page.texts("a.key-name"), [name], "{state}");
        assert_eq!(page.texts("details[open]").len(), 1);
        assert_eq!(max.get(&page.attribute(".chips a", "href")).await.texts("tbody tr").len(), 3);
    }
    let sku = max.get(&format!("/admin/licenses?sku={SKU}&state=active")).await;
    assert_eq!(sku.texts("a.key-name"), ["Works"]);
    assert!(max.get("/admin/licenses?sku=other").await.text(".empty").contains("No license fits"));
}

#[tokio::test]
async fn rubbish_in_an_address_is_named_or_not_found() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    made(&app, "Ada").await;
    let long = "a".repeat(4_000);
    for rubbish in ["%00", "%ff", "'%3B--", "x%5B%5D", "-1", "99999999999999999999", &long] {
        for path in [
            "licenses?q=",
            "licenses?state=",
            "licenses?sku=",
            "licenses?before=",
            "licenses?done=",
            "licenses/products?after=",
            "licenses/1?before=",
            "licenses/1?activations_before=",
            "licenses/settings?done=",
        ] {
            let answer = max.get(&format!("/admin/{path}{rubbish}")).await;
            assert_eq!(answer.status, 200, "{path}{rubbish}");
        }
        for end in ["", "/edit", "/revoke"] {
            let answer = max.get(&format!("/admin/licenses/{rubbish}{end}")).await;
            assert_eq!(answer.status, 404, "{rubbish}{end}");
        }
    }
    let named = max.get("/admin/licenses?state=asleep").await;
    assert!(named.text(".notice.warn").contains("state"), "{}", named.body);
}

#[tokio::test]
async fn very_many_licenses_are_shown_part_by_part() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    made(&app, "First").await;
    let random = database::random_bytes();
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 6009)
         INSERT INTO licenses (id, lookup, beginning, number, sku, customer, email, cart_token,
                               created_at, version)
         SELECT i, {random}, 'Abcd', i, '{SKU}', 'Customer ' || i, '', '', 1, 0 FROM n"
    ))
    .await;
    app.alter(
        "INSERT INTO license_uses (license_id, last_activation, activations, domains)
         SELECT id, 0, 0, 0 FROM licenses WHERE id > 1",
    )
    .await;
    let names = |page: &Answer| page.texts("a.key-name");
    let page = max.get("/admin/licenses").await;
    assert_eq!((names(&page).len(), names(&page)[0].as_str()), (25, "Customer 6009"));
    let next = max.get(&page.attribute("a[rel=next]", "href")).await;
    assert_eq!(names(&next)[0], "Customer 5984");
    assert_eq!(
        max.get(&next.attribute(".paging a", "href")).await.text("a.key-name"),
        names(&page)[0]
    );
    // A filter that fits none looks at many, says so, and goes on where it stopped.
    let page = max.get("/admin/licenses?state=revoked").await;
    assert!(page.text(".empty").contains("None found so far"), "{}", page.body);
    let next = page.attribute("a[rel=next]", "href");
    assert!(next.contains("state=revoked&") && page.text("a[rel=next]") == "Look further");
    assert!(max.get(&next).await.text(".empty").contains("That was all"));
}
