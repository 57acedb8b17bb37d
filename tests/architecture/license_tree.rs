//! Licenses are one tree of modules beside keys and tokens: nothing of those names licenses, and licenses use of
//! them only what any credential needs.

use super::{
    each, report,
    source_text::{children, code, tokens, without_tests},
};

/// Files beside the tree that may name it: where all parts meet, are listed, or are built.
const MEETING_PLACES: [&str; 27] = [
    "src/cli/mod.rs",
    "src/cli/startup.rs",
    "src/config/mod.rs",
    "src/config/values.rs",
    "src/db/mod.rs",
    "src/db/postgres.rs",
    "src/db/schema.rs",
    "src/db/sqlite.rs",
    "src/domain/audit.rs",
    "src/domain/mod.rs",
    "src/service/mod.rs",
    "src/service/views/mod.rs",
    "src/telemetry/metrics.rs",
    "src/telemetry/mod.rs",
    "src/web/api/described.rs",
    "src/web/api/description.rs",
    "src/web/api/mod.rs",
    "src/web/api/problem.rs",
    "src/web/mod.rs",
    "src/web/pages/admin/audit.rs",
    "src/web/pages/admin/audit_words.rs",
    "src/web/pages/admin/flash.rs",
    "src/web/pages/admin/frame.rs",
    "src/web/pages/admin/mod.rs",
    "src/web/errors.rs",
    "src/web/routes.rs",
    "src/worker/upkeep.rs",
];

/// What is keys' and tokens' own, by the module it stands in.
const NOT_FOR_LICENSES: [(&str, &[&str]); 4] = [
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
    let code = without_tests(code(text));
    let lines =
        code.lines().enumerate().filter(|(_, line)| line.to_lowercase().contains("license"));
    lines
        .map(|(number, _)| {
            format!(
                "{path}:{}: only licenses’ own tree may name them, and where all meet",
                number + 1
            )
        })
        .collect()
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

#[test]
fn every_meeting_place_is_there() {
    let seen = each("src", "rs", |path, _| vec![path.to_owned()]);
    let missing: Vec<_> =
        MEETING_PLACES.iter().filter(|place| !seen.contains(&(**place).to_owned())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
