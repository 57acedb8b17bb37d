//! Fails when the source leaves the shape the project agreed on: who may use whom, what may not be
//! written, how long a file may be. `docs/architecture.md` gives the reasons.
//!
//! Reads text only, and does not link the crate: it is ready at once. `planted` shows that each rule
//! can fail.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests panic")]

#[path = "architecture/license_tree.rs"]
mod license_tree;
#[path = "architecture/planted.rs"]
mod planted;
#[path = "architecture/source_text.rs"]
mod source_text;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use source_text::{Token, children, code, tokens, without_tests};

/// Each layer and the other layers it may name; `fault` may be named anywhere.
const LAYERS: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("telemetry", &["domain"]),
    ("config", &["domain"]),
    ("db", &["domain"]),
    ("outbound", &["domain"]),
    ("receiver", &["domain", "outbound"]),
    ("service", &["domain", "telemetry", "db", "outbound"]),
    ("worker", &["service"]),
    ("web", &["service", "domain", "telemetry", "config"]),
    (
        "cli",
        &[
            "domain",
            "telemetry",
            "config",
            "db",
            "outbound",
            "receiver",
            "service",
            "worker",
            "web",
        ],
    ),
];

/// Crates that one layer alone may name.
const ONLY_PLACES: [(&str, &str); 18] = [
    ("opentelemetry", "telemetry"),
    ("opentelemetry_otlp", "telemetry"),
    ("opentelemetry_sdk", "telemetry"),
    ("tracing_opentelemetry", "telemetry"),
    ("prometheus_client", "telemetry"),
    ("diesel", "db"),
    ("diesel_async", "db"),
    ("diesel_migrations", "db"),
    ("deadpool", "db"),
    ("libsqlite3_sys", "db"),
    ("reqwest", "outbound"),
    ("actix_multipart", "web"),
    ("actix_web", "web"),
    ("askama", "web"),
    ("http_body_util", "receiver"),
    ("hyper", "receiver"),
    ("hyper_util", "receiver"),
    ("rcgen", "receiver"),
];

/// What the rules in `domain` may not know, and where it belongs.
const NOT_IN_DOMAIN: [(&str, &str); 5] = [
    ("tokio", "waiting and tasks belong in service, worker and cli"),
    ("tracing", "logging belongs at the edge: web, worker and cli"),
    ("std::env", "only cli reads the environment"),
    ("SystemTime", "time is a parameter: take a domain::timestamp::Timestamp"),
    ("Instant", "time is a parameter: take a domain::timestamp::Timestamp"),
];

/// What no file under `src/` may hold outside of its tests.
const NOT_IN_SOURCE: [(&str, &str); 4] = [
    (".unwrap()", "give an error, or `expect` with the invariant as its text"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("dbg!", "log with tracing"),
];

const LONGEST_SOURCE: usize = 500;
const LONGEST_TEST: usize = 600;

/// Types that hold a plain secret, its hash, its sealed form, or a password somewhere in them.
const SECRET: [&str; 43] = [
    "ApiQuery",
    "ApiToken",
    "Approval",
    "Asked",
    "Authority",
    "BroughtLicense",
    "Claimed",
    "ConsumerKey",
    "ConsumerSecret",
    "Credential",
    "ExportedKey",
    "ImportedKey",
    "Handed",
    "Journal",
    "KeyRecord",
    "Keyring",
    "LicenseKey",
    "LiveKey",
    "MadeKey",
    "MadeLicense",
    "MadeToken",
    "MasterKey",
    "Members",
    "Message",
    "NewKey",
    "NewLicense",
    "NewPair",
    "NewPassword",
    "NewUser",
    "NewUserRequest",
    "NotedBody",
    "Parameters",
    "PasswordChange",
    "Presented",
    "ProcessKey",
    "Room",
    "Sealed",
    "SessionId",
    "Settings",
    "ShownAnswer",
    "StoredRow",
    "ToRemember",
    "UserWithPassword",
];

#[test]
fn source_keeps_to_its_layers() {
    report(each("src", "rs", violations));
}

#[test]
fn files_are_short_and_source_says_what_it_is() {
    report(each("src", "rs", |path, text| too_long(path, text, LONGEST_SOURCE)));
    report(each("tests", "rs", |path, text| too_long(path, text, LONGEST_TEST)));
    report(each("src", "rs", no_header));
}

#[test]
fn queries_are_bounded() {
    report(each("src/db/queries", "rs", unbounded_queries));
}

#[test]
fn pages_hold_no_code() {
    report(each("templates", "html", inline_code));
}

#[test]
fn what_holds_secrets_has_no_debug() {
    report(each("src", "rs", printable_secrets));
    let seen: BTreeSet<_> = each("src", "rs", declared_secrets).into_iter().collect();
    assert_eq!(seen.len(), SECRET.len(), "of {SECRET:?} only {seen:?} are there");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let [sqlite, postgres] = ["sqlite", "postgres"].map(migrations);
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres, "migrations/sqlite and migrations/postgres differ");
}

