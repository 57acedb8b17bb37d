//! Registered apps: made, looked at, changed, and what users approved for them. One ends with its key
//! (`POST /api/v1/keys/{id}/revoke`).

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    answer::{self, Answer},
    client::Client,
    described::{AppChangeBody, CreatedAppDescription, CursorParam, LimitParam, NewAppBody},
    keys::{end, permissions},
    members::{self, Wrong},
    page::{KeyList, RegisteredAppList},
    problem::Problem,
};
use crate::{
    domain::redirect_uri::RedirectUri,
    service::{
        keys,
        oauth2::{self, AppKind, AppPage, AppRequest, MadeApp},
        views::{KeyJson, RegisteredAppJson, line},
    },
};

/// How many apps a page has, unless told otherwise.
const PAGE: usize = 50;

/// Lists registered apps, newest first.
#[utoipa::path(get, path = "/api/v1/registered-apps", tag = "registered apps",
    operation_id = "listRegisteredApps",
    params(LimitParam, CursorParam),
    responses((status = 200, description = "A page of apps", body = RegisteredAppList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let AppPage { apps, next } = oauth2::list_apps(services, caller, before, limit).await?;
    answer::ok(&RegisteredAppList {
        data: apps.into_iter().map(RegisteredAppJson::from).collect(),
        next_cursor: next.map(|id| cursors(id.to_string())),
        partial: false,
    })
}

/// Registers an app for the authorization code flow.
///
/// The answer is the only one that ever holds `client_id` and `client_secret`; a public app has no secret.
/// An `Idempotency-Key` is not looked at.
#[utoipa::path(post, path = "/api/v1/registered-apps", tag = "registered apps",
    operation_id = "registerApp",
    request_body = NewAppBody,
    responses(
        (status = 201, description = "The app, with what it asks with", body = CreatedAppDescription,
            headers(("Location" = String, description = "Where the app stands"))),
        (status = 403, description = "You may not register apps, or not for that user"),
    ))]
pub async fn create(client: Client) -> Answer {
    let mut body = client.members()?;
    let now = client.services.now();
    let name = body.required("name", members::text);
    let redirect_uris = body.required("redirect_uris", uris);
    let permissions = body.required("permissions", permissions);
    let public = body.optional("public", members::flag).unwrap_or(false);
    let owner_id = body.optional("owner_id", members::id).or(client.caller.actor.user_id());
    let expires_at = body.nullable("expires_at", |value| end(value, now)).flatten();
    let kind = if public { AppKind::Public } else { AppKind::Confidential };
    let request = (|| {
        let (name, redirect_uris, permissions) = (name?, redirect_uris?, permissions?);
        let owner_id = owner_id?;
        Some(AppRequest { name, kind, redirect_uris, permissions, owner_id, expires_at })
    })();
    let request = body.finish(request)?;
    let made = oauth2::register(&client.services, &client.caller, request).await?;
    let app = found(&client, made.key_id).await?;
    let location = client.url(&format!("/registered-apps/{}", made.key_id));
    answer::created(location, shown(app, &made).as_bytes().to_vec(), false)
}

/// One registered app.
#[utoipa::path(get, path = "/api/v1/registered-apps/{id}", tag = "registered apps",
    operation_id = "getRegisteredApp",
    params(("id" = i64, Path, minimum = 1, description = "The number of the app's key")),
    responses((status = 200, description = "The app", body = RegisteredAppJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    answer::ok(&found(&client, client.id()?).await?)
}

/// Changes name or addresses of a registered app.
///
/// For its owner and admins. What the app may do is changed at its key.
#[utoipa::path(patch, path = "/api/v1/registered-apps/{id}", tag = "registered apps",
    operation_id = "changeRegisteredApp",
    params(("id" = i64, Path, minimum = 1, description = "The number of the app's key")),
    request_body = AppChangeBody,
    responses(
        (status = 200, description = "The app as it is now", body = RegisteredAppJson),
        (status = 403, description = "You may not change this app"),
        (status = 409, description = "Its key is over, or somebody else changed it at the same time"),
    ))]
pub async fn change(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let name = body.optional("name", members::text);
    let redirect_uris = body.optional("redirect_uris", uris);
    let change = body.finish(Some((name, redirect_uris)))?;
    oauth2::change_app(&client.services, &client.caller, id, change).await?;
    answer::ok(&found(&client, id).await?)
}

/// Lists what users approved for a registered app and is not ended, newest first: a key each.
#[utoipa::path(get, path = "/api/v1/registered-apps/{id}/connections", tag = "registered apps",
    operation_id = "listConnections",
    params(
        ("id" = i64, Path, minimum = 1, description = "The number of the app's key"),
        LimitParam, CursorParam,
    ),
    responses((status = 200, description = "A page of keys", body = KeyList)))]
pub async fn connections(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let before = questions.place(|place| place.parse().ok());
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    found(&client, id).await?;
    let (services, caller) = (&client.services, &client.caller);
    let (keys, next) = oauth2::connections_of(services, caller, id, (before, limit)).await?;
    answer::ok(&KeyList {
        data: keys.into_iter().map(KeyJson::from).collect(),
        next_cursor: next.map(|id| cursors(id.to_string())),
        partial: false,
    })
}

/// The app as it is now.
async fn found(client: &Client, id: i64) -> Result<RegisteredAppJson, Problem> {
    let (services, caller) = (&client.services, &client.caller);
    let app = oauth2::show_app(services, caller, id).await?.ok_or_else(Problem::not_found)?;
    Ok(RegisteredAppJson::from((app, keys::show(services, caller, id).await?)))
}

/// The app with what it asks with, this once.
fn shown(app: RegisteredAppJson, made: &MadeApp) -> Zeroizing<String> {
    let secret = (!app.public).then(|| made.credential.secret.expose().to_owned());
    let client_id = made.credential.key.as_str().to_owned();
    Zeroizing::new(line(&CreatedAppDescription { app, client_id, client_secret: secret }))
}

/// Addresses, one a line as the use case reads them.
fn uris(value: &Value) -> Result<String, Wrong> {
    let all = members::texts(value)?;
    for (number, uri) in all.iter().enumerate() {
        RedirectUri::parse(uri.trim())
            .map_err(|error| format!("number {}: {error}", number + 1))?;
    }
    let text = all.join("\n");
    RedirectUri::parse_all(&text).map_err(|(_, error)| error.to_string())?;
    Ok(text)
}
