//! New pairs for keys: exchanged or handed over once, whoever asks how often; taken, or dropped without a
//! trace.

use std::time::Duration;

use appgrant::{
    db::{
        outcomes::{Claim, KeyInsert, NewKey, Recorded},
        pairs::{Exchange, Exchanged, Handover, NewPair},
    },
    domain::{
        delivery::Kind,
        failure::Failure,
        key::{KeyState, Unusable},
        pair::Role,
        permissions::Permissions,
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{approve_some, at, claim, lookup, make_user, outcome, record, user_id},
};

on_each_database!(
    of_many_exchanges_at_once_one_is_done,
    of_many_hand_overs_at_once_one_is_begun,
    a_pair_that_was_taken_is_the_keys_own,
    a_pair_that_was_not_taken_is_dropped,
    both_pairs_are_forgotten_with_a_change_of_the_key,
    a_previous_pair_ends_once,
    a_pair_that_ended_is_not_taken_for_a_new_key,
    a_key_that_ends_takes_both_pairs_along,
);

const HOUR: Duration = Duration::from_hours(1);

fn pair(name: usize) -> NewPair {
    NewPair {
        lookup: lookup(name),
        secret_hash: format!("hash {name}"),
        ending: format!("end{name:04}"),
        sealed_secret: Some(Sealed::from_bytes(format!("secret {name}").into_bytes())),
    }
}

/// The exchange of the first approved key's pair for another.
async fn exchange(db: &TestDatabase, name: usize, overlap: Duration) -> Exchange {
    let owner_id = user_id(db, "max").await;
    let ending = "1234567".to_owned();
    Exchange { key_id: key_id(db).await, owner_id, ending, pair: pair(name), overlap }
}

fn handover(number: usize) -> Handover {
    Handover {
        grant_id: "grant-0".to_owned(),
        delivery_id: format!("rotation-{number}"),
        body: Sealed::from_bytes(b"sealed".to_vec()),
    }
}

async fn key_id(db: &TestDatabase) -> i64 {
    read!(db, keys::by_lookup(&lookup(0))).unwrap().id
}

/// An app's key that was delivered.
async fn delivered(db: &TestDatabase) {
    approve_some(db, 1).await;
    let claimed = claim(db, at(0)).await;
    assert_eq!(record(db, at(0), &claimed, None).await, Recorded::Delivered);
}

/// What a pair says at that time: nothing if no key has it.
async fn opens(db: &TestDatabase, name: usize, now: Timestamp) -> Option<Result<(), Unusable>> {
    read!(db, keys::by_lookup(&lookup(name))).map(|key| key.life.usable(now))
}

async fn of_many_exchanges_at_once_one_is_done(db: TestDatabase) {
    for overlap in [Duration::ZERO, HOUR] {
        let db = db.empty().await;
        db.migrate().await.unwrap();
        delivered(&db).await;
        let new = exchange(&db, 0, overlap).await;
        let done = at_once(&db, 16, |db, number| {
            let new = Exchange { pair: pair(100 + number), ..new.clone() };
            async move { write!(db, rotations::exchange(at(1), new)) }
        })
        .await;
        assert_eq!(done.iter().filter(|done| **done == Exchanged::Done).count(), 1, "{done:?}");
        assert!(!done.contains(&Exchanged::UnderWay), "the key is not as it was seen: {done:?}");
        assert_eq!(db.count("other_pairs").await, 1);
        let old = if overlap.is_zero() { Err(Unusable::Replaced) } else { Ok(()) };
        assert_eq!(opens(&db, 0, at(2)).await, Some(old));
        assert_eq!(db.count("keys WHERE secret_hash LIKE 'hash 1%'").await, 1);
        assert_eq!(db.count("key_terms WHERE term = '1234567'").await, 0, "its words follow");
        assert_eq!(db.count("key_terms WHERE term LIKE 'end01%'").await, 1);
    }
}

async fn of_many_hand_overs_at_once_one_is_begun(db: TestDatabase) {
    delivered(&db).await;
    let new = exchange(&db, 0, HOUR).await;
    let done = at_once(&db, 16, |db, number| {
        let new = Exchange { pair: pair(100 + number), ..new.clone() };
        async move { write!(db, rotations::hand_over(at(1), new, handover(number))) }
    })
    .await;
    assert_eq!(done.iter().filter(|done| **done == Exchanged::Done).count(), 1, "{done:?}");
    assert_eq!(done.iter().filter(|done| **done == Exchanged::UnderWay).count(), 15, "{done:?}");
    assert_eq!(db.count("deliveries WHERE kind = 'rotation'").await, 1);
    assert_eq!(db.count("other_pairs WHERE role = 'next'").await, 1);
}

/// Begins a rotation to pair 1, and claims its delivery.
async fn begun(db: &TestDatabase, overlap: Duration) -> appgrant::db::outcomes::Claimed {
    delivered(db).await;
    let new = exchange(db, 1, overlap).await;
    assert_eq!(write!(db, rotations::hand_over(at(1), new, handover(0))), Exchanged::Done);
    assert_eq!(opens(db, 1, at(1)).await, Some(Err(Unusable::NotDelivered)));
    let claimed = claim(db, at(2)).await;
    assert_eq!((claimed.kind, claimed.id.as_str()), (Kind::Rotation, "rotation-0"));
    assert_eq!(opens(db, 0, at(2)).await, Some(Ok(())), "both work while it is sent");
    assert_eq!(opens(db, 1, at(2)).await, Some(Ok(())));
    claimed
}

async fn a_pair_that_was_taken_is_the_keys_own(db: TestDatabase) {
    let claimed = begun(&db, HOUR).await;
    let other = read!(db, other_pairs::of(at(2), claimed_key(&db).await)).unwrap();
    assert_eq!((other.role, other.overlap), (Role::Next, HOUR));
    assert_eq!(record(&db, at(3), &claimed, None).await, Recorded::Delivered);
    let new = read!(db, keys::by_lookup(&lookup(1))).unwrap();
    assert_eq!((new.secret_hash.as_str(), new.ends_previous), ("hash 1", true));
    assert_eq!(new.sealed_secret.unwrap().as_bytes(), b"secret 1");
    let old = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!((old.id, old.secret_hash.as_str(), old.ends_previous), (new.id, "a hash", false));
    assert_eq!(opens(&db, 0, at(3602)).await, Some(Ok(())));
    assert_eq!(opens(&db, 0, at(3603)).await, Some(Err(Unusable::Replaced)));
    assert_eq!(db.count("deliveries WHERE kind = 'rotation' AND sealed IS NULL").await, 1);
    assert_eq!(read!(db, key_views::id_of(&lookup(0))), Some(new.id), "found by either");
    assert_eq!(read!(db, key_views::id_of(&lookup(1))), Some(new.id));
}

async fn claimed_key(db: &TestDatabase) -> i64 {
    read!(db, keys::by_lookup(&lookup(1))).unwrap().id
}

async fn a_pair_that_was_not_taken_is_dropped(db: TestDatabase) {
    for cancels in [true, false] {
        let db = db.empty().await;
        db.migrate().await.unwrap();
        let claimed = begun(&db, HOUR).await;
        if cancels {
            assert!(write!(db, deliveries::cancel_one(at(3), "rotation-0")));
            assert_eq!(record(&db, at(4), &claimed, None).await, Recorded::Superseded);
        } else {
            assert_eq!(
                record(&db, at(3), &claimed, Some(Failure::CannotOpen)).await,
                Recorded::GaveUp
            );
        }
        assert_eq!(opens(&db, 1, at(5)).await, None, "the new pair is gone");
        assert_eq!(opens(&db, 0, at(5)).await, Some(Ok(())), "the old is as it was");
        let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
        assert_eq!((key.life.state, key.ends_previous), (KeyState::Active, false));
        assert_eq!(db.count("deliveries WHERE sealed IS NOT NULL").await, 0);
        let again = exchange(&db, 2, HOUR).await;
        assert_eq!(write!(db, rotations::hand_over(at(6), again, handover(1))), Exchanged::Done);
    }
}

async fn both_pairs_are_forgotten_with_a_change_of_the_key(db: TestDatabase) {
    let claimed = begun(&db, HOUR).await;
    let heard = async |name: usize, since: i64| {
        let changes = read!(db, key_changes::from(since + 1, 1000)).changes;
        changes.iter().any(|change| change.lookup.as_deref() == Some(&lookup(name)[..]))
    };
    let now = async || read!(db, key_changes::newest());
    let mut before = now().await;
    db.execute("UPDATE keys SET permissions = 'read'").await;
    assert!(heard(0, before).await && heard(1, before).await, "while it is sent");
    before = now().await;
    record(&db, at(3), &claimed, None).await;
    assert!(heard(0, before).await && heard(1, before).await, "when it was taken");
    before = now().await;
    db.execute("UPDATE keys SET permissions = 'write'").await;
    assert!(heard(0, before).await && heard(1, before).await, "in the overlap");
    before = now().await;
    let id = claimed_key(&db).await;
    assert!(write!(db, other_pairs::end_previous(at(4), id, Some(lookup(1)))));
    assert!(heard(0, before).await && !heard(1, before).await, "the old one ends");
}

async fn a_previous_pair_ends_once(db: TestDatabase) {
    let claimed = begun(&db, HOUR).await;
    let id = claimed_key(&db).await;
    assert!(!write!(db, other_pairs::end_previous(at(2), id, Some(lookup(1)))), "not yet its own");
    record(&db, at(3), &claimed, None).await;
    assert_eq!(write!(db, other_pairs::end_overdue(at(3602), 10)), [0_i64; 0]);
    let ended = at_once(&db, 16, |db, number| async move {
        if number % 2 == 0 {
            write!(db, other_pairs::end_previous(at(3603), id, Some(lookup(1))))
        } else {
            write!(db, other_pairs::end_overdue(at(3603), 10)) == [id]
        }
    })
    .await;
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1);
    assert_eq!(db.count("other_pairs WHERE role = 'ended' AND sealed IS NULL").await, 1);
    assert_eq!(read!(db, other_pairs::of(at(3604), id)), None);
}

