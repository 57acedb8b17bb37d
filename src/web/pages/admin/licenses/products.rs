//! The list of products: what is sold, and which download its licenses lead to.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{Tab, TabLink, link::LicenseLink};
use crate::{
    domain::{app_url::percent_encoded, licenses::Product},
    service::licenses,
    web::{
        errors::WebError,
        pages::admin::frame::{Frame, Section},
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many products a page shows.
const PAGE: usize = 25;

/// A product, ready to be shown.
struct Line {
    product: Product,
    edit: String,
    licenses: String,
}

#[derive(Template)]
#[template(path = "admin/licenses/products.html")]
struct Page<'a> {
    frame: Frame<'a>,
    tabs: Vec<TabLink>,
    lines: Vec<Line>,
    next: Option<String>,
    is_later_part: bool,
    may_manage: bool,
}

/// Products, by their SKUs.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let after = visitor.parameters.text("after");
    let after = after.filter(|after| !after.is_empty() && after.len() <= 400);
    let (services, caller) = (&visitor.services, visitor.caller());
    let (found, next_page) = licenses::products(services, &caller, after, PAGE).await?;
    let next = |sku: String| {
        visitor.site.path(&format!("/admin/licenses/products?after={}", percent_encoded(&sku)))
    };
    let page = Page {
        tabs: super::tabs(&visitor, Tab::Products),
        lines: found.into_iter().map(|product| Line::of(&visitor, product)).collect(),
        next: next_page.map(next),
        is_later_part: after.is_some(),
        may_manage: frame.user.role.may_manage_licenses(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

impl Line {
    fn of(visitor: &Visitor, product: Product) -> Self {
        Self {
            edit: visitor.site.path(&edit_path(&product.sku)),
            licenses: visitor.site.path(&LicenseLink::of("sku", &product.sku).path()),
            product,
        }
    }
}

/// Where a product is changed. A SKU may be any text, `..` and `a/b` too, so it is no part of a path.
pub fn edit_path(sku: &str) -> String {
    format!("/admin/licenses/products/edit?sku={}", percent_encoded(sku))
}
