//! `appgrant license list`: page by page, so that a million licenses need no memory.

use clap::Args;

use crate::{
    cli::{CliError, output::Lines},
    domain::licenses::{ActivationDomain, Find, LicenseQuery, LicenseState},
    service::{
        Services,
        caller::Caller,
        licenses::{self, views::LicenseJson},
        views,
    },
};

/// How many are read at once.
const PAGE: usize = 100;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Only licenses in that state: active, expired or revoked
    #[arg(long, value_parser = parse_state)]
    state: Option<LicenseState>,
    /// Only licenses of the product of that SKU
    #[arg(long, value_name = "SKU")]
    sku: Option<String>,
    /// Only licenses that are activated on that domain
    #[arg(long, value_name = "HOST", value_parser = parse_domain, conflicts_with = "search")]
    domain: Option<String>,
    /// Only licenses with these words, or with the number or the key
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// For machines: an array
    #[arg(long)]
    json: bool,
}

fn parse_state(text: &str) -> Result<LicenseState, String> {
    LicenseState::parse(text).ok_or_else(|| "it must be active, expired or revoked".to_owned())
}

fn parse_domain(text: &str) -> Result<String, String> {
    let domain = ActivationDomain::parse(text).map(|domain| domain.as_str().to_owned());
    domain.ok_or_else(|| "it must say something, such as shop.example".to_owned())
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let mut printed = Printed { out: Lines::new(), json: options.json, count: 0 };
    let mut query = query(options)?;
    loop {
        let page = licenses::list(services, caller, &query, PAGE).await?;
        for license in page.licenses {
            if !printed.license(LicenseJson::of(license, services.now()))? {
                return Ok(());
            }
        }
        query.before = page.next;
        if query.before.is_none() {
            return printed.end();
        }
    }
}

fn query(options: Options) -> Result<LicenseQuery, CliError> {
    let typed = options.search.as_deref().map(Find::parse);
    if typed == Some(None) {
        return Err(CliError::new("--search needs a word of at least one letter, or a number"));
    }
    let find = typed.flatten().or(options.domain.map(Find::Domain));
    Ok(LicenseQuery { find, sku: options.sku, state: options.state, before: None })
}

/// A list that is printed while it is read.
struct Printed {
    out: Lines,
    json: bool,
    count: u64,
}

impl Printed {
    /// Prints one license; whether anybody reads on.
    fn license(&mut self, license: LicenseJson) -> Result<bool, CliError> {
        self.count += 1;
        if self.json {
            let before = if self.count == 1 { "[" } else { ",\n" };
            return self.out.text(format_args!("{before}{}", views::line(&license)));
        }
        let LicenseJson { id, state, sku, license_key, activations, customer, email, .. } = license;
        let end = license.expires_at.unwrap_or_else(|| "never".to_owned());
        let who = customer.or(email).unwrap_or_else(|| "-".to_owned());
        self.out
            .line(format_args!("{id}\t{state}\t{sku}\t{license_key}\t{activations}\t{end}\t{who}"))
    }

    fn end(mut self) -> Result<(), CliError> {
        if self.json {
            self.out.line(if self.count == 0 { "[]" } else { "]" })?;
        }
        self.out.end()
    }
}
