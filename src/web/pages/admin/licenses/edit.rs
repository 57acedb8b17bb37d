//! Changing a license. Whoever saves what somebody else changed meanwhile is shown both, and nothing is lost.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{form, list::MOST_PRODUCTS, refused, row::LicenseRow};
use crate::{
    domain::{
        licenses::{License, LicenseDraft, Product},
        timestamp::Timestamp,
    },
    service::licenses::{self, LicenseError},
    web::{
        errors::WebError,
        pages::admin::{
            choice::Choice,
            frame::{Frame, Section, field, go, number},
            refusal::not_allowed,
            wrong::Wrong,
            wrong::status,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/edit.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: LicenseRow,
    form: LicenseDraft,
    intervals: Vec<Choice>,
    products: Vec<Product>,
    /// The day the form was shown with, so that an end that was not touched stays as exact as it is.
    ends_was: String,
    /// What the rule of its end adds, if it ends within a day.
    ends_rule: String,
    version: i64,
    /// Whether somebody else changed it while the form was open.
    is_late: bool,
    wrong: Wrong,
}

/// A form that is shown, again if something is wrong.
struct Shown {
    form: LicenseDraft,
    ends_was: String,
    version: i64,
    is_late: bool,
    wrong: Wrong,
}

/// Shows the form, or takes it.
pub async fn edit(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    if visitor.posts() {
        visitor.form_session()?;
        return take(&visitor, id).await;
    }
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let license = licenses::show(services, &caller, id).await?.license;
    if !frame.user.role.may_manage_licenses() {
        return Err(not_allowed("only admins and managers change licenses"));
    }
    let form = form::license_of(&license.terms);
    let shown = Shown {
        ends_was: form.expires_at.clone(),
        version: license.version,
        form,
        is_late: false,
        wrong: Wrong::default(),
    };
    show(&visitor, &license, shown).await
}

async fn take(visitor: &Visitor, id: i64) -> Result<HttpResponse, WebError> {
    let (services, caller) = (&visitor.services, visitor.caller());
    let (sent, ends_was) = (form::license(visitor), field(visitor, "ends_was").to_owned());
    // Without a version nothing is known to be seen, so nothing is changed.
    let version = field(visitor, "version").parse().unwrap_or(-1);
    let is_untouched = sent.expires_at == ends_was;
    let edit = |draft: &mut LicenseDraft| {
        let exact = std::mem::take(&mut draft.expires_at);
        let expires_at = if is_untouched { exact } else { sent.expires_at.clone() };
        *draft = LicenseDraft { expires_at, ..sent.clone() };
    };
    match licenses::change(services, &caller, (id, Some(version)), edit).await {
        Ok(()) => Ok(go(visitor, &format!("{}?done=changed", super::path(id)))),
        Err(LicenseError::Changed) => late(visitor, id, sent).await,
        Err(error) => {
            let wrong = match error {
                LicenseError::NoProduct(_) => Wrong::at_field("sku", NO_PRODUCT),
                other => refused::wrong(other)?,
            };
            let license = licenses::show(services, &caller, id).await?.license;
            let shown = Shown { form: sent, ends_was, version, is_late: false, wrong };
            show(visitor, &license, shown).await
        }
    }
}

const NO_PRODUCT: &str = "there is no product with this SKU; correct it, or make the product first";

/// Somebody else changed it while the form was open: what was typed stands, with what is saved beside it.
async fn late(visitor: &Visitor, id: i64, sent: LicenseDraft) -> Result<HttpResponse, WebError> {
    let license = licenses::show(&visitor.services, &visitor.caller(), id).await?.license;
    let shown = Shown {
        ends_was: form::license_of(&license.terms).expires_at,
        version: license.version,
        wrong: differences(&license, &sent),
        form: sent,
        is_late: true,
    };
    show(visitor, &license, shown).await
}

async fn show(
    visitor: &Visitor,
    license: &License,
    shown: Shown,
) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(visitor, Section::Licenses)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let (products, _) = licenses::products(services, &caller, None, MOST_PRODUCTS).await?;
    let Shown { form, ends_was, version, is_late, wrong } = shown;
    let status = if is_late { StatusCode::CONFLICT } else { status(&wrong) };
    let exact = license.terms.expires_at.filter(|at| !ends_with_its_day(*at));
    let page = Page {
        row: LicenseRow::of(visitor, license),
        intervals: form::intervals(&form.offline_interval),
        ends_rule: exact.map(exactly).unwrap_or_default(),
        form,
        products,
        ends_was,
        version,
        is_late,
        wrong,
        frame,
    };
    respond::page(status, &page, Forms::Stay)
}

fn exactly(end: Timestamp) -> String {
    format!(" Now it ends at {end}; it stays so if you do not touch the day.")
}

fn ends_with_its_day(at: Timestamp) -> bool {
    at.to_string().ends_with("T00:00:00Z")
}

/// Where what is saved now is something else than what was typed.
fn differences(license: &License, sent: &LicenseDraft) -> Wrong {
    let saved = form::license_of(&license.terms);
    let pairs = [
        ("sku", &saved.sku, &sent.sku),
        ("customer", &saved.customer, &sent.customer),
        ("email", &saved.email, &sent.email),
        ("cart_token", &saved.cart_token, &sent.cart_token),
        ("expires_at", &saved.expires_at, &sent.expires_at),
        ("activation_limit", &saved.activation_limit, &sent.activation_limit),
        ("domain_limit", &saved.domain_limit, &sent.domain_limit),
        ("offline_interval", &saved.offline_interval, &sent.offline_interval),
        ("offline_value", &saved.offline_value, &sent.offline_value),
    ];
    let mut all = Wrong::default();
    for (name, saved, sent) in pairs {
        if saved.trim() != sent.trim() {
            let now = if saved.is_empty() { "empty".to_owned() } else { format!("“{saved}”") };
            all.read::<()>(Err(Wrong::at_field(name, &format!("saved now: {now}"))));
        }
    }
    all
}
