//! Requests by class of route and outcome: the classes are few, and named in `docs/metrics.md`.

use std::time::Duration;

use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::metrics::Labels;

/// From an answer out of memory to a browser that waits for a delivery, in seconds.
const TIMES: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// A class of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A person connects an app.
    Flow,
    /// A program asks for a token, or throws one away.
    Token,
    /// Any other page.
    Page,
    /// The JSON API.
    Api,
    /// Health, public keys, the API's description.
    Machine,
    /// Embedded files.
    Static,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Flow, Self::Token, Self::Page, Self::Api, Self::Machine, Self::Static];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Token => "token",
            Self::Page => "page",
            Self::Api => "api",
            Self::Machine => "machine",
            Self::Static => "static",
        }
    }

    /// The class of a path below the store's prefix.
    pub fn of(path: &str) -> Self {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|begin| path.starts_with(begin));
        if begins(&["/oauth2/token", "/oauth2/revoke", "/token", "/revoke", "/auth/v1/"]) {
            Self::Token
        } else if begins(&["/wc-auth/", "/connections/", "/oauth2/"]) {
            Self::Flow
        } else if begins(&["/api/"]) {
            Self::Api
        } else if begins(&["/static/"]) {
            Self::Static
        } else if begins(&["/healthz", "/readyz", "/.well-known/", "/openapi.json"]) {
            Self::Machine
        } else {
            Self::Page
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Below 400.
    Success,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Success, Self::ClientError, Self::ServerError];

    /// The label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
        }
    }

    /// The outcome of a status.
    pub const fn of(status: u16) -> Self {
        match status {
            0..400 => Self::Success,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

/// Counts of requests, each series there from the start.
pub struct Requests {
    counts: [[Counter; Outcome::ALL.len()]; Route::ALL.len()],
    times: [Histogram; Route::ALL.len()],
}

impl Requests {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let counts = Family::<Labels<2>, Counter>::default();
        let times =
            Family::<Labels<1>, Histogram>::new_with_constructor(|| Histogram::new(TIMES) as _);
        let labels = |route: Route, outcome: Outcome| {
            [("route", route.as_str()), ("outcome", outcome.as_str())]
        };
        let made = Self {
            counts: Route::ALL.map(|route| {
                Outcome::ALL.map(|outcome| counts.get_or_create_owned(&labels(route, outcome)))
            }),
            times: Route::ALL.map(|route| times.get_or_create_owned(&[("route", route.as_str())])),
        };
        registry.register("appgrant_requests", "Requests that were answered", counts);
        registry.register("appgrant_request_duration_seconds", "Time to answer", times);
        made
    }

    /// Counts one that was answered.
    pub fn answered(&self, route: Route, status: u16, took: Duration) {
        self.counts[route as usize][Outcome::of(status) as usize].inc();
        self.times[route as usize].observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_a_class() {
        for (path, route) in [
            ("/wc-auth/v1/authorize", Route::Flow),
            ("/connections/0192", Route::Flow),
            ("/api/v1/keys", Route::Api),
            ("/static/style.abc.css", Route::Static),
            ("/healthz", Route::Machine),
            ("/.well-known/jwks.json", Route::Machine),
            ("/admin/keys", Route::Page),
            ("/", Route::Page),
            ("/wp-login.php", Route::Page),
            ("", Route::Page),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
        assert!(Route::ALL.into_iter().enumerate().all(|(number, route)| route as usize == number));
    }

    #[test]
    fn every_status_has_an_outcome() {
        for (status, outcome) in [
            (200, Outcome::Success),
            (304, Outcome::Success),
            (404, Outcome::ClientError),
            (499, Outcome::ClientError),
            (500, Outcome::ServerError),
            (999, Outcome::ServerError),
        ] {
            assert_eq!(Outcome::of(status), outcome, "{status}");
        }
    }
}
