//! API tokens: made, shown once, ended. As with keys, the token stands on the answer to the form only.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    account,
    frame::{Frame, Section, field, go, number},
    once,
    wrong::Wrong,
};
use crate::{
    domain::{expiry, timestamp::Timestamp},
    service::tokens::{self, TokenError},
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/token_made.html")]
struct MadePage<'a> {
    frame: Frame<'a>,
    name: &'a str,
    token: &'a str,
    api: String,
}

/// Makes a token for whoever is logged in.
pub async fn make(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let user_id = visitor.form_session()?.user.id;
    let name = field(&visitor, "token_name").trim();
    let ends = match ends(&visitor) {
        Ok(ends) => ends,
        Err(wrong) => return account::render(&visitor, wrong).await,
    };
    if name.is_empty() {
        let wrong = Wrong::at_field("token_name", &TokenError::Name.to_string());
        return account::render(&visitor, wrong).await;
    }
    once::take(&visitor, "end that token").await?;
    let made = tokens::create(&visitor.services, &visitor.caller(), user_id, name, ends).await;
    let made = match made {
        Ok(made) => made,
        Err(error @ TokenError::Name) => {
            let wrong = Wrong::at_field("token_name", &error.to_string());
            return account::render(&visitor, wrong).await;
        }
        Err(error) => return Err(error.into()),
    };
    let page = MadePage {
        frame: Frame::of(&visitor, Section::Account)?,
        name,
        token: made.token.expose(),
        api: visitor.site.url("/api/v1/keys"),
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}

fn ends(visitor: &Visitor) -> Result<Option<Timestamp>, Wrong> {
    match field(visitor, "ends").trim() {
        "" => Ok(None),
        text => expiry::parse(text, visitor.services.now())
            .map(Some)
            .map_err(|error| Wrong::at_field("ends", &error.to_string())),
    }
}

/// Ends a token.
pub async fn end(visitor: Visitor) -> Result<HttpResponse, WebError> {
    visitor.form_session()?;
    tokens::revoke(&visitor.services, &visitor.caller(), number(&visitor)?).await?;
    Ok(go(&visitor, "/admin/account?done=token_revoked"))
}
