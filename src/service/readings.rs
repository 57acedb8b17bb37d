//! What is read when somebody scrapes the metrics.
//!
//! Deliveries are counted in the database, at most once in some seconds however many scrape, and given up
//! after a moment: a scrape answers even when the database is away, and then says nothing about them.

use std::time::Duration;

use tokio::{sync::Mutex, time::timeout};

use super::Services;
use crate::{
    db::{self, DbError, Usage},
    domain::{
        delivery::{DeliveryState, Kind},
        timestamp::Timestamp,
    },
    telemetry::{Pool, Readings, Waiting},
};

/// How long a count of deliveries is told again.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// How long the database may take.
const LONGEST: Duration = Duration::from_millis(500);

/// The last count of deliveries; held while it is made anew, so that one query runs at a time.
#[derive(Default)]
pub struct LatelyRead(Mutex<Option<(Timestamp, Option<Counts>)>>);

type Counts = Vec<(Kind, DeliveryState, i64)>;

/// All metrics, in Prometheus' text format.
pub async fn metrics(services: &Services) -> String {
    let lines =
        [services.password_hasher.reading("passwords"), services.secret_hasher.reading("secrets")];
    let readings = Readings {
        now: services.now(),
        keys_in_memory: services.verifier.live.len(),
        lines: lines.into(),
        deliveries: timeout(2 * LONGEST, deliveries(services)).await.ok().flatten(),
        pools: services.db.usage().into_iter().map(pool).collect(),
        database_errors: services.db.errors().collect(),
        uses_dropped: services.verifier.uses.dropped(),
    };
    services.metrics.text(&readings)
}

fn pool(Usage { pool: name, most, idle, busy, waiting }: Usage) -> Pool {
    Pool { name, most, idle, busy, waiting }
}

async fn deliveries(services: &Services) -> Option<Vec<Waiting>> {
    let mut lately = services.lately_read.0.lock().await;
    let now = services.now();
    let counts = match &*lately {
        Some((at, counts)) if now.since(*at) < FRESH_FOR => counts.clone(),
        _ => {
            let counted = timeout(LONGEST, count(services)).await;
            let counts = counted.ok().and_then(Result::ok);
            *lately = Some((now, counts.clone()));
            counts
        }
    };
    counts
        .map(|counts| [Kind::Keys, Kind::Rotation, Kind::Event].map(|kind| rows(kind, &counts)))
        .map(|rows| rows.into_iter().flatten().collect())
}

/// A kind's rows, also those that count nothing.
fn rows(kind: Kind, counts: &Counts) -> [Waiting; 2] {
    [DeliveryState::Waiting, DeliveryState::Sending].map(|state| {
        let found = counts.iter().find(|(k, s, _)| (*k, *s) == (kind, state));
        Waiting { kind, state, count: found.map_or(0, |(_, _, count)| *count) }
    })
}

async fn count(services: &Services) -> Result<Counts, DbError> {
    db::read!(services.db, delivery_list::open_counts())
}
