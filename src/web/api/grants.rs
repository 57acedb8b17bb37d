//! Grants and apps over the API: lists, one, and ending all keys of an app.

use super::{
    answer::{self, Answer},
    client::Client,
    described::{AppListParams, GrantListParams, RevokeBody, RevokedAppJson},
    members,
    page::{AppList, GrantList},
    problem::Problem,
};
use crate::service::{
    apps, grants, keys,
    views::{AppJson, GrantJson},
};

/// Lists grants, newest first.
#[utoipa::path(get, path = "/api/v1/grants", tag = "grants", operation_id = "listGrants",
    params(GrantListParams),
    responses((status = 200, description = "A page of grants", body = GrantList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let host = questions.text("callback_host");
    let before = questions.place(|place| Some(place.to_owned()));
    let (limit, cursors) = (questions.limit(grants::PAGE), questions.cursors());
    questions.done()?;
    let page = grants::list(&client.services, host.as_deref(), before.as_deref(), limit).await?;
    answer::ok(&GrantList {
        data: page.grants.into_iter().map(GrantJson::from).collect(),
        next_cursor: page.next.map(cursors),
        partial: false,
    })
}

/// One grant.
#[utoipa::path(get, path = "/api/v1/grants/{id}", tag = "grants", operation_id = "getGrant",
    params(("id" = String, Path, description = "The grant's id")),
    responses((status = 200, description = "The grant", body = GrantJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    let grant = grants::show(&client.services, client.name()).await?;
    answer::ok(&GrantJson::from(grant.ok_or_else(Problem::not_found)?))
}

/// Lists apps, by callback host.
#[utoipa::path(get, path = "/api/v1/apps", tag = "apps", operation_id = "listApps",
    params(AppListParams),
    responses((status = 200, description = "A page of apps", body = AppList)))]
pub async fn list_apps(client: Client) -> Answer {
    let mut questions = client.questions();
    let beginning = questions.text("q").unwrap_or_default();
    let after = questions.place(|place| Some(place.to_owned()));
    let cursors = questions.cursors();
    questions.done()?;
    let (services, caller) = (&client.services, &client.caller);
    let page = apps::list(services, caller, &beginning, after.as_deref()).await?;
    answer::ok(&AppList {
        data: page.apps.into_iter().map(AppJson::from).collect(),
        next_cursor: page.next.map(cursors),
        partial: false,
    })
}

/// One app.
#[utoipa::path(get, path = "/api/v1/apps/{callback_host}", tag = "apps", operation_id = "getApp",
    params(("callback_host" = String, Path, description = "Host, and port if it is not the usual one")),
    responses((status = 200, description = "The app", body = AppJson)))]
pub async fn show_app(client: Client) -> Answer {
    client.questions().done()?;
    let app = apps::show(&client.services, &client.caller, client.name()).await?;
    answer::ok(&AppJson::from(app.ok_or_else(Problem::not_found)?))
}

/// Ends all keys of an app that you may end.
#[utoipa::path(post, path = "/api/v1/apps/{callback_host}/revoke", tag = "apps",
    operation_id = "revokeApp",
    params(("callback_host" = String, Path, description = "Host, and port if it is not the usual one")),
    request_body(content = RevokeBody, description = "May be left out"),
    responses((status = 200, description = "How many keys ended", body = RevokedAppJson)))]
pub async fn revoke_app(client: Client) -> Answer {
    let mut body = client.members_if_any()?;
    let reason = body.optional("reason", members::text);
    let reason = body.finish(Some(reason.unwrap_or_default()))?;
    let (services, caller, host) = (&client.services, &client.caller, client.name());
    apps::show(services, caller, host).await?.ok_or_else(Problem::not_found)?;
    let (ended, left) = keys::revoke_app(services, caller, host, &reason).await?;
    answer::ok(&RevokedAppJson { ended, left })
}
