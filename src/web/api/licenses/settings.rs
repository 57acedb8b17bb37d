//! What holds for all licenses, over the API.

use serde_json::Value;

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        members::{self, Members, Wrong},
    },
    body,
    described::LicenseSettingsBody,
};
use crate::{
    domain::{
        licenses::{
            ErrorFormat, LicenseSettings, NoOrigin, Origins, Overlap, PageUrl, SettingsChange,
            StoreCode,
        },
        token_life::TokenLife,
    },
    service::licenses::{
        self,
        views::{LicenseErrors, LicenseSettingsJson},
    },
};

/// What holds for all licenses.
#[utoipa::path(get, path = "/api/v1/license-settings", tag = "license settings",
    operation_id = "getLicenseSettings",
    responses((status = 200, description = "The settings", body = LicenseSettingsJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    let settings = licenses::settings(&client.services, &client.caller).await?;
    shown(&client, &settings)
}

/// Changes what holds for all licenses. For admins.
///
/// What is left out stays. Another `store_code` needs `overlap_days`, for which the one before is taken too.
#[utoipa::path(patch, path = "/api/v1/license-settings", tag = "license settings",
    operation_id = "changeLicenseSettings",
    request_body = LicenseSettingsBody,
    responses(
        (status = 200, description = "The settings as they are now", body = LicenseSettingsJson),
        (status = 403, description = "You are no admin"),
        (status = 409, description = "Somebody else changed them at the same time"),
    ))]
pub async fn change(client: Client) -> Answer {
    let mut body = client.members()?;
    let change = SettingsChange {
        store_code: store_code(&mut body),
        end_previous: body.optional("end_previous", members::flag).unwrap_or_default(),
        needs_token: body.optional("needs_token", members::flag),
        token_life: body.optional("token_seconds", token_seconds),
        errors: body.optional("errors", members::word(LicenseErrors::ALL, ErrorFormat::parse)),
        errors_in_status: body.optional("errors_in_status", members::flag),
        localhost_is_free: body.optional("localhost_is_free", members::flag),
        origins: body.optional("origins", origins),
        page_url: body.optional("page_url", page_url),
    };
    let change = body.finish(Some(change))?;
    let (services, caller) = (&client.services, &client.caller);
    let settings = licenses::change_settings(services, caller, change).await?;
    shown(&client, &settings)
}

fn shown(client: &Client, settings: &LicenseSettings) -> Answer {
    let services = &client.services;
    let readable = services.licenses.keys_readable;
    answer::ok(&LicenseSettingsJson::of(settings, readable, services.now()))
}

/// Another code, or a fresh one for null, and how long the one before is taken.
fn store_code(body: &mut Members) -> Option<(Option<StoreCode>, Overlap)> {
    let code = body.nullable("store_code", |value| {
        StoreCode::parse(&members::text(value)?).map_err(|error| error.to_string())
    });
    let overlap = body.optional("overlap_days", overlap);
    match (code, overlap) {
        (Some(code), Some(overlap)) => Some((code, overlap)),
        (Some(_), None) => {
            body.note_once("overlap_days", "is missing beside store_code".to_owned());
            None
        }
        (None, Some(_)) => {
            body.note_once("store_code", "is missing beside overlap_days".to_owned());
            None
        }
        (None, None) => None,
    }
}

fn overlap(value: &Value) -> Result<Overlap, Wrong> {
    let days = members::whole_number(value).and_then(|days| u64::try_from(days).ok());
    days.and_then(Overlap::days).ok_or_else(|| Overlap::RULE.to_owned())
}

fn token_seconds(value: &Value) -> Result<TokenLife, Wrong> {
    let life = members::whole_number(value).and_then(TokenLife::of);
    life.ok_or_else(|| TokenLife::RULE.to_owned())
}

fn origins(value: &Value) -> Result<Origins, Wrong> {
    let lines = members::texts(value)?.join("\n");
    Origins::parse(&lines).map_err(|error| match error {
        NoOrigin::Form(_) => {
            "each must be an origin such as https://shop.example, without a path, or * for all"
                .into()
        }
        NoOrigin::TooMany => error.to_string(),
    })
}

fn page_url(value: &Value) -> Result<PageUrl, Wrong> {
    let text = body::text(value)?;
    let what = "must be an http or https address, or null for none";
    PageUrl::parse(&text).ok_or_else(|| what.to_owned())
}
