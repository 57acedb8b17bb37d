//! What is sold under a SKU, over the API.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        described::{CursorParam, LimitParam},
        members,
        problem::Problem,
    },
    body::{self, SaidOfProduct},
    described::{NewProductBody, ProductChangeBody, ProductList},
};
use crate::{
    domain::licenses::ProductDraft,
    service::{
        licenses::{self, LicenseError, views::ProductJson},
        views::line,
    },
};

/// How many products a page has, unless told otherwise.
const PAGE: usize = 50;

/// Lists products, in the order of their SKUs.
#[utoipa::path(get, path = "/api/v1/license-products", tag = "license products",
    operation_id = "listLicenseProducts",
    params(LimitParam, CursorParam),
    responses((status = 200, description = "A page of products", body = ProductList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let after: Option<String> = questions.place(|place| Some(place.to_owned()));
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let (found, next) = licenses::products(services, caller, after.as_deref(), limit).await?;
    answer::ok(&ProductList {
        data: found.into_iter().map(ProductJson::from).collect(),
        next_cursor: next.map(cursors),
        partial: false,
    })
}

/// Makes a product.
#[utoipa::path(post, path = "/api/v1/license-products", tag = "license products",
    operation_id = "createLicenseProduct",
    request_body = NewProductBody,
    responses(
        (status = 201, description = "The product", body = ProductJson,
            headers(("Location" = String, description = "Where the product stands"))),
        (status = 403, description = "You may not make products"),
        (status = 409, description = "There is one of that SKU"),
    ))]
pub async fn create(client: Client) -> Answer {
    let mut body = client.members()?;
    let sku = body.optional("sku", members::text).unwrap_or_default();
    let mut draft = ProductDraft { sku, ..ProductDraft::default() };
    SaidOfProduct::read(&mut body).put_into(&mut draft);
    body::note_product(&mut body, draft.read().err());
    body.finish(Some(()))?;
    let made = licenses::create_product(&client.services, &client.caller, &draft).await?;
    let sku = utf8_percent_encode(&made.sku, NON_ALPHANUMERIC).to_string();
    let location = client.url(&format!("/license-products/{sku}"));
    answer::created(location, line(&ProductJson::from(made)).into_bytes(), false)
}

/// One product.
#[utoipa::path(get, path = "/api/v1/license-products/{sku}", tag = "license products",
    operation_id = "getLicenseProduct",
    params(("sku" = String, Path, description = "The product's SKU")),
    responses((status = 200, description = "The product", body = ProductJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    let sku = client.text("sku")?;
    let found = licenses::product(&client.services, &client.caller, &sku).await;
    answer::ok(&ProductJson::from(found.map_err(problem)?))
}

/// Changes a product, for all its licenses.
///
/// Programs are told the new download with their next question. What is left out stays; null takes away.
/// With `version`, only if nobody changed it since.
#[utoipa::path(patch, path = "/api/v1/license-products/{sku}", tag = "license products",
    operation_id = "changeLicenseProduct",
    params(("sku" = String, Path, description = "The product's SKU")),
    request_body = ProductChangeBody,
    responses(
        (status = 200, description = "The product as it is now", body = ProductJson),
        (status = 403, description = "You may not change products"),
        (status = 409, description = "Somebody else changed it at the same time, or since that version"),
    ))]
pub async fn change(client: Client) -> Answer {
    let sku = client.text("sku")?;
    let mut body = client.members()?;
    let said = SaidOfProduct::read(&mut body);
    let version = body.optional("version", body::version);
    said.note_wrong(&mut body);
    body.finish(Some(()))?;
    let (services, caller) = (&client.services, &client.caller);
    let edit = |draft: &mut ProductDraft| said.put_into(draft);
    let changed = licenses::change_product(services, caller, (&sku, version), edit).await;
    answer::ok(&ProductJson::from(changed.map_err(problem)?))
}

/// Deletes a product that no license is of.
#[utoipa::path(delete, path = "/api/v1/license-products/{sku}", tag = "license products",
    operation_id = "deleteLicenseProduct",
    params(("sku" = String, Path, description = "The product's SKU")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "You may not delete products"),
        (status = 409, description = "There are licenses of it (`product_in_use`)"),
    ))]
pub async fn delete(client: Client) -> Answer {
    let sku = client.text("sku")?;
    client.questions().done()?;
    licenses::delete_product(&client.services, &client.caller, &sku).await.map_err(problem)?;
    answer::done()
}

/// Here the SKU is the address.
fn problem(error: LicenseError) -> Problem {
    match error {
        LicenseError::NoProduct(_) => Problem::not_found(),
        other => other.into(),
    }
}
