//! Who the client is to the service, and its tokens.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{self, Answer},
    client::Client,
    described::TokenListParams,
    page::TokenList,
    problem::Problem,
};
use crate::service::{
    caller::Actor,
    tokens,
    views::{TokenJson, UserJson},
};

/// Who you are.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The user you act for.
    user: UserJson,
    /// The number of the token you came with; null with a browser's session.
    #[schema(required)]
    token_id: Option<i64>,
    /// With a browser's session: what to send as `X-CSRF-Token` with everything that changes something.
    /// Null with a token, which needs none.
    #[schema(required)]
    csrf_token: Option<String>,
}

/// Who you are.
///
/// For a page's script, also the place to get `csrf_token` from.
#[utoipa::path(get, path = "/api/v1/me", tag = "me", operation_id = "getMe",
    responses((status = 200, description = "You", body = Me)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    let (user, token_id) = match &client.caller.actor {
        Actor::User(user) => (user, None),
        Actor::Token { id, user } => (user, Some(*id)),
        Actor::CommandLine | Actor::System | Actor::Nobody => {
            return Err(Problem::internal("a client that is no user"));
        }
    };
    let session = client.session.as_ref();
    let csrf_token = session.map(|session| session.id.form_token(&client.services.keyring));
    answer::ok(&Me { user: UserJson::from(user.clone()), token_id, csrf_token })
}

/// Lists your API tokens, newest first; everybody's for an admin who asks for them.
///
/// Tokens are made on the screen or by `appgrant token create`, never by a token.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", operation_id = "listTokens",
    params(TokenListParams),
    responses(
        (status = 200, description = "The tokens", body = TokenList),
        (status = 403, description = "Only admins see everybody's"),
    ))]
pub async fn tokens(client: Client) -> Answer {
    let mut questions = client.questions();
    let everybodys = questions.flag("everybodys");
    questions.done()?;
    let tokens = tokens::list(&client.services, &client.caller, everybodys).await?;
    let data = tokens.into_iter().map(TokenJson::from).collect();
    answer::ok(&TokenList { data, next_cursor: None, partial: false })
}

/// Ends an API token: your own, or anybody's for an admin. The one you came with, too.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/revoke", tag = "tokens", operation_id = "revokeToken",
    params(("id" = i64, Path, minimum = 1, description = "The token's number")),
    responses((status = 204, description = "It opens nothing any more")))]
pub async fn revoke_token(client: Client) -> Answer {
    let id = client.id()?;
    client.members_if_any()?.finish(Some(()))?;
    tokens::revoke(&client.services, &client.caller, id).await?;
    answer::done()
}
