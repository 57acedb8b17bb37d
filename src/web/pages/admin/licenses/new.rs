//! Making a license. Its key stands on the answer to the form and nowhere else, unless the store keeps keys
//! readable: not in an address, not in a log, and not on a reload, which makes no second license.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{form, list::MOST_PRODUCTS, refused};
use crate::{
    domain::licenses::{LicenseDraft, Product, ProductDraft},
    service::licenses::{self, MadeLicense},
    web::{
        errors::WebError,
        pages::admin::{
            choice::Choice,
            frame::{Frame, Section, user},
            once,
            refusal::not_allowed,
            wrong::Wrong,
            wrong::status,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/new.html")]
struct Page<'a> {
    frame: Frame<'a>,
    form: LicenseDraft,
    intervals: Vec<Choice>,
    products: Vec<Product>,
    product: ProductDraft,
    /// Whether a product shall be made along with the license.
    makes_product: bool,
    /// Whether the fields of a new product are shown at once.
    shows_product: bool,
    ticket: String,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "admin/licenses/made.html")]
struct MadePage<'a> {
    frame: Frame<'a>,
    href: String,
    key: &'a str,
    is_kept: bool,
    sku: &'a str,
    customer: &'a str,
}

/// Shows the form, or makes the license.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if visitor.posts() {
        visitor.form_session()?;
        return make(&visitor).await;
    }
    if !user(&visitor)?.role.may_manage_licenses() {
        return Err(not_allowed("only admins and managers make licenses"));
    }
    show(&visitor, Wrong::default()).await
}

async fn show(visitor: &Visitor, wrong: Wrong) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Licenses)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let (products, _) = licenses::products(services, &caller, None, MOST_PRODUCTS).await?;
    let (form, product) = (form::license(visitor), form::product(visitor));
    let makes_product = form::is_ticked(visitor, "new_product");
    let page = Page {
        intervals: form::intervals(&form.offline_interval),
        makes_product,
        shows_product: makes_product
            || is_told(&product)
            || products.is_empty()
            || wrong.at("sku").is_some(),
        products,
        form,
        product,
        ticket: once::ticket(visitor)?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

/// Whether somebody says something of a product beside its SKU.
fn is_told(product: &ProductDraft) -> bool {
    let texts = [&product.name, &product.download_name, &product.download_url];
    product.desktop || texts.iter().any(|text| !text.trim().is_empty())
}

async fn make(visitor: &Visitor) -> Result<HttpResponse, WebError> {
    once::take(visitor, "revoke that license, the newest of the list,").await?;
    let (draft, product) = (form::license(visitor), form::product(visitor));
    let brings_product = form::is_ticked(visitor, "new_product") || is_told(&product);
    let product = brings_product.then_some(&product);
    match licenses::create(&visitor.services, &visitor.caller(), &draft, product).await {
        Ok(made) => shown_once(visitor, &draft, &made),
        Err(error) => show(visitor, refused::wrong(error)?).await,
    }
}

fn shown_once(
    visitor: &Visitor,
    draft: &LicenseDraft,
    made: &MadeLicense,
) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Licenses)?;
    let page = MadePage {
        href: frame.path(&super::path(made.id)),
        key: made.key.expose(),
        is_kept: visitor.services.licenses.keys_readable,
        sku: draft.sku.trim(),
        customer: draft.customer.trim(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
