//! Several nodes on one PostgreSQL database, whose clocks differ by up to ten seconds: each five seconds
//! off the right time.

mod deliveries;
mod flow;
mod keys;
mod people;

use std::time::Duration;

use crate::support::{Answer, Manager, TestApp, postgres};

/// How far each node's clock is before the first's.
const AHEAD: [Duration; 3] = [Duration::ZERO, Duration::from_secs(5), Duration::from_secs(10)];

/// Three nodes: the first one's clock is behind, the last one's ahead. Their clocks stand.
pub struct Nodes {
    pub apps: Vec<TestApp>,
}

impl Nodes {
    /// Starts them with these settings; nothing where PostgreSQL is not installed.
    pub async fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let database = postgres::migrated_database().await?;
        let mut all = vec![("DATABASE_URL", database.as_str())];
        all.extend(settings);
        let first = TestApp::with(&all).await;
        let (url, key) = (first.url.clone(), first.folder.path().join("appgrant.key"));
        all.extend([("PUBLIC_URL", url.as_str()), ("SECRET_KEY_FILE", key.to_str().unwrap())]);
        let (second, third) = (TestApp::empty(&all).await, TestApp::empty(&all).await);
        let nodes = Self { apps: vec![first, second, third] };
        let behind = nodes.apps[0].services().now();
        for (app, ahead) in nodes.apps.iter().zip(AHEAD) {
            app.clock.set(behind.plus(ahead));
        }
        Some(nodes)
    }

    /// Lets that much time pass on all of them.
    pub fn advance(&self, time: Duration) {
        for app in &self.apps {
            app.clock.advance(time);
        }
    }

    /// The same browser, led to that node by the load balancer.
    pub fn at(&self, browser: &Manager, node: usize) -> Manager {
        Manager { client: browser.client.clone(), url: self.apps[node].url.clone() }
    }

    /// What leads to the public address, as a path.
    pub fn path<'a>(&self, url: &'a str) -> &'a str {
        url.strip_prefix(&self.apps[0].url).unwrap_or(url)
    }

    /// A browser that logged in there.
    pub async fn logged_in(&self, login: &str, node: usize) -> Manager {
        let browser = self.at(&self.apps[0].browser(), node);
        let answer = log_in(&browser, login, crate::support::PASSWORD).await;
        assert_eq!(self.path(answer.location()), "/admin", "{}", answer.body);
        browser
    }
}

async fn log_in(browser: &Manager, login: &str, password: &str) -> Answer {
    browser.post("/login", &[("username", login), ("password", password)]).await
}
