//! AppGrant itself, with its settings for the demo and one manager.

use std::{net::TcpListener, path::Path, sync::Arc};

use appgrant::{
    cli::{
        serve::{self, Running},
        startup::World,
    },
    config::{Settings, Values},
    domain::{entropy::random, user::Role},
    service::{
        Services,
        caller::Caller,
        environment::SystemEntropy,
        users::{self, NewUserRequest, UserError},
    },
};
use zeroize::Zeroizing;

use crate::{Outcome, certificates::CA_FILE};

/// The running service, and who may log in.
pub struct AppGrant {
    pub url: String,
    pub services: Arc<Services>,
    pub login: &'static str,
    pub password: String,
    running: Running,
}

/// Starts it; the manager gets a fresh password each time.
pub async fn start(folder: &Path, listener: TcpListener) -> Outcome<AppGrant> {
    let url = format!("http://{}", listener.local_addr()?);
    let path = |name: &str| folder.join(name).display().to_string();
    let settings = [
        ("PUBLIC_URL", url.clone()),
        ("STORE_NAME", "Ada’s Tea".to_owned()),
        ("DATABASE_URL", format!("sqlite:{}", path("appgrant.db"))),
        ("SECRET_KEY_FILE", path("appgrant.key")),
        ("CALLBACK_CA_FILE", path(CA_FILE)),
        ("CALLBACK_ALLOW_NETWORKS", "127.0.0.0/8,::1/128".to_owned()),
    ];
    let environment = settings.map(|(name, value)| (format!("APPGRANT_{name}"), value));
    let settings = Settings::read(&Values::gather(environment, None)?)?;
    let running = serve::start(&settings, listener, World::real()).await?;
    let services = Arc::clone(&running.services);
    let password = data_encoding::HEXLOWER.encode(&random::<6>(&SystemEntropy));
    let login = "manager";
    make_manager(&services, login, &password).await?;
    Ok(AppGrant { url, services, login, password, running })
}

impl AppGrant {
    /// Ends it as `appgrant serve` ends.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

async fn make_manager(services: &Services, login: &str, password: &str) -> Outcome<()> {
    let request = NewUserRequest {
        login: login.to_owned(),
        name: "Mary Manager".to_owned(),
        email: String::new(),
        role: Role::Manager,
        password: Zeroizing::new(password.to_owned()),
    };
    match users::add(services, &Caller::command_line(), request).await {
        Ok(_) => Ok(()),
        Err(UserError::Taken) => {
            let (caller, user) = (Caller::command_line(), users::by_login(services, login).await?);
            let password = Zeroizing::new(password.to_owned());
            Ok(users::set_password(services, &caller, user.id, password).await?)
        }
        Err(error) => Err(error.into()),
    }
}
