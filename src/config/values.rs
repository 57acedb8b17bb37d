//! Where each setting's text comes from, before it is parsed.

use std::{collections::BTreeMap, fmt};

use url::Url;

use crate::domain::{protected_paths, text::distance};

const PREFIX: &str = "APPGRANT_";

/// Name (as in the file), default, and what is allowed, for every setting.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("listen", "127.0.0.1:8080", "an address and port, such as 127.0.0.1:8080 or [::1]:8080"),
    (
        "public_url",
        "http://127.0.0.1:8080",
        "an http or https address without user, query and fragment, such as https://shop.example",
    ),
    ("store_name", "", "any text"),
    ("store_logo", "", "the path of an SVG, PNG, JPEG or WebP file of at most 256 KiB"),
    ("accent_color", "", "a colour as #rrggbb"),
    ("database_url", "sqlite:appgrant.db", "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE"),
    ("database_pool_size", "8", "a whole number from 2 to 100"),
    ("secret_key_file", "appgrant.key", "the path of the key file"),
    ("tls_certificate_file", "", "the path of a PEM file with the certificate and its chain"),
    ("tls_key_file", "", "the path of a PEM file with the certificate's private key"),
    (
        "trusted_proxies",
        "127.0.0.0/8,::1/128",
        "networks separated by commas, such as 10.0.0.0/8,::1/128",
    ),
    ("shutdown_seconds", "30", "a whole number from 1 to 300"),
    ("callback_timeout_seconds", "15", "a whole number from 1 to 60"),
    ("callback_allow_networks", "", "networks separated by commas, such as 10.0.0.0/8,::1/128"),
    ("callback_ca_file", "", "the path of a PEM file with certificates"),
    ("allow_plain_http_keys", "false", "true or false"),
    ("anonymous", "deny", "deny or allow"),
    ("oauth1", "false", "true or false"),
    ("oauth1_debug", "false", "true or false"),
    (
        "protected_paths",
        protected_paths::DEFAULT,
        "beginnings of paths separated by commas, such as /api/,/wp-json/wc/",
    ),
    (
        "secret_hash",
        "m=1024,t=3",
        "Argon2id's memory in KiB (8 to 1048576) and passes (1 to 64), such as m=1024,t=3",
    ),
    ("token_seconds", "3600", "a whole number of seconds from 60 to 315360000, or -1 for no end"),
    (
        "refresh_token_seconds",
        "2592000",
        "a whole number of seconds from 60 to 315360000, or -1 for no end",
    ),
    ("token_rate", "600", "a whole number from 0 (no limit) to 60000"),
    ("oauth2_password_grant", "false", "true or false"),
    ("client_domain_header", "", "the name of a request header, such as X-Client-Domain"),
    ("keep_credentials", "false", "true or false"),
    ("license_keys", "hashed", "hashed or readable"),
    ("verify_without_database_seconds", "60", "a whole number from 0 to 3600"),
    ("metrics_listen", "", "an address and port, such as 127.0.0.1:9464"),
    ("otlp_endpoint", "", "an http or https address, such as http://127.0.0.1:4318"),
    ("log", "info", "a filter such as info or appgrant=debug,info"),
    ("log_format", "text", "text or json"),
];

/// A setting as manual pages describe it.
pub struct SettingText {
    /// The name in the environment.
    pub variable: String,
    /// The value if nobody sets it; empty for none.
    pub default: &'static str,
    /// What is allowed.
    pub allowed: &'static str,
}

/// Every setting there is.
pub fn setting_texts() -> impl Iterator<Item = SettingText> {
    SETTINGS.iter().map(|&(name, default, allowed)| SettingText {
        variable: format!("{PREFIX}{}", name.to_uppercase()),
        default,
        allowed,
    })
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The settings file of that name.
    File(String),
    /// The environment.
    Environment,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("by default"),
            Self::File(name) => write!(f, "in {name}"),
            Self::Environment => f.write_str("from the environment"),
        }
    }
}

/// One line about what is wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

impl SettingError {
    /// A complaint about a setting whose file is missing or unfit.
    pub fn about(name: &str, complaint: impl fmt::Display) -> Self {
        Self(format!("{PREFIX}{} {complaint}", name.to_uppercase()))
    }
}

/// A setting as `appgrant config` shows it; secrets hidden.
#[derive(Debug, serde::Serialize)]
pub struct Shown {
    /// The name in the environment.
    pub name: String,
    /// The value, without passwords.
    pub value: String,
    /// Where it came from.
    pub source: String,
}

