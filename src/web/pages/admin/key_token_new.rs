//! `/admin/keys/{id}/tokens/new`: makes a token by hand, which ends all others of the key. As with keys,
//! the token stands on the answer to the form only.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    frame::{Frame, Section, field, number},
    key_row::KeyRow,
    key_rules::{checked, lines},
    life::{self, Inherited, LifeForm},
    once,
    refusal::{conflict, not_allowed},
    typed::is_same,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::{key_rules::AllowedDomains, key_view::KeyView, token_life::TokenLife},
    service::{
        access_tokens::{self, Issued, RulesChange},
        keys,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// What stands in the fields.
struct TokenForm {
    life: LifeForm,
    domains: String,
}

impl TokenForm {
    fn sent(visitor: &Visitor) -> Self {
        Self { life: LifeForm::sent(visitor), domains: field(visitor, "domains").to_owned() }
    }

    fn was(visitor: &Visitor) -> Self {
        Self { life: LifeForm::was(visitor), domains: field(visitor, "domains_was").to_owned() }
    }

    /// What it asks for that `was` does not.
    fn change(&self, was: &Self) -> Result<RulesChange, Wrong> {
        let mut wrong = Wrong::default();
        let life = wrong.read(self.life.read(&was.life));
        wrong.read(checked("domains", AllowedDomains::parse(&self.domains)));
        if wrong.anywhere().is_some() {
            return Err(wrong);
        }
        let is_touched = !is_same(&self.domains, &was.domains);
        Ok(RulesChange {
            token_life: life.filter(|_| self.life != was.life),
            domains: is_touched.then(|| self.domains.clone()),
            ..RulesChange::default()
        })
    }
}

#[derive(Template)]
#[template(path = "admin/key_token_new.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    form: TokenForm,
    was: TokenForm,
    inherited: Inherited,
    ticket: String,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "admin/key_token_made.html")]
struct MadePage<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    token: &'a str,
    lives: Option<String>,
    permissions: &'static str,
}

/// Shows the form, or makes the token.
pub async fn new(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let key = keys::show(services, &caller, id).await?;
    if visitor.posts() {
        visitor.form_session()?;
    }
    if !keys::has_secret(services, &key).await? {
        let why = "a registered app gets its tokens for this key itself, and would lose them";
        return Err(conflict(why));
    }
    if visitor.posts() {
        let (sent, was) = (TokenForm::sent(&visitor), TokenForm::was(&visitor));
        return match sent.change(&was) {
            Ok(change) => make(&visitor, frame, &key, change).await,
            Err(wrong) => show(&visitor, frame, &key, ((sent, was), wrong)).await,
        };
    }
    if !KeyRow::of(&visitor, frame.user, &key).may.make_token() {
        return Err(not_allowed(
            "this key does not work, or its tokens are made by its owner and by admins only",
        ));
    }
    let rules = access_tokens::rules(services, &caller, id).await?;
    let form = || TokenForm {
        life: LifeForm::of(rules.token_life),
        domains: lines(&rules.domains.to_string()),
    };
    show(&visitor, frame, &key, ((form(), form()), Wrong::default())).await
}

async fn show(
    visitor: &Visitor,
    frame: Frame<'_>,
    key: &KeyView,
    ((form, was), wrong): ((TokenForm, TokenForm), Wrong),
) -> Result<HttpResponse, WebError> {
    let page = Page {
        row: KeyRow::of(visitor, frame.user, key),
        form,
        was,
        inherited: Inherited::of(visitor, key.id).await?,
        ticket: once::ticket(visitor)?,
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}

async fn make(
    visitor: &Visitor,
    frame: Frame<'_>,
    key: &KeyView,
    change: RulesChange,
) -> Result<HttpResponse, WebError> {
    once::take(visitor, "end that token").await?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let Issued { access, expires_in, permissions, .. } =
        access_tokens::regenerate(services, &caller, key.id, Some(change)).await?;
    let seconds = expires_in.and_then(|seconds| i64::try_from(seconds).ok());
    let page = MadePage {
        row: KeyRow::of(visitor, frame.user, key),
        token: access.expose(),
        lives: seconds.map(|seconds| life::in_words(TokenLife::Seconds(seconds))),
        permissions: permissions.title(),
        frame,
    };
    respond::page(StatusCode::OK, &page, Forms::Stay)
}
