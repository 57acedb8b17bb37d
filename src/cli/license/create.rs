//! `appgrant license create`: a license made by hand, its key shown once.

use clap::Args;

use crate::{
    cli::{CliError, output::print_line},
    domain::licenses::{LicenseDraft, ProductDraft},
    service::{
        Services,
        caller::Caller,
        licenses::{
            self,
            views::{self, LicenseJson},
        },
    },
};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The SKU of its product
    #[arg(long, value_name = "SKU")]
    sku: String,
    /// The product's name, if the product is not there yet
    #[arg(long, value_name = "NAME", help_heading = "The product, if it is not there yet")]
    product: Option<String>,
    /// What its download is called
    #[arg(long, value_name = "NAME", help_heading = "The product, if it is not there yet")]
    download_name: Option<String>,
    /// Where its download is
    #[arg(long, value_name = "URL", help_heading = "The product, if it is not there yet")]
    download_url: Option<String>,
    /// It runs on desktops: activations need no domain
    #[arg(long, help_heading = "The product, if it is not there yet")]
    desktop: bool,
    /// The customer's name
    #[arg(long, value_name = "NAME", default_value = "")]
    customer: String,
    /// The customer's e-mail address
    #[arg(long, value_name = "ADDRESS", default_value = "")]
    email: String,
    /// What the store's cart knows it by, passed on to programs
    #[arg(long, value_name = "TEXT", default_value = "")]
    cart_token: String,
    /// When it ends: a day like 2027-01-31 (until that day is over in UTC), or an instant in RFC 3339
    #[arg(long, value_name = "DATE", default_value = "")]
    expires: String,
    /// How often it may be activated; any number if it is left out
    #[arg(long, value_name = "NUMBER", default_value = "")]
    activation_limit: String,
    /// On how many domains; any number if it is left out
    #[arg(long, value_name = "NUMBER", default_value = "")]
    domain_limit: String,
    /// In what the time is told for which a program may do without asking; it may not if this is left out
    #[arg(
        long,
        value_name = "hours|days|weeks|months|years|unlimited",
        default_value = "",
        hide_default_value = true
    )]
    offline_interval: String,
    /// How many of them
    #[arg(long, value_name = "NUMBER", default_value = "")]
    offline_value: String,
    /// For machines
    #[arg(long)]
    json: bool,
}

impl Options {
    /// The product that is brought along, if anything is said of one.
    fn product(&self) -> Option<ProductDraft> {
        let told = [&self.product, &self.download_name, &self.download_url];
        let is_told = self.desktop || told.iter().any(|text| text.is_some());
        is_told.then(|| ProductDraft {
            sku: self.sku.clone(),
            name: self.product.clone().unwrap_or_default(),
            download_name: self.download_name.clone().unwrap_or_default(),
            download_url: self.download_url.clone().unwrap_or_default(),
            desktop: self.desktop,
        })
    }

    fn draft(self) -> LicenseDraft {
        LicenseDraft {
            sku: self.sku,
            customer: self.customer,
            email: self.email,
            cart_token: self.cart_token,
            expires_at: self.expires,
            activation_limit: self.activation_limit,
            domain_limit: self.domain_limit,
            offline_interval: self.offline_interval,
            offline_value: self.offline_value,
        }
    }
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let (product, json) = (options.product(), options.json);
    let draft = options.draft();
    let made = licenses::create(services, caller, &draft, product.as_ref()).await?;
    if json {
        let license = licenses::show(services, caller, made.id).await?.license;
        let shown = views::with_key(LicenseJson::of(license, services.now()), &made.key);
        return print_line(String::from_utf8_lossy(&shown));
    }
    let (id, key) = (made.id, made.key.expose());
    print_line(format_args!("license {id}\nlicense key  {key}"))?;
    if !services.licenses.keys_readable {
        eprintln!("The key is not shown again.");
    }
    Ok(())
}
