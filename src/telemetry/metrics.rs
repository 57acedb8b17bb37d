//! All handles, and the text a scrape gets.
//!
//! Counters live where things happen; what can be looked up is read when somebody scrapes
//! ([`Readings`]), so that nothing is kept up to date for nobody.

use prometheus_client::{
    encoding::prometheus_text,
    metrics::{counter::ConstCounter, family::Family, histogram::Histogram, info::Info},
    registry::Registry,
};

use super::{
    attempts::Attempts,
    key_changes::{Heard, Listener},
    licenses::Licenses,
    process,
    readings::Readings,
    requests::Requests,
    tokens::Tokens,
    verify::Verdicts,
};
use crate::domain::timestamp::Timestamp;

/// The `Content-Type` of [`Metrics::text`].
pub const TEXT_FORMAT: &str = prometheus_text::CONTENT_TYPE;

/// From a hash of Argon2 to a database that does not answer, in seconds.
const SLOW: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Around the second within which every node must have heard, in seconds.
const DELAY: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0];

/// What this process counts.
pub struct Metrics {
    /// Requests but those to `/verify`.
    pub requests: Requests,
    /// Answers of `/verify`.
    pub verdicts: Verdicts,
    /// How long the slow way of `/verify` takes, in seconds.
    pub verify_slow: Histogram,
    /// Attempts to deliver.
    pub attempts: Attempts,
    /// Short-lived tokens.
    pub tokens: Tokens,
    /// What programs ask about licenses.
    pub licenses: Licenses,
    /// From the write of a change of a key to its being heard here, in seconds.
    pub key_change_delay: Histogram,
    /// When this process last knew all changes.
    pub key_changes_heard: Heard,
    /// Whether the connection stands on which the database tells of changes.
    pub key_change_listener: Listener,
    /// When the process started.
    started: Timestamp,
    registry: Registry,
}

impl Metrics {
    /// Nothing has happened yet.
    pub fn new(started: Timestamp, database: &'static str) -> Self {
        let mut registry = Registry::default();
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("database", database)]);
        registry.register("appgrant_build", "The version that runs, and its database", build);
        let requests = Requests::register(&mut registry);
        let attempts = Attempts::register(&mut registry);
        let tokens = Tokens::register(&mut registry);
        let licenses = Licenses::register(&mut registry);
        let verify_slow = Histogram::new(SLOW);
        registry.register(
            "appgrant_verify_slow_seconds",
            "Time of answers that memory alone could not give",
            verify_slow.clone(),
        );
        let key_change_delay = Histogram::new(DELAY);
        registry.register(
            "appgrant_key_change_delay_seconds",
            "Time from the write of a change of a key until it was heard here",
            key_change_delay.clone(),
        );
        Self {
            requests,
            verdicts: Verdicts::default(),
            verify_slow,
            attempts,
            tokens,
            licenses,
            key_change_delay,
            key_changes_heard: Heard::default(),
            key_change_listener: Listener::default(),
            started,
            registry,
        }
    }

    /// Everything, in Prometheus' text format.
    pub fn text(&self, readings: &Readings) -> String {
        let mut read = Registry::default();
        readings.register(&mut read);
        self.verdicts.register(&mut read);
        self.key_changes_heard.register(&mut read, readings.now);
        self.key_change_listener.register(&mut read);
        process::register(&mut read, self.started);
        let mut text = String::new();
        for registry in [&self.registry, &read] {
            prometheus_text::encode(&mut text, registry).expect("a String takes any text");
        }
        text
    }
}

/// Labels of a series.
pub(super) type Labels<const N: usize> = [(&'static str, &'static str); N];

/// A family of counts that were made elsewhere.
pub(super) fn counts<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    counts: impl IntoIterator<Item = (Labels<N>, u64)>,
) {
    let family = Family::<Labels<N>, prometheus_client::metrics::counter::Counter>::default();
    for (labels, count) in counts {
        family.get_or_create(&labels).inc_by(count);
    }
    registry.register(name, help, family);
}

/// One count that was made elsewhere.
pub(super) fn count(registry: &mut Registry, name: &str, help: &str, count: u64) {
    registry.register(name, help, ConstCounter::new(count));
}
