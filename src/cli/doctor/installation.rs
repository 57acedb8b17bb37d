//! Whether this installation can work: one line a check.

use serde::Serialize;

use super::{CliError, checks};
use crate::{
    cli::output::print_line,
    config::{Settings, Values},
};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Ok,
    Warning,
    Failed,
}

/// What was looked at, what it is like, and what to do.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    pub name: &'static str,
    pub status: Status,
    pub what: String,
    pub mend: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, what: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, what: what.into(), mend: None }
    }

    pub(super) fn warning(
        name: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { status: Status::Warning, mend: Some(mend.into()), ..Self::ok(name, what) }
    }

    pub(super) fn failed(
        name: &'static str,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { status: Status::Failed, ..Self::warning(name, what, mend) }
    }
}

pub(super) async fn run(values: Result<Values, CliError>, json: bool) -> Result<(), CliError> {
    let checks = match settings(values) {
        Ok((values, settings)) => checks::all(&values, &settings).await,
        Err(complaint) => {
            vec![Check::failed("settings", complaint, "Mend it; docs/settings.md lists them all.")]
        }
    };
    if json {
        print_line(serde_json::to_string(&checks).map_err(|e| CliError::new(e.to_string()))?)?;
    } else {
        for Check { name, status, what, mend } in &checks {
            let word = match status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Failed => "failed ",
            };
            let mend = mend.as_ref().map(|mend| format!(" {mend}")).unwrap_or_default();
            print_line(format!("{word}  {name:<17} {what}{mend}"))?;
        }
    }
    let failed = |check: &&Check| check.status == Status::Failed;
    let names: Vec<_> = checks.iter().filter(failed).map(|check| check.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(CliError::new(format!("the service cannot work as it is; failed: {}", names.join(", "))))
}

fn settings(values: Result<Values, CliError>) -> Result<(Values, Settings), String> {
    let values = values.map_err(|error| error.to_string())?;
    let settings = Settings::read(&values).map_err(|error| error.to_string())?;
    Ok((values, settings))
}
