//! Products: made, changed for all their licenses, whatever their SKU is.

use super::{activated, asks, made, submit};
use crate::{
    admin::{led_to, send},
    support::TestApp,
};

const FORM: &str = "main form";

#[tokio::test]
async fn a_new_download_reaches_every_license_of_the_product() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let key = made(&app, "Ada").await.key;
    let id = activated(&app, key.expose(), "shop.example").await;
    let list = max.get("/admin/licenses/products").await;
    let form = max.get(&list.attribute("a.key-name", "href")).await;
    assert!(form.text("main form .notice").contains("all licenses"), "{}", form.body);
    let to = led_to(&app, &submit(&max, &form, FORM, &[("download_name", "v1.2.0")]).await);
    let list = max.get(&to).await;
    assert!(list.text("[role=status]").contains("all licenses"));
    assert!(list.text("tbody tr").contains("v1.2.0"));
    let validate = [("domain", "shop.example"), ("activation_id", id.as_str())];
    let told = asks(&app, "validate", key.expose(), &validate).await;
    assert_eq!(told["data"]["downloadable"]["name"], "v1.2.0", "{told}");
    let licenses = max.get(&list.attribute("td:last-child a", "href")).await;
    assert_eq!(licenses.texts("a.key-name"), ["Ada"]);

    // Whoever had the form open meanwhile sees what is saved now.
    let late = submit(&max, &form, FORM, &[("product", "Tea")]).await;
    assert_eq!(late.status, 409);
    assert_eq!(late.text("#download_name-wrong"), "Saved now: “v1.2.0”.");
    assert_eq!(late.attribute("#product", "value"), "Tea");
    led_to(&app, &submit(&max, &late, FORM, &[("download_name", "v1.2.0")]).await);
    assert_eq!(max.get("/admin/licenses/products").await.text("a.key-name"), "Tea");
    let wrong = max.get("/admin/licenses/products/edit?sku=tea-plugin").await;
    let wrong = submit(&max, &wrong, FORM, &[("download_url", "javascript:alert(1)")]).await;
    assert!(wrong.status == 422 && !wrong.text("#download_url-wrong").is_empty());
}

/// SKUs that would be other places if they stood in a path.
#[tokio::test]
async fn a_product_of_any_sku_can_be_made_and_changed() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let empty = max.get("/admin/licenses/products").await;
    assert!(empty.text(".empty").contains("No products yet"));
    let skus = ["..", "a/b", "new", "50% & more?#x", "Müller", "%2e%2e", "12"];
    for sku in skus {
        let form = max.get("/admin/licenses/products/new").await;
        let filled = [("sku", sku), ("product", "Named")];
        led_to(&app, &submit(&max, &form, FORM, &filled).await);
        let again = submit(&max, &form, FORM, &filled).await;
        assert!(again.text("#sku-wrong").contains("already"), "{sku}: {}", again.body);
    }
    let list = max.get("/admin/licenses/products").await;
    assert_eq!(list.texts("a.key-name").len(), skus.len());
    for sku in skus {
        let query = crate::support::query(&[("sku", sku)]);
        let form = max.get(&format!("/admin/licenses/products/edit?{query}")).await;
        assert_eq!(form.status, 200, "{sku}");
        assert_eq!(form.text("main form .notice .anywhere"), sku);
        led_to(&app, &submit(&max, &form, FORM, &[("product", sku)]).await);
    }
    let list = max.get("/admin/licenses/products").await;
    let mut names = list.texts("a.key-name");
    names.sort_unstable();
    let mut skus = skus.to_vec();
    skus.sort_unstable();
    assert_eq!(names, skus);
    for query in ["", "?sku=other", "?sku=%00", "?sku[]=x"] {
        let answer = max.get(&format!("/admin/licenses/products/edit{query}")).await;
        assert_eq!(answer.status, 404, "{query}");
    }
    let fields = [("sku", "other"), ("version", "0")];
    assert_eq!(send(&max, "/admin/licenses/products/edit", &fields).await.status, 404);
}

#[tokio::test]
async fn a_product_without_licenses_can_be_deleted() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    let key = made(&app, "Ada").await.key;
    let form = max.get("/admin/licenses/products/edit?sku=tea-plugin").await;
    assert!(form.text("#deleting").contains("cannot be deleted"), "{}", form.body);
    assert!(form.texts("#deleting button").is_empty());
    let path = "/admin/licenses/products/delete";
    let refused = send(&max, path, &[("sku", "tea-plugin")]).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text("main").contains("There are licenses of this product"),
        "{}",
        refused.body
    );
    activated(&app, key.expose(), "shop.example").await;

    let new = max.get("/admin/licenses/products/new").await;
    assert!(new.texts("#deleting").is_empty());
    led_to(&app, &submit(&max, &new, FORM, &[("sku", "a/..")]).await);
    let query = crate::support::query(&[("sku", "a/..")]);
    let form = max.get(&format!("/admin/licenses/products/edit?{query}")).await;
    let to = led_to(&app, &submit(&max, &form, "#deleting form", &[]).await);
    let list = max.get(&to).await;
    assert_eq!(list.text("[role=status]"), "The product was deleted.");
    assert_eq!(list.texts("a.key-name").len(), 1);
    let again = submit(&max, &form, "#deleting form", &[]).await;
    assert_eq!(again.status, 404, "it is gone already");
    led_to(&app, &submit(&max, &new, FORM, &[("sku", "a/..")]).await);
}

#[tokio::test]
async fn very_many_products_are_shown_part_by_part() {
    let app = TestApp::start().await;
    let max = app.logged_in("max").await;
    app.alter(
        "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1299)
         INSERT INTO license_products (sku, name, download_name, download_url, desktop)
         SELECT 'p' || i, 'Product ' || i, '', '', 0 FROM n",
    )
    .await;
    let page = max.get("/admin/licenses/products").await;
    let names = page.texts("a.key-name");
    assert_eq!((names.len(), names[0].as_str()), (25, "Product 1000"));
    let next = max.get(&page.attribute("a[rel=next]", "href")).await;
    assert_eq!(next.text("a.key-name"), "Product 1025");
    let end = max.get("/admin/licenses/products?after=x").await;
    assert!(end.text(".empty").contains("That was all"));
    // Those that cannot be chosen can be typed.
    assert_eq!(max.get("/admin/licenses/new").await.texts("#skus option").len(), 200);
}
