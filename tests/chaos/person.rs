//! A manager at a browser, who does what people do when a page does not come: opens the link again,
//! presses the button again, looks again, hurries, cancels, or goes away.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use fastrand::Rng;
use reqwest::{Method, RequestBuilder};
use tokio::time::{Instant, sleep};

use crate::support::{Answer, Manager, PASSWORD, query};

/// Where the apps' own pages are.
const BACK: &str = "http://app.example/back/";

/// What browsers were told, which must stay true.
#[derive(Default)]
pub struct Told {
    /// Approvals whose browser went back to the app with success.
    pub success: Mutex<Vec<usize>>,
    /// Connections' pages that said that it failed or was cancelled.
    pub failure: Mutex<Vec<String>>,
    /// Every connection's page that a browser was sent to.
    pub pages: Mutex<Vec<String>>,
    /// Answers that are no part of the flow.
    pub wrong: Mutex<Vec<String>>,
}

/// A logged-in browser and the person at it.
pub struct Person {
    pub browser: Manager,
    pub dice: Rng,
    pub told: Arc<Told>,
}

/// Where an answer leaves a browser.
enum Place {
    Consent(Answer),
    Connection(String),
    Waiting(Answer),
    BackWith { success: bool },
    Busy,
    Elsewhere,
}

/// The address that brings a browser back to the app with that number.
pub fn return_url(app: usize) -> String {
    format!("{BACK}{app}")
}

/// What the app with that number asks for.
pub fn request(app: usize, callback_url: &str) -> String {
    query(&[
        ("app_name", &format!("App {app}")),
        ("user_id", &app.to_string()),
        ("return_url", &return_url(app)),
        ("callback_url", callback_url),
        ("scope", ["read", "write", "read_write"][app % 3]),
    ])
}

impl Person {
    pub async fn log_in(&self, login: &str) {
        let fields = [("username", login), ("password", PASSWORD)];
        let answer = self.browser.post("/login", &fields).await;
        assert!(answer.location().ends_with("/admin"), "{}", answer.body);
    }

    /// Connects one app: from its link to an outcome, or until the person goes away.
    pub async fn connect(&mut self, app: usize, query: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while Instant::now() < deadline {
            let link = format!("/wc-auth/v1/authorize?{query}");
            let mut place = self.open(&link).await;
            if let Some(Place::Consent(page)) = place {
                place = self.approve(&page).await;
            }
            match place {
                Some(Place::BackWith { success: true }) => {
                    return self.told.success.lock().unwrap().push(app);
                }
                Some(Place::Connection(path)) => return self.watch(app, &path).await,
                Some(Place::BackWith { success: false } | Place::Elsewhere) => return,
                Some(Place::Consent(_) | Place::Waiting(_) | Place::Busy) | None => {
                    if self.dice.u8(..50) == 0 {
                        return; // goes away, not knowing what became of it
                    }
                    sleep(Duration::from_millis(self.dice.u64(20..100))).await;
                }
            }
        }
        self.told.wrong.lock().unwrap().push(format!("App {app}: for a minute no page came"));
    }

    /// Presses Approve; some press twice, and one in ten has the page open in a second tab.
    async fn approve(&mut self, page: &Answer) -> Option<Place> {
        let press = |page: &Answer| {
            let (to, fields) =
                (page.attribute("form#approve", "action"), page.fields("form#approve"));
            self.browser.request(Method::POST, &to).form(&fields)
        };
        let first = press(page);
        let second = match self.dice.u8(..20) {
            0..2 => Some(press(page)),
            2..4 => {
                let again = self.browser.request(Method::GET, &link_of(page));
                match self.send(again).await {
                    Some(Place::Consent(tab)) => Some(press(&tab)),
                    _ => None,
                }
            }
            _ => None,
        };
        match second {
            None => self.send(first).await,
            Some(second) => {
                let (one, other) = tokio::join!(self.send(first), self.send(second));
                one.or(other)
            }
        }
    }

    /// Looks at the connection's page until it is over or patience ends.
    async fn watch(&mut self, app: usize, path: &str) {
        self.told.pages.lock().unwrap().push(path.to_owned());
        for _ in 0..self.dice.usize(3..40) {
            match self.open(path).await {
                Some(Place::BackWith { success: true }) => {
                    return self.told.success.lock().unwrap().push(app);
                }
                Some(Place::BackWith { success: false }) => {
                    return self.told.failure.lock().unwrap().push(path.to_owned());
                }
                Some(Place::Waiting(page)) => match self.dice.u8(..100) {
                    0..2 => drop(self.press(&page, "cancel").await),
                    2..80 if page.body.contains("wc-auth-retry") => {
                        drop(self.press(&page, "retry").await);
                    }
                    _ => sleep(Duration::from_millis(self.dice.u64(50..300))).await,
                },
                _ => sleep(Duration::from_millis(self.dice.u64(20..100))).await,
            }
        }
    }

    async fn press(&self, page: &Answer, button: &str) -> Option<Place> {
        let form = format!("form[action$={button}]");
        let (to, fields) = (page.attribute(&form, "action"), page.fields(&form));
        self.send(self.browser.request(Method::POST, &to).form(&fields)).await
    }

    /// Presses Retry now if the page offers it.
    pub async fn hurry(&self, path: &str) {
        match self.open(path).await {
            Some(Place::Waiting(page)) if page.body.contains("wc-auth-retry") => {
                self.press(&page, "retry").await;
            }
            _ => {}
        }
    }

    /// Whether a connection's page sends the browser back to the app, and with which outcome.
    pub async fn outcome(&self, path: &str) -> Option<bool> {
        match self.open(path).await {
            Some(Place::BackWith { success }) => Some(success),
            _ => None,
        }
    }

    async fn open(&self, path: &str) -> Option<Place> {
        self.send(self.browser.request(Method::GET, path)).await
    }

    /// Nothing if the connection broke.
    async fn send(&self, request: RequestBuilder) -> Option<Place> {
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.ok()? };
        Some(self.place(answer))
    }

    fn place(&self, answer: Answer) -> Place {
        let to = answer.location();
        let back = |url: &str| url.starts_with(BACK);
        let way_back = |page: &Answer| page.attribute(&format!("a[href^='{BACK}']"), "href");
        match answer.status {
            302 | 303 if back(to) => Place::BackWith { success: to.contains("?success=1&") },
            303 if to.contains("/connections/") => Place::Connection(to.to_owned()),
            200 if !answer.fields("form#approve").is_empty() => Place::Consent(answer),
            200 if answer.body.contains("wc-auth-cancel") => Place::Waiting(answer),
            200 if back(&way_back(&answer)) => {
                Place::BackWith { success: way_back(&answer).contains("?success=1&") }
            }
            // What a proxy makes of a connection that broke, and of all nodes being away.
            502..=504 => Place::Busy,
            status => {
                let wrong = format!("HTTP {status} to {:?}: {}", to, answer.text("main"));
                self.told.wrong.lock().unwrap().push(wrong);
                Place::Elsewhere
            }
        }
    }
}

/// The link that led to this consent page.
fn link_of(page: &Answer) -> String {
    page.attribute("form#approve", "action").replace("access_granted", "authorize")
}
