//! What a key's own screen says about the ways it is used: what it is bound to, its newest tokens, and the
//! registered app that it is, or is a connection of.

use super::{key_row::KeyRow, key_rules::RulesView, key_tokens::TokenRow, registered_apps::path};
use crate::{
    domain::key_view::{KeyView, ShownState},
    service::{
        access_tokens, keys,
        oauth2::{self, RegisteredApp},
    },
    web::{errors::WebError, visitor::Visitor},
};

/// How many tokens are shown.
const FEW: usize = 3;

/// The ways a key is used.
pub struct Access {
    /// What it is bound to.
    pub rules: RulesView,
    /// Its newest tokens.
    pub tokens: Vec<TokenRow>,
    /// Whether it has more.
    pub has_more: bool,
    /// The registered app whose key or connection it is.
    pub app: Option<App>,
    /// Whether people handle its secret.
    pub has_secret: bool,
}

/// A registered app, as the screen of one of its keys names it.
pub struct App {
    /// Its name.
    pub name: String,
    /// Where its own screen is.
    pub href: String,
    /// Whether the key is a connection of it, and not its own.
    pub is_connection: bool,
    /// Whether the app's own key works.
    pub works: bool,
}

impl Access {
    /// The ways that key is used.
    ///
    /// # Errors
    /// If the database gives no answer.
    pub async fn of(visitor: &Visitor, key: &KeyView, row: &KeyRow) -> Result<Self, WebError> {
        let (services, caller) = (&visitor.services, visitor.caller());
        let rules = access_tokens::rules(services, &caller, key.id).await?;
        let found = access_tokens::list(services, &caller, key.id, None, FEW).await?;
        let now = services.now();
        Ok(Self {
            rules: RulesView::of(&rules, access_tokens::inherited_life(services, key.id).await?),
            tokens: found.tokens.into_iter().map(|token| TokenRow::of(token, row, now)).collect(),
            has_more: found.next.is_some(),
            app: app(visitor, key).await?,
            has_secret: keys::has_secret(services, key).await?,
        })
    }
}

async fn app(visitor: &Visitor, key: &KeyView) -> Result<Option<App>, WebError> {
    let (services, caller) = (&visitor.services, visitor.caller());
    if let Some(app) = oauth2::show_app(services, &caller, key.id).await? {
        return Ok(Some(App::of(visitor, app, key)));
    }
    let Some(client) = oauth2::client_of(services, key.id).await? else { return Ok(None) };
    let found = oauth2::show_app(services, &caller, client).await?;
    let own = keys::show(services, &caller, client).await?;
    let app = found.map(|app| App { is_connection: true, ..App::of(visitor, app, &own) });
    Ok(app)
}

impl App {
    fn of(visitor: &Visitor, app: RegisteredApp, own: &KeyView) -> Self {
        Self {
            href: visitor.site.path(&path(app.key_id)),
            name: app.name,
            is_connection: false,
            works: own.state == ShownState::Active && !own.owner.disabled,
        }
    }
}
