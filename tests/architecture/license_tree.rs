//! Licenses are one tree of modules beside keys and tokens: nothing of those names licenses, and licenses use of
//! them only what any credential needs.

use super::{
    each, report,
    source_text::{children, code, tokens, without_tests},
};

/// Files beside the tree that may name it: where all parts meet, are listed, or are built.
const MEETING_PLACES: [&str; 22] = [
    "src/cli/mod.rs",
    "src/cli/startup.rs",
    "src/config/mod.rs",
    "src/db/mod.rs",
    "src/db/postgres.rs",
    "src/db/schema.rs",
    "src/db/sqlite.rs",
    "src/domain/audit.rs",
    "src/domain/mod.rs",
    "src/service/mod.rs",
    "src/telemetry/metrics.rs",
    "src/telemetry/mod.rs",
    "src/web/api/described.rs",
    "src/web/api/description.rs",
    "src/web/api/mod.rs",
    "src/web/mod.rs",
    "src/web/pages/admin/audit_words.rs",
    "src/web/pages/admin/frame.rs",
    "src/web/pages/admin/home.rs",
    "src/web/pages/admin/mod.rs",
    "src/web/routes.rs",
    "src/worker/upkeep.rs",
];

/// What is keys' and tokens' own, by the module it stands in.
const NOT_FOR_LICENSES: [(&str, &[&str]); 5] = [
    ("service", &["access_tokens", "keys", "oauth2", "tokens", "verify"]),
    (
        "domain",
        &[
            "access",
            "credential",
            "key",
            "key_list",
            "key_rules",
            "key_view",
            "pair",
            "permissions",
            "presented",
            "scope",
        ],
    ),
    (
        "admin",
        &[
            "key",
            "key_access",
            "key_edit",
            "key_form",
            "key_link",
            "key_list",
            "key_row",
            "key_rules",
        ],
    ),
    ("schema", &["access_tokens", "key_rules", "key_terms", "keys", "refresh_tokens"]),
    ("super", &["access_tokens", "key_edits", "key_rules", "keys", "refresh_tokens"]),
];

#[test]
fn nothing_of_keys_and_tokens_knows_of_licenses() {
    report(each("src", "rs", names_licenses));
}

#[test]
fn licenses_use_of_keys_and_tokens_what_any_credential_needs() {
    report(each("src", "rs", uses_keys));
}

/// Whether a file is of the tree: by its folder, or by its name where there is one file of a kind.
fn is_of_tree(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with("license"))
}

fn names_licenses(path: &str, text: &str) -> Vec<String> {
    if is_of_tree(path) || MEETING_PLACES.contains(&path) {
        return Vec::new();
    }
    let complaint = "only licenses’ own tree may name them, and where all meet";
    lines_that_name(text).iter().map(|line| format!("{path}:{line}: {complaint}")).collect()
}

/// The numbers of the lines that name licenses.
fn lines_that_name(text: &str) -> Vec<usize> {
    let code = without_tests(code(text));
    let names = |line: &str| line.to_lowercase().contains("license");
    code.lines().enumerate().filter(|(_, line)| names(line)).map(|(at, _)| at + 1).collect()
}

fn uses_keys(path: &str, text: &str) -> Vec<String> {
    if !is_of_tree(path) {
        return Vec::new();
    }
    let code = without_tests(code(text));
    let tokens = tokens(&code);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some((_, theirs)) = NOT_FOR_LICENSES.iter().find(|(name, _)| *name == token.text)
        else {
            continue;
        };
        for child in children(&tokens, at + 1).iter().filter(|child| theirs.contains(&child.text)) {
            found.push(format!(
                "{path}:{}: `{}::{}` is keys’ and tokens’ own: licenses stand beside them",
                child.line, token.text, child.text
            ));
        }
    }
    found
}

#[test]
fn both_rules_can_fail() {
    let text = "//! Licenses.\nuse crate::service::licenses;\n";
    assert_eq!(names_licenses("src/service/verify/mod.rs", text).len(), 1);
    assert_eq!(names_licenses("src/service/licenses/mod.rs", text).len(), 0);
    assert_eq!(names_licenses("src/service/mod.rs", text).len(), 0);
    let text = "use crate::{domain::{access_token, key_rules}, service::{verify, keys::x}};\n";
    assert_eq!(uses_keys("src/web/licenses/mod.rs", text).len(), 3);
    assert_eq!(uses_keys("src/db/queries/licenses/list.rs", "use super::{Conn, keys};").len(), 1);
    assert_eq!(uses_keys("src/service/x.rs", text).len(), 0);
}

/// The list of places is as short as it can be.
#[test]
fn every_meeting_place_names_licenses() {
    let named = each("src", "rs", |path, text| {
        let is_one = MEETING_PLACES.contains(&path) && !lines_that_name(text).is_empty();
        is_one.then(|| path.to_owned()).into_iter().collect()
    });
    let is_idle = |place: &&&str| !named.iter().any(|name| name == **place);
    let idle: Vec<_> = MEETING_PLACES.iter().filter(is_idle).collect();
    assert!(idle.is_empty(), "{idle:?}");
}