/// The text of every setting. Passwords among them, so it has no `Debug`.
pub struct Values(BTreeMap<&'static str, (String, Source)>);

impl Values {
    /// Takes the `APPGRANT_…` variables of the environment, and the file's name and content.
    ///
    /// # Errors
    /// If a name is unknown or the file is not TOML.
    pub fn gather(
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<(&str, &str)>,
    ) -> Result<Self, SettingError> {
        let defaults = SETTINGS.iter();
        let mut values: BTreeMap<_, _> = defaults
            .map(|(name, value, _)| (*name, ((*value).to_owned(), Source::Default)))
            .collect();
        if let Some((name, content)) = file {
            read_file(&mut values, name, content)?;
        }
        for (variable, value) in environment {
            if let Some(name) = variable.strip_prefix(PREFIX) {
                let known = known(&name.to_lowercase()).filter(|_| name == name.to_uppercase());
                let known = known.ok_or_else(|| unknown(&variable, &Source::Environment))?;
                values.insert(known, (value, Source::Environment));
            }
        }
        Ok(Self(values))
    }

    /// Whether somebody set it.
    pub fn is_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|(_, source)| *source != Source::Default)
    }

    /// The text of a setting that any text fits.
    pub(super) fn text(&self, name: &'static str) -> &str {
        &self.0[name].0
    }

    /// The text of a setting, as it was given.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(text, _)| text.as_str())
    }

    /// These settings, with those of that name as they are there.
    pub fn taking(&self, other: &Self, names: &[&str]) -> Self {
        let of = |name: &&'static str| if names.contains(name) { other } else { self };
        Self(self.0.keys().map(|name| (*name, of(name).0[name].clone())).collect())
    }

    /// The settings that have another text there.
    pub fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static str> + 'a {
        let differs = |(name, (text, _)): (&&'static str, &(String, Source))| {
            (other.text_of(name) != Some(text)).then_some(*name)
        };
        self.0.iter().filter_map(differs)
    }

    /// The value of a setting.
    pub(super) fn get<T>(
        &self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SettingError> {
        let (text, source) = &self.0[name];
        parse(text.trim()).ok_or_else(|| refused(name, text, source))
    }

    /// Every setting, for people; passwords hidden.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        self.0.iter().map(|(name, (value, source))| Shown {
            name: format!("{PREFIX}{}", name.to_uppercase()),
            value: hidden(name, value),
            source: source.to_string(),
        })
    }
}

fn read_file(
    values: &mut BTreeMap<&'static str, (String, Source)>,
    file: &str,
    content: &str,
) -> Result<(), SettingError> {
    let table: toml::Table = content.parse().map_err(|error: toml::de::Error| {
        let line = content[..error.span().map_or(0, |span| span.start.min(content.len()))]
            .lines()
            .count()
            .max(1);
        SettingError(format!(
            "{file} is not valid TOML, line {line}: {}",
            error.message().replace('\n', " ")
        ))
    })?;
    let source = Source::File(file.to_owned());
    for (name, value) in table {
        let known = known(&name).ok_or_else(|| unknown(&name, &source))?;
        let text = text_of(&value)
            .ok_or_else(|| refused(known, "not a text, number or list of texts", &source))?;
        values.insert(known, (text, source.clone()));
    }
    Ok(())
}

fn text_of(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn known(name: &str) -> Option<&'static str> {
    SETTINGS.iter().map(|(known, ..)| *known).find(|known| *known == name)
}

/// The name as it is written in that source.
fn written(name: &str, source: &Source) -> String {
    match source {
        Source::File(_) => name.to_owned(),
        Source::Default | Source::Environment => format!("{PREFIX}{}", name.to_uppercase()),
    }
}

fn refused(name: &'static str, text: &str, source: &Source) -> SettingError {
    let allowed =
        SETTINGS.iter().find(|(known, ..)| *known == name).map_or("", |(.., allowed)| allowed);
    let text = hidden(name, text).replace(['\n', '\r'], " ");
    SettingError(format!("{} ({source}) is “{text}”; it must be {allowed}", written(name, source)))
}

fn unknown(name: &str, source: &Source) -> SettingError {
    let bare = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase();
    let near = SETTINGS.iter().map(|(known, ..)| *known).min_by_key(|known| distance(known, &bare));
    let hint = match near.filter(|known| distance(known, &bare) <= 3) {
        Some(known) => format!("; did you mean {}?", written(known, source)),
        None => "; `appgrant config` lists them".to_owned(),
    };
    SettingError(format!("{name} ({source}) is not a setting{hint}"))
}

/// The value without the password it may hold, in its user part or its query.
fn hidden(name: &str, value: &str) -> String {
    let may_hold_password = matches!(name, "database_url" | "otlp_endpoint");
    if !may_hold_password || value.is_empty() || value.starts_with("sqlite:") {
        return value.to_owned();
    }
    let Ok(mut url) = Url::parse(value) else {
        return "•••".to_owned();
    };
    if url.query().is_some() {
        url.set_query(Some("x"));
    }
    if url.password().is_some() && url.set_password(Some("x")).is_err() {
        return "•••".to_owned();
    }
    url.as_str().replacen(":x@", ":•••@", 1).replacen("?x", "?•••", 1)
}
