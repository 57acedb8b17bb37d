//! What the service tells those who run it: numbers, traces, and the form of its log lines.
//!
//! A layer at the bottom, like `domain`: handles are made at the start and passed along, nothing is
//! global. The only place that knows prometheus-client and opentelemetry. Never in a number's label, a
//! trace or a name here: a key, a user, an address, a path or a query; so the number of series has a
//! bound, and whoever reads them learns nothing about anybody.

mod attempts;
mod key_changes;
mod licenses;
mod log_lines;
mod metrics;
mod process;
mod readings;
mod requests;
mod tokens;
pub mod traces;
mod verify;

pub use attempts::Attempts;
pub use key_changes::{Heard, Listener};
pub use licenses::{LicenseQuestion, LicenseVerdict, Licenses};
pub use log_lines::{Form, LogLines};
pub use metrics::{Metrics, TEXT_FORMAT};
pub use readings::{HasherReading, Pool, Readings, Waiting};
pub use requests::{Outcome, Requests, Route};
pub use tokens::Tokens;
pub use traces::Traces;
pub use verify::{Judged, Source, Verdicts};
