//! Making and changing a product, for all its licenses; deleting one that has none.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{form, products::edit_path, refused};
use crate::{
    domain::licenses::{Product, ProductDraft},
    service::licenses::{self, LicenseError},
    web::{
        errors::WebError,
        pages::admin::{
            frame::{Frame, Section, field, go, user},
            refusal::not_allowed,
            wrong::Wrong,
            wrong::status,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/product.html")]
struct Page<'a> {
    frame: Frame<'a>,
    product: ProductDraft,
    target: String,
    /// How often it was changed; none for a new one.
    version: Option<i64>,
    /// Whether somebody else changed it while the form was open.
    is_late: bool,
    /// Whether there are licenses of it.
    is_used: bool,
    wrong: Wrong,
}

/// Shows the form of a new product, or makes it.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let mut wrong = Wrong::default();
    if visitor.posts() {
        visitor.form_session()?;
        let (services, caller, draft) =
            (&visitor.services, visitor.caller(), form::product(&visitor));
        match licenses::create_product(services, &caller, &draft).await {
            Ok(_) => return Ok(go(&visitor, "/admin/licenses/products?done=product_made")),
            Err(error) => wrong = refused::wrong(error)?,
        }
    }
    may(&visitor)?;
    let page = Page {
        frame: Frame::of(&visitor, Section::Licenses)?,
        product: form::product(&visitor),
        target: visitor.site.path("/admin/licenses/products/new"),
        version: None,
        is_late: false,
        is_used: false,
        wrong,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

fn may(visitor: &Visitor) -> Result<(), WebError> {
    if user(visitor)?.role.may_manage_licenses() {
        return Ok(());
    }
    Err(not_allowed("only admins and managers make and change products"))
}

/// Shows the form of a product, or changes it.
pub async fn edit(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if visitor.posts() {
        visitor.form_session()?;
        return take(&visitor).await;
    }
    may(&visitor)?;
    let product = find(&visitor).await?;
    let version = product.version;
    show(&visitor, (draft_of(product), version), (false, Wrong::default())).await
}

/// Deletes a product that no license is of.
pub async fn delete(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let sku = field(&visitor, "sku");
    match licenses::delete_product(&visitor.services, &visitor.caller(), sku).await {
        Ok(()) => Ok(go(&visitor, "/admin/licenses/products?done=product_deleted")),
        Err(LicenseError::NoProduct(_)) => Err(WebError::NotFound),
        Err(error) => Err(error.into()),
    }
}

async fn take(visitor: &Visitor) -> Result<HttpResponse, WebError> {
    let (services, caller, sent) = (&visitor.services, visitor.caller(), form::product(visitor));
    // Without a version nothing is known to be seen, so nothing is changed.
    let version = field(visitor, "version").parse().unwrap_or(-1);
    let edit = |draft: &mut ProductDraft| *draft = sent.clone();
    match licenses::change_product(services, &caller, (&sent.sku, Some(version)), edit).await {
        Ok(_) => Ok(go(visitor, "/admin/licenses/products?done=product_changed")),
        Err(LicenseError::NoProduct(_)) => Err(WebError::NotFound),
        Err(LicenseError::Changed) => {
            let now = find(visitor).await?;
            let (version, wrong) = (now.version, differences(&draft_of(now), &sent));
            show(visitor, (sent, version), (true, wrong)).await
        }
        Err(error) => show(visitor, (sent, version), (false, refused::wrong(error)?)).await,
    }
}

async fn show(
    visitor: &Visitor,
    (product, version): (ProductDraft, i64),
    (is_late, wrong): (bool, Wrong),
) -> Result<HttpResponse, WebError> {
    let status = if is_late { StatusCode::CONFLICT } else { status(&wrong) };
    let (services, caller) = (&visitor.services, visitor.caller());
    let is_used = licenses::product_is_used(services, &caller, &product.sku).await?;
    let page = Page {
        frame: Frame::of(visitor, Section::Licenses)?,
        target: visitor.site.path(&edit_path(&product.sku)),
        product,
        version: Some(version),
        is_late,
        is_used,
        wrong,
    };
    respond::page(status, &page, Forms::Stay)
}

async fn find(visitor: &Visitor) -> Result<Product, WebError> {
    let sku = field(visitor, "sku");
    match licenses::product(&visitor.services, &visitor.caller(), sku).await {
        Err(LicenseError::NoProduct(_)) => Err(WebError::NotFound),
        found => Ok(found?),
    }
}

fn draft_of(product: Product) -> ProductDraft {
    let Product { sku, name, download_name, download_url, desktop, version: _ } = product;
    ProductDraft { sku, name, download_name, download_url, desktop }
}

/// Where what is saved now is something else than what was typed.
fn differences(saved: &ProductDraft, sent: &ProductDraft) -> Wrong {
    let kind = |desktop: bool| if desktop { "yes" } else { "no" }.to_owned();
    let pairs = [
        ("product", saved.name.clone(), sent.name.clone()),
        ("download_name", saved.download_name.clone(), sent.download_name.clone()),
        ("download_url", saved.download_url.clone(), sent.download_url.clone()),
        ("desktop", kind(saved.desktop), kind(sent.desktop)),
    ];
    let mut all = Wrong::default();
    for (name, saved, sent) in pairs {
        if saved != sent.trim() {
            let now = if saved.is_empty() { "empty".to_owned() } else { format!("“{saved}”") };
            all.read::<()>(Err(Wrong::at_field(name, &format!("saved now: {now}"))));
        }
    }
    all
}
