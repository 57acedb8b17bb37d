//! A delivery's timeline as pages show it: attempt by attempt in plain words for the manager, step by
//! step for the app's developer.

use crate::{
    domain::{
        delivery::{DeliveryState, Kind},
        failure::Failure,
        timeline::{Step, Timeline, duration_in_words},
        timestamp::Timestamp,
    },
    service::{
        deliveries::DeliveryView,
        delivery_watch::{Attempt, DeliveryStatus},
    },
};

/// Everything that was tried, and what comes next.
pub struct TimelineView {
    /// The attempts, oldest first.
    pub attempts: Vec<AttemptView>,
    /// When the next attempt begins by itself, if one does.
    pub next_at: Option<String>,
}

/// One attempt.
pub struct AttemptView {
    /// 1, 2, …
    pub number: i64,
    /// When it began.
    pub started_at: String,
    /// What happened, in one sentence.
    pub what_happened: String,
    /// What the app's people can do about it; empty if nothing need be done.
    pub advice: &'static str,
    /// The failure's word, by which developers find it in the documents.
    pub code: &'static str,
    /// What was done, in its order.
    pub steps: Vec<StepView>,
    /// Whether it is the last one, whose steps are shown at once.
    pub is_last: bool,
}

/// One step of an attempt.
pub struct StepView {
    /// What was done or failed.
    pub text: String,
    /// How long it took.
    pub took: String,
    /// Whether it is where something went wrong.
    pub is_wrong: bool,
}

impl TimelineView {
    /// The timeline of a delivery.
    pub fn of(status: &DeliveryStatus) -> Self {
        let host = status.target().host();
        let waits = status.state == DeliveryState::Waiting && status.failures > 0;
        Self {
            attempts: attempts(&status.attempts, (&host, took(status.kind)), status.state),
            next_at: waits.then(|| status.due_at.to_time()),
        }
    }

    /// The timeline of a delivery among others.
    pub fn listed(delivery: &DeliveryView, tried: &[Attempt]) -> Self {
        let waits = delivery.state == DeliveryState::Waiting && delivery.failures > 0;
        Self {
            attempts: attempts(tried, (&delivery.host, took(delivery.kind)), delivery.state),
            next_at: delivery.due_at.filter(|_| waits).map(Timestamp::to_time),
        }
    }
}

/// What an app did that took it.
const fn took(kind: Kind) -> &'static str {
    match kind {
        Kind::Keys | Kind::Rotation => "took the keys",
        Kind::Event => "took it",
    }
}

fn attempts(tried: &[Attempt], app: (&str, &str), state: DeliveryState) -> Vec<AttemptView> {
    let last = tried.last().map(|attempt| attempt.number);
    let view = |attempt: &Attempt| {
        let is_last = last == Some(attempt.number);
        let runs = is_last && state == DeliveryState::Sending;
        AttemptView { is_last, ..AttemptView::of(attempt, app, runs) }
    };
    tried.iter().map(view).collect()
}

impl AttemptView {
    fn of(attempt: &Attempt, (host, took): (&str, &str), runs: bool) -> Self {
        let failure = attempt.failure.as_ref();
        let what_happened = match failure {
            Some(failure) => failure.what_happened(host),
            None if attempt.ended_at.is_some() => format!("{host} {took}."),
            None if runs => format!("Waiting for {host}."),
            None => "Interrupted before an answer came.".to_owned(),
        };
        let mut steps = attempt.timeline.as_ref().map(steps).unwrap_or_default();
        if let (Some(failure), Some(timeline)) = (failure, &attempt.timeline) {
            steps.extend(failure.last_step().map(|text| StepView {
                text,
                took: duration_in_words(timeline.unfinished_ms()),
                is_wrong: true,
            }));
        }
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_time(),
            what_happened,
            advice: failure.map_or("", Failure::advice),
            code: failure.map_or("", Failure::code),
            steps,
            is_last: false,
        }
    }
}

fn steps(timeline: &Timeline) -> Vec<StepView> {
    let view = |step: &Step| StepView {
        text: step.event.in_words(),
        took: duration_in_words(step.took_ms),
        is_wrong: step.event.is_setback(),
    };
    timeline.steps.iter().map(view).collect()
}
