//! Deliveries and their attempts in JSON.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{instant, words};
use crate::{
    domain::{failure::Failure, timeline::Step},
    service::{deliveries::DeliveryView, delivery_watch::Attempt},
};

/// The hand-over of something to an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryJson {
    /// Its id, which apps see as `webhook-id`.
    pub id: String,
    /// What is delivered.
    #[schema(value_type = words::DeliveryKind)]
    pub kind: &'static str,
    /// The event's type, such as `key.revoked`; null if `kind` is another.
    #[schema(required)]
    pub event: Option<String>,
    /// The key it is about.
    pub key_id: i64,
    /// The grant it is about.
    pub grant_id: String,
    /// What the app calls itself.
    pub app_name: String,
    /// Where it goes.
    #[schema(example = "app.example")]
    pub host: String,
    /// Where it is.
    #[schema(value_type = words::DeliveryState)]
    pub state: &'static str,
    /// Failed attempts so far.
    pub failures: i64,
    /// When it began.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the next attempt is due; null when it is over.
    #[schema(required, format = DateTime)]
    pub due_at: Option<String>,
    /// When it ended; null while it is under way.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
}

/// A delivery with its attempts.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeliveryDetail)]
pub struct DeliveryDetailJson {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryJson,
    /// What was tried, oldest first.
    pub attempts: Vec<AttemptJson>,
}

/// One attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub struct AttemptJson {
    /// 1, 2, …
    pub number: i64,
    /// When it began.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// When it ended; null while it runs, or if the service was stopped in it.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// How it failed; null if it did not.
    #[schema(required)]
    pub failure: Option<FailureJson>,
    /// What was done, in its order; null while it runs.
    #[schema(required)]
    pub steps: Option<Vec<StepJson>>,
}

/// How an attempt failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub struct FailureJson {
    /// A stable word.
    #[schema(example = "timeout")]
    pub code: &'static str,
    /// Technical text; may be empty.
    pub detail: String,
}

/// One step of an attempt: its `event`, `took_ms`, and members that depend on the event.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step, value_type = Object)]
#[serde(transparent)]
pub struct StepJson(pub Value);

impl From<DeliveryView> for DeliveryJson {
    fn from(delivery: DeliveryView) -> Self {
        Self {
            id: delivery.id,
            kind: delivery.kind.as_str(),
            event: delivery.event,
            key_id: delivery.key_id,
            grant_id: delivery.grant_id,
            app_name: delivery.app_name,
            host: delivery.host,
            state: delivery.state.as_str(),
            failures: delivery.failures,
            created_at: delivery.created_at.to_string(),
            due_at: instant(delivery.due_at),
            ended_at: instant(delivery.ended_at),
        }
    }
}

impl From<(DeliveryView, Vec<Attempt>)> for DeliveryDetailJson {
    fn from((delivery, attempts): (DeliveryView, Vec<Attempt>)) -> Self {
        let attempts = attempts.into_iter().map(AttemptJson::from).collect();
        Self { delivery: delivery.into(), attempts }
    }
}

impl From<Attempt> for AttemptJson {
    fn from(attempt: Attempt) -> Self {
        let steps = attempt.timeline.map(|timeline| timeline.steps);
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            ended_at: instant(attempt.ended_at),
            failure: attempt.failure.as_ref().map(FailureJson::from),
            steps: steps.map(|steps| steps.iter().map(StepJson::from).collect()),
        }
    }
}

impl From<&Failure> for FailureJson {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code(), detail: failure.detail() }
    }
}

impl From<&Step> for StepJson {
    fn from(step: &Step) -> Self {
        let mut value = serde_json::to_value(step).unwrap_or_default();
        // Stored as a number; told as everything else here.
        if let Some(ends) = value.get_mut("ends")
            && let crate::domain::timeline::Event::Certificate { ends: at, .. } = &step.event
        {
            *ends = at.to_string().into();
        }
        Self(value)
    }
}
