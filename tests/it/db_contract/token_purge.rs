//! What is over is deleted in batches; what is live, or tells that a spent token is used again, stays.

use std::ops::Range;

use appgrant::{
    db::token_outcomes::{Ended, Spent},
    domain::{keyring::Lookup, timestamp::Timestamp},
};

use super::{
    TestDatabase, at_once,
    samples::{at, make_user, padded},
    token_samples::{
        MONTH, access, begin, end_all, is_live, make_key, new_key, owned, pair, refresh, register,
        spend,
    },
};

on_each_database!(
    a_batch_is_no_larger_than_asked_for,
    what_was_ended_together_goes_with_its_families,
    what_never_ends_goes_with_its_key,
    what_may_come_back_stays,
    a_late_pair_of_an_ended_family_goes_too,
    keys_that_end_are_written_down_whoever_ends_them,
    a_connection_that_was_not_used_is_ended,
    a_connection_in_use_stays,
    codes_go_with_their_end,
    deleting_what_expired_tells_nobody,
    two_nodes_delete_at_once,
);

const DAY: i64 = 24 * 3_600;

async fn a_key(db: &TestDatabase) -> i64 {
    make_key(db, "a key", make_user(db, "max").await).await
}

async fn a_batch_is_no_larger_than_asked_for(db: TestDatabase) {
    let key_id = a_key(&db).await;
    for name in 0..7 {
        begin(&db, name, key_id).await;
    }
    let revoked = read!(db, access_tokens::by_lookup(&access(0))).unwrap().id;
    let key = owned(&db, key_id).await;
    assert_eq!(write!(db, access_tokens::revoke(at(1), key, revoked)), Ended::Now);
    let mut endless = pair(50, key_id, at(0));
    endless.expires_at = None;
    write!(db, access_tokens::insert(at(0), vec![endless]));
    assert_eq!(write!(db, access_tokens::purge(at(1), 3)), 0, "nothing is over");
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(write!(db, access_tokens::purge(at(DAY), 3)));
    }
    assert_eq!(deleted, [3, 3, 1, 0]);
    assert!(is_live(&db, 50).await, "what never ends stays");

    assert_eq!(
        write!(db, refresh_tokens::purge(at(DAY), at(2), 3)).deleted,
        1,
        "the ended family’s"
    );
    deleted.clear();
    for _ in 0..4 {
        deleted.push(write!(db, refresh_tokens::purge(at(MONTH + DAY), at(MONTH + 1), 3)).deleted);
    }
    assert_eq!(deleted, [3, 3, 1, 0], "with the endless token’s refresh token");
    assert_eq!(db.count("token_families").await, 0);
    assert_eq!(db.count("keys WHERE state = 'active'").await, 1, "it is no connection");
}

async fn what_was_ended_together_goes_with_its_families(db: TestDatabase) {
    let key_id = a_key(&db).await;
    begin_endless(&db, 0..5, key_id).await;
    end_all(&db, key_id).await;
    begin(&db, 9, key_id).await;
    assert_eq!(
        in_batches_of(&db, 2, at(0)).await,
        [2, 2, 1, 2, 2, 2, 0],
        "five, their families, the key"
    );
    assert_eq!(db.count("token_purges").await, 0);
    assert_eq!(write!(db, refresh_tokens::purge(at(DAY), at(2), 10)).deleted, 0, "for a day");
    assert_eq!(write!(db, refresh_tokens::purge(at(2 * DAY), at(DAY), 10)).deleted, 5);
    assert_eq!((db.count("refresh_tokens").await, db.count("token_families").await), (1, 1));
    assert!(is_live(&db, 9).await);
}

/// What each call deletes until one has nothing to do, at the second 2.
async fn in_batches_of(db: &TestDatabase, most: i64, before: Timestamp) -> Vec<usize> {
    let mut deleted = vec![write!(db, token_purges::purge(at(2), before, most))];
    while deleted.last() != Some(&0) {
        deleted.push(write!(db, token_purges::purge(at(2), before, most)));
    }
    deleted
}

/// Pairs of that key that never end.
async fn begin_endless(db: &TestDatabase, names: Range<usize>, key_id: i64) {
    for name in names {
        let mut endless = pair(name, key_id, at(0));
        endless.expires_at = None;
        endless.refresh.as_mut().unwrap().expires_at = None;
        write!(db, access_tokens::insert(at(0), vec![endless]));
    }
}

