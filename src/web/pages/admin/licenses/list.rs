//! The list of licenses: looked for, narrowed, part by part.
//!
//! What is looked for is sent as a form and not in an address, since people paste what a customer sent them: a
//! whole license key leads to its license, and never stands in an address or a log.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    TabLink,
    link::{FILTERS, LicenseLink, key_in},
    row::{LicenseRow, state_text},
};
use crate::{
    domain::{
        licenses::{License, LicenseState, Product},
        secret_like,
    },
    service::licenses,
    web::{
        errors::WebError,
        pages::admin::{
            choice::{Choice, choices},
            frame::{Frame, Section, field, go},
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many licenses a page shows.
const PAGE: usize = 25;

/// How many products can be chosen; the rest is typed.
pub const MOST_PRODUCTS: usize = 200;

/// A license of the list.
struct Line {
    row: LicenseRow,
    email: String,
    product: String,
    sku: String,
}

/// A filter that is on, and the list without it.
struct Chip {
    text: String,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/licenses/list.html")]
struct Page<'a> {
    frame: Frame<'a>,
    tabs: Vec<TabLink>,
    link: &'a LicenseLink,
    lines: Vec<Line>,
    chips: Vec<Chip>,
    states: Vec<Choice>,
    products: Vec<Product>,
    next: Option<String>,
    first: Option<String>,
    walked_far: bool,
    may_create: bool,
    store_code: String,
}

/// A part of the list.
pub async fn list(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let link = LicenseLink::read(&visitor.parameters);
    let found = licenses::list(services, &caller, &link.question(), PAGE).await?;
    let (products, _) = licenses::products(services, &caller, None, MOST_PRODUCTS).await?;
    let next = |next| visitor.site.path(&link.at_place(Some(next)).path());
    let settings = licenses::settings(services, &caller).await?;
    let page = Page {
        tabs: super::tabs(&visitor, super::Tab::Licenses),
        lines: found.licenses.iter().map(|license| Line::of(&visitor, license)).collect(),
        chips: chips(&visitor, &link),
        states: states(&link),
        products,
        next: found.next.map(next),
        first: link.is_later_part().then(|| visitor.site.path(&link.at_place(None).path())),
        walked_far: found.walked_far,
        may_create: frame.user.role.may_manage_licenses(),
        store_code: settings.store_code.as_str().to_owned(),
        link: &link,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

/// Takes the form above the list: on to the list so asked for, or to the license whose key somebody pasted.
pub async fn search(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let typed = field(&visitor, "q");
    if secret_like::has_secret(typed) {
        return Ok(go(&visitor, "/admin/licenses?done=secret_searched"));
    }
    let key = key_in(typed);
    let wanted = key.as_deref().unwrap_or(typed);
    if let Some(id) = licenses::find_typed(&visitor.services, &visitor.caller(), wanted).await? {
        return Ok(go(&visitor, &super::path(id)));
    }
    if key.is_some() {
        return Ok(go(&visitor, "/admin/licenses?done=license_unknown"));
    }
    let link = LicenseLink::read(&visitor.parameters).at_place(None);
    Ok(go(&visitor, &link.path()))
}

impl Line {
    fn of(visitor: &Visitor, license: &License) -> Self {
        let row = LicenseRow::of(visitor, license);
        let is_named_by_email = row.name == license.terms.email;
        Self {
            email: if is_named_by_email { String::new() } else { license.terms.email.clone() },
            product: license.product.name.clone(),
            sku: license.terms.sku.clone(),
            row,
        }
    }
}

fn states(link: &LicenseLink) -> Vec<Choice> {
    let mut all = LicenseState::ALL.map(|state| (state.as_str(), state_text(state))).to_vec();
    all.insert(0, ("", "Any state"));
    choices(&all, link.text("state"))
}

fn chips(visitor: &Visitor, link: &LicenseLink) -> Vec<Chip> {
    let on = FILTERS.into_iter().filter(|name| !link.text(name).is_empty());
    let chip = |name| {
        let text = link.text(name);
        let text = match name {
            "q" => format!("“{text}”"),
            "state" => LicenseState::parse(text).map_or("", state_text).to_owned(),
            _ => format!("Product: {text}"),
        };
        Chip { text, href: visitor.site.path(&link.without(name).path()) }
    };
    on.map(chip).collect()
}
