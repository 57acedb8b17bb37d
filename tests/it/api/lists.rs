//! Walks through lists: no gap, no double, whatever the order and the size of the pages.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Program;
use crate::support::{TestApp, database};

/// Walks a list to its end; gives the numbers in their order.
async fn walk(program: &Program, query: &str, limit: usize) -> Vec<i64> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..400 {
        let path = format!("/api/v1/keys?{query}&limit={limit}{cursor}");
        let page = program.get(&path).await.is(200);
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= limit);
        found.extend(data.iter().map(|key| key["id"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { return found };
        assert!(data.len() == limit || page["partial"] == true, "short pages say so");
        cursor = format!("&cursor={next}");
    }
    panic!("no end");
}

/// Many keys, quickly: numbers 1 to `count`.
async fn many(app: &TestApp, count: usize) {
    let owner = app.user("max").await.id;
    let random = database::random_bytes();
    app.alter(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO keys (lookup, secret_hash, ending, description, permissions, owner_id, state,
                           created_at, opened_at)
         SELECT {random}, 'no hash', 'abcdefg', 'Walk ' || i,
                CASE i % 3 WHEN 0 THEN 'read' WHEN 1 THEN 'write' ELSE 'read_write' END, {owner},
                CASE i % 5 WHEN 0 THEN 'revoked' ELSE 'active' END, 1790000000000 + i, 1790000000000
         FROM n"
    ))
    .await;
    app.alter("INSERT INTO key_terms (term, key_id) SELECT 'walk', id FROM keys").await;
    app.alter("UPDATE key_uses SET last_at = 1790000000000 + (key_id % 7) WHERE key_id % 4 = 0")
        .await;
}

#[tokio::test]
async fn every_order_leads_through_all_keys_once() {
    let app = TestApp::start().await;
    many(&app, 250).await;
    let vera = Program::of(&app, "vera").await;
    for order in ["newest", "oldest", "recently_used", "longest_unused"] {
        for limit in [100, 33] {
            let found = walk(&vera, &format!("order={order}"), limit).await;
            let each: BTreeSet<_> = found.iter().copied().collect();
            assert_eq!((found.len(), each.len()), (250, 250), "{order} by {limit}");
        }
    }
    let newest = walk(&vera, "order=newest", 7).await;
    assert_eq!(newest, (1..=250).rev().collect::<Vec<_>>());
    let oldest = walk(&vera, "order=oldest", 100).await;
    assert_eq!(oldest, (1..=250).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_filter_is_kept_to_on_the_way() {
    let app = TestApp::start().await;
    many(&app, 250).await;
    let max = app.user("max").await.id;
    let vera = Program::of(&app, "vera").await;
    let expected = |keep: fn(i64) -> bool| (1..=250).rev().filter(|i| keep(*i)).collect::<Vec<_>>();
    for (query, keep) in [
        ("state=revoked", (|i| i % 5 == 0) as fn(i64) -> bool),
        ("state=active", |i| i % 5 != 0),
        ("permissions=write", |i| i % 3 == 1),
        ("never_used=true", |i| i % 4 != 0),
        ("state=revoked&permissions=read", |i| i % 15 == 0),
        ("q=walk", |_| true),
        ("q=walk&permissions=read", |i| i % 3 == 0),
        ("write_unused=true", |i| i % 3 == 2 && i % 4 == 0 && i % 5 != 0),
        ("state=delivering", |_| false),
        ("q=nothing", |_| false),
        ("q=%2B", |_| false),
        ("callback_host=app.example", |_| false),
    ] {
        assert_eq!(walk(&vera, query, 20).await, expected(keep), "{query}");
    }
    assert_eq!(walk(&vera, &format!("owner_id={max}"), 100).await.len(), 250);
    assert_eq!(walk(&vera, "owner_id=999", 100).await.len(), 0);
    app.clock.advance(std::time::Duration::from_hours(24 * 400));
    assert_eq!(walk(&vera, "unused_for_days=30", 30).await.len(), 250);
}

/// A search of very many keys comes to be in another order than asked for, and goes on in that one.
#[tokio::test]
async fn a_search_that_finds_very_many_ends_too() {
    let app = TestApp::start().await;
    many(&app, 1_200).await;
    let vera = Program::of(&app, "vera").await;
    for query in ["q=walk", "q=walk&order=recently_used", "q=walk&order=oldest"] {
        let found = walk(&vera, query, 100).await;
        let each: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!((found.len(), each.len()), (1_200, 1_200), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_in_its_own_list_only() {
    let app = TestApp::start().await;
    many(&app, 20).await;
    let vera = Program::of(&app, "vera").await;
    let page = vera.get("/api/v1/keys?limit=5&state=active").await.is(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let with = |query: String| {
        let vera = vera.clone();
        async move { vera.get(&format!("/api/v1/keys?{query}")).await }
    };
    with(format!("state=active&cursor={cursor}")).await.is(200);
    with(format!("state=active&limit=7&cursor={cursor}")).await.is(200);
    for other in [
        format!("cursor={cursor}"),
        format!("state=revoked&cursor={cursor}"),
        format!("state=active&order=oldest&cursor={cursor}"),
        "state=active&cursor=".to_owned(),
        "state=active&cursor=x".to_owned(),
        format!("state=active&cursor={cursor}A"),
        format!("state=active&cursor={}", "A".repeat(4_000)),
    ] {
        assert_eq!(with(other.clone()).await.wrong_fields(), ["cursor"], "{other}");
    }
    let elsewhere = vera.get(&format!("/api/v1/grants?cursor={cursor}")).await;
    assert_eq!(elsewhere.wrong_fields(), ["cursor"]);
}

#[tokio::test]
async fn keys_made_on_the_way_neither_shift_nor_double_the_rest() {
    let app = TestApp::start().await;
    many(&app, 30).await;
    let ada = Program::of(&app, "ada").await;
    let first = ada.get("/api/v1/keys?limit=10").await.is(200);
    ada.key("in between").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/v1/keys?limit=10&cursor={cursor}")).await.is(200);
    let ids = |page: &Value| -> Vec<i64> {
        page["data"].as_array().unwrap().iter().map(|key| key["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&first), (21..=30).rev().collect::<Vec<_>>());
    assert_eq!(ids(&second), (11..=20).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_whole_consumer_key_finds_its_key() {
    let app = TestApp::start().await;
    let ada = Program::of(&app, "ada").await;
    let made = ada.key("one").await;
    ada.key("two").await;
    let typed = made["consumer_key"].as_str().unwrap();
    let found = ada.get(&format!("/api/v1/keys?q={typed}")).await.is(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], made["id"]);
    let ending = made["ending"].as_str().unwrap();
    let found = ada.get(&format!("/api/v1/keys?q={ending}")).await.is(200);
    assert_eq!(found["data"][0]["id"], made["id"]);
}