async fn end_key(db: &TestDatabase, seconds: i64, key_id: i64) {
    assert!(write!(db, key_edits::revoke(at(seconds), owned(db, key_id).await, "lost")));
}

async fn what_never_ends_goes_with_its_key(db: TestDatabase) {
    let max = make_user(&db, "max").await;
    let (ended, other) = (make_key(&db, "ended", max).await, make_key(&db, "other", max).await);
    begin_endless(&db, 0..5, ended).await;
    begin_endless(&db, 5..7, other).await;
    end_key(&db, 10, ended).await;
    let newest = read!(db, key_changes::newest());
    assert_eq!(in_batches_of(&db, 3, at(10)).await, [0], "for a day its tokens are told apart");
    assert_eq!(
        in_batches_of(&db, 3, at(11)).await,
        [3, 2, 3, 3, 0],
        "five, their families, the key"
    );
    assert_eq!(read!(db, key_changes::newest()), newest, "they opened nothing: nobody is told");
    assert_eq!(write!(db, refresh_tokens::purge(at(20), at(11), 10)).deleted, 5, "at once");
    assert_eq!((db.count("access_tokens").await, db.count("refresh_tokens").await), (2, 2));
    assert_eq!((db.count("token_families").await, db.count("token_purges").await), (2, 0));
    assert!(is_live(&db, 5).await && is_live(&db, 6).await);
    assert_eq!(spend(&db, 30, 5, 50).await, Spent::Fresh);
}

async fn what_may_come_back_stays(db: TestDatabase) {
    let max = make_user(&db, "max").await;
    let key_id = make_key(&db, "a key", max).await;
    begin_endless(&db, 0..2, key_id).await;
    write!(db, users::disable(max, at(1), false));
    db.execute("UPDATE keys SET expires_at = 1").await;
    assert_eq!(in_batches_of(&db, 10, at(DAY)).await, [0]);
    assert_eq!(write!(db, access_tokens::purge(at(DAY), 10)), 0);
    assert_eq!((db.count("access_tokens").await, db.count("token_families").await), (2, 2));
}

/// Somebody refreshed while all tokens were ended: the new one's number is beyond that of the end.
async fn a_late_pair_of_an_ended_family_goes_too(db: TestDatabase) {
    let key_id = a_key(&db).await;
    begin_endless(&db, 0..1, key_id).await;
    end_all(&db, key_id).await;
    begin_endless(&db, 1..2, key_id).await;
    for table in ["access_tokens", "refresh_tokens"] {
        let first = "(SELECT MIN(id) FROM token_families)";
        db.execute(&format!("UPDATE {table} SET family = {first}")).await;
    }
    db.execute("DELETE FROM token_families WHERE id > (SELECT tokens_over FROM key_rules)").await;
    assert!(!is_live(&db, 1).await);
    assert_eq!(in_batches_of(&db, 10, at(0)).await, [1, 2, 0]);
    assert_eq!(write!(db, access_tokens::purge(at(3), 10)), 1, "as one that was ended then");
    assert_eq!(db.count("access_tokens").await, 0);
}

async fn keys_that_end_are_written_down_whoever_ends_them(db: TestDatabase) {
    let key_id = a_key(&db).await;
    begin_endless(&db, 0..1, key_id).await;
    end_all(&db, key_id).await;
    db.execute("UPDATE key_rules SET tokens_over = tokens_over").await;
    assert_eq!(db.count("token_purges").await, 1, "for what changes");
    db.execute("UPDATE keys SET state = 'revoked', revoked_at = NULL").await;
    db.execute("UPDATE keys SET state = 'revoked', revoked_at = 5").await;
    assert_eq!(db.count("token_purges").await, 2, "once");
    let both = "never tokens and families in one transaction";
    assert_eq!(in_batches_of(&db, 10, at(0)).await, [1, 3, 0], "{both}");
    assert_eq!(db.count("token_purges").await, 0);
}

/// A connection of an app, with one pair of tokens called 0.
async fn connected(db: &TestDatabase) -> i64 {
    let owner = make_user(db, "max").await;
    let client_id = register(db, owner).await;
    let mut token = pair(0, client_id, at(0));
    token.client_id = Some(client_id);
    let connection = new_key("connection", owner);
    write!(db, authorization_codes::connect_at_once(at(0), "a hash", connection, token));
    read!(db, refresh_tokens::by_lookup(&refresh(0))).unwrap().key_id
}

