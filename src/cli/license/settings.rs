//! `appgrant license settings`: what holds for all licenses, and another store code.

use clap::Args;

use crate::{
    cli::{
        CliError,
        output::{Lines, print_line},
    },
    domain::licenses::SettingsDraft,
    service::{
        Services,
        caller::Caller,
        licenses::{self, LicenseError, views::LicenseSettingsJson},
        views,
    },
};

/// What is said for a code that is made here.
const FRESH: &str = "new";

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Another store code: 8 to 64 letters, digits and signs; new for one that is made here
    #[arg(long, value_name = "CODE", requires = "overlap_days")]
    store_code: Option<String>,
    /// For how many days programs may use the store code before, too; 0 ends it at once
    #[arg(long, value_name = "DAYS", requires = "store_code", allow_hyphen_values = true)]
    overlap_days: Option<String>,
    /// For machines
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    services: &Services,
    caller: &Caller,
    options: Options,
) -> Result<(), CliError> {
    let store_code = options.store_code.zip(options.overlap_days);
    let settings = if let Some((code, days)) = store_code {
        let code = Some(code).filter(|code| code != FRESH);
        let draft = SettingsDraft { store_code: Some((code, days)), ..SettingsDraft::default() };
        let change = draft.read().map_err(LicenseError::from)?;
        licenses::change_settings(services, caller, change).await?
    } else {
        licenses::settings(services, caller).await?
    };
    let readable = services.licenses.keys_readable;
    let settings = LicenseSettingsJson::of(&settings, readable, services.now());
    if options.json { print_line(views::line(&settings)) } else { tell(settings) }
}

fn tell(settings: LicenseSettingsJson) -> Result<(), CliError> {
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let previous = settings.previous_store_code.zip(settings.previous_store_code_until);
    let life = match settings.token_seconds {
        ..0 => "for ever".to_owned(),
        seconds => format!("{seconds} seconds"),
    };
    let origins = if settings.origins.is_empty() { "-".into() } else { settings.origins.join(" ") };
    let mut out = Lines::new();
    for (name, value) in [
        ("store code", settings.store_code),
        (
            "code before",
            previous.map_or("-".into(), |(code, until)| format!("{code} until {until}")),
        ),
        ("needs token", word(settings.needs_token)),
        ("tokens live", life),
        ("errors by", settings.errors.to_owned()),
        ("in status", word(settings.errors_in_status)),
        ("free localhost", word(settings.localhost_is_free)),
        ("origins", origins),
        ("page", settings.page_url.unwrap_or_else(|| "-".to_owned())),
        ("keys readable", word(settings.keys_readable)),
    ] {
        out.line(format_args!("{name:14} {value}"))?;
    }
    out.end()
}
