//! How far this process knows what changed about keys.
//!
//! Both are left out until somebody set them: a database without a listener has no broken one.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus_client::{metrics::gauge::ConstGauge, registry::Registry};

use crate::domain::timestamp::Timestamp;

const UNSET: i64 = -1;

/// When this process last knew all changes.
pub struct Heard(AtomicI64);

impl Default for Heard {
    fn default() -> Self {
        Self(AtomicI64::new(UNSET))
    }
}

impl Heard {
    /// Everything that was written until then is known.
    pub fn all_until(&self, at: Timestamp) {
        self.0.store(at.as_millis(), Ordering::Relaxed);
    }

    pub(super) fn register(&self, registry: &mut Registry, now: Timestamp) {
        let at = self.0.load(Ordering::Relaxed);
        if at == UNSET {
            return;
        }
        let age = now.since(Timestamp::from_millis(at)).as_secs_f64();
        let help = "Age of the last complete look at what changed: a change may be unknown so long";
        registry.register("appgrant_key_changes_heard_seconds", help, ConstGauge::new(age));
    }
}

/// Whether the database can tell this process of changes at once.
pub struct Listener(AtomicI64);

impl Default for Listener {
    fn default() -> Self {
        Self(AtomicI64::new(UNSET))
    }
}

impl Listener {
    /// The connection stands, or does not.
    pub fn is_connected(&self, connected: bool) {
        self.0.store(i64::from(connected), Ordering::Relaxed);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let connected = self.0.load(Ordering::Relaxed);
        if connected == UNSET {
            return;
        }
        let help = "Whether the connection stands on which PostgreSQL tells of changes";
        registry.register(
            "appgrant_key_change_listener_connected",
            help,
            ConstGauge::new(connected),
        );
    }
}
