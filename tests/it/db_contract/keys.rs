//! Keys: closed until the first attempt to deliver them, ended once, listed while they live.

use appgrant::{
    db::outcomes::Approval,
    domain::key::{KeyState, Unusable},
};

use super::{
    TestDatabase, at_once,
    samples::{approval, approve_some, at, claim, lookup, make_approver, request, user_id},
};

on_each_database!(
    a_key_opens_with_the_first_claim,
    a_key_knows_its_owner_and_app,
    a_key_is_revoked_once,
    an_ended_key_does_not_become_active,
    a_host_sees_its_live_keys,
);

async fn a_key_opens_with_the_first_claim(db: TestDatabase) {
    approve_some(&db, 1).await;
    let key = async || read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!(key().await.life.usable(at(0)), Err(Unusable::NotDelivered));
    claim(&db, at(3)).await;
    assert_eq!(key().await.life.opened_at, Some(at(3)));
    claim(&db, at(60)).await;
    let opened = key().await;
    assert_eq!((opened.life.opened_at, opened.life.state), (Some(at(3)), KeyState::Delivering));
    assert!(write!(db, keys::activate(opened.id)));
    assert_eq!(key().await.life.state, KeyState::Active);
    assert!(!write!(db, keys::activate(opened.id)), "once");
}

async fn a_key_knows_its_owner_and_app(db: TestDatabase) {
    approve_some(&db, 1).await;
    let max = user_id(&db, "max").await;
    write!(db, users::disable(max, at(1), false));
    let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!((key.owner.as_str(), key.app.as_deref()), ("max", Some("An App")));
    assert!(key.life.owner_disabled);
    assert!(read!(db, keys::by_lookup(b"unknown")).is_none());
}

async fn a_key_is_revoked_once(db: TestDatabase) {
    approve_some(&db, 1).await;
    let id = read!(db, keys::by_lookup(&lookup(0))).unwrap().id;
    let revoked =
        at_once(&db, 16, |db, _| async move { write!(db, keys::revoke(at(1), id, "lost")) }).await;
    assert_eq!(revoked.iter().filter(|first| **first).count(), 1);
    assert_eq!(db.count("keys WHERE revoke_reason = 'lost' AND revoked_at IS NOT NULL").await, 1);
}

async fn an_ended_key_does_not_become_active(db: TestDatabase) {
    approve_some(&db, 1).await;
    let id = read!(db, keys::by_lookup(&lookup(0))).unwrap().id;
    assert!(write!(db, keys::revoke(at(1), id, "lost")));
    assert!(!write!(db, keys::activate(id)));
    assert_eq!(read!(db, keys::by_lookup(&lookup(0))).unwrap().life.state, KeyState::Revoked);
}

async fn a_host_sees_its_live_keys(db: TestDatabase) {
    let user = make_approver(&db).await;
    let elsewhere = Approval { request: request("other.example"), ..approval(user, "page 0", 0) };
    let expiring = Approval { expires_at: Some(at(100)), ..approval(user, "page 1", 1) };
    let rest = (2..9).map(|number| approval(user, &format!("page {number}"), number));
    let mut ids = Vec::new();
    for new in [elsewhere, expiring].into_iter().chain(rest) {
        let lookup = new.lookup;
        write!(db, approvals::approve(at(0), new));
        ids.push(read!(db, keys::by_lookup(&lookup)).unwrap().id);
    }
    let seen = async |seconds| {
        let keys = read!(db, keys::of_host(at(seconds), "app.example"));
        keys.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(0).await, [0; 0], "none is delivered");
    for id in ids[..4].iter().copied() {
        write!(db, keys::activate(id));
    }
    assert_eq!(seen(99).await, [ids[3], ids[2], ids[1]], "newest first");
    assert_eq!(seen(100).await, [ids[3], ids[2]], "one has expired");
    let lost = ids[2];
    write!(db, keys::revoke(at(100), lost, "lost"));
    assert_eq!(seen(100).await, [ids[3]]);
    for id in ids[4..].iter().copied() {
        write!(db, keys::activate(id));
    }
    assert_eq!(seen(100).await, [ids[8], ids[7], ids[6], ids[5], ids[4]], "five at most");
}
