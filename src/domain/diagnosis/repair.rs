//! How the parameters are put together: separators that were not encoded, names that were misspelt,
//! what was sent twice. Gives the pairs as they were probably meant.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::{
    finding::{Finding, Subject::Query, quoted},
    link::{Link, Pair, pairs},
};
use crate::domain::{authorize_request::REQUIRED, parameters::Value, text::distance};

/// The parameters as they were probably meant.
pub struct Repaired {
    pub findings: Vec<Finding>,
    /// Each name once; `None` where the value is no text.
    pub values: Vec<(String, Option<String>)>,
    pub changed: bool,
}

/// Reads a link's query as it was probably meant.
pub fn repair(link: &Link) -> Repaired {
    let mut findings = Vec::new();
    let mut query = link.query.clone();
    whole(&mut query, &mut findings);
    fragment(&mut query, link.fragment.as_deref(), &mut findings);
    let mut list = pairs(&query);
    html_escapes(&mut list, &mut findings);
    question_marks(&mut list, &mut findings);
    ampersands(&mut list, &mut findings);
    names(&mut list, &mut findings);
    let values = last_ones(&list, &mut findings);
    Repaired { changed: !findings.is_empty(), findings, values }
}

fn is_known(name: &str) -> bool {
    REQUIRED.contains(&name) || matches!(name, "state" | "events_url")
}

/// Whether the parameter is one of the app's addresses, which may hold `?`, `&` and `#`.
fn is_app_url(name: &str) -> bool {
    matches!(name, "return_url" | "callback_url" | "events_url")
}

fn counts(list: &[Pair]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for pair in list {
        *counts.entry(pair.name.clone()).or_default() += 1;
    }
    counts
}

/// The whole query encoded as if it were one value.
fn whole(query: &mut String, findings: &mut Vec<Finding>) {
    let names = |query: &str| pairs(query).iter().filter(|pair| is_known(&pair.name)).count();
    if query.contains('=') || !query.to_lowercase().contains("%3d") {
        return;
    }
    let Ok(decoded) = percent_decode_str(query).decode_utf8() else { return };
    if names(&decoded) > names(query) {
        findings.push(Finding::hint(
            "query_encoded",
            Query,
            "All parameters are encoded as one: their = and & are %3D and %26.",
            "Encode each value by itself, then join them with = and &.",
        ));
        *query = decoded.into_owned();
    }
}

/// What stands behind `#` belongs to the query if parameters stand there, or to the return URL.
fn fragment(query: &mut String, fragment: Option<&str>, findings: &mut Vec<Finding>) {
    let Some(fragment) = fragment else { return };
    let list = pairs(query);
    let lost = pairs(&format!("x={fragment}")).into_iter().skip(1).any(|pair| is_known(&pair.name));
    let in_url = list.last().is_some_and(|pair| is_app_url(&pair.name));
    findings.push(Finding::hint(
        "fragment",
        Query,
        format!("Browsers never send what stands behind #: {}.", quoted(&format!("#{fragment}"))),
        "Write # as %23 where it belongs to a value; else leave it out.",
    ));
    if lost || in_url {
        query.push('#');
        query.push_str(fragment);
    }
}

/// `&amp;` out of an HTML page.
fn html_escapes(list: &mut [Pair], findings: &mut Vec<Finding>) {
    let mut found = false;
    for pair in list.iter_mut() {
        let meant = pair.raw.strip_prefix("amp;").and_then(|raw| pairs(raw).into_iter().next());
        if let Some(meant) = meant {
            *pair = meant;
            found = true;
        }
    }
    if found {
        findings.push(Finding::hint(
            "html_escaped",
            Query,
            "The link holds &amp;, which is HTML for &; the names behind it begin with “amp;”.",
            "Write & in the link itself, and &amp; only inside of HTML.",
        ));
    }
}

/// A second `?` where `&` was meant.
fn question_marks(list: &mut Vec<Pair>, findings: &mut Vec<Finding>) {
    let counts = counts(list);
    let swallowed = |pair: &Pair| {
        REQUIRED
            .into_iter()
            .filter(|name| !counts.contains_key(*name))
            .find_map(|name| pair.raw.find(&format!("?{name}=")).map(|at| (name, at)))
    };
    let found = list.iter().enumerate().find_map(|(i, pair)| Some((i, swallowed(pair)?)));
    let Some((index, (name, at))) = found else { return };
    findings.push(Finding::hint(
        "question_mark",
        Query,
        format!("A ? stands before {name}, so it is part of the value before it."),
        "Only the first parameter begins with ?; join the others with &.",
    ));
    let raw = list[index].raw.clone();
    let parts = [&raw[..at], &raw[at + 1..]];
    let parts = parts.into_iter().flat_map(pairs);
    list.splice(index..=index, parts.collect::<Vec<_>>());
}

