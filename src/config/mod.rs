//! The settings: typed, checked once, each documented where it is declared (contract §3).
//!
//! A value comes from the environment, else from the TOML file, else from its default. This module is
//! handed all three; it reads neither environment nor files, `cli` does. A wrong value stops the start
//! with one line that names the setting, where it came from and what is allowed.

mod color;
mod parse;
mod public_url;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ipnet::IpNet;
use url::Url;

use crate::domain::{argon::Cost, oauth1, protected_paths::ProtectedPaths, token_life::TokenLife};

pub use color::Color;
pub use public_url::PublicUrl;
pub use values::{SettingError, SettingText, Shown, Source, Values, setting_texts};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// How license keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseKeys {
    /// Hashed alone: they are shown once, when they are made.
    Hashed,
    /// Sealed beside their hash, so that staff can look at them.
    Readable,
}

impl LicenseKeys {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "hashed" => Some(Self::Hashed),
            "readable" => Some(Self::Readable),
            _ => None,
        }
    }
}

/// What the service shows who asks for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// The certificate's private key, PEM.
    pub key: PathBuf,
}

/// Everything that can be set.
#[derive(Clone)]
pub struct Settings {
    /// `APPGRANT_LISTEN`: address of the service.
    pub listen: SocketAddr,
    /// `APPGRANT_PUBLIC_URL`: the store's address as browsers see it; base of every link.
    pub public_url: PublicUrl,
    /// `APPGRANT_STORE_NAME`: shown on pages; the public URL's host if not set.
    pub store_name: String,
    /// `APPGRANT_STORE_LOGO`: an image file shown on pages, at most 256 KiB.
    pub store_logo: Option<PathBuf>,
    /// `APPGRANT_ACCENT_COLOR`: the colour of buttons, `#rrggbb`.
    pub accent_color: Option<Color>,
    /// `APPGRANT_DATABASE_URL`: `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// `APPGRANT_DATABASE_POOL_SIZE`: connections to a PostgreSQL server.
    pub database_pool_size: usize,
    /// `APPGRANT_SECRET_KEY_FILE`: the master key; made if it is not there.
    pub secret_key_file: PathBuf,
    /// `APPGRANT_TLS_CERTIFICATE_FILE` and `APPGRANT_TLS_KEY_FILE`: the service ends TLS itself.
    pub tls: Option<TlsFiles>,
    /// `APPGRANT_SHUTDOWN_SECONDS`: how long stopping may take.
    pub shutdown: Duration,
    /// `APPGRANT_TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `APPGRANT_CALLBACK_TIMEOUT_SECONDS`: one delivery attempt, connect to last byte.
    pub callback_timeout: Duration,
    /// `APPGRANT_CALLBACK_ALLOW_NETWORKS`: networks exempt from the address guard.
    pub callback_allow_networks: Vec<IpNet>,
    /// `APPGRANT_CALLBACK_CA_FILE`: PEM roots trusted in addition to the system's.
    pub callback_ca_file: Option<PathBuf>,
    /// `APPGRANT_ALLOW_PLAIN_HTTP_KEYS`: keys are taken off requests without TLS too.
    pub allow_plain_http_keys: bool,
    /// `APPGRANT_ANONYMOUS`: whether `/verify` lets requests without a key pass.
    pub anonymous: bool,
    /// `APPGRANT_OAUTH1` and `APPGRANT_OAUTH1_DEBUG`: whether signed requests are read.
    pub oauth1: oauth1::Mode,
    /// `APPGRANT_PROTECTED_PATHS`: which addresses keys open.
    pub protected_paths: ProtectedPaths,
    /// `APPGRANT_SECRET_HASH`: what hashing a consumer secret costs.
    pub secret_hash: Cost,
    /// How access tokens are made.
    pub tokens: TokenSettings,
    /// `APPGRANT_CLIENT_DOMAIN_HEADER`: the header that says a client's domain if the browser does not.
    pub client_domain_header: Option<String>,
    /// `APPGRANT_KEEP_CREDENTIALS`: whether proxies pass credentials on to the store.
    pub keep_credentials: bool,
    /// `APPGRANT_LICENSE_KEYS`: whether staff can look at whole license keys.
    pub license_keys: LicenseKeys,
    /// `APPGRANT_VERIFY_WITHOUT_DATABASE_SECONDS`: for how long keys in memory are trusted while the
    /// database is away.
    pub verify_without_database: Duration,
    /// `APPGRANT_METRICS_LISTEN`: address of `/metrics`.
    pub metrics_listen: Option<SocketAddr>,
    /// `APPGRANT_OTLP_ENDPOINT`: where traces are sent, over HTTP.
    pub otlp_endpoint: Option<Url>,
    /// `APPGRANT_LOG`: tracing filter.
    pub log: String,
    /// `APPGRANT_LOG_FORMAT`: `text` or `json`.
    pub log_format: LogFormat,
}

