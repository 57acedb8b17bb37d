//! `appgrant user …`: making and changing users.

use std::io::{self, Read};

use clap::{Args, Subcommand};
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
    /// Shut a user out; the user's sessions end and keys stop working
    Disable {
        /// Login name
        login: String,
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

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "it must be admin, manager or viewer".to_owned())
}

pub(super) async fn run(values: &Values, command: Command) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let services = startup::services(&settings, &World::real()).await?;
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
        Command::Disable { login } => {
            let id = users::by_login(&services, &login).await?.id;
            users::disable(&services, &caller, id, KeysFate::Pause).await?;
            print_line(format!(
                "user {login} disabled; sessions ended, keys of {login} do not work"
            ))?;
        }
        Command::Enable { login } => {
            let id = users::by_login(&services, &login).await?.id;
            users::enable(&services, &caller, id).await?;
            print_line(format!("user {login} enabled"))?;
        }
    }
    Ok(())
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
