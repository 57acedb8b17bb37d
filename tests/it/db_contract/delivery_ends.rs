//! How deliveries end: the sealed keys are wiped, and the key lives only if the app has it.

use appgrant::{
    db::outcomes::Recorded,
    domain::{
        delivery::DeliveryState,
        failure::{Failure, Phase},
        key::KeyState,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{LEASE, approve_some, at, attempted, claim, lookup, outcome, record},
};

on_each_database!(
    a_delivered_key_is_active,
    after_fifteen_minutes_it_is_given_up_unsent,
    a_retry_past_the_fifteen_minutes_is_not_waited_for,
    what_cannot_be_opened_is_given_up_at_once,
    cancelling_while_it_is_sent_wins_over_the_answer,
    cancelling_and_recording_at_once_give_one_end,
);

/// How the first delivery stands, with its key.
async fn ended(db: &TestDatabase) -> (DeliveryState, KeyState) {
    assert_eq!(
        db.count("deliveries WHERE sealed IS NOT NULL").await,
        0,
        "the sealed keys are wiped"
    );
    let status = read!(db, delivery_status::of_grant("grant-0")).unwrap();
    (status.state, read!(db, keys::by_lookup(&lookup(0))).unwrap().life.state)
}

async fn a_delivered_key_is_active(db: TestDatabase) {
    approve_some(&db, 1).await;
    let claimed = claim(&db, at(0)).await;
    assert_eq!(record(&db, at(1), &claimed, None).await, Recorded::Delivered);
    assert_eq!(ended(&db).await, (DeliveryState::Delivered, KeyState::Active));
    assert!(!write!(db, deliveries::cancel(at(2), "grant-0")), "it is over");
}

async fn after_fifteen_minutes_it_is_given_up_unsent(db: TestDatabase) {
    approve_some(&db, 1).await;
    assert_eq!(outcome(&write!(db, deliveries::claim(at(900), LEASE))), "gave up");
    assert_eq!(ended(&db).await, (DeliveryState::Failed, KeyState::Revoked));
    assert_eq!(db.count("delivery_attempts").await, 0);
    assert_eq!(outcome(&write!(db, deliveries::claim(at(901), LEASE))), "nothing");
}

async fn a_retry_past_the_fifteen_minutes_is_not_waited_for(db: TestDatabase) {
    approve_some(&db, 1).await;
    let late = claim(&db, at(899)).await;
    assert_eq!(
        record(&db, at(899), &late, Some(Failure::Timeout(Phase::Answer))).await,
        Recorded::GaveUp
    );
    assert_eq!(ended(&db).await, (DeliveryState::Failed, KeyState::Revoked));
}

async fn what_cannot_be_opened_is_given_up_at_once(db: TestDatabase) {
    approve_some(&db, 1).await;
    let claimed = claim(&db, at(0)).await;
    assert_eq!(record(&db, at(0), &claimed, Some(Failure::CannotOpen)).await, Recorded::GaveUp);
    assert_eq!(ended(&db).await, (DeliveryState::Failed, KeyState::Revoked));
}

async fn cancelling_while_it_is_sent_wins_over_the_answer(db: TestDatabase) {
    approve_some(&db, 1).await;
    let claimed = claim(&db, at(0)).await;
    assert!(write!(db, deliveries::cancel(at(1), "grant-0")));
    assert!(!write!(db, deliveries::cancel(at(1), "grant-0")), "once");
    for failure in [None, Some(Failure::Timeout(Phase::Answer))] {
        assert_eq!(record(&db, at(2), &claimed, failure).await, Recorded::Superseded);
    }
    assert_eq!(ended(&db).await, (DeliveryState::Cancelled, KeyState::Revoked));
    assert!(!write!(db, deliveries::cancel(at(2), "no such grant")));
}

async fn cancelling_and_recording_at_once_give_one_end(db: TestDatabase) {
    approve_some(&db, 20).await;
    for _ in 0..20 {
        let claimed = claim(&db, at(0)).await;
        let ends = at_once(&db, 2, |db, number| {
            let (id, attempt) = (claimed.id.clone(), claimed.attempt);
            async move {
                if number == 0 {
                    return write!(db, deliveries::cancel(at(1), &id.replace("delivery", "grant")));
                }
                let taken = attempted(None);
                let recording = write!(db, deliveries::record(at(1), &id, attempt, &taken));
                Recorded::Delivered == recording.recorded
            }
        })
        .await;
        assert_eq!(ends.iter().filter(|won| **won).count(), 1);
    }
    let delivered = db.count("deliveries WHERE state = 'delivered'").await;
    assert_eq!(db.count("keys WHERE state = 'active'").await, delivered);
    assert_eq!(db.count("keys WHERE state = 'revoked'").await, 20 - delivered);
}
