//! Each rule of the architecture fails on a text planted to break it, and only on that.

use super::*;

#[track_caller]
fn one(found: &[String], expected: &str) {
    assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}");
}

#[test]
fn on_forbidden_layers_and_crates() {
    for (path, text, expected) in [
        ("src/domain/key.rs", "\nuse crate::db::Db;", "src/domain/key.rs:2: `crate::db`"),
        (
            "src/db/x.rs",
            "use crate::{domain::{db, web}, web::Site};",
            "src/db/x.rs:1: `crate::web`",
        ),
        (
            "src/service/mod.rs",
            "fn f(_: super::web::Site) {}",
            "src/service/mod.rs:1: `crate::web`",
        ),
        ("src/service/x.rs", "use super::super::cli;", "src/service/x.rs:1: `crate::cli`"),
        ("src/worker/x.rs", "use crate::{\n  db,\n};", "src/worker/x.rs:2: `crate::db`"),
        (
            "src/config/x.rs",
            "pub(in crate::config) type T = crate::web::T;",
            "src/config/x.rs:1: `crate::web`",
        ),
        (
            "src/web/x.rs",
            "use diesel::prelude::*;",
            "src/web/x.rs:1: `diesel` is forbidden here: it belongs in db",
        ),
        ("src/cli/x.rs", "fn f() { reqwest::get(url) }", "src/cli/x.rs:1: `reqwest`"),
        ("src/service/x.rs", "use actix_web;", "src/service/x.rs:1: `actix_web`"),
        ("src/domain/x.rs", "async fn f() { tokio::spawn(g()) }", "src/domain/x.rs:1: `tokio`"),
        ("src/domain/x.rs", "use std::{env, fmt};", "src/domain/x.rs:1: `std::env`"),
        (
            "src/domain/x.rs",
            "use std::time::{Duration, SystemTime};",
            "src/domain/x.rs:1: `SystemTime`",
        ),
    ] {
        one(&violations(path, text), expected);
    }
}

#[test]
fn on_forbidden_words() {
    for word in ["x.unwrap()", "todo!()", "dbg!(x)", "unimplemented!()"] {
        let text =
            format!("#[cfg(test)]\nmod tests {{ fn f() {{ {word} }} }}\nfn g() {{ {word} }}");
        one(&violations("src/cli/x.rs", &text), "src/cli/x.rs:3: `");
    }
}

#[test]
fn but_not_on_what_is_only_said() {
    let text = r##"
        //! Never diesel:: nor crate::web nor .unwrap().
        /* use tokio::spawn; */
        use crate::{domain::key, fault};
        use super::{sealed, web};
        pub(crate) const A: [&str; 3] = ["reqwest::get", "\"crate::db", r#"a " todo!"#];
        fn f<'a>(x: &'a str) -> char { x.tokio::<u8>(); own::diesel::x(); if x == '"' { '\'' } else { 'x' } }
        #[cfg(test)]
        use crate::db::Db;
        #[cfg(test)]
        pub(crate) mod tests { use crate::web::Site; fn f() { g().unwrap() } }
    "##;
    assert_eq!(violations("src/domain/x.rs", text), [""; 0]);
}

#[test]
fn on_long_files_and_missing_headers() {
    one(&no_header("src/a.rs", "fn f() {}"), "src/a.rs:1: begin with");
    let line = "//! a\n";
    one(&too_long("src/a.rs", &line.repeat(501), 500), "src/a.rs:501: more than 500");
    assert_eq!(too_long("src/a.rs", &line.repeat(500), 500), [""; 0]);
    assert_eq!(no_header("src/a.rs", line), [""; 0]);
}

#[test]
fn on_code_in_pages() {
    for (text, expected) in [
        ("<p>\n<p style=\"color: red\">", "a.html:2: `style=`"),
        ("<SCRIPT src=\"x\">", "a.html:1: `<script`"),
        ("<a\n  onclick=\"f()\">", "a.html:2: `onclick=`"),
    ] {
        one(&inline_code("a.html", text), expected);
    }
    let fine =
        "<a class=\"style\" href=\"/on=1\">on and on = x</a><link rel=\"stylesheet\" href=\"x\">";
    assert_eq!(inline_code("a.html", fine), [""; 0]);
}

#[test]
fn on_secrets_that_can_be_printed() {
    let text = "/// A user.\n#[derive(Clone, Debug)]\npub struct NewUser {";
    one(&printable_secrets("a.rs", text), "a.rs:2: `NewUser` derives Debug");
    let text = "#[derive(Serialize)]\n/// It.\npub struct ConsumerSecret(String);";
    one(&printable_secrets("a.rs", text), "a.rs:2: `ConsumerSecret` derives Serialize");
    let fine = "#[derive(Debug)]\npub struct A;\n\n#[derive(Clone)]\npub struct Sealed(Vec<u8>);\n\
                #[derive(Debug)]\npub struct SettingsError;";
    assert_eq!(printable_secrets("a.rs", fine), [""; 0]);
}

#[test]
fn on_unbounded_queries() {
    let query = |rest: &str| {
        format!(
            "async fn a() {{ t::table.limit(1).load(c) }}\nasync fn b() {{\n t::table{rest}.load(conn)\n}}"
        )
    };
    one(&unbounded_queries("src/db/queries/x.rs", &query("")), "src/db/queries/x.rs:2: a query");
    for bounded in [".limit(50)", ".filter(t::id.eq_any(ids))"] {
        assert_eq!(unbounded_queries("x.rs", &query(bounded)), Vec::<String>::new());
    }
}

#[test]
fn on_migrations_that_take_away_in_silence() {
    let path = "migrations/postgres/2027-01-01-000001_less/up.sql";
    one(&silent_contractions(path, "Alter Table keys drop column x;"), path);
    for (path, fine) in [
        (path, "ALTER TABLE keys ADD COLUMN x TEXT;"),
        (path, "DROP TABLE x; INSERT INTO meta (name, value) VALUES ('oldest_schema', '1')"),
        ("migrations/postgres/2027-01-01-000001_less/down.sql", "DROP TABLE x;"),
        ("migrations/postgres/2026-11-25-000002_x/up.sql", "DROP TABLE x;"),
    ] {
        assert_eq!(silent_contractions(path, fine), [""; 0]);
    }
}
