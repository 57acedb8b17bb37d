//! What those do in tests who sell, over the API, and what their customers' programs are told.

use appgrant::domain::licenses::{LicenseDraft, ProductDraft};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Program, Told},
    support::TestApp,
};

/// Makes a license of the product `pro`, with these members besides; gives the whole answer.
pub async fn made(program: &Program, more: Value) -> Value {
    let mut body = json!({ "sku": "pro", "product": { "name": "Pro edition" } });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    program.post("/api/v1/licenses", body).await.is(201)
}

/// A license of that product, and the product.
pub fn drafts(sku: &str) -> (LicenseDraft, ProductDraft) {
    let draft = LicenseDraft { sku: sku.to_owned(), ..LicenseDraft::default() };
    (draft, ProductDraft { sku: sku.to_owned(), ..ProductDraft::default() })
}

/// What a program is told that asks at that store.
pub async fn asked(app: &TestApp, question: &str, fields: &[(&str, &str)]) -> Value {
    asked_as(app, &Program::of(app, "ada").await, (question, fields)).await
}

/// The same, with the store code that somebody sees.
pub async fn asked_as(
    app: &TestApp,
    somebody: &Program,
    (question, fields): (&str, &[(&str, &str)]),
) -> Value {
    let settings = somebody.get("/api/v1/license-settings").await.is(200);
    let mut all = fields.to_vec();
    for (name, value) in [("store_code", text(&settings, "store_code")), ("sku", "pro")] {
        if !fields.iter().any(|(said, _)| *said == name) {
            all.push((name, value));
        }
    }
    let path = format!("/wp-json/woo-license-keys/v1/{question}");
    Told::by(Program::with(app, "").bare(Method::POST, &path).form(&all)).await.json()
}

/// Sends a table to be imported.
pub async fn sent(program: &Program, query: &str, table: impl Into<Vec<u8>>) -> Told {
    let request = program.request(Method::POST, &format!("/api/v1/licenses/import{query}"));
    Told::by(request.header("content-type", "text/csv").body(table.into())).await
}

/// A member that is a text.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}