/// Programs of the release before run on while the schema is brought up; see `migrations/README.md`.
#[test]
fn migrations_that_take_away_say_who_cannot_work_on() {
    report(each("migrations/postgres", "sql", silent_contractions));
}

/// What takes away from older programs without saying so; what came before the rule is let be.
fn silent_contractions(path: &str, text: &str) -> Vec<String> {
    const TAKING: [&str; 5] =
        ["DROP TABLE", "DROP COLUMN", "RENAME ", "SET NOT NULL", "ALTER COLUMN"];
    if !path.ends_with("/up.sql")
        || path < "migrations/postgres/2026-11-25-000007"
        || text.contains("'oldest_schema'")
    {
        return Vec::new();
    }
    let upper = text.to_uppercase();
    let taking = TAKING.iter().filter(|word| upper.contains(*word));
    taking
        .map(|word| format!("{path}: {word} without `oldest_schema`: see migrations/README.md"))
        .collect()
}

/// Everything in one source file that does not belong there.
fn violations(path: &str, text: &str) -> Vec<String> {
    let code = without_tests(code(text));
    let tokens = tokens(&code);
    let mut found = layer_violations(path, &tokens);
    for (number, line) in code.lines().enumerate() {
        for (word, instead) in NOT_IN_SOURCE {
            if line.contains(word) {
                found.push(format!("{path}:{}: `{word}` is forbidden: {instead}", number + 1));
            }
        }
    }
    found
}

fn layer_violations(path: &str, tokens: &[Token]) -> Vec<String> {
    let layer = path.split('/').nth(1).unwrap_or_default();
    let allowed = LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, others)| *others);
    let mut found = Vec::new();
    for (line, other) in layers_named(path, tokens) {
        let known = LAYERS.iter().any(|(name, _)| *name == other);
        let allowed = allowed.is_none_or(|others| others.contains(&other));
        if known && other != layer && !allowed {
            let who = LAYERS.iter().filter(|(_, others)| others.contains(&other));
            let who: Vec<_> = who.map(|(name, _)| *name).collect();
            found.push(format!(
                "{path}:{line}: `crate::{other}` is forbidden in {layer}: only {} may use it",
                who.join(", ")
            ));
        }
    }
    for (line, name) in crates_named(tokens) {
        if let Some((_, place)) =
            ONLY_PLACES.iter().find(|(only, place)| *only == name && *place != layer)
        {
            found.push(format!("{path}:{line}: `{name}` is forbidden here: it belongs in {place}"));
        }
    }
    if layer == "domain" {
        found.extend(impurities(path, tokens));
    }
    found
}

fn impurities(path: &str, tokens: &[Token]) -> Vec<String> {
    let crates = crates_named(tokens);
    let std = tokens.iter().enumerate().filter(|(_, token)| token.text == "std");
    let std = std.flat_map(|(at, _)| children(tokens, at + 1));
    let std = std.map(|token| (token.line, format!("std::{}", token.text)));
    let words = tokens.iter().map(|token| (token.line, token.text.to_owned()));
    let named: BTreeSet<_> = crates
        .into_iter()
        .map(|(line, name)| (line, name.to_owned()))
        .chain(std)
        .chain(words.filter(|(_, word)| matches!(word.as_str(), "SystemTime" | "Instant")))
        .collect();
    let mut found = Vec::new();
    for (line, name) in named {
        if let Some((_, why)) = NOT_IN_DOMAIN.iter().find(|(forbidden, _)| *forbidden == name) {
            found.push(format!("{path}:{line}: `{name}` is forbidden in domain: {why}"));
        }
    }
    found
}

/// Functions that load rows and say neither how many at most nor which by their keys.
fn unbounded_queries(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<_> = text.lines().collect();
    let begins: Vec<_> = (0..lines.len()).filter(|at| lines[*at].contains("fn ")).collect();
    for (number, begin) in begins.iter().enumerate() {
        let end = begins.get(number + 1).copied().unwrap_or(lines.len());
        let function = lines[*begin..end].join("\n");
        let loads =
            [".load(", ".load::<", ".get_results("].iter().any(|word| function.contains(word));
        let bounded = [".limit(", ".eq_any("].iter().any(|word| function.contains(word));
        if loads && !bounded {
            let complaint = "a query for any number of rows: say `.limit(…)`";
            found.push(format!("{path}:{}: {complaint}", begin + 1));
        }
    }
    found
}