/// How access tokens are made.
#[derive(Clone)]
pub struct TokenSettings {
    /// `APPGRANT_TOKEN_SECONDS`: how long access tokens live.
    pub life: TokenLife,
    /// `APPGRANT_REFRESH_TOKEN_SECONDS`: how long refresh tokens live that are not used.
    pub refresh_life: TokenLife,
    /// `APPGRANT_TOKEN_RATE`: how many tokens a client may ask for in a minute; 0 for any number.
    pub rate: u32,
    /// `APPGRANT_OAUTH2_PASSWORD_GRANT`: whether apps may ask with a user's password.
    pub password_grant: bool,
}

impl TokenSettings {
    fn read(values: &Values) -> Result<Self, SettingError> {
        Ok(Self {
            life: values.get("token_seconds", TokenLife::parse)?,
            refresh_life: values.get("refresh_token_seconds", TokenLife::parse)?,
            rate: values.get("token_rate", parse::rate)?,
            password_grant: values.get("oauth2_password_grant", parse::flag)?,
        })
    }
}

impl Settings {
    /// Checks all values.
    ///
    /// # Errors
    /// The first value that is not allowed.
    pub fn read(values: &Values) -> Result<Self, SettingError> {
        let public_url = values.get("public_url", PublicUrl::parse)?;
        let store_name = match values.text("store_name").trim() {
            "" => public_url.host().to_owned(),
            name => name.to_owned(),
        };
        Ok(Self {
            listen: values.get("listen", |text| text.parse().ok())?,
            public_url,
            store_name,
            store_logo: values.get("store_logo", parse::optional_path)?,
            accent_color: values.get("accent_color", parse::optional(Color::parse))?,
            database_url: values.get("database_url", parse::database_url)?,
            database_pool_size: values.get("database_pool_size", parse::pool_size)?,
            secret_key_file: values.get("secret_key_file", |text| parse::optional_path(text)?)?,
            tls: parse::tls(values)?,
            shutdown: values.get("shutdown_seconds", parse::seconds(1, 300))?,
            trusted_proxies: values.get("trusted_proxies", parse::networks)?,
            callback_timeout: values.get("callback_timeout_seconds", parse::seconds(1, 60))?,
            callback_allow_networks: values.get("callback_allow_networks", parse::networks)?,
            callback_ca_file: values.get("callback_ca_file", parse::optional_path)?,
            allow_plain_http_keys: values.get("allow_plain_http_keys", parse::flag)?,
            anonymous: values.get("anonymous", parse::anonymous)?,
            oauth1: parse::oauth1(values)?,
            protected_paths: values.get("protected_paths", ProtectedPaths::parse)?,
            secret_hash: values.get("secret_hash", Cost::parse)?,
            tokens: TokenSettings::read(values)?,
            client_domain_header: values
                .get("client_domain_header", parse::optional(parse::header_name))?,
            keep_credentials: values.get("keep_credentials", parse::flag)?,
            license_keys: values.get("license_keys", LicenseKeys::parse)?,
            verify_without_database: values
                .get("verify_without_database_seconds", parse::seconds(0, 3_600))?,
            metrics_listen: values
                .get("metrics_listen", parse::optional(|text| text.parse().ok()))?,
            otlp_endpoint: values.get("otlp_endpoint", parse::optional(parse::endpoint))?,
            log: values.get("log", |text| (!text.is_empty()).then(|| text.to_owned()))?,
            log_format: values.get("log_format", LogFormat::parse)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(env: &[(&str, &str)], toml: Option<&str>) -> Result<Settings, String> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let file = toml.map(|text| ("appgrant.toml", text));
        let values = Values::gather(env, file).map_err(|error| error.to_string())?;
        Settings::read(&values).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let settings = read(&[], None).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.public_url.as_str(), "http://127.0.0.1:8080");
        assert_eq!(settings.store_name, "127.0.0.1");
        assert_eq!(settings.database_url, "sqlite:appgrant.db");
        assert_eq!(settings.secret_key_file, PathBuf::from("appgrant.key"));
        assert_eq!(settings.trusted_proxies.len(), 2);
        assert_eq!(settings.callback_timeout, Duration::from_secs(15));
        assert!(settings.callback_allow_networks.is_empty());
        assert_eq!((settings.log.as_str(), settings.log_format), ("info", LogFormat::Text));
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let toml = "listen = '127.0.0.1:1'\ncallback_timeout_seconds = 3\ncallback_allow_networks = ['10.0.0.0/8', '::1']";
        let settings =
            read(&[("APPGRANT_LISTEN", "127.0.0.1:2"), ("HOME", "/")], Some(toml)).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.callback_timeout.as_secs(), 3);
        assert_eq!(settings.callback_allow_networks.len(), 2);
    }

