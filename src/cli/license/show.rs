//! `appgrant license show`: one license, and where it was last activated.
//!
//! Not more activations than a page of them: there may be very many. Never: a whole license key, but where the
//! store keeps keys readable and somebody asks for it.

use clap::Args;
use serde::Serialize;

use crate::{
    cli::{
        CliError,
        output::{Lines, print_line},
    },
    service::{
        Services,
        caller::Caller,
        licenses::{
            self,
            views::{ActivationJson, LicenseJson},
        },
        views,
    },
};

/// How many activations are shown.
const PAGE: usize = 100;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The license's number
    license_id: i64,
    /// Print the whole key alone, if the store keeps keys readable; that is written into the audit log
    #[arg(long, conflicts_with = "json")]
    key: bool,
    /// For machines
    #[arg(long)]
    json: bool,
}

/// A license and its newest activations.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    license: LicenseJson,
    activation_list: Vec<ActivationJson>,
    /// Whether there are older ones.
    has_more_activations: bool,
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    Options { license_id, key, json }: Options,
) -> Result<(), CliError> {
    if key {
        return print_line(licenses::whole_key(services, caller, license_id).await?.as_str());
    }
    let found = licenses::show(services, caller, license_id).await?.license;
    let newest = licenses::activations(services, caller, license_id, (None, PAGE)).await?;
    let shown = Shown {
        license: LicenseJson::of(found, services.now()),
        activation_list: newest.0.into_iter().map(ActivationJson::from).collect(),
        has_more_activations: newest.1.is_some(),
    };
    if json { print_line(views::line(&shown)) } else { tell(shown) }
}

fn tell(shown: Shown) -> Result<(), CliError> {
    let mut out = Lines::new();
    for (name, value) in told(shown.license) {
        out.line(format_args!("{name:12} {value}"))?;
    }
    for activation in shown.activation_list {
        out.line(format_args!("{:12} {}", "activation", place(activation)))?;
    }
    if shown.has_more_activations {
        let where_else = "the license's page and the API have them all";
        out.line(format_args!("{:12} and older ones; {where_else}", "activation"))?;
    }
    out.end()
}

/// A place where it is used: id, domain, when it was made and last seen, from where, by what program.
fn place(activation: ActivationJson) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let ActivationJson { activation_id, domain, activated_at, seen_at, address, client } =
        activation;
    let (domain, address, client) = (or_none(domain), or_none(address), or_none(client));
    format!("{activation_id}\t{domain}\t{activated_at}\t{seen_at}\t{address}\t{client}")
}

/// Everything of a license, for people.
fn told(license: LicenseJson) -> Vec<(&'static str, String)> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let of = |used: i64, limit: Option<i64>| match limit {
        Some(limit) => format!("{used} of {limit}"),
        None => format!("{used}, no limit"),
    };
    let product = license.product;
    let offline = match (license.offline_interval, license.offline_value) {
        (Some(interval), Some(value)) => format!("{value} {interval}"),
        (Some(interval), None) => interval.to_owned(),
        (None, _) => "-".to_owned(),
    };
    vec![
        ("license", license.id.to_string()),
        ("license key", license.license_key),
        ("state", license.state.to_owned()),
        ("sku", license.sku),
        ("product", product.name),
        ("download", or_none(product.download_name)),
        ("at", or_none(product.download_url)),
        ("desktop", if product.desktop { "yes" } else { "no" }.to_owned()),
        ("customer", or_none(license.customer)),
        ("email", or_none(license.email)),
        ("cart token", or_none(license.cart_token)),
        ("created", license.created_at),
        ("expires", or_none(license.expires_at)),
        ("activations", of(license.activations, license.activation_limit)),
        ("domains", of(license.domains, license.domain_limit)),
        ("offline", offline),
        ("revoked", or_none(license.revoked_at)),
    ]
}
