//! The screens under `/admin/licenses`, as store managers use them over HTTP.

mod changing;
mod finding;
mod making;
mod passing;
mod products;
mod rights;
mod settings;

use appgrant::{
    domain::licenses::{LicenseDraft, ProductDraft},
    service::licenses::{self, MadeLicense},
};
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;

use crate::support::{Answer, Manager, TestApp};

/// The SKU of the tests' product.
pub const SKU: &str = "tea-plugin";

/// A license of the tests' product for that customer.
pub async fn made(app: &TestApp, customer: &str) -> MadeLicense {
    let draft = LicenseDraft { customer: customer.to_owned(), ..LicenseDraft::default() };
    made_of(app, draft).await
}

/// A license of the tests' product with these terms.
pub async fn made_of(app: &TestApp, draft: LicenseDraft) -> MadeLicense {
    let draft = LicenseDraft { sku: SKU.to_owned(), ..draft };
    let product = ProductDraft {
        sku: SKU.to_owned(),
        name: "Tea for your shop".to_owned(),
        download_name: "v1.1.5".to_owned(),
        download_url: "https://shop.example/tea.zip".to_owned(),
        desktop: false,
    };
    let admin = app.caller("ada").await;
    licenses::create(app.services(), &admin, &draft, Some(&product)).await.unwrap()
}

/// Asks as a program does; what it is told.
pub async fn asks(app: &TestApp, question: &str, key: &str, more: &[(&str, &str)]) -> Value {
    let admin = app.caller("ada").await;
    let settings = licenses::settings(app.services(), &admin).await.unwrap();
    let mut fields =
        vec![("store_code", settings.store_code.as_str()), ("sku", SKU), ("license_key", key)];
    fields.extend(more);
    let path = format!("/wp-json/woo-license-keys/v1/{question}");
    let answer = app.browser().post(&path, &fields).await;
    serde_json::from_str(&answer.body).unwrap()
}

/// Activates on that domain; the activation's id.
pub async fn activated(app: &TestApp, key: &str, domain: &str) -> String {
    let told = asks(app, "activate", key, &[("domain", domain)]).await;
    assert_eq!(told["error"], false, "{told}");
    told["data"]["activation_id"].to_string()
}

/// Sends a form as a browser does: with all that stands in its fields, but for these.
pub async fn submit(
    browser: &Manager,
    page: &Answer,
    form: &str,
    filled: &[(&str, &str)],
) -> Answer {
    let mut fields = standing(page, form);
    for (name, value) in filled {
        fields.retain(|(there, _)| there != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    let fields: Vec<_> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    browser.post(&page.attribute(form, "action"), &fields).await
}

/// What stands in the fields of a form.
pub fn standing(page: &Answer, form: &str) -> Vec<(String, String)> {
    let html = Html::parse_document(&page.body);
    let select = |text: &str| Selector::parse(text).unwrap();
    let fields = select(&format!("{form} input, {form} select, {form} textarea"));
    html.select(&fields)
        .filter_map(|field| Some((field.attr("name")?.to_owned(), value(field)?.to_owned())))
        .collect()
}

/// What a field sends; nothing if it sends nothing.
fn value(field: ElementRef<'_>) -> Option<&str> {
    match (field.value().name(), field.attr("type")) {
        (_, Some("checkbox" | "radio")) => field.attr("checked").and(field.attr("value")),
        ("select", _) => {
            let chosen = Selector::parse("option[selected], option:first-child").unwrap();
            field.select(&chosen).last().and_then(|option| option.attr("value"))
        }
        ("textarea", _) => field.text().next().or(Some("")),
        _ => Some(field.attr("value").unwrap_or_default()),
    }
}
