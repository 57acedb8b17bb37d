//! What is over is deleted in batches between which others write.

use std::{sync::Arc, time::Duration};

use appgrant::{
    domain::permissions::Permissions,
    service::{access_tokens, keys},
};
use tokio::time::Instant;

use super::{Program, bearer, come, connected, registered};
use crate::{
    admin::made,
    support::{TestApp, database},
};

/// Many tokens that ended long ago.
async fn many_that_are_over(app: &TestApp, count: usize) {
    let random = database::random_bytes();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO access_tokens \
         (lookup, ending, key_id, permissions, made_by, created_at, expires_at) \
         SELECT {random}, 'ending', 1, 'read', 'client_credentials', 1, 2 FROM n"
    );
    assert_eq!(app.alter(&rows).await, count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_made_and_used_while_thousands_are_deleted() {
    let app = Arc::new(TestApp::with(&[("TOKEN_RATE", "0")]).await);
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let kept = program.token(&[]).await;
    many_that_are_over(&app, 6_000).await;
    let purging = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { access_tokens::purge(app.services()).await.unwrap() })
    };
    let (mut made_meanwhile, mut slowest) = (0, Duration::ZERO);
    while !purging.is_finished() {
        let began = Instant::now();
        let token = program.token(&[]).await;
        assert_eq!(come(&app, "GET", &token).await, "allowed");
        slowest = slowest.max(began.elapsed());
        made_meanwhile += 1;
    }
    assert_eq!(purging.await.unwrap(), 6_000);
    assert!(made_meanwhile >= 5, "{made_meanwhile} were made in between");
    assert!(slowest < Duration::from_secs(2), "one waited for {slowest:?}");
    assert_eq!(come(&app, "GET", &kept).await, "allowed");
}

#[tokio::test]
async fn what_ended_is_told_apart_for_a_day_and_then_gone() {
    let app = TestApp::start().await;
    let key = made(&app, "max", "Till", Permissions::ReadWrite).await;
    let program = Program::of(&app, &key);
    let token = program.token(&[]).await;
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(access_tokens::purge(app.services()).await.unwrap(), 0);
    assert_eq!(come(&app, "GET", &token).await, "token_expired");
    app.clock.advance(Duration::from_hours(2));
    assert_eq!(access_tokens::purge(app.services()).await.unwrap(), 1);
    assert_eq!(access_tokens::purge(app.services()).await.unwrap(), 0);
    // The node that deleted it may remember it as expired still; one that asks now finds nothing.
    let word = come(&app, "GET", &token).await;
    assert!(["token_expired", "unknown_token"].contains(&word.as_str()), "{word}");
}

/// What introspection says of a token.
async fn is_active(program: &Program, token: &str) -> bool {
    let url = format!("{}/oauth2/introspect", program.url);
    let told = super::told(super::client().post(url).form(&[("token", token)]), Some(program));
    told.await.body["active"].as_bool().unwrap()
}

#[tokio::test]
async fn what_never_ends_goes_a_day_after_its_key_or_app() {
    let endless = [("TOKEN_SECONDS", "-1"), ("REFRESH_TOKEN_SECONDS", "-1")];
    let with = [&endless[..], &[("OAUTH2_PASSWORD_GRANT", "true")]].concat();
    let app = TestApp::with(&with).await;
    let (till, desk) = (
        made(&app, "max", "Till", Permissions::ReadWrite).await,
        made(&app, "max", "Desk", Permissions::ReadWrite).await,
    );
    let (ended, kept) = (Program::of(&app, &till), Program::of(&app, &desk));
    let one = registered(&app, "One").await;
    let (connection, of_connection) = connected(&app, &one).await;
    let (access, refresh) = ended.pair().await;
    let (stays, stays_too) = kept.pair().await;
    let services = app.services();
    let ada = app.caller("ada").await;
    for id in [till.id, one.key_id] {
        keys::revoke(services, &ada, id, "").await.unwrap();
    }
    assert_eq!(access_tokens::purge(services).await.unwrap(), 0, "for a day they are told apart");
    for token in [&access, &connection] {
        assert_eq!(come(&app, "GET", token).await, "revoked");
        assert!(!is_active(&kept, token).await);
    }
    app.clock.advance(Duration::from_hours(25));
    let deleted = access_tokens::purge(services).await.unwrap();
    assert_eq!(deleted, 9, "a pair each, its family, and the keys");
    assert_eq!(access_tokens::purge(services).await.unwrap(), 0);
    for token in [&access, &connection] {
        let said = bearer("GET", token).ask(&app).await;
        assert_eq!(said.status, 401, "{}", said.body);
        assert!(!is_active(&kept, token).await);
    }
    for token in [&refresh, &of_connection] {
        assert_eq!(ended.refresh(token).await.status, 401, "its key is over");
        assert_eq!(kept.refresh(token).await.text("error"), "invalid_grant");
    }
    assert_eq!(come(&app, "GET", &stays).await, "allowed");
    assert!(is_active(&kept, &stays).await);
    assert_eq!(kept.refresh(&stays_too).await.status, 200);
    for (table, left) in [("access_tokens", 2), ("refresh_tokens", 2), ("token_purges", 0)] {
        let there = format!("SELECT 'a row' AS text FROM {table}");
        let there = database::texts(&app.database, &there);
        assert_eq!(there.len(), left, "{table}");
    }
}
