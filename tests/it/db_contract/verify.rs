//! What verification keeps: changes that triggers write, last uses, sealed secrets, nonces.

use appgrant::{
    db::outcomes::KeyUse,
    domain::sealed::Sealed,
    service::environment::{Clock as _, SystemClock},
};

use super::{
    TestDatabase, at_once,
    samples::{approval, approve_some, at, claim, lookup, make_approver, user_id},
};

on_each_database!(
    each_change_of_a_key_is_written_down,
    a_disabled_or_renamed_owner_changes_all_keys,
    a_change_says_when_it_was_written,
    old_changes_are_thrown_away,
    the_newest_use_stays,
    a_nonce_is_used_once,
    a_kept_secret_goes_with_the_revocation,
);

async fn changes(db: &TestDatabase, after: i64) -> Vec<Option<Vec<u8>>> {
    let changes = read!(db, key_changes::from(after + 1, 1_000)).changes;
    changes.into_iter().map(|change| change.lookup).collect()
}

async fn each_change_of_a_key_is_written_down(db: TestDatabase) {
    approve_some(&db, 1).await;
    assert_eq!(read!(db, key_changes::newest()), 0, "a new key was never known otherwise");
    claim(&db, at(3)).await;
    let id = read!(db, keys::by_lookup(&lookup(0))).unwrap().id;
    write!(db, keys::activate(id));
    let hash = read!(db, keys::by_lookup(&lookup(0))).unwrap().secret_hash;
    write!(db, keys::rehash(id, &hash, "another"));
    write!(db, keys::revoke(at(4), id, "lost"));
    assert_eq!(changes(&db, 0).await, vec![Some(lookup(0).to_vec()); 4]);
    let newest = read!(db, key_changes::newest());
    write!(db, keys::revoke(at(5), id, "lost"));
    write!(db, keys::rehash(id, "no longer there", "x"));
    assert_eq!(changes(&db, newest).await, [], "nothing changed");
}

async fn a_disabled_or_renamed_owner_changes_all_keys(db: TestDatabase) {
    approve_some(&db, 1).await;
    let max = user_id(&db, "max").await;
    write!(db, users::disable(max, at(1), false));
    assert_eq!(changes(&db, 0).await, [None]);
    write!(db, users::enable(max));
    db.execute("UPDATE users SET login = 'moritz'").await;
    assert_eq!(changes(&db, 0).await, [None, None, None]);
    write!(db, users::set_password(at(1), max, "hash", None));
    assert_eq!(changes(&db, 0).await.len(), 3, "a password opens no key");
}

async fn a_change_says_when_it_was_written(db: TestDatabase) {
    let before = SystemClock.now();
    db.execute("INSERT INTO key_changes (lookup) VALUES (NULL)").await;
    let change = read!(db, key_changes::from(0, 1)).changes.pop().unwrap();
    // The database's clock is this machine's; SQLite's is a floating-point day.
    let off = change.at.as_millis() - before.as_millis();
    assert!((-5..10_000).contains(&off), "{off} ms after it was asked for");
}

async fn old_changes_are_thrown_away(db: TestDatabase) {
    assert!(read!(db, key_changes::from(0, 1)).changes.is_empty());
    for _ in 0..3 {
        db.execute("INSERT INTO key_changes (lookup) VALUES (NULL)").await;
    }
    db.execute("INSERT INTO key_changes (seq, lookup) VALUES (10002, NULL)").await;
    assert_eq!(write!(db, key_changes::purge(i64::MAX)), 2);
    let seqs: Vec<_> =
        read!(db, key_changes::from(0, 10)).changes.iter().map(|change| change.seq).collect();
    assert_eq!(seqs, [3, 10_002], "the newest stays, whatever else goes");
    let late = read!(db, key_changes::within(&[(2, 3), (9_000, 10_001)], 10)).changes;
    assert_eq!(late.len(), 1, "those that are there, the ends of ranges included");
    assert!(read!(db, key_changes::within(&[(3, 3), (10_002, 10_002)], 1)).is_full(1));
}

async fn the_newest_use_stays(db: TestDatabase) {
    approve_some(&db, 1).await;
    let key_id = read!(db, keys::by_lookup(&lookup(0))).unwrap().id;
    assert!(read!(db, key_uses::of(key_id)).is_none());
    for (second, address) in [(5, "192.0.2.5"), (9, "2001:db8::9"), (7, "192.0.2.7")] {
        let (at, address) = (at(second), address.parse().unwrap());
        let used = KeyUse {
            key_id,
            at,
            address,
            client: Some(format!("client {second}")),
            wrote: second == 7,
            token_id: None,
        };
        write!(db, key_uses::note(vec![used]));
    }
    let used = read!(db, key_uses::of(key_id)).unwrap();
    assert_eq!((used.at, used.address.to_string().as_str()), (at(9), "2001:db8::9"));
    assert_eq!(used.client.as_deref(), Some("client 9"));
}

async fn a_nonce_is_used_once(db: TestDatabase) {
    approve_some(&db, 2).await;
    let id = async |n| read!(db, keys::by_lookup(&lookup(n))).unwrap().id;
    let (one, other) = (id(0).await, id(1).await);
    let used =
        at_once(&db, 16, |db, _| async move { write!(db, oauth::use_nonce(one, "nonce", at(10))) });
    assert_eq!(used.await.into_iter().filter(|first| *first).count(), 1);
    assert!(write!(db, oauth::use_nonce(other, "nonce", at(30))), "each key has its own");
    assert_eq!(write!(db, oauth::purge_nonces(at(20), 5)), 1);
    assert!(write!(db, oauth::use_nonce(one, "nonce", at(40))));
    assert!(!write!(db, oauth::use_nonce(other, "nonce", at(40))));
}

async fn a_kept_secret_goes_with_the_revocation(db: TestDatabase) {
    let user = make_approver(&db).await;
    let mut keeping = approval(user, "page 0", 0);
    keeping.seal_secret = Some(Box::new(|_| Sealed::from_bytes(b"sealed secret".to_vec())));
    write!(db, approvals::approve(at(0), keeping));
    let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!(key.sealed_secret.unwrap().as_bytes(), b"sealed secret");
    write!(db, keys::revoke(at(1), key.id, "lost"));
    assert!(read!(db, keys::by_lookup(&lookup(0))).unwrap().sealed_secret.is_none());
    assert_eq!(db.count("key_secrets").await, 0);
}
