//! Users over the API, for admins: list, look, make, change, shut out with what becomes of their keys.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    answer::{self, Answer},
    client::Client,
    created,
    described::{DeleteParams, DisableBody, NewUserBody, PasswordBody, UserChangeBody},
    members::{self, Members, Wrong},
    page::UserList,
};
use crate::{
    domain::user::Role,
    service::{
        user_once,
        users::{self, KeysFate, NewUserRequest, UserChange},
        views::{UserJson, words},
    },
};

/// Lists all users, by login. For admins.
///
/// An installation has a handful; there is one page.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", operation_id = "listUsers",
    responses(
        (status = 200, description = "The users", body = UserList),
        (status = 403, description = "You are no admin"),
    ))]
pub async fn list(client: Client) -> Answer {
    client.questions().done()?;
    let users = users::list_for(&client.services, &client.caller).await?;
    let data = users.into_iter().map(UserJson::from).collect();
    answer::ok(&UserList { data, next_cursor: None, partial: false })
}

/// Makes a user. For admins.
///
/// With the header `Idempotency-Key`, sending the same request again within a day gives the same answer
/// and makes nothing.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", operation_id = "createUser",
    request_body = NewUserBody,
    responses(
        (status = 201, description = "The user", body = UserJson,
            headers(
                ("Location" = String, description = "Where the user stands"),
                ("Idempotent-Replayed" = String, description = "`true` if an earlier request made it"),
            )),
        (status = 403, description = "You are no admin"),
        (status = 409, description = "That login or e-mail address is taken"),
    ))]
pub async fn create(client: Client) -> Answer {
    let mut body = client.members()?;
    let login = body.required("login", members::text);
    let name = body.optional("name", members::text).unwrap_or_default();
    let email = body.nullable("email", members::text).flatten().unwrap_or_default();
    let role = body.required("role", role);
    let password = body.required("password", password);
    let request =
        (|| Some(NewUserRequest { login: login?, name, email, role: role?, password: password? }))(
        );
    let request = body.finish(request)?;
    let once = client.once()?;
    let made = user_once::add_once(&client.services, &client.caller, request, once).await?;
    created::answer(&client, "/users", made)
}

/// One user. For admins.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", operation_id = "getUser",
    params(("id" = i64, Path, minimum = 1, description = "The user's number")),
    responses(
        (status = 200, description = "The user", body = UserJson),
        (status = 403, description = "You are no admin"),
    ))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    shown(&client, client.id()?).await
}

/// Changes a user. For admins.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", operation_id = "changeUser",
    params(("id" = i64, Path, minimum = 1, description = "The user's number")),
    request_body = UserChangeBody,
    responses(
        (status = 200, description = "The user as it is now", body = UserJson),
        (status = 403, description = "You are no admin"),
        (status = 409, description = "The e-mail address is taken, or this is the last admin"),
    ))]
pub async fn change(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let change = UserChange {
        name: body.optional("name", members::text),
        email: body.nullable("email", members::text),
        role: body.optional("role", role),
    };
    let change = body.finish(Some(change))?;
    users::change(&client.services, &client.caller, id, change).await?;
    shown(&client, id).await
}

/// Sets a user's password; the user's sessions and tokens end. For admins.
///
/// Not one's own, which needs the one until now; and with a token not another admin's.
#[utoipa::path(post, path = "/api/v1/users/{id}/password", tag = "users",
    operation_id = "setUserPassword",
    params(("id" = i64, Path, minimum = 1, description = "The user's number")),
    request_body = PasswordBody,
    responses(
        (status = 204, description = "It is set"),
        (status = 403, description = "You are no admin, or a program and the user is one"),
        (status = 409, description = "It is your own"),
    ))]
pub async fn set_password(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let new = body.required("password", password);
    let new = body.finish(new)?;
    users::set_password(&client.services, &client.caller, id, new).await?;
    answer::done()
}

/// Shuts a user out. For admins.
///
/// Sessions and tokens stop at once, and the keys meet the fate that is said.
#[utoipa::path(post, path = "/api/v1/users/{id}/disable", tag = "users", operation_id = "disableUser",
    params(("id" = i64, Path, minimum = 1, description = "The user's number")),
    request_body = DisableBody,
    responses(
        (status = 200, description = "The user as it is now", body = UserJson),
        (status = 403, description = "You are no admin"),
        (status = 409, description = "It is you, or the last admin"),
    ))]
pub async fn disable(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let fate = body.within("keys", fate);
    let fate = body.finish(fate)?;
    users::disable(&client.services, &client.caller, id, fate).await?;
    shown(&client, id).await
}

/// Lets a disabled user in again; paused keys work again. For admins.
#[utoipa::path(post, path = "/api/v1/users/{id}/enable", tag = "users", operation_id = "enableUser",
    params(("id" = i64, Path, minimum = 1, description = "The user's number")),
    responses(
        (status = 200, description = "The user as it is now", body = UserJson),
        (status = 403, description = "You are no admin"),
    ))]
pub async fn enable(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    users::enable(&client.services, &client.caller, id).await?;
    shown(&client, id).await
}

/// Deletes a user. For admins.
///
/// Who it was is forgotten; what the user approved stays. The keys meet the fate that is said.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", operation_id = "deleteUser",
    params(("id" = i64, Path, minimum = 1, description = "The user's number"), DeleteParams),
    responses(
        (status = 204, description = "The user is deleted"),
        (status = 403, description = "You are no admin"),
        (status = 409, description = "It is you, or the last admin, or keys are left"),
    ))]
pub async fn delete(client: Client) -> Answer {
    let id = client.id()?;
    let mut questions = client.questions();
    let allowed = ["revoke", "reassign"];
    let keys =
        questions.word("keys", &allowed, |text| allowed.iter().copied().find(|word| *word == text));
    let fate = match (keys, questions.id("to")) {
        (Some("revoke"), None) => Some(KeysFate::Revoke),
        (Some("reassign"), Some(to)) => Some(KeysFate::Reassign(to)),
        _ => None,
    };
    if fate.is_none() {
        questions.note("keys", "say keys=revoke, or keys=reassign with the user's number in to");
    }
    questions.done()?;
    users::delete(&client.services, &client.caller, id, fate.unwrap_or(KeysFate::Pause)).await?;
    answer::done()
}

async fn shown(client: &Client, id: i64) -> Answer {
    let user = users::find_for(&client.services, &client.caller, id).await?;
    answer::ok(&UserJson::from(user))
}

fn fate(body: &mut Members) -> Option<KeysFate> {
    let words = &["pause", "revoke", "reassign"];
    let known = |text: &str| words.iter().copied().find(|word| *word == text);
    let action = body.required("action", members::word(words, known));
    let to = body.optional("to", members::id);
    match (action?, to) {
        ("reassign", Some(to)) => Some(KeysFate::Reassign(to)),
        ("reassign", None) => {
            body.note("to", "is missing".to_owned());
            None
        }
        (_, Some(_)) => {
            body.note("to", "goes with reassign only".to_owned());
            None
        }
        ("revoke", None) => Some(KeysFate::Revoke),
        _ => Some(KeysFate::Pause),
    }
}

fn role(value: &Value) -> Result<Role, Wrong> {
    members::word(words::Role::ALL, Role::parse)(value)
}

fn password(value: &Value) -> Result<Zeroizing<String>, Wrong> {
    members::text(value).map(Zeroizing::new)
}
