//! Writes down what happens in an attempt while it happens, from wherever it can be seen: the look-up,
//! the TLS library's calls, the connection, the body on its way out.
//!
//! Durations come from the monotonic clock, not from [`crate::domain::timestamp`]'s instants.

use std::{
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::domain::{
    failure::Phase,
    timeline::{Event, Step, Timeline},
};

/// Why the lock is always to be had.
const HELD: &str = "nothing panics while it holds the record";

/// The record of one attempt.
pub(super) struct Recorder(Mutex<Record>);

struct Record {
    began: Instant,
    last: Instant,
    phase: Phase,
    steps: Vec<Step>,
    tls_version: &'static str,
}

impl Recorder {
    /// Begins now, with waiting for the name's addresses.
    pub(super) fn start() -> Self {
        let now = now();
        let (phase, steps) = (Phase::Name, Vec::new());
        Self(Mutex::new(Record { began: now, last: now, phase, steps, tls_version: "TLS" }))
    }

    /// Notes something that has just happened.
    pub(super) fn note(&self, event: Event) {
        self.note_at(now(), event);
    }

    /// Notes something that happened at that time.
    pub(super) fn note_at(&self, at: Instant, event: Event) {
        let mut record = self.record();
        let took_ms = millis(at.saturating_duration_since(record.last));
        record.last = at;
        record.phase = match event {
            Event::Resolved { .. } | Event::Unreachable { .. } => Phase::Connection,
            Event::Connected { .. } | Event::Certificate { .. } => Phase::Tls,
            Event::Secured { .. } | Event::Sent | Event::Answered { .. } => Phase::Answer,
        };
        record.steps.push(Step { event, took_ms });
    }

    /// Says that the name needs no look-up.
    pub(super) fn needs_no_name(&self) {
        self.record().phase = Phase::Connection;
    }

    /// Says what version the handshake agreed on.
    pub(super) fn agreed_on(&self, tls_version: &'static str) {
        self.record().tls_version = tls_version;
    }

    /// Notes that the handshake is complete.
    pub(super) fn note_secured(&self) {
        let version = self.record().tls_version.to_owned();
        self.note(Event::Secured { version });
    }

    /// What is waited for.
    pub(super) fn phase(&self) -> Phase {
        self.record().phase
    }

    /// The timeline, with now as its end.
    pub(super) fn finish(&self) -> Timeline {
        let record = self.record();
        let took_ms = millis(now().saturating_duration_since(record.began));
        Timeline { steps: record.steps.clone(), took_ms }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().expect(HELD)
    }
}

/// An instant of the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a duration is measured, no time is told")]
pub(super) fn now() -> Instant {
    Instant::now()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
