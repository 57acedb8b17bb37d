//! `appgrant key create`: a key made by hand, shown once.

use clap::Args;
use serde_json::json;

use super::parse_permissions;
use crate::{
    cli::{CliError, output::print_line},
    domain::{expiry, permissions::Permissions},
    service::{
        Services,
        caller::Caller,
        keys::{self, NewKeyRequest},
        users,
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The user the key acts for
    #[arg(long, value_name = "LOGIN")]
    user: String,
    /// What the key is for
    #[arg(long, value_name = "TEXT")]
    description: String,
    /// What the key may do
    #[arg(long, value_name = "read|write|read_write", value_parser = parse_permissions)]
    permissions: Permissions,
    /// When it ends: a day like 2027-01-31 (until that day is over in UTC), or an instant in RFC 3339
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let now = services.now();
    let expires_at = options.expires.map(|text| expiry::parse(&text, now)).transpose();
    let request = NewKeyRequest {
        owner_id: users::by_login(services, &options.user).await?.id,
        description: options.description,
        permissions: options.permissions,
        expires_at: expires_at.map_err(|error| CliError::new(error.to_string()))?,
    };
    let made = keys::create(services, caller, request).await?;
    let (key, secret) = (made.credential.key.as_str(), made.credential.secret.expose());
    if options.json {
        let pair = json!({ "id": made.id, "consumer_key": key, "consumer_secret": secret });
        return print_line(pair);
    }
    print_line(format_args!("key {}\nconsumer key     {key}\nconsumer secret  {secret}", made.id))?;
    eprintln!("The secret is not shown again.");
    Ok(())
}
