//! A license is made, and its key shown once.

use super::{SKU, asks, made, submit};
use crate::{
    admin::{led_to, send},
    support::TestApp,
};

const NEW: &str = "main form";

const FIRST: [(&str, &str); 8] = [
    ("sku", SKU),
    ("new_product", "on"),
    ("product", "Tea for your shop"),
    ("download_name", "v1.1.5"),
    ("download_url", "https://shop.example/tea.zip"),
    ("customer", "Ada Byron"),
    ("email", "ada@byron.example"),
    ("activation_limit", "3"),
];

#[tokio::test]
async fn the_first_license_is_made_with_its_product_and_its_key_works() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let list = max.get("/admin/licenses").await;
    assert_eq!(list.text("nav [aria-current]"), "Licenses");
    let told = list.text(".empty");
    assert!(told.contains("No licenses yet") && told.contains("store code"), "{told}");
    let form = max.get(&list.attribute(".heading a", "href")).await;
    assert!(form.attribute("details.field", "open").is_empty());
    assert_eq!(form.texts("details[open] input[name=new_product][checked]").len(), 1);
    let answer = submit(&max, &form, NEW, &FIRST).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("cache-control").contains("no-store"));
    let key = answer.text("#license-key");
    let told = asks(&app, "activate", &key, &[("domain", "shop.example")]).await;
    assert_eq!(told["data"]["downloadable"]["name"], "v1.1.5", "{told}");

    let reloaded = submit(&max, &form, NEW, &FIRST).await;
    assert_eq!(reloaded.status, 409, "a reload makes nothing");
    assert!(reloaded.text("main").contains("revoke that license"), "{}", reloaded.body);
    assert_eq!(reloaded.attribute(".actions a", "href"), "/admin/licenses");
    let list = max.get("/admin/licenses").await;
    assert_eq!(list.texts("a.key-name"), ["Ada Byron"]);
    let row = list.text("tbody tr");
    assert!(row.contains("1 of 3") && row.contains("Tea for your shop"), "{row}");
    let page = max.get(&answer.attribute(".actions a", "href")).await;
    assert_eq!(page.text("h1"), "Ada Byron");
    for path in ["/admin/licenses", "/admin/licenses/1", "/admin/audit"] {
        assert!(!app.logged_in("ada").await.get(path).await.body.contains(&key), "{path}");
    }
}

#[tokio::test]
async fn pressed_many_times_at_once_one_license_is_made() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/licenses/new").await;
    let press = || submit(&max, &form, NEW, &FIRST);
    let answers = futures_util::future::join_all((0..6).map(|_| press())).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    assert_eq!(max.get("/admin/licenses").await.texts("a.key-name").len(), 1);
    assert_eq!(send(&max, "/admin/licenses/new", &FIRST).await.status, 409, "no ticket");
}

#[tokio::test]
async fn everything_wrong_is_told_at_its_field_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let form = max.get("/admin/licenses/new").await;
    let long = "x".repeat(201);
    let filled = [
        ("sku", ""),
        ("product", long.as_str()),
        ("download_url", "ftp://shop.example/x"),
        ("customer", "A <b> & \"c\""),
        ("email", "nobody"),
        ("expires_at", "2001-01-01"),
        ("activation_limit", "0"),
        ("domain_limit", "many"),
        ("offline_interval", "days"),
        ("offline_value", ""),
        ("cart_token", long.as_str()),
        ("desktop", "on"),
    ];
    let answer = submit(&max, &form, NEW, &filled).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    for name in [
        "sku",
        "product",
        "download_url",
        "email",
        "expires_at",
        "activation_limit",
        "domain_limit",
        "offline_value",
        "cart_token",
    ] {
        assert!(!answer.text(&format!("#{name}-wrong")).is_empty(), "{name}: {}", answer.body);
        let described = answer.attribute(&format!("#{name}"), "aria-describedby");
        assert!(described.contains(&format!("{name}-wrong")), "{name}");
    }
    assert!(answer.text("[role=alert]").contains("This is no e-mail address."));
    let kept: Vec<_> = super::standing(&answer, NEW);
    for (name, value) in filled {
        assert!(kept.contains(&(name.to_owned(), value.to_owned())), "{name}");
    }
    // Put right, the same form makes it.
    let right = [
        ("sku", "a/b & ..%2e"),
        ("product", ""),
        ("download_url", ""),
        ("email", ""),
        ("expires_at", ""),
        ("activation_limit", "unlimited"),
        ("domain_limit", ""),
        ("offline_value", "7"),
        ("cart_token", ""),
        ("desktop", ""),
    ];
    let answer = submit(&max, &answer, NEW, &right).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let page = max.get(&answer.attribute(".actions a", "href")).await;
    assert!(page.text(".columns").contains("7 days") && page.text(".columns").contains("no limit"));
}

