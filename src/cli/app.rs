//! `appgrant app …`: registered apps, which may ask the store's users for their approval by OAuth 2.0.
//!
//! Never: a secret shown, but once by `register`.

use clap::{Args, Subcommand};

use super::{
    CliError,
    key::parse_permissions,
    output::{Lines, print_line},
    startup,
};
use crate::{
    config::{Settings, Values},
    domain::{expiry, permissions::Permissions},
    service::{
        Services,
        caller::Caller,
        keys,
        oauth2::{self, AppKind, AppRequest},
        users,
        views::{self, RegisteredAppJson},
    },
};

/// How many are read at once.
const PAGE: usize = 100;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Register an app; what it asks with is printed, this once
    Register(RegisterOptions),
    /// List registered apps, newest first
    List {
        /// For machines: an array
        #[arg(long)]
        json: bool,
    },
    /// Show one app
    Show {
        /// The number of the app's key
        key_id: i64,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Change name or addresses of an app
    Change(ChangeOptions),
}

#[derive(Args)]
pub(super) struct RegisterOptions {
    /// Its name, which users read
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// Where its users may be sent back to, exactly; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<String>,
    /// It keeps no secret, as apps on a device do
    #[arg(long)]
    public: bool,
    /// The user who looks after it
    #[arg(long, value_name = "LOGIN")]
    user: String,
    /// What its users may approve at most
    #[arg(long, value_name = "read|write|read_write", value_parser = parse_permissions)]
    permissions: Permissions,
    /// When the registration ends: a day like 2027-01-31, or an instant in RFC 3339
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct ChangeOptions {
    /// The number of the app's key
    key_id: i64,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// All addresses its users may be sent back to; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::of_store(&settings).await?;
    let caller = Caller::command_line();
    match command {
        Command::Register(options) => register(&services, &caller, options).await,
        Command::List { json } => list(&services, &caller, json).await,
        Command::Show { key_id, json } => show(&services, &caller, key_id, json).await,
        Command::Change(options) => change(&services, &caller, options).await,
    }
}

async fn register(
    services: &Services,
    caller: &Caller,
    options: RegisterOptions,
) -> Result<(), CliError> {
    let now = services.now();
    let expires_at = options.expires.map(|text| expiry::parse(&text, now)).transpose();
    let request = AppRequest {
        name: options.name,
        kind: if options.public { AppKind::Public } else { AppKind::Confidential },
        redirect_uris: options.redirect_uris.join("\n"),
        permissions: options.permissions,
        owner_id: users::by_login(services, &options.user).await?.id,
        expires_at: expires_at.map_err(|error| CliError::new(error.to_string()))?,
    };
    let made = oauth2::register(services, caller, request).await?;
    let (id, key) = (made.key_id, made.credential.key.as_str());
    let secret = (!options.public).then(|| made.credential.secret.expose());
    if options.json {
        let shown = serde_json::json!({ "id": id, "client_id": key, "client_secret": secret });
        return print_line(shown);
    }
    let Some(secret) = secret else {
        return print_line(format_args!("app {id}\nclient_id      {key}"));
    };
    print_line(format_args!("app {id}\nclient_id      {key}\nclient_secret  {secret}"))?;
    eprintln!("The secret is not shown again.");
    Ok(())
}

async fn list(services: &Services, caller: &Caller, json: bool) -> Result<(), CliError> {
    let (mut out, mut before, mut is_first) = (Lines::new(), None, true);
    loop {
        let page = oauth2::list_apps(services, caller, before, PAGE).await?;
        for app in page.apps.into_iter().map(RegisteredAppJson::from) {
            let is_read = if json {
                let begin = if is_first { "[" } else { ",\n" };
                out.text(format_args!("{begin}{}", views::line(&app)))?
            } else {
                let RegisteredAppJson { id, state, permissions, owner, ending, name, .. } = app;
                out.line(format_args!("{id}\t{state}\t{permissions}\t{owner}\t…{ending}\t{name}"))?
            };
            is_first = false;
            if !is_read {
                return Ok(());
            }
        }
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    if json {
        out.line(if is_first { "[]" } else { "]" })?;
    }
    out.end()
}

async fn show(
    services: &Services,
    caller: &Caller,
    key_id: i64,
    json: bool,
) -> Result<(), CliError> {
    let none = || CliError::new("there is no such app");
    let app = oauth2::show_app(services, caller, key_id).await?.ok_or_else(none)?;
    let app = RegisteredAppJson::from((app, keys::show(services, caller, key_id).await?));
    if json {
        return print_line(views::line(&app));
    }
    let kind = if app.public { "keeps no secret" } else { "keeps a secret" };
    let mut lines = vec![
        ("app", app.id.to_string()),
        ("name", app.name),
        ("kind", kind.to_owned()),
        ("permissions", app.permissions.to_owned()),
        ("owner", app.owner),
        ("ending in", app.ending),
        ("state", app.state.to_owned()),
        ("registered", app.created_at),
        ("expires", app.expires_at.unwrap_or_else(|| "-".to_owned())),
    ];
    lines.extend(app.redirect_uris.into_iter().map(|uri| ("back to", uri)));
    let mut out = Lines::new();
    for (name, value) in lines {
        out.line(format_args!("{name:12} {value}"))?;
    }
    out.end()
}

async fn change(
    services: &Services,
    caller: &Caller,
    ChangeOptions { key_id, name, redirect_uris }: ChangeOptions,
) -> Result<(), CliError> {
    let uris = Some(redirect_uris).filter(|uris| !uris.is_empty()).map(|uris| uris.join("\n"));
    if name.is_none() && uris.is_none() {
        return Err(CliError::new("say what shall change: --name or --redirect-uri"));
    }
    oauth2::change_app(services, caller, key_id, (name, uris)).await?;
    print_line(format!("app {key_id} changed"))
}
