//! An authorize link: what the domain says about it, and what can be known of its callback from here.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time::timeout;
use url::Url;

use super::CliError;
use crate::{
    cli::{output::print_line, startup},
    config::{Settings, Values},
    domain::{
        callback_url::CallbackUrl,
        diagnosis::{self, Diagnosis, Finding, Severity, Subject, Understood, plain},
        failure::{Failure, Phase},
        text::visible,
        timeline::{Timeline, duration_in_words},
    },
    outbound::{CallbackClient, SystemLookup},
};

/// How long the callback's name is looked up.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest value that is shown, in characters.
const LONGEST: usize = 300;

/// The longest sentence about a finding, in characters; none of ours is near it.
const LONGEST_SENTENCE: usize = 1000;

/// A link's diagnosis with the timeline of the probe, if one was made.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    diagnosis: Diagnosis,
    probe: Option<Timeline>,
}

pub(super) async fn run(
    values: &Values,
    text: &str,
    probe: bool,
    json: bool,
) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let store = Url::parse(settings.public_url.as_str()).ok();
    let store = store.filter(|_| values.is_set("public_url"));
    let mut report = Report { diagnosis: diagnosis::diagnose(text, store.as_ref()), probe: None };
    let mended = report.diagnosis.mended.as_deref().and_then(diagnosis::callback);
    if let Some(callback) = diagnosis::callback(text).or(mended) {
        let client = startup::callbacks(&settings, &(Arc::new(SystemLookup::new(1)) as _))?;
        let failure = if probe {
            let attempted = client.probe(&callback.target()).await;
            report.probe = Some(attempted.timeline);
            attempted.failure
        } else {
            vet(&client, &callback).await
        };
        let finding = failure.map(|failure| finding(&failure, &callback, probe));
        report.diagnosis.findings.extend(finding);
        report.diagnosis.findings.sort_by_key(|finding| finding.severity);
    }
    if json {
        let json = serde_json::to_string(&report).map_err(|e| CliError::new(e.to_string()))?;
        print_line(ascii_controls(&json))?;
    } else {
        print_line(for_people(&report))?;
    }
    verdict(report.diagnosis.errors())
}

fn verdict(errors: usize) -> Result<(), CliError> {
    match errors {
        0 => Ok(()),
        1 => Err(CliError::new("the link has 1 error; mend it as said above")),
        many => Err(CliError::new(format!("the link has {many} errors; mend them as said above"))),
    }
}

/// Where the callback leads, as far as this machine can tell.
async fn vet(client: &CallbackClient, callback: &CallbackUrl) -> Option<Failure> {
    match timeout(PATIENCE, client.vet(&callback.target())).await {
        Ok(vetted) => vetted.err(),
        Err(_) => Some(Failure::Timeout(Phase::Name)),
    }
}

/// A store that is somewhere else may find the name where this machine does not.
fn finding(failure: &Failure, callback: &CallbackUrl, probed: bool) -> Finding {
    let about = Subject::Parameter("callback_url");
    let what = plain(&failure.what_happened(&callback.host()), 400);
    let refused = matches!(failure, Failure::NameRefused | Failure::AddressRefused(_));
    let severity = if refused || probed { Severity::Error } else { Severity::Hint };
    Finding { code: failure.code(), severity, about, what, mend: failure.advice().to_owned() }
}

/// The same JSON with what a terminal would obey written as `\u009b`; it can only stand in texts.
fn ascii_controls(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && !c.is_control() || !visible(c.encode_utf8(&mut [0; 4])).is_empty() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Every text of the report goes through `plain`, whoever made it: a stranger's words may be in it.
fn for_people(report: &Report) -> String {
    let mut text = String::new();
    let Diagnosis { findings, understood, mended } = &report.diagnosis;
    for Finding { severity, what, mend, code, .. } in findings {
        let word = if *severity == Severity::Error { "error" } else { "hint " };
        let (what, mend) = (plain(what, LONGEST_SENTENCE), plain(mend, LONGEST_SENTENCE));
        let _ = writeln!(text, "{word}  {what}\n       {mend} [{code}]");
    }
    if findings.is_empty() {
        text.push_str("ok     The store takes this link.\n");
    }
    text.push_str("\nThe store reads:\n");
    for Understood { name, value, accepted } in understood {
        let value = value.as_deref().map_or("(no text)".to_owned(), |value| plain(value, LONGEST));
        let refused = if *accepted { "" } else { "  (refused)" };
        let _ = writeln!(text, "  {name:<13} {value}{refused}");
    }
    if let Some(timeline) = &report.probe {
        text.push_str("\nThe connection to the callback, without sending anything:\n");
        for step in &timeline.steps {
            let took = duration_in_words(step.took_ms);
            let _ = writeln!(text, "  {:<13} {}", took, plain(&step.event.in_words(), LONGEST));
        }
        let _ = writeln!(text, "  {:<13} in all", duration_in_words(timeline.took_ms));
    }
    if let Some(mended) = mended {
        let _ = writeln!(text, "\nMended:\n  {}", plain(mended, usize::MAX));
    }
    text.truncate(text.trim_end().len());
    text
}