/// Parameters of a return or callback URL whose `&` was not encoded.
fn ampersands(list: &mut Vec<Pair>, findings: &mut Vec<Finding>) {
    let mut left = counts(list);
    let missing: Vec<_> = REQUIRED.into_iter().filter(|name| !left.contains_key(*name)).collect();
    let mut kept: Vec<Pair> = Vec::new();
    let mut torn = Vec::new();
    let mut open = false;
    for pair in list.drain(..) {
        let spare = left.get(&pair.name).is_some_and(|count| *count > 1);
        let belongs =
            if is_known(&pair.name) { spare } else { meant(&pair.name, &missing).is_none() };
        match kept.last_mut() {
            Some(url) if open && belongs => {
                left.entry(pair.name.clone()).and_modify(|count| *count -= 1);
                torn.push((url.name.clone(), pair.raw.clone()));
                if let Value::Text(text) = &mut url.value {
                    text.push('&');
                    text.push_str(&pair.raw);
                }
            }
            _ => {
                open = is_app_url(&pair.name)
                    && matches!(&pair.value, Value::Text(text) if text.contains('?'));
                kept.push(pair);
            }
        }
    }
    *list = kept;
    let Some((name, _)) = torn.first() else { return };
    let parts: Vec<_> = torn.iter().take(5).map(|(_, raw)| format!("&{raw}")).collect();
    findings.push(Finding::hint(
        "ampersand",
        Query,
        format!(
            "{} probably belongs to {name}, but the store takes it for parameters of the link.",
            quoted(&parts.concat())
        ),
        format!("Encode the whole {name}, so that its & becomes %26."),
    ));
}

/// The missing parameter that an unknown name is a misspelling of.
fn meant<'a>(name: &str, missing: &[&'a str]) -> Option<&'a str> {
    let bare = |name: &str| name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    if name.len() > 30 {
        return None;
    }
    let name = bare(name);
    missing.iter().copied().find(|known| {
        let known = bare(known);
        distance(&known, &name) <= if known.len() > 5 { 2 } else { 1 }
    })
}

/// Misspelt names, and names nobody knows.
fn names(list: &mut [Pair], findings: &mut Vec<Finding>) {
    let counts = counts(list);
    let mut missing: Vec<_> =
        REQUIRED.into_iter().filter(|name| !counts.contains_key(*name)).collect();
    let mut unknown = Vec::new();
    for pair in list.iter_mut().filter(|pair| !is_known(&pair.name)) {
        let Some(name) = meant(&pair.name, &missing) else {
            unknown.push(quoted(&pair.name));
            continue;
        };
        missing.retain(|other| *other != name);
        findings.push(Finding::hint(
            "misspelt",
            Query,
            format!("{} is no parameter of the store.", quoted(&pair.name)),
            format!("Did you mean {name}?"),
        ));
        name.clone_into(&mut pair.name);
    }
    if !unknown.is_empty() {
        unknown.truncate(5);
        findings.push(Finding::hint(
            "unknown",
            Query,
            format!("The store ignores what it does not know: {}.", unknown.join(", ")),
            "Leave it out, or encode the & before it if it belongs to the value before.",
        ));
    }
}

/// Each name once, with its last value, as the store reads it.
fn last_ones(list: &[Pair], findings: &mut Vec<Finding>) -> Vec<(String, Option<String>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut values: Vec<(String, Option<String>)> = Vec::new();
    let mut twice = Vec::new();
    for pair in list {
        if let Some(at) = places.get(pair.name.as_str()) {
            twice.push(pair.name.as_str());
            values[*at].1 = pair.text();
        } else {
            places.insert(&pair.name, values.len());
            values.push((pair.name.clone(), pair.text()));
        }
    }
    twice.sort_unstable();
    twice.dedup();
    if !twice.is_empty() {
        let names: Vec<_> = twice.iter().take(5).map(|name| quoted(name)).collect();
        findings.push(Finding::hint(
            "twice",
            Query,
            format!("Sent more than once: {}. The last one counts.", names.join(", ")),
            "Send each parameter once.",
        ));
    }
    values
}
