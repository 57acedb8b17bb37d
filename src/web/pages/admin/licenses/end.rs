//! Taking a license back. It is asked once more, with what happens then and a reason.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::row::LicenseRow;
use crate::{
    domain::licenses::License,
    service::licenses::{self, LicenseError},
    web::{
        errors::WebError,
        pages::admin::{
            frame::{Frame, Section, field, go, number},
            refusal::not_allowed,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/revoke.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: LicenseRow,
    license: &'a License,
}

/// Asks once more, or takes the license back.
pub async fn revoke(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    if visitor.posts() {
        visitor.form_session()?;
        match licenses::revoke(services, &caller, id, field(&visitor, "reason")).await {
            // Pressed twice, it is as it was wished.
            Ok(()) | Err(LicenseError::AlreadyRevoked) => {}
            Err(error) => return Err(error.into()),
        }
        return Ok(go(&visitor, &format!("{}?done=license_revoked", super::path(id))));
    }
    let frame = Frame::of(&visitor, Section::Licenses)?;
    let license = licenses::show(services, &caller, id).await?.license;
    if !frame.user.role.may_manage_licenses() {
        return Err(not_allowed("only admins and managers revoke licenses"));
    }
    if license.revoked_at.is_some() {
        return Ok(go(&visitor, &super::path(id)));
    }
    let page = Page { row: LicenseRow::of(&visitor, &license), license: &license, frame };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