/// The modules of the crate's root that a file names, by `crate::` or by enough `super::`.
fn layers_named<'a>(path: &str, tokens: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    let folders = path.split('/').count() - 1;
    let depth = if path.ends_with("/mod.rs") { folders - 1 } else { folders };
    let mut found = Vec::new();
    let mut supers = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "super" => supers += 1,
            "::" => continue,
            _ => supers = 0,
        }
        if token.text == "crate" || (supers > 0 && supers == depth) {
            found
                .extend(children(tokens, at + 1).into_iter().map(|child| (child.line, child.text)));
        }
    }
    found
}

/// The names at the beginning of paths.
fn crates_named<'a>(tokens: &[Token<'a>]) -> Vec<(usize, &'a str)> {
    let begins = |at: usize| at == 0 || !matches!(tokens[at - 1].text, "::" | ".");
    let leads = |at: usize| {
        tokens.get(at + 1).is_some_and(|next| next.text == "::")
            || (at > 0 && tokens[at - 1].text == "use")
    };
    let named = (0..tokens.len()).filter(|at| begins(*at) && leads(*at));
    named.map(|at| (tokens[at].line, tokens[at].text)).collect()
}

/// Derived printing of what must not be printed; a `Debug` written by hand that hides it is welcome.
fn printable_secrets(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in SECRET {
        let Some(line) = declaration(text, name) else { continue };
        let before: Vec<_> = text.lines().take(line).collect();
        let attributes = before.iter().rev().take_while(|line| line.starts_with(['#', '/']));
        for derived in attributes.filter(|line| line.starts_with("#[derive(")) {
            for printing in
                ["Debug", "Display", "Serialize"].iter().filter(|p| derived.contains(**p))
            {
                found.push(format!(
                    "{path}:{line}: `{name}` derives {printing}; write one that hides"
                ));
            }
        }
    }
    found
}

/// Those of the types that this file declares.
fn declared_secrets(_: &str, text: &str) -> Vec<String> {
    let declared = SECRET.into_iter().filter(|name| declaration(text, name).is_some());
    declared.map(str::to_owned).collect()
}

/// How many lines stand before the struct of that name.
fn declaration(text: &str, name: &str) -> Option<usize> {
    let is_it = |line: &str| {
        let rest = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    text.lines().position(is_it)
}

fn no_header(path: &str, text: &str) -> Vec<String> {
    let complaint = "begin with `//!`: what this file is, why so, what it must never do";
    let missing = !text.starts_with("//!");
    missing.then(|| format!("{path}:1: {complaint}")).into_iter().collect()
}

fn too_long(path: &str, text: &str, longest: usize) -> Vec<String> {
    let lines = text.lines().count();
    let complaint = format!("{path}:{lines}: more than {longest} lines: split it by subject");
    (lines > longest).then_some(complaint).into_iter().collect()
}

fn inline_code(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.to_lowercase();
        let mut forbid = |what: &str, place: &str| {
            found
                .push(format!("{path}:{}: {what} is forbidden: it belongs in {place}", number + 1));
        };
        if line.contains("<script") {
            forbid("`<script`", "no page; pages work without scripts");
        }
        for attribute in line.split_whitespace().filter_map(|word| Some(word.split_once('=')?.0)) {
            let handler = attribute.strip_prefix("on").is_some_and(|event| {
                !event.is_empty() && event.chars().all(|c| c.is_ascii_lowercase())
            });
            match attribute {
                "style" => forbid("`style=`", "static/, as a class"),
                _ if handler => {
                    forbid(&format!("`{attribute}=`"), "no page; pages work without scripts");
                }
                _ => {}
            }
        }
    }
    found
}

/// The migrations' names; each has its two files.
fn migrations(side: &str) -> BTreeSet<String> {
    let folder = root().join("migrations").join(side);
    let folders = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let names = folders.map(|migration| {
        for file in ["up.sql", "down.sql"] {
            assert!(migration.join(file).is_file(), "{} has no {file}", migration.display());
        }
        migration.file_name().unwrap().to_str().unwrap().to_owned()
    });
    names.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a check on each file of that kind.
fn each(folder: &str, extension: &str, check: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let mut files = files(&root().join(folder));
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    assert!(!files.is_empty(), "{folder} holds no .{extension} file");
    files.sort();
    let checked = files.iter().flat_map(|file| {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
        check(path, &fs::read_to_string(file).unwrap())
    });
    checked.collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.collect()
}

fn report(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}
