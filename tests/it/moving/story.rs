//! The move that succeeds.

use serde_json::Value;

use super::{
    Store,
    store::{execute, number},
};
use crate::support::{Manager, Process, Question, Received, command, postgres};

const ORDERS: &str = "/wp-json/wc/v3/orders";

async fn word(process: &Process, pair: &Received) -> String {
    Question::forwarded("GET", ORDERS).keys(pair).ask_at(&process.url).await.word().to_owned()
}

#[tokio::test]
async fn a_store_moves_and_goes_on() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    let before = store.counts();
    assert!(before.values().all(|rows| *rows > 0), "something is in every table: {before:?}");

    let (code, said, error) = store.run_with(&[], &["copy", "--json", "--to", &url]);
    assert_eq!(code, 0, "{error}");
    for word in ["must be stopped", "test.key", "APPGRANT_DATABASE_URL", "audit verify"] {
        assert!(error.contains(word), "{error}");
    }
    let said: Value = serde_json::from_str(&said).unwrap();
    everything_is_there(&said, &before, &url).await;

    let mut process = store.serve(&url).await;
    assert_eq!(word(&process, &store.old).await, "allowed", "a pair within its overlap");
    assert_eq!(word(&process, &store.new).await, "allowed");
    assert_eq!(word(&process, &store.old).await, "replaced", "its successor is in use now");
    let manager = Manager::with_cookie(process.url.clone(), &store.cookie);
    assert_eq!(manager.get("/admin").await.status, 200, "the manager is logged in still");
    let late = store.late.wait_for(2).await;
    assert_eq!(late[0].body, late[1].body, "the delivery under way is finished, and is the same");
    assert_eq!(word(&process, &late[1]).await, "allowed");
    let made = store.run_with(
        &[("APPGRANT_DATABASE_URL", &url)],
        &[
            "key",
            "create",
            "--user",
            "max",
            "--description",
            "x",
            "--permissions",
            "read",
            "--json",
        ],
    );
    let made: Value = serde_json::from_str(&made.1).unwrap();
    assert_eq!(made["id"], 51, "after the greatest number that was ever given");
    let (code, said, error) =
        store.run_with(&[("APPGRANT_DATABASE_URL", &url)], &["audit", "verify"]);
    assert!(code == 0 && said.starts_with("the chain holds"), "{said}{error}");
    assert_eq!(process.terminate(), Some(0));
    assert!(!process.log().contains("was copied"), "{}", process.log());
}

/// The report, and what the databases say themselves.
async fn everything_is_there(
    said: &Value,
    before: &std::collections::BTreeMap<String, i64>,
    url: &str,
) {
    let tables = said["tables"].as_array().unwrap();
    let left_out: Vec<_> =
        said["left_out"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(left_out, ["key_changes", "__diesel_schema_migrations"]);
    assert_eq!(tables.len() + left_out.len(), before.len(), "no table is forgotten");
    for table in tables {
        let name = table["table"].as_str().unwrap();
        assert_eq!(table["rows"], before[name], "{name}");
        assert_eq!(number(url, &format!("SELECT count(*) FROM {name}")).await, before[name]);
        assert_eq!(table["digest"].as_str().unwrap().len(), 64);
    }
    let user = "SELECT count(*) FROM users WHERE login = 'ünï' AND email IS NULL \
                AND name = 'שלום 🫖 \"quoted'' \\back' AND created_at = -1 \
                AND disabled_at = -9223372036854775808";
    assert_eq!(number(url, user).await, 1);
    let bytes = "SELECT count(*) FROM login_failures WHERE subject = '\\x00ff00' \
                 AND failures = 9223372036854775807";
    assert_eq!(number(url, bytes).await, 1);
    let long = "SELECT count(*) FROM idempotency_keys WHERE octet_length(answer) = 3000";
    assert_eq!(number(url, long).await, 1);
    assert_eq!(number(url, "SELECT count(*) FROM key_changes").await, 0);
}

#[tokio::test]
async fn the_targets_triggers_and_foreign_keys_are_in_force_afterwards() {
    let Some(url) = postgres::migrated_database().await else { return };
    let store = Store::fill().await;
    execute(&url, "CREATE VIEW of_somebody_else AS SELECT 1 AS one").await.unwrap();
    let (code, said, error) = store.copy_to(&url);
    assert_eq!(code, 0, "{error}");
    assert!(said.lines().any(|line| line.starts_with("audit_head")), "{said}");
    let refused = execute(&url, "UPDATE audit SET actor = 'x'").await.unwrap_err();
    assert!(refused.contains("only added to"), "{refused}");
    execute(&url, "UPDATE keys SET permissions = 'read' WHERE id = 1").await.unwrap();
    assert_eq!(number(&url, "SELECT count(*) FROM key_changes").await, 2, "a key and its old pair");
    let uses = number(&url, "SELECT count(*) FROM key_uses").await;
    assert_eq!(uses, number(&url, "SELECT count(*) FROM keys").await);
    let refused = execute(&url, "DELETE FROM users").await.unwrap_err();
    assert!(refused.contains("foreign key"), "{refused}");
    let sleeping = "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'";
    assert_eq!(number(&url, sleeping).await, 0);
}

#[tokio::test]
async fn the_old_store_says_that_it_was_copied_and_can_be_copied_again() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    let sqlite = store.settings().remove(0).1;
    assert!(!store.serve(&sqlite).await.log().contains("was copied"));
    assert_eq!(store.copy_to(&url).0, 0);
    let mut process = store.serve(&sqlite).await;
    process.wait_for_log("this store was copied to another database").await;
    assert_eq!(word(&process, &store.new).await, "allowed", "going back is possible");
    drop(process);
    let again = postgres::empty_database().await.unwrap();
    let (code, _, error) = store.copy_to(&again);
    assert_eq!(code, 0, "{error}");
    assert_eq!(number(&again, "SELECT count(*) FROM meta WHERE name = 'copied'").await, 0);
}

#[tokio::test]
async fn the_address_can_come_by_standard_input() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    let address = store.path("address");
    std::fs::write(&address, format!("{url}\n")).unwrap();
    let mut copy = command(store.folder.path(), "127.0.0.1:1");
    copy.envs(store.settings()).args(["copy", "--to", "-"]);
    copy.stdin(std::fs::File::open(address).unwrap());
    assert!(copy.output().unwrap().status.success());
    let users = store.counts()["users"];
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, users);
}

#[tokio::test]
async fn pages_and_very_long_values_make_no_difference() {
    let Some(url) = postgres::empty_database().await else { return };
    let store = Store::fill().await;
    // Around a page's end, below zero, and with gaps.
    store.alter(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2300) \
         INSERT INTO users (id, login, name, role, password_hash, created_at) \
         SELECT CASE WHEN i % 3 = 0 THEN -i ELSE 100 + i END, 'u' || i, 'n', 'viewer', '', i FROM n; \
         INSERT INTO key_terms SELECT 'word-' || id, 1 FROM users; \
         UPDATE grants SET user_id = printf('%.1000000c', 'ß'); \
         UPDATE idempotency_keys SET answer = zeroblob(3000000);",
    );
    let before = store.counts();
    let (code, _, error) = store.copy_to(&url);
    assert_eq!(code, 0, "{error}");
    for table in ["users", "key_terms"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&url, &count).await, before[table]);
    }
    assert_eq!(number(&url, "SELECT min(id) FROM users").await, -2298);
    assert_eq!(number(&url, "SELECT min(length(user_id)) FROM grants").await, 1_000_000);
}
