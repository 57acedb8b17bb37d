//! One license: what the customer bought, where it is used, what was done to it, and what can be done about it.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::row::{LicenseRow, offline_text};
use crate::{
    domain::{
        app_url,
        licenses::{Activation, License},
        timestamp::Timestamp,
    },
    service::licenses::{self, LicenseDetails, LicenseError},
    web::{
        errors::WebError,
        pages::admin::{
            audit_words::AuditLine,
            frame::{Frame, Section, go, number},
            moment::Moment,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// How many activations are shown at once.
const PAGE: usize = 25;

/// A place where it is used.
struct Place {
    id: i64,
    domain: String,
    /// The domain as people read it, where that differs.
    readable: Option<String>,
    since: Moment,
    seen: Moment,
    address: Option<String>,
    client: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/licenses/license.html")]
#[expect(clippy::struct_excessive_bools, reason = "a template asks for each by itself")]
struct Page<'a> {
    frame: Frame<'a>,
    license: &'a License,
    row: LicenseRow,
    offline: String,
    /// Where the list of the licenses of its product is.
    same_product: String,
    places: Vec<Place>,
    more_places: Option<String>,
    is_later_part: bool,
    history: Vec<AuditLine>,
    older_history: Option<String>,
    is_older: bool,
    may_manage: bool,
    key_is_kept: bool,
}

/// The license of the number in the address.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let (services, caller, id) = (&visitor.services, visitor.caller(), number(&visitor)?);
    let LicenseDetails { license, key_is_kept } = licenses::show(services, &caller, id).await?;
    let (before, below) = (place(&visitor, "before"), place(&visitor, "activations_before"));
    let history = licenses::history(services, &caller, id, before).await?;
    let (activations, more) = licenses::activations(services, &caller, id, (below, PAGE)).await?;
    let now = services.now();
    let href = visitor.site.path(&super::path(id));
    let line = |row| AuditLine::of(row, frame.user, &visitor.site, now);
    let page = Page {
        row: LicenseRow::of(&visitor, &license),
        offline: offline_text(license.terms.offline),
        same_product: visitor
            .site
            .path(&super::link::LicenseLink::of("sku", &license.terms.sku).path()),
        places: activations.into_iter().map(|one| Place::of(one, now)).collect(),
        more_places: more.map(|next| format!("{href}?activations_before={next}#activations")),
        is_later_part: below.is_some(),
        history: history.rows.into_iter().map(line).collect(),
        older_history: history.next.map(|next| format!("{href}?before={next}#history")),
        is_older: before.is_some(),
        may_manage: frame.user.role.may_manage_licenses(),
        license: &license,
        key_is_kept,
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

fn place(visitor: &Visitor, name: &str) -> Option<i64> {
    visitor.parameters.text(name)?.parse().ok()
}

impl Place {
    fn of(activation: Activation, now: Timestamp) -> Self {
        Self {
            id: activation.id,
            readable: app_url::in_unicode(&activation.domain),
            domain: activation.domain,
            since: Moment::of(activation.activated_at, now),
            seen: Moment::of(activation.seen_at, now),
            address: activation.address,
            client: activation.client,
        }
    }
}

/// Takes an activation away, so that its place is free.
pub async fn end_activation(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    let activation = visitor.request.match_info().get("activation").unwrap_or_default();
    let activation = activation.parse().map_err(|_| WebError::NotFound)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let done = match licenses::deactivate_by_hand(services, &caller, id, activation).await {
        Ok(()) => "activation_ended",
        Err(LicenseError::NoActivation) => "activation_over",
        Err(error) => return Err(error.into()),
    };
    Ok(go(&visitor, &format!("{}?done={done}", super::path(id))))
}

/// Gives a license again that was taken back.
pub async fn restore(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let id = number(&visitor)?;
    match licenses::restore(&visitor.services, &visitor.caller(), id).await {
        // Pressed twice, it is as it was wished.
        Ok(()) | Err(LicenseError::NotRevoked) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(go(&visitor, &format!("{}?done=license_restored", super::path(id))))
}

#[derive(Template)]
#[template(path = "admin/licenses/key.html")]
struct KeyPage<'a> {
    frame: Frame<'a>,
    row: LicenseRow,
    key: &'a str,
}

/// Shows the whole key, where the store keeps keys. Not by a link: that somebody looked is written down.
pub async fn whole_key(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    let (services, caller, id) = (&visitor.services, visitor.caller(), number(&visitor)?);
    let key = licenses::whole_key(services, &caller, id).await?;
    let LicenseDetails { license, .. } = licenses::show(services, &caller, id).await?;
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let page = KeyPage { row: LicenseRow::of(&visitor, &license), key: &key, frame };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
