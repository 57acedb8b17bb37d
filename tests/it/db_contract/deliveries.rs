//! Claiming deliveries: each due one by one worker at a time, again when a lease ran out.

use appgrant::{
    db::outcomes::{Cargo, Claim, Recorded},
    domain::{
        failure::{Failure, Phase},
        key::KeyState,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{LEASE, approve_some, at, attempted, claim, lookup, outcome, record},
};

on_each_database!(
    each_due_delivery_is_claimed_by_one_of_many_workers,
    a_claim_holds_what_was_approved,
    an_expired_lease_passes_to_the_next_worker,
    a_success_counts_even_after_its_lease,
    what_cannot_be_read_does_not_stop_the_others,
    failures_are_tried_again_by_the_table_and_five_are_the_end,
    retrying_now_is_for_those_that_wait,
);

async fn each_due_delivery_is_claimed_by_one_of_many_workers(db: TestDatabase) {
    approve_some(&db, 40).await;
    let claimed = at_once(&db, 16, |db, _| async move {
        let mut mine = Vec::new();
        loop {
            match write!(db, deliveries::claim(at(0), LEASE)) {
                Claim::Got(claimed) => mine.push(claimed.id),
                Claim::LostRace => {}
                Claim::Nothing(next) => break assert_eq!(next, Some(at(20))),
                Claim::GaveUp(_) => panic!("none is over its time"),
            }
        }
        mine
    })
    .await;
    let mut all: Vec<_> = claimed.into_iter().flatten().collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 40);
    assert_eq!(db.count("delivery_attempts").await, 40, "no attempt was counted twice");
}

async fn a_claim_holds_what_was_approved(db: TestDatabase) {
    approve_some(&db, 1).await;
    let claimed = claim(&db, at(0)).await;
    assert_eq!((claimed.id.as_str(), claimed.attempt), ("delivery-0", 1));
    assert_eq!(claimed.request.app_name, "An App");
    let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    let Cargo::Sealed(sealed) = &claimed.cargo else { panic!("a pair is sealed") };
    assert_eq!(sealed.as_bytes(), format!("sealed {}", key.id).as_bytes());
}

async fn an_expired_lease_passes_to_the_next_worker(db: TestDatabase) {
    approve_some(&db, 1).await;
    let slow = claim(&db, at(0)).await;
    let too_early = write!(db, deliveries::claim(at(19), LEASE));
    assert_eq!(outcome(&too_early), "nothing before 20");
    let next = claim(&db, at(20)).await;
    assert_eq!((next.id == slow.id, next.attempt), (true, 2));

    let late = Some(Failure::Timeout(Phase::Answer));
    assert_eq!(record(&db, at(21), &slow, late).await, Recorded::Superseded);
    assert_eq!(record(&db, at(22), &next, None).await, Recorded::Delivered);
    assert_eq!(outcome(&write!(db, deliveries::claim(at(1000), LEASE))), "nothing");
}

async fn a_success_counts_even_after_its_lease(db: TestDatabase) {
    approve_some(&db, 1).await;
    let slow = claim(&db, at(0)).await;
    let next = claim(&db, at(20)).await;
    assert_eq!(record(&db, at(21), &slow, None).await, Recorded::Delivered);
    let refused = Some(Failure::Status(409));
    assert_eq!(record(&db, at(22), &next, refused).await, Recorded::Superseded);
    let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!(key.life.state, KeyState::Active);
}

async fn what_cannot_be_read_does_not_stop_the_others(db: TestDatabase) {
    approve_some(&db, 2).await;
    db.execute("UPDATE grants SET scope = 'everything' WHERE id = 'grant-0'").await;
    assert_eq!(outcome(&write!(db, deliveries::claim(at(0), LEASE))), "gave up");
    assert_eq!(claim(&db, at(0)).await.id, "delivery-1");
    let key = read!(db, keys::by_lookup(&lookup(0))).unwrap();
    assert_eq!(key.life.state, KeyState::Revoked);
}

async fn failures_are_tried_again_by_the_table_and_five_are_the_end(db: TestDatabase) {
    approve_some(&db, 1).await;
    let refused = Failure::Status(503);
    let mut now = 0;
    for wait in [5, 30, 120, 600] {
        let claimed = claim(&db, at(now)).await;
        let recorded = record(&db, at(now), &claimed, Some(refused.clone())).await;
        assert_eq!(recorded, Recorded::RetryAt(at(now + wait)));
        let early = write!(db, deliveries::claim(at(now + wait - 1), LEASE));
        assert_eq!(outcome(&early), format!("nothing before {}", now + wait));
        now += wait;
    }
    let last = claim(&db, at(now)).await;
    assert_eq!(record(&db, at(now), &last, Some(refused.clone())).await, Recorded::GaveUp);

    let status = read!(db, delivery_status::of_grant("grant-0")).unwrap();
    assert_eq!((status.failures, status.attempts.len()), (5, 5));
    assert!(status.attempts.iter().all(|attempt| attempt.failure.as_ref() == Some(&refused)));
    let timeline = attempted(None).timeline;
    assert!(status.attempts.iter().all(|attempt| attempt.timeline.as_ref() == Some(&timeline)));
    db.execute("UPDATE delivery_attempts SET timeline = '{\"steps\":[{\"event\":\"beamed\"}]}'")
        .await;
    let status = read!(db, delivery_status::of_grant("grant-0")).unwrap();
    assert!(status.attempts.iter().all(|attempt| attempt.timeline.is_none()), "a newer version’s");
    assert_eq!(outcome(&write!(db, deliveries::claim(at(now + 1000), LEASE))), "nothing");
}

async fn retrying_now_is_for_those_that_wait(db: TestDatabase) {
    approve_some(&db, 1).await;
    let retry_now = async |seconds| write!(db, deliveries::retry_now(at(seconds), "grant-0"));
    let first = claim(&db, at(0)).await;
    assert!(!retry_now(1).await, "it is being sent");
    record(&db, at(1), &first, Some(Failure::Timeout(Phase::Answer))).await;
    assert!(retry_now(2).await);
    let second = claim(&db, at(2)).await;
    record(&db, at(3), &second, None).await;
    assert!(!retry_now(4).await, "it is delivered");
    assert!(!write!(db, deliveries::retry_now(at(4), "no such grant")));
}
