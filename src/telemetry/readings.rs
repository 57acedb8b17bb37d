//! What is read when somebody scrapes. What could not be read is left out, and everything else is there.

use prometheus_client::{
    metrics::{family::Family, gauge::ConstGauge, gauge::Gauge},
    registry::Registry,
};

use super::metrics::{Labels, count, counts};
use crate::domain::{
    delivery::{DeliveryState, Kind},
    timestamp::Timestamp,
};

/// A hashing line.
pub struct HasherReading {
    /// Its label.
    pub name: &'static str,
    /// How many wait or are being hashed.
    pub waiting: usize,
    /// How many were hashed.
    pub done: u64,
    /// How many found the line full.
    pub refused: u64,
}

/// A pool of connections.
pub struct Pool {
    /// Its label.
    pub name: &'static str,
    /// How many connections it may have.
    pub most: usize,
    /// Those that nobody uses.
    pub idle: usize,
    /// Those in use.
    pub busy: usize,
    /// Who waits for one.
    pub waiting: usize,
}

/// Deliveries of a kind in a state.
pub struct Waiting {
    /// What is delivered.
    pub kind: Kind,
    /// Waiting or being sent.
    pub state: DeliveryState,
    /// How many.
    pub count: i64,
}

/// What a scrape reads.
pub struct Readings {
    /// When.
    pub now: Timestamp,
    /// Keys that `/verify` answers from memory.
    pub keys_in_memory: usize,
    /// The hashing lines.
    pub lines: Vec<HasherReading>,
    /// Deliveries that are not over, unless the database gave no answer.
    pub deliveries: Option<Vec<Waiting>>,
    /// The pools.
    pub pools: Vec<Pool>,
    /// How often the database gave no answer, by what was wrong.
    pub database_errors: Vec<(&'static str, u64)>,
    /// Uses of keys that were not noted, since too many wait.
    pub uses_dropped: u64,
}

impl Readings {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Keys that /verify answers from memory";
        gauge(registry, "appgrant_keys_in_memory", help, self.keys_in_memory);
        self.register_lines(registry);
        self.register_pools(registry);
        if let Some(deliveries) = &self.deliveries {
            let rows = deliveries.iter().map(|waiting| {
                let labels = [("kind", waiting.kind.as_str()), ("state", waiting.state.as_str())];
                (labels, usize::try_from(waiting.count).unwrap_or_default())
            });
            gauges(registry, "appgrant_deliveries", "Deliveries that are not over", rows);
        }
        let errors = self.database_errors.iter().map(|(kind, count)| ([("kind", *kind)], *count));
        counts(registry, "appgrant_database_errors", "Queries without an answer", errors);
        let help = "Uses of keys that were not noted, since too many wait";
        count(registry, "appgrant_key_uses_dropped", help, self.uses_dropped);
    }

    fn register_lines(&self, registry: &mut Registry) {
        let waiting = self.lines.iter().map(|line| ([("line", line.name)], line.waiting));
        gauges(registry, "appgrant_hasher_waiting", "Hashes that wait or are computed", waiting);
        let done = self.lines.iter().map(|line| ([("line", line.name)], line.done));
        counts(registry, "appgrant_hasher_done", "Hashes that were computed", done);
        let refused = self.lines.iter().map(|line| ([("line", line.name)], line.refused));
        let help = "Hashes that were refused, since the line was full";
        counts(registry, "appgrant_hasher_refused", help, refused);
    }

    fn register_pools(&self, registry: &mut Registry) {
        let states = self.pools.iter().flat_map(|pool| {
            [("idle", pool.idle), ("busy", pool.busy)]
                .map(|(state, count)| ([("pool", pool.name), ("state", state)], count))
        });
        gauges(registry, "appgrant_database_connections", "Connections of a pool", states);
        let most = self.pools.iter().map(|pool| ([("pool", pool.name)], pool.most));
        let help = "Connections that a pool may have";
        gauges(registry, "appgrant_database_connections_max", help, most);
        let waiting = self.pools.iter().map(|pool| ([("pool", pool.name)], pool.waiting));
        let help = "Queries that wait for a connection";
        gauges(registry, "appgrant_database_waiting", help, waiting);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: usize) {
    registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
}

fn gauges<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<N>, usize)>,
) {
    let family = Family::<Labels<N>, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
    }
    registry.register(name, help, family);
}
