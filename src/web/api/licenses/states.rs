//! What is done to a license besides changing what was bought: taken back, given again, its key looked at; and
//! what was done to it.

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        described::CursorParam,
        members,
        page::AuditList,
    },
    described::{LicenseRevokeBody, WholeKeyJson},
    records::shown,
};
use crate::service::{
    audit::AuditPage, licenses, licenses::views::LicenseJson, views::AuditRowJson,
};

/// Takes a license back.
///
/// At once: programs are told what they are told of a license key that does not exist, and its tokens are dead.
/// Its activations stand, and it can be given again.
#[utoipa::path(post, path = "/api/v1/licenses/{id}/revoke", tag = "licenses",
    operation_id = "revokeLicense",
    params(("id" = i64, Path, minimum = 1, description = "The license's number")),
    request_body(content = LicenseRevokeBody, description = "May be left out"),
    responses(
        (status = 200, description = "The license as it is now", body = LicenseJson),
        (status = 403, description = "You may not take licenses back"),
        (status = 409, description = "It was taken back before"),
    ))]
pub async fn revoke(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members_if_any()?;
    let reason = body.optional("reason", members::text);
    let reason = body.finish(Some(reason.unwrap_or_default()))?;
    licenses::revoke(&client.services, &client.caller, id, &reason).await?;
    shown(&client, id).await
}

/// Gives a license again that was taken back.
///
/// The tokens it had stay dead. Takes no body.
#[utoipa::path(post, path = "/api/v1/licenses/{id}/restore", tag = "licenses",
    operation_id = "restoreLicense",
    params(("id" = i64, Path, minimum = 1, description = "The license's number")),
    responses(
        (status = 200, description = "The license as it is now", body = LicenseJson),
        (status = 403, description = "You may not give licenses again"),
        (status = 409, description = "It was not taken back"),
    ))]
pub async fn restore(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    licenses::restore(&client.services, &client.caller, id).await?;
    shown(&client, id).await
}

/// Shows the whole key of a license.
///
/// Only where the store keeps keys readable (`APPGRANT_LICENSE_KEYS`), and for admins and managers. That
/// somebody looked is written into the audit log. Takes no body.
#[utoipa::path(post, path = "/api/v1/licenses/{id}/key", tag = "licenses",
    operation_id = "showLicenseKey",
    params(("id" = i64, Path, minimum = 1, description = "The license's number")),
    responses(
        (status = 200, description = "The whole key", body = WholeKeyJson),
        (status = 403, description = "You may not look at whole keys"),
        (status = 409, description = "The key was not kept"),
    ))]
pub async fn key(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    let key = licenses::whole_key(&client.services, &client.caller, id).await?;
    answer::ok(&WholeKeyJson { license_key: &key })
}

/// What was done to a license, newest first.
///
/// From which address and in which request is told to admins and managers alone.
#[utoipa::path(get, path = "/api/v1/licenses/{id}/history", tag = "licenses",
    operation_id = "getLicenseHistory",
    params(("id" = i64, Path, minimum = 1, description = "The license's number"), CursorParam),
    responses((status = 200, description = "Rows of the audit log", body = AuditList)))]
pub async fn history(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let cursors = questions.cursors();
    questions.done()?;
    let AuditPage { rows, next, walked_far } =
        licenses::history(&client.services, &client.caller, id, before).await?;
    answer::ok(&AuditList {
        data: rows.into_iter().map(AuditRowJson::from).collect(),
        next_cursor: next.map(|seq| cursors(seq.to_string())),
        partial: walked_far,
    })
}