async fn a_pair_that_ended_is_not_taken_for_a_new_key(db: TestDatabase) {
    let claimed = begun(&db, Duration::ZERO).await;
    let id = claimed_key(&db).await;
    record(&db, at(3), &claimed, None).await;
    let again = NewKey {
        lookup: lookup(0),
        secret_hash: "a hash".to_owned(),
        ending: "1234567".to_owned(),
        description: "Imported again".to_owned(),
        permissions: Permissions::Read,
        owner_id: make_user(&db, "olga").await,
        expires_at: None,
    };
    assert_eq!(write!(db, key_edits::create(at(4), again, None)), KeyInsert::Taken(id));
}

async fn a_key_that_ends_takes_both_pairs_along(db: TestDatabase) {
    begun(&db, HOUR).await;
    let (id, max) = (claimed_key(&db).await, user_id(&db, "max").await);
    assert!(write!(db, key_edits::revoke(at(3), (id, max), "lost")));
    assert_eq!(opens(&db, 0, at(3)).await, Some(Err(Unusable::Revoked)));
    assert_eq!(opens(&db, 1, at(3)).await, None);
    let next = write!(db, deliveries::claim(at(100), HOUR));
    assert_eq!(outcome(&next), "nothing", "what was to be sent is called off");
    assert!(matches!(next, Claim::Nothing(None)));
}
