//! The service under test, in this process, on a database of its own.

use std::{
    net::TcpListener,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use appgrant::{
    cli::{
        serve::{self, Running},
        startup::World,
    },
    config::{Settings, Values},
    domain::{
        argon::Cost,
        timestamp::Timestamp,
        user::{Role, User},
    },
    service::{
        Costs, Services,
        caller::{Actor, Caller},
        environment::{Clock, SystemClock, SystemEntropy},
        users::{self, NewUserRequest},
    },
};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::{Manager, TestNames, ca_file, database};

/// Every user's password.
pub const PASSWORD: &str = "correct horse";

/// A clock that stands until it is moved, so that nothing becomes due by itself.
pub struct TestClock(AtomicI64);

impl TestClock {
    fn starting_now() -> Self {
        Self(AtomicI64::new(SystemClock.now().as_millis()))
    }

    /// Puts it right, or wrong.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Lets that much time pass at once.
    pub fn advance(&self, time: Duration) {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A running service with an admin `ada`, a manager `max` and a viewer `vera`.
pub struct TestApp {
    pub url: String,
    pub clock: Arc<TestClock>,
    pub names: Arc<TestNames>,
    pub folder: TempDir,
    /// Its database's address.
    pub database: String,
    running: Running,
}

impl TestApp {
    /// Starts one with the tests' settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with these settings besides.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let app = Self::empty(settings).await;
        for (login, role) in [("ada", Role::Admin), ("max", Role::Manager), ("vera", Role::Viewer)]
        {
            app.add_user(login, role).await;
        }
        app
    }

    /// Starts one without users.
    pub async fn empty(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut all = vec![
            ("PUBLIC_URL", url.clone()),
            ("DATABASE_URL", own_database(settings, folder.path())),
            ("SECRET_KEY_FILE", path("appgrant.key")),
            ("CALLBACK_ALLOW_NETWORKS", "127.0.0.0/8,::1/128".to_owned()),
            ("CALLBACK_CA_FILE", ca_file(folder.path())),
            ("CALLBACK_TIMEOUT_SECONDS", "2".to_owned()),
            ("STORE_NAME", "Ada’s Tea".to_owned()),
        ];
        all.extend(settings.iter().map(|(name, value)| (*name, (*value).replace("{url}", &url))));
        let environment = all.into_iter().map(|(name, value)| (format!("APPGRANT_{name}"), value));
        let settings = Settings::read(&Values::gather(environment, None).unwrap()).unwrap();
        let database = settings.database_url.clone();
        let clock = Arc::new(TestClock::starting_now());
        let names = Arc::new(TestNames::default());
        let cheap = Cost { memory: 8, passes: 1 };
        let world = World {
            clock: clock.clone(),
            entropy: Arc::new(SystemEntropy),
            lookup: names.clone(),
            early_lookup: names.clone(),
            costs: Some(Costs { password: cheap, secret: cheap }),
            web_workers: 1,
        };
        let running = serve::start(&settings, listener, world).await.unwrap();
        Self { url, clock, names, folder, database, running }
    }

    /// Makes a user.
    pub async fn add_user(&self, login: &str, role: Role) {
        let request = NewUserRequest {
            login: login.to_owned(),
            name: format!("{}{}", login[..1].to_uppercase(), &login[1..]),
            email: format!("{login}@shop.example"),
            role,
            password: Zeroizing::new(PASSWORD.to_owned()),
        };
        users::add(self.services(), &Caller::command_line(), request).await.unwrap();
    }

    /// The user of that login.
    pub async fn user(&self, login: &str) -> User {
        users::by_login(self.services(), login).await.unwrap()
    }

    /// That user as somebody who asks for something.
    pub async fn caller(&self, login: &str) -> Caller {
        let actor = Actor::User(self.user(login).await);
        Caller { actor, address: None, request_id: None }
    }

    /// The use cases.
    pub fn services(&self) -> &Arc<Services> {
        &self.running.services
    }

    /// A browser that is not logged in.
    pub fn browser(&self) -> Manager {
        Manager::new(self.url.clone())
    }

    /// A browser in which that user is logged in.
    pub async fn logged_in(&self, login: &str) -> Manager {
        let browser = self.browser();
        let answer = browser.post("/login", &[("username", login), ("password", PASSWORD)]).await;
        assert_eq!(answer.location(), format!("{}/admin", self.url), "{}", answer.body);
        browser
    }

    /// Stops the service as SIGTERM would.
    pub async fn stop(self) -> TempDir {
        self.running.stop().await;
        self.folder
    }
}

/// The folder's database, unless the test names another; none is made for nothing.
fn own_database(settings: &[(&str, &str)], folder: &Path) -> String {
    let named = settings.iter().find(|(name, _)| *name == "DATABASE_URL");
    named.map_or_else(|| database::of(folder), |(_, url)| (*url).to_owned())
}
