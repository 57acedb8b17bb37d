//! `appgrant key list` and `key show`: page by page, so that a million keys need no memory.

use clap::Args;

use crate::{
    cli::{
        CliError,
        output::{Lines, print_line},
    },
    domain::{
        key_list::{KeyFilter, KeyQuery, LARGEST_PAGE},
        key_view::{KeyView, ShownState},
        search::Search,
        timestamp::Timestamp,
    },
    service::{
        Services,
        caller::Caller,
        keys, users,
        views::{self, KeyJson},
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Only keys in that state: delivering, active, expired or revoked
    #[arg(long, value_parser = parse_state)]
    state: Option<ShownState>,
    /// Only keys of the app with that callback host
    #[arg(long, value_name = "HOST")]
    app: Option<String>,
    /// Only keys of that user
    #[arg(long, value_name = "LOGIN")]
    user: Option<String>,
    /// Only keys with these words, or with that consumer key
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// For machines: an array
    #[arg(long)]
    json: bool,
}

fn parse_state(text: &str) -> Result<ShownState, String> {
    let none = || "it must be delivering, active, expired or revoked".to_owned();
    ShownState::parse(text).ok_or_else(none)
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let mut printed = Printed { out: Lines::new(), json: options.json, count: 0 };
    let typed = options.search.as_deref().unwrap_or_default();
    if let Some(id) = keys::find_typed(services, typed).await? {
        printed.key(&keys::show(services, caller, id).await?)?;
        return printed.end();
    }
    let filter = filter(services, options).await?;
    let mut query = KeyQuery { filter, limit: LARGEST_PAGE, ..KeyQuery::default() };
    loop {
        let page = keys::list(services, caller, &query).await?;
        for key in &page.keys {
            if !printed.key(key)? {
                return Ok(());
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            return printed.end();
        }
    }
}

async fn filter(services: &Services, options: Options) -> Result<KeyFilter, CliError> {
    let owner_id = match &options.user {
        Some(login) => Some(users::by_login(services, login).await?.id),
        None => None,
    };
    let text = match &options.search {
        Some(typed) => Some(Search::parse(typed).ok_or_else(|| {
            CliError::new("--search needs a word of at least one letter or three digits")
        })?),
        None => None,
    };
    Ok(KeyFilter {
        text,
        state: options.state,
        app_host: options.app,
        owner_id,
        ..Default::default()
    })
}

pub(super) async fn show(
    services: &Services,
    caller: &Caller,
    id: i64,
    json: bool,
) -> Result<(), CliError> {
    let key = keys::show(services, caller, id).await?;
    if json {
        return print_line(views::line(&KeyJson::from(key)));
    }
    let mut out = Lines::new();
    for (name, value) in told(&key) {
        out.line(format_args!("{name:12} {value}"))?;
    }
    out.end()
}

/// Everything of a key, for people.
fn told(key: &KeyView) -> Vec<(&'static str, String)> {
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let app = key.app.as_ref().map(|app| format!("{} at {}", app.name, app.callback_host));
    let mut lines = vec![
        ("key", key.id.to_string()),
        ("description", key.description.clone()),
        ("kind", key.kind.as_str().to_owned()),
        ("permissions", key.permissions.to_string()),
        ("owner", format!("{} ({})", key.owner.login, key.owner.name)),
        ("app", app.unwrap_or_else(|| "-".to_owned())),
        ("ending in", key.ending.clone()),
        ("state", key.state.as_str().to_owned()),
        ("created", key.created_at.to_string()),
        ("expires", at(key.expires_at)),
        ("last used", at(key.last_use.as_ref().map(|used| used.at))),
        ("last wrote", at(key.last_write_at)),
    ];
    if let Some(used) = &key.last_use {
        let address = Some(used.address.clone()).filter(|address| !address.is_empty());
        lines.push(("used from", address.unwrap_or_else(|| "-".to_owned())));
        lines.push(("used by", used.client.clone().unwrap_or_else(|| "-".to_owned())));
    }
    if key.revoked_at.is_some() {
        lines.push(("revoked", at(key.revoked_at)));
        lines.push(("because", key.revoke_reason.clone().unwrap_or_default()));
    }
    lines
}

/// A list that is printed while it is read.
struct Printed {
    out: Lines,
    json: bool,
    count: u64,
}

impl Printed {
    /// Prints one key; whether anybody reads on.
    fn key(&mut self, key: &KeyView) -> Result<bool, CliError> {
        self.count += 1;
        if self.json {
            let before = if self.count == 1 { "[" } else { ",\n" };
            return self
                .out
                .text(format_args!("{before}{}", views::line(&KeyJson::from(key.clone()))));
        }
        let used = key.last_use.as_ref().map_or_else(|| "never".to_owned(), |u| u.at.to_string());
        let KeyView { id, permissions, ending, description, .. } = key;
        let (state, owner) = (key.state.as_str(), &key.owner.login);
        self.out.line(format_args!(
            "{id}\t{state}\t{permissions}\t{owner}\t…{ending}\t{used}\t{description}"
        ))
    }

    fn end(mut self) -> Result<(), CliError> {
        if self.json {
            self.out.line(if self.count == 0 { "[]" } else { "]" })?;
        }
        self.out.end()
    }
}