#[tokio::test]
async fn a_sku_that_is_not_there_makes_no_product_by_mistake() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    made(&app, "Ada").await;
    let form = max.get("/admin/licenses/new").await;
    assert_eq!(form.attribute("#skus option", "value"), SKU);
    assert!(form.texts("details[open]").is_empty(), "there are products to choose from");
    let answer = submit(&max, &form, NEW, &[("sku", "tea-plugni")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text("#sku-wrong").contains("no product with this SKU"), "{}", answer.body);
    assert_eq!(answer.texts("details[open]").len(), 1, "the way to make one is shown");
    let other = [("sku", SKU), ("product", "Coffee")];
    let answer = submit(&max, &answer, NEW, &other).await;
    assert!(answer.text("#sku-wrong").contains("its name or download is another"));
    let answer = submit(&max, &answer, NEW, &[("product", "")]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list = max.get("/admin/licenses/products").await;
    assert_eq!(list.texts("a.key-name"), ["Tea for your shop"]);
}

#[tokio::test]
async fn a_whole_key_is_shown_again_only_where_the_store_keeps_keys() {
    for (setting, is_kept) in [("hashed", false), ("readable", true)] {
        let app = TestApp::with(&[("LICENSE_KEYS", setting)]).await;
        let max = app.logged_in("max").await;
        let form = max.get("/admin/licenses/new").await;
        let answer = submit(&max, &form, NEW, &FIRST).await;
        let key = answer.text("#license-key");
        assert_eq!(answer.body.contains("cannot be shown again"), !is_kept, "{setting}");
        let page = max.get("/admin/licenses/1").await;
        assert_eq!(page.texts("#show-key").len(), usize::from(is_kept), "{setting}");
        assert_eq!(max.get("/admin/licenses/1/key").await.status, 404, "not by a link");
        let shown = send(&max, "/admin/licenses/1/key", &[]).await;
        assert_eq!(shown.status, if is_kept { 200 } else { 409 }, "{setting}");
        if is_kept {
            assert_eq!(shown.text("#license-key"), key);
            assert!(shown.header("cache-control").contains("no-store"));
            let history = max.get("/admin/licenses/1").await.text("#history");
            assert!(history.contains("looked at a whole license key"), "{history}");
            assert!(app.logged_in("vera").await.get("/admin/licenses/1").await.status == 200);
        }
        let vera = app.logged_in("vera").await;
        assert!(vera.get("/admin/licenses/1").await.texts("#show-key").is_empty());
        let refused = send(&vera, "/admin/licenses/1/key", &[]).await;
        assert!(refused.status == 403 && !refused.body.contains(&key));
    }
}

#[tokio::test]
async fn hostile_names_are_text() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let hostile = "<script>alert(1)</script>\"'><img src=x>{{7*7}}";
    let form = max.get("/admin/licenses/new").await;
    let filled = [
        ("sku", hostile),
        ("new_product", "on"),
        ("product", hostile),
        ("download_name", hostile),
        ("customer", hostile),
        ("cart_token", hostile),
    ];
    let answer = submit(&max, &form, NEW, &filled).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let edit = max.get("/admin/licenses/products").await.attribute("a.key-name", "href");
    let search = max.get("/admin/licenses").await;
    let found = submit(&max, &search, "form[role=search]", &[("sku", hostile)]).await;
    let found = led_to(&app, &found);
    for path in [
        "/admin/licenses",
        "/admin/licenses/1",
        "/admin/licenses/1/edit",
        "/admin/licenses/1/revoke",
        "/admin/licenses/new",
        "/admin/licenses/products",
        &edit,
        &found,
    ] {
        let page = max.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let body = page.body.to_lowercase();
        assert!(!body.contains("<script") && !body.contains("<img src=x"), "{path}");
        assert!(page.body.contains("{{7*7}}"), "{path}");
    }
    assert_eq!(max.get(&found).await.texts("tbody tr").len(), 1);
    let ada = app.logged_in("ada").await;
    let audit = ada.get("/admin/audit?kind=license_product").await;
    assert!(!audit.body.to_lowercase().contains("<script"), "{}", audit.body);
}