async fn state(db: &TestDatabase, key_id: i64) -> i64 {
    db.count(&format!("keys WHERE id = {key_id} AND state = 'active'")).await
}

async fn a_connection_that_was_not_used_is_ended(db: TestDatabase) {
    let key_id = connected(&db).await;
    spend(&db, 1, 0, 1).await;
    write!(db, access_tokens::purge(at(MONTH + DAY), 10));
    write!(db, refresh_tokens::purge(at(MONTH + DAY), at(MONTH + 1), 1));
    assert_eq!(state(&db, key_id).await, 1, "its second refresh token is there");
    write!(db, refresh_tokens::purge(at(MONTH + DAY), at(MONTH + 2), 10));
    assert_eq!(state(&db, key_id).await, 0);
    assert_eq!(db.count("keys WHERE revoke_reason LIKE '%did not use it%'").await, 1);
    assert_eq!(db.count("keys WHERE state = 'active'").await, 1, "the app’s own stays");
}

async fn a_connection_in_use_stays(db: TestDatabase) {
    let key_id = connected(&db).await;
    let mut other = pair(7, key_id, at(MONTH));
    other.refresh = None;
    write!(db, access_tokens::insert(at(MONTH), vec![other]));
    write!(db, refresh_tokens::purge(at(MONTH + 60), at(MONTH + 60), 10));
    assert_eq!(db.count("token_families").await, 0);
    assert_eq!(state(&db, key_id).await, 1, "a person made it a token that is good still");
}

async fn codes_go_with_their_end(db: TestDatabase) {
    let key_id = a_key(&db).await;
    for number in 0..5 {
        let lookup = data_encoding::HEXLOWER.encode(&padded(&format!("code {number}")));
        let lookup = if db.url.starts_with("sqlite") {
            format!("x'{lookup}'")
        } else {
            format!("'\\x{lookup}'")
        };
        let ends = at(60 + number).as_millis();
        db.execute(&format!(
            "INSERT INTO authorization_codes VALUES ({lookup}, 'page {number}', {key_id}, \
             (SELECT owner_id FROM keys), 'https://a.example', 1, 'x', 'read', NULL, 0, {ends}, \
             NULL, NULL)"
        ))
        .await;
    }
    assert_eq!(write!(db, authorization_codes::purge(at(60), 10)), 0);
    assert_eq!(write!(db, authorization_codes::purge(at(64), 3)), 3);
    assert_eq!(write!(db, authorization_codes::purge(at(64), 3)), 1);
    assert_eq!(db.count("authorization_codes").await, 1);
}

async fn deleting_what_expired_tells_nobody(db: TestDatabase) {
    let key_id = a_key(&db).await;
    // Long ago by the database's own clock, too.
    let long_ago = Timestamp::from_millis(1_000);
    write!(db, access_tokens::insert(long_ago, vec![pair(0, key_id, long_ago)]));
    begin(&db, 1, key_id).await;
    let newest = read!(db, key_changes::newest());
    assert_eq!(write!(db, access_tokens::purge(at(0), 10)), 1);
    assert_eq!(read!(db, key_changes::newest()), newest);
    db.execute("DELETE FROM access_tokens").await;
    let told = read!(db, key_changes::from(newest + 1, 10)).changes;
    let told: Vec<Option<Vec<u8>>> = told.into_iter().map(|change| change.lookup).collect();
    let live: Lookup = access(1);
    assert_eq!(told, [Some(live.to_vec())], "one that is live goes otherwise by hand alone");
}

async fn two_nodes_delete_at_once(db: TestDatabase) {
    let key_id = a_key(&db).await;
    for name in 0..40 {
        begin(&db, name, key_id).await;
    }
    let deleted = at_once(&db, 8, |db, number| async move {
        let now = at(MONTH + DAY);
        if number % 2 == 0 {
            write!(db, access_tokens::purge(now, 20))
        } else {
            write!(db, refresh_tokens::purge(now, at(MONTH + 1), 20)).deleted
        }
    })
    .await;
    assert!(deleted.iter().sum::<usize>() >= 40, "{deleted:?}");
    while write!(db, access_tokens::purge(at(DAY), 20)) > 0 {}
    while write!(db, refresh_tokens::purge(at(MONTH + DAY), at(MONTH + 1), 20)).deleted > 0 {}
    for table in ["access_tokens", "refresh_tokens", "token_families"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
}
