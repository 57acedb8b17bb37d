//! What keys are bound to: changed by one at a time, and heard of.

use appgrant::{
    db::token_outcomes::Ended,
    domain::{
        key_rules::{AllowedDomains, AllowedNetworks, Environment, KeyRules},
        token_life::TokenLife,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{at, make_user, padded},
    token_samples::{access, begin, end_all, is_live, make_key, pair},
};

on_each_database!(
    rules_come_back_as_they_were_given,
    of_many_changes_at_once_one_is_made,
    what_was_ended_stays_ended,
    each_change_is_heard_of,
    a_token_is_heard_of,
);

/// A key, and whose it is.
async fn a_key(db: &TestDatabase) -> (i64, i64) {
    let owner = make_user(db, "max").await;
    (make_key(db, "a key", owner).await, owner)
}

fn some(number: i64) -> KeyRules {
    KeyRules {
        environment: Environment::Sandbox,
        token_life: TokenLife::of(60 + number),
        domains: AllowedDomains::parse("shop.example, *.app.example").unwrap(),
        networks: AllowedNetworks::parse("10.0.0.0/8 ::1").unwrap(),
        tokens_over: 0,
    }
}

async fn rules_come_back_as_they_were_given(db: TestDatabase) {
    let key @ (id, _) = a_key(&db).await;
    assert_eq!(read!(db, key_rules::of(id)), KeyRules::default());
    assert!(write!(db, key_rules::put(key, KeyRules::default(), some(1))));
    assert_eq!(read!(db, key_rules::of(id)), some(1));
    let endless = KeyRules { token_life: Some(TokenLife::Never), ..KeyRules::default() };
    let wanted = endless.clone();
    assert!(write!(db, key_rules::put(key, some(1), wanted)));
    assert_eq!(read!(db, key_rules::of(id)), endless);
    let record = read!(db, keys::by_lookup(&padded("a key"))).unwrap();
    assert_eq!(record.rules.as_deref(), Some(&endless), "verification sees the same");
}

async fn of_many_changes_at_once_one_is_made(db: TestDatabase) {
    let key @ (id, _) = a_key(&db).await;
    let changed = at_once(&db, 16, |db, number| async move {
        let new = some(i64::try_from(number).unwrap());
        write!(db, key_rules::put(key, KeyRules::default(), new))
    })
    .await;
    assert_eq!(changed.iter().filter(|it| **it).count(), 1);
    let seen = read!(db, key_rules::of(id));
    assert!(!write!(db, key_rules::put(key, KeyRules::default(), some(99))));
    assert_eq!(read!(db, key_rules::of(id)), seen);
}

async fn what_was_ended_stays_ended(db: TestDatabase) {
    let key @ (id, _) = a_key(&db).await;
    begin(&db, 0, id).await;
    let before = read!(db, key_rules::of(id));
    end_all(&db, id).await;
    assert!(!write!(db, key_rules::put(key, before, some(1))), "it was decided on something else");
    let seen = read!(db, key_rules::of(id));
    let (over, revived) = (seen.tokens_over, some(1));
    assert!(write!(db, key_rules::put(key, seen, revived)));
    assert_eq!(read!(db, key_rules::of(id)).tokens_over, over);
    assert!(!is_live(&db, 0).await);

    let mut new = pair(1, id, at(1));
    new.refresh = None;
    let made = write!(db, access_tokens::regenerate(at(1), key.1, new));
    assert!(made.is_some_and(|made| made > over) && is_live(&db, 1).await);
}

async fn heard(db: &TestDatabase, since: i64) -> Vec<Vec<u8>> {
    let changes = read!(db, key_changes::from(since + 1, 1_000)).changes;
    changes.into_iter().map(|change| change.lookup.unwrap()).collect()
}

async fn each_change_is_heard_of(db: TestDatabase) {
    let key @ (id, _) = a_key(&db).await;
    let start = read!(db, key_changes::newest());
    assert!(write!(db, key_rules::put(key, KeyRules::default(), KeyRules::default())));
    assert!(heard(&db, start).await.len() <= 1, "a row that changes nothing");
    let mut seen = KeyRules::default();
    for new in [some(1), some(2), KeyRules::default()] {
        let (before, wanted) = (read!(db, key_changes::newest()), new.clone());
        assert!(write!(db, key_rules::put(key, seen, wanted)));
        assert_eq!(heard(&db, before).await, [padded("a key").to_vec()], "{new:?}");
        seen = new;
    }
    for by_hand in ["UPDATE key_rules SET sandbox = 1", "DELETE FROM key_rules"] {
        let before = read!(db, key_changes::newest());
        db.execute(by_hand).await;
        assert_eq!(heard(&db, before).await, [padded("a key").to_vec()], "{by_hand}");
    }
    begin(&db, 0, id).await;
    let before = read!(db, key_changes::newest());
    end_all(&db, id).await;
    assert_eq!(heard(&db, before).await, [padded("a key").to_vec()], "however many they are");
}

async fn a_token_is_heard_of(db: TestDatabase) {
    let key @ (id, _) = a_key(&db).await;
    let before = read!(db, key_changes::newest());
    begin(&db, 0, id).await;
    db.execute("UPDATE access_tokens SET last_used_at = 5").await;
    assert!(heard(&db, before).await.is_empty(), "a new one was never known otherwise");
    let token = read!(db, access_tokens::by_lookup(&access(0))).unwrap().id;
    assert_eq!(write!(db, access_tokens::revoke(at(1), key, token)), Ended::Now);
    assert_eq!(heard(&db, before).await, [access(0).to_vec()]);
}
