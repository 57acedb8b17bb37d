//! `appgrant user …`: making and changing users.

use std::io::{self, Read};

use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    CliError,
    output::print_line,
    startup::{self, World},
};
use crate::{
    config::{Settings, Values},
    domain::user::{Role, User},
    service::{
        Services,
        caller::Caller,
        users::{self, KeysFate, NewUserRequest},
    },
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a user; the password is read from standard input
    Add(Add),
    /// List the users
    List {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Set a password, read from standard input; the user's sessions end
    Passwd {
        /// Login name
        login: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Shut a user out; the sessions end, and the keys stop while it lasts unless said otherwise
    Disable {
        /// Login name
        login: String,
        #[command(flatten)]
        keys: KeysOptions,
    },
    /// Delete a user for good; who gets the keys, or that they end, must be said
    #[command(group = ArgGroup::new("fate").args(["keys_to", "revoke_keys"]).required(true))]
    Delete {
        /// Login name
        login: String,
        #[command(flatten)]
        keys: KeysOptions,
    },
    /// Let a disabled user in again
    Enable {
        /// Login name
        login: String,
    },
}

#[derive(Args)]
pub(super) struct Add {
    /// Login name: letters, digits, dots, hyphens, underscores
    login: String,
    /// What the user may do
    #[arg(long, value_parser = parse_role)]
    role: Role,
    /// Name shown on pages; else the login
    #[arg(long, default_value = "")]
    name: String,
    /// E-mail address, which can be used to log in
    #[arg(long, default_value = "")]
    email: String,
    #[command(flatten)]
    password: PasswordSource,
}

#[derive(Args)]
pub(super) struct PasswordSource {
    /// Read the password from standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

/// What becomes of the keys.
#[derive(Args)]
pub(super) struct KeysOptions {
    /// Give the keys to that user
    #[arg(long, value_name = "LOGIN")]
    keys_to: Option<String>,
    /// End the keys for good
    #[arg(long, conflicts_with = "keys_to")]
    revoke_keys: bool,
}

impl KeysOptions {
    async fn fate(&self, services: &Services) -> Result<KeysFate, CliError> {
        Ok(match &self.keys_to {
            Some(heir) => KeysFate::Reassign(users::by_login(services, heir).await?.id),
            None if self.revoke_keys => KeysFate::Revoke,
            None => KeysFate::Pause,
        })
    }
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "it must be admin, manager or viewer".to_owned())
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = match &command {
        // The first user may come before the first start.
        Command::Add(_) => startup::services(&settings, &World::real()).await?,
        _ => startup::of_store(&settings).await?,
    };
    let caller = Caller::command_line();
    match command {
        Command::Add(Add { login, role, name, email, .. }) => {
            let password = password_from_stdin()?;
            let request = NewUserRequest { login: login.clone(), name, email, role, password };
            users::add(&services, &caller, request).await?;
            print_line(format!("user {login} added ({role})"))?;
        }
        Command::List { json } => print(&users::list(&services).await?, json)?,
        Command::Passwd { login, .. } => {
            let id = users::by_login(&services, &login).await?.id;
            users::set_password(&services, &caller, id, password_from_stdin()?).await?;
            print_line(format!("password of {login} set; sessions ended"))?;
        }
        Command::Disable { login, keys } => {
            let leaving = Leaving::of(&services, login, &keys).await?;
            users::disable(&services, &caller, leaving.id, leaving.fate).await?;
            print_line(format!("user {} disabled; sessions ended", leaving.login))?;
            leaving.tell_of_keys()?;
            leaving.tell_of_last_admin(&services).await?;
        }
        Command::Delete { login, keys } => {
            let leaving = Leaving::of(&services, login, &keys).await?;
            users::delete(&services, &caller, leaving.id, leaving.fate).await?;
            print_line(format!("user {} deleted; sessions ended", leaving.login))?;
            leaving.tell_of_keys()?;
        }
        Command::Enable { login } => {
            let id = users::by_login(&services, &login).await?.id;
            users::enable(&services, &caller, id).await?;
            print_line(format!("user {login} enabled"))?;
        }
    }
    Ok(())
}

/// How many keys are counted.
const COUNTED: i64 = 10_000;

/// A user who goes, and what becomes of how many keys.
struct Leaving {
    login: String,
    id: i64,
    keys: usize,
    fate: KeysFate,
    heir: String,
}

impl Leaving {
    async fn of(services: &Services, login: String, keys: &KeysOptions) -> Result<Self, CliError> {
        let id = users::by_login(services, &login).await?.id;
        Ok(Self {
            login,
            id,
            keys: users::live_keys(services, id, COUNTED).await?,
            fate: keys.fate(services).await?,
            heir: keys.keys_to.clone().unwrap_or_default(),
        })
    }

    fn tell_of_keys(&self) -> Result<(), CliError> {
        let Self { login, heir, .. } = self;
        let keys = match self.keys {
            0 => return print_line(format!("{login} owns no keys")),
            1 => "1 key".to_owned(),
            many if i64::try_from(many).is_ok_and(|many| many >= COUNTED) => {
                format!("{COUNTED} keys or more")
            }
            many => format!("{many} keys"),
        };
        match self.fate {
            KeysFate::Reassign(_) => print_line(format!("{keys} of {login} given to {heir}")),
            KeysFate::Revoke => print_line(format!("{keys} of {login} revoked")),
            KeysFate::Pause => {
                print_line(format!(
                    "{keys} of {login} stop working until {login} is enabled again"
                ))?;
                eprintln!(
                    "to let them go on for somebody else: appgrant user disable {login} --keys-to \
                     LOGIN\nto end them: appgrant user disable {login} --revoke-keys"
                );
                Ok(())
            }
        }
    }
}

impl Leaving {
    /// Says how to get back in if nobody can administer the store any more.
    async fn tell_of_last_admin(&self, services: &Services) -> Result<(), CliError> {
        let users = users::list(services).await?;
        let admins = || users.iter().filter(|user| user.role == Role::Admin);
        if admins().any(|user| !user.disabled) || !admins().any(|user| user.id == self.id) {
            return Ok(());
        }
        eprintln!(
            "nobody can administer the store now; appgrant user enable {} lets this admin in again",
            self.login
        );
        Ok(())
    }
}

fn print(users: &[User], json: bool) -> Result<(), CliError> {
    if json {
        let rows: Vec<_> = users
            .iter()
            .map(|u| {
                json!({ "id": u.id, "login": u.login, "name": u.name, "email": u.email,
                             "role": u.role.as_str(), "disabled": u.disabled })
            })
            .collect();
        print_line(json!(rows))?;
        return Ok(());
    }
    for user in users {
        let state = if user.disabled { "disabled" } else { "" };
        let email = user.email.as_deref().unwrap_or("-");
        print_line(format!("{}\t{}\t{}\t{email}\t{state}", user.login, user.role, user.name))?;
    }
    Ok(())
}

/// Everything on standard input, less one line end.
fn password_from_stdin() -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|error| CliError::new(format!("the password cannot be read: {error}")))?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let end = line.map_or(text.len(), str::len);
    text.truncate(end);
    Ok(text)
}
