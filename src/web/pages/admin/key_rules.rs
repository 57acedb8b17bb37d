//! `/admin/keys/{id}/rules`: what a key is bound to beside its permissions. What was not touched is not
//! changed, so that a form that was open while somebody else bound the key loosens nothing.

use actix_web::HttpResponse;
use askama::Template;

use super::{
    frame::{Frame, Section, field, go, number},
    key_row::KeyRow,
    life::{self, Inherited, LifeForm},
    refusal::not_allowed,
    typed::is_same,
    wrong::Wrong,
    wrong::status,
};
use crate::{
    domain::{
        key_rules::{AllowedDomains, AllowedNetworks, Environment, KeyRules, RuleError},
        key_view::KeyView,
        token_life::TokenLife,
    },
    service::{
        access_tokens::{self, InheritedLife, RulesChange},
        keys,
    },
    web::{
        errors::WebError,
        respond::{self, Forms},
        visitor::Visitor,
    },
};

/// What a key is bound to, for people.
pub struct RulesView {
    /// Whether it is for trying things out.
    pub is_sandbox: bool,
    /// How long its tokens live.
    pub life: String,
    /// Whose setting that is, if it is not the key's own.
    pub life_of: Option<&'static str>,
    /// Whether they never end.
    pub never_ends: bool,
    /// The domains it may be used from; empty for any.
    pub domains: String,
    /// The networks it may be used from; empty for any.
    pub networks: String,
}

impl RulesView {
    /// Rules of a key whose tokens live that long if they name no life.
    pub fn of(rules: &KeyRules, inherited: InheritedLife) -> Self {
        let life = rules.token_life.unwrap_or(inherited.life);
        Self {
            is_sandbox: rules.environment == Environment::Sandbox,
            life: life::in_words(life),
            life_of: rules.token_life.is_none().then(|| life::whose(inherited)),
            never_ends: life == TokenLife::Never,
            domains: rules.domains.to_string(),
            networks: rules.networks.to_string(),
        }
    }
}

/// What stands in the fields.
struct RulesForm {
    environment: String,
    life: LifeForm,
    domains: String,
    networks: String,
}

impl RulesForm {
    fn of(rules: &KeyRules) -> Self {
        Self {
            environment: rules.environment.as_str().to_owned(),
            life: LifeForm::of(rules.token_life),
            domains: lines(&rules.domains.to_string()),
            networks: lines(&rules.networks.to_string()),
        }
    }

    fn sent(visitor: &Visitor) -> Self {
        let text = |name| field(visitor, name).to_owned();
        Self {
            environment: text("environment"),
            life: LifeForm::sent(visitor),
            domains: text("domains"),
            networks: text("networks"),
        }
    }

    /// As it was first shown, which stays the same while something is wrong with it.
    fn was(visitor: &Visitor) -> Self {
        let text = |name| field(visitor, name).to_owned();
        Self {
            environment: text("environment_was"),
            life: LifeForm::was(visitor),
            domains: text("domains_was"),
            networks: text("networks_was"),
        }
    }

    /// What it asks for that `was` does not.
    fn change(&self, was: &Self) -> Result<RulesChange, Wrong> {
        let mut wrong = Wrong::default();
        let environment = Environment::parse(&self.environment)
            .ok_or_else(|| Wrong::at_field("environment", "choose what the key is for"));
        let environment = wrong.read(environment);
        let life = wrong.read(self.life.read(&was.life));
        wrong.read(checked("domains", AllowedDomains::parse(&self.domains)));
        wrong.read(checked("networks", AllowedNetworks::parse(&self.networks)));
        if wrong.anywhere().is_some() {
            return Err(wrong);
        }
        let touched = |new: &String, was: &str| (!is_same(new, was)).then(|| new.clone());
        Ok(RulesChange {
            environment: environment.filter(|_| self.environment != was.environment),
            token_life: life.filter(|_| self.life != was.life),
            domains: touched(&self.domains, &was.domains),
            networks: touched(&self.networks, &was.networks),
        })
    }
}

/// What is wrong with a rule, at its field.
pub fn checked<T>(field: &'static str, rule: Result<T, RuleError>) -> Result<T, Wrong> {
    rule.map_err(|error| Wrong::at_field(field, &error.to_string()))
}

/// One a line, as they are typed.
pub fn lines(list: &str) -> String {
    list.replace(", ", "\n")
}

#[derive(Template)]
#[template(path = "admin/key_rules.html")]
struct Page<'a> {
    frame: Frame<'a>,
    row: KeyRow,
    form: RulesForm,
    was: RulesForm,
    inherited: Inherited,
    has_pair: bool,
    wrong: Wrong,
}

/// Shows the form, or takes it.
pub async fn rules(visitor: Visitor) -> Result<HttpResponse, WebError> {
    let id = number(&visitor)?;
    let frame = Frame::of(&visitor, Section::Keys)?;
    let (services, caller) = (&visitor.services, visitor.caller());
    let key = keys::show(services, &caller, id).await?;
    if !visitor.posts() {
        if !KeyRow::of(&visitor, frame.user, &key).may.bind() {
            return Err(not_allowed(
                "this key is over, or is bound by its owner and by admins only",
            ));
        }
        let rules = access_tokens::rules(services, &caller, id).await?;
        let forms = (RulesForm::of(&rules), RulesForm::of(&rules));
        return form(&visitor, frame, &key, (forms, Wrong::default())).await;
    }
    visitor.form_session()?;
    let (sent, was) = (RulesForm::sent(&visitor), RulesForm::was(&visitor));
    match sent.change(&was) {
        Ok(change) => {
            let is_new = change != RulesChange::default();
            access_tokens::change_rules(services, &caller, id, change).await?;
            let done = if is_new { "changed" } else { "unchanged" };
            Ok(go(&visitor, &format!("/admin/keys/{id}?done={done}")))
        }
        Err(wrong) => form(&visitor, frame, &key, ((sent, was), wrong)).await,
    }
}

async fn form(
    visitor: &Visitor,
    frame: Frame<'_>,
    key: &KeyView,
    ((form, was), wrong): ((RulesForm, RulesForm), Wrong),
) -> Result<HttpResponse, WebError> {
    let page = Page {
        row: KeyRow::of(visitor, frame.user, key),
        form,
        was,
        inherited: Inherited::of(visitor, key.id).await?,
        has_pair: key.has_pair(),
        wrong,
        frame,
    };
    respond::page(status(&page.wrong), &page, Forms::Stay)
}