    /// What is not allowed, one of each kind.
    const WRONG: [(&str, &str); 48] = [
        ("LISTEN", "nowhere"),
        ("LISTEN", ""),
        ("PUBLIC_URL", "shop.example"),
        ("PUBLIC_URL", "ftp://x"),
        ("PUBLIC_URL", "https://u:p@x"),
        ("PUBLIC_URL", "https://x/?a=1"),
        ("PUBLIC_URL", "https://x/#a"),
        ("ACCENT_COLOR", "red"),
        ("ACCENT_COLOR", "#12345"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", "sqlite://x.db"),
        ("DATABASE_POOL_SIZE", "1"),
        ("DATABASE_POOL_SIZE", "101"),
        ("SECRET_KEY_FILE", ""),
        ("SHUTDOWN_SECONDS", "0"),
        ("VERIFY_WITHOUT_DATABASE_SECONDS", "3601"),
        ("METRICS_LISTEN", "9464"),
        ("OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTLP_ENDPOINT", "http://user:secret@127.0.0.1:4318"),
        ("TRUSTED_PROXIES", "10.0.0.0/99"),
        ("CALLBACK_TIMEOUT_SECONDS", "0"),
        ("CALLBACK_TIMEOUT_SECONDS", "61"),
        ("CALLBACK_TIMEOUT_SECONDS", "1.5"),
        ("CALLBACK_ALLOW_NETWORKS", "localhost"),
        ("ALLOW_PLAIN_HTTP_KEYS", "yes"),
        ("ANONYMOUS", "maybe"),
        ("OAUTH1", "on"),
        ("OAUTH1_DEBUG", "1"),
        ("PROTECTED_PATHS", ""),
        ("PROTECTED_PATHS", "api"),
        ("PROTECTED_PATHS", "/api/../x"),
        ("SECRET_HASH", "m=1024"),
        ("SECRET_HASH", "m=0,t=1"),
        ("SECRET_HASH", "m=1024,t=65"),
        ("SECRET_HASH", "m=9999999,t=1"),
        ("TOKEN_SECONDS", "59"),
        ("TOKEN_SECONDS", "an hour"),
        ("REFRESH_TOKEN_SECONDS", "0"),
        ("TOKEN_RATE", "-1"),
        ("OAUTH2_PASSWORD_GRANT", "yes"),
        ("CLIENT_DOMAIN_HEADER", "x y"),
        ("CLIENT_DOMAIN_HEADER", "Authorization"),
        ("KEEP_CREDENTIALS", "1"),
        ("LICENSE_KEYS", "plain"),
        ("LOG", ""),
        ("LOG_FORMAT", "xml"),
    ];

    #[test]
    fn every_wrong_setting_gives_one_line_that_names_it() {
        for (name, value) in WRONG {
            let name = format!("APPGRANT_{name}");
            let line = read(&[(&name, value)], None).err().unwrap();
            assert!(line.starts_with(&format!("{name} (from the environment)")), "{line}");
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn settings_that_mean_nothing_together_are_refused() {
        for (one, other) in [("CERTIFICATE", "KEY"), ("KEY", "CERTIFICATE")] {
            let name = format!("APPGRANT_TLS_{one}_FILE");
            let line = read(&[(&name, "x.pem")], None).err().unwrap();
            let says = format!("{name} is set without APPGRANT_TLS_{other}_FILE");
            assert!(line.starts_with(&says), "{line}");
        }
        let line = read(&[("APPGRANT_OAUTH1_DEBUG", "true")], None).err().unwrap();
        assert!(line.starts_with("APPGRANT_OAUTH1_DEBUG is true, which means nothing"), "{line}");
        let both = [("APPGRANT_OAUTH1_DEBUG", "true"), ("APPGRANT_OAUTH1", "true")];
        assert_eq!(read(&both, None).unwrap().oauth1, oauth1::Mode::Telling);
    }

    #[test]
    fn unknown_names_and_broken_files_are_refused() {
        for (env, toml, says) in [
            (
                Some("APPGRANT_LISTNE"),
                None,
                "APPGRANT_LISTNE (from the environment) is not a setting; did you mean APPGRANT_LISTEN?",
            ),
            (
                Some("APPGRANT_XYZZY"),
                None,
                "APPGRANT_XYZZY (from the environment) is not a setting",
            ),
            (
                None,
                Some("lisen = 'x'"),
                "lisen (in appgrant.toml) is not a setting; did you mean listen?",
            ),
            (None, Some("listen = "), "appgrant.toml is not valid TOML"),
            (None, Some("listen = 1.5"), "listen (in appgrant.toml) is"),
            (None, Some("listen = {a = 1}"), "listen (in appgrant.toml) is"),
            (None, Some("[listen]\na = 1"), "listen (in appgrant.toml) is"),
        ] {
            let env: Vec<_> = env.into_iter().map(|name| (name, "x")).collect();
            let line = read(&env, toml).err().unwrap();
            assert!(line.starts_with(says), "{line}");
            assert_eq!(line.lines().count(), 1, "{line}");
        }
    }

    #[test]
    fn a_password_in_a_setting_is_never_shown() {
        let line = read(&[("APPGRANT_DATABASE_URL", "mysql://u:hunter2@h")], None).err().unwrap();
        assert!(!line.contains("hunter2"), "{line}");
        let endpoint = [("APPGRANT_OTLP_ENDPOINT", "http://u:hunter2@h:4318")];
        let line = read(&endpoint, None).err().unwrap();
        assert!(line.contains("http://u:•••@h:4318") && !line.contains("hunter2"), "{line}");
        let url = "postgres://u:hunter2@h/db?password=hunter2";
        let env = [("APPGRANT_DATABASE_URL".to_owned(), url.to_owned())];
        let values = Values::gather(env, None).unwrap();
        let shown: Vec<_> = values.shown().collect();
        assert!(shown.iter().any(|s| s.value == "postgres://u:•••@h/db?•••"), "{shown:?}");
    }
}
