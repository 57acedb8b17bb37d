//! What apps are told of their keys, what an approval replaces, and warnings: written with what they are
//! about, once, on a lane of their own.

use std::time::Duration;

use appgrant::{
    db::outcomes::{Approval, Cargo, Claim, Claimed, Recorded},
    domain::{
        authorize_request::AuthorizeRequest,
        delivery::{DeliveryState, Kind, Lane},
        expiry::Warning,
        failure::{Failure, Phase},
        key::KeyState,
        parameters::Parameters,
        timestamp::Timestamp,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{
        LEASE, approval, approve_some, at, claim, lookup, make_approver, outcome, record, request,
        user_id,
    },
};

on_each_database!(
    an_event_is_written_for_apps_that_want_it,
    events_take_no_ones_turn,
    an_event_is_tried_for_a_day,
    a_delivered_key_ends_what_it_replaces,
    a_key_that_is_not_delivered_replaces_nothing,
    what_is_somebody_elses_by_then_is_not_replaced,
    the_same_connection_is_host_and_user,
    a_warning_is_given_once,
);

/// What the app asks for, with an address for events.
fn with_events() -> AuthorizeRequest {
    let without = request("app.example");
    let pairs = without.pairs().into_iter().map(|(name, value)| (name, value.to_owned()));
    let events = ("events_url", "https://events.example/hook".to_owned());
    AuthorizeRequest::read(&Parameters::of(pairs.chain([events]))).unwrap()
}

/// That many delivered keys of an app that wants events; gives their numbers.
async fn delivered(db: &TestDatabase, count: usize) -> Vec<i64> {
    let user = make_approver(db).await;
    let mut ids = Vec::new();
    for number in 0..count {
        let page = format!("page {number}");
        let new = Approval { request: with_events(), ..approval(user, &page, number) };
        write!(db, approvals::approve(at(0), new));
        let claimed = claim(db, at(0)).await;
        assert_eq!(record(db, at(0), &claimed, None).await, Recorded::Delivered);
        ids.push(read!(db, keys::by_lookup(&lookup(number))).unwrap().id);
    }
    ids
}

async fn claim_event(db: &TestDatabase, now: Timestamp) -> Claimed {
    match write!(db, deliveries::claim_on(now, LEASE, Lane::Events)) {
        Claim::Got(claimed) => *claimed,
        other => panic!("no event was claimed: {}", outcome(&other)),
    }
}

async fn an_event_is_written_for_apps_that_want_it(db: TestDatabase) {
    let id = delivered(&db, 1).await[0];
    let max = user_id(&db, "max").await;
    assert!(write!(db, key_edits::revoke(at(5), (id, max), "lost")));
    assert!(!write!(db, key_edits::revoke(at(6), (id, max), "lost")), "once");
    let claimed = claim_event(&db, at(7)).await;
    assert_eq!(claimed.kind, Kind::Event);
    assert_eq!(claimed.request.events_url.as_ref().unwrap().host(), "events.example");
    let Cargo::Event(facts) = &claimed.cargo else { panic!("an event") };
    assert_eq!((facts.name.as_str(), facts.at, facts.key_id), ("key.revoked", at(5), id));
    assert_eq!(facts.details["reason"], "lost");
    assert_eq!(record(&db, at(8), &claimed, None).await, Recorded::Delivered);
    assert_eq!(db.count("deliveries WHERE kind = 'event'").await, 1);
    let silent = db.empty().await;
    silent.migrate().await.unwrap();
    approve_some(&silent, 1).await;
    let claimed = claim(&silent, at(0)).await;
    record(&silent, at(0), &claimed, None).await;
    let key = read!(silent, keys::by_lookup(&lookup(0))).unwrap().id;
    let max = user_id(&silent, "max").await;
    assert!(write!(silent, key_edits::revoke(at(5), (key, max), "lost")));
    assert_eq!(silent.count("deliveries WHERE kind = 'event'").await, 0, "it did not ask");
}

async fn events_take_no_ones_turn(db: TestDatabase) {
    let ids = delivered(&db, 10).await;
    let max = user_id(&db, "max").await;
    for id in ids {
        write!(db, key_edits::revoke(at(1), (id, max), "lost"));
    }
    let new = Approval { request: with_events(), ..approval(max, "page 10", 10) };
    write!(db, approvals::approve(at(2), new));
    assert_eq!(claim(&db, at(3)).await.id, "delivery-10", "before ten older events");
    assert_eq!(outcome(&write!(db, deliveries::claim(at(3), LEASE))), "nothing before 23");
    for _ in 0..10 {
        claim_event(&db, at(3)).await;
    }
    let none = write!(db, deliveries::claim_on(at(3), LEASE, Lane::Events));
    assert_eq!(outcome(&none), "nothing before 23");
}

async fn an_event_is_tried_for_a_day(db: TestDatabase) {
    let id = delivered(&db, 1).await[0];
    let max = user_id(&db, "max").await;
    write!(db, key_edits::revoke(at(0), (id, max), "lost"));
    let (mut now, mut attempts) = (0, 0);
    loop {
        let claimed = claim_event(&db, at(now)).await;
        attempts += 1;
        let refused = Some(Failure::Timeout(Phase::Answer));
        match record(&db, at(now), &claimed, refused).await {
            Recorded::RetryAt(next) => {
                now = i64::try_from(next.since(at(0)).as_secs()).unwrap();
            }
            Recorded::GaveUp => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(attempts, 8);
    assert!((24 * 3600..28 * 3600).contains(&now), "{now} seconds");
    assert_eq!(db.count("deliveries WHERE kind = 'event' AND state = 'failed'").await, 1);
}

/// A delivered key, and the approval of another that replaces it.
async fn reconnecting(db: &TestDatabase) -> (i64, i64) {
    let old = delivered(db, 1).await[0];
    let max = user_id(db, "max").await;
    let same = read!(db, replacements::same_connection(at(1), "app.example", "123"));
    assert_eq!(same, [old]);
    let replaces = vec![(old, max)];
    let new = Approval { request: with_events(), replaces, ..approval(max, "page 1", 1) };
    write!(db, approvals::approve(at(1), new));
    (old, read!(db, keys::by_lookup(&lookup(1))).unwrap().id)
}

async fn state_of(db: &TestDatabase, number: usize) -> KeyState {
    read!(db, keys::by_lookup(&lookup(number))).unwrap().life.state
}

async fn a_delivered_key_ends_what_it_replaces(db: TestDatabase) {
    let (old, new) = reconnecting(&db).await;
    let claimed = claim(&db, at(1)).await;
    assert_eq!(state_of(&db, 0).await, KeyState::Active, "both, while it is sent");
    let (id, attempt) = (claimed.id.clone(), claimed.attempt);
    let taken = super::samples::attempted(None);
    let recording = write!(db, deliveries::record(at(2), &id, attempt, &taken));
    assert_eq!((recording.recorded, recording.replaced), (Recorded::Delivered, vec![old]));
    assert_eq!(state_of(&db, 0).await, KeyState::Revoked);
    assert_eq!(state_of(&db, 1).await, KeyState::Active);
    let reason = format!("keys WHERE revoke_reason = 'replaced by key {new}'");
    assert_eq!(db.count(&reason).await, 1);
    let Cargo::Event(facts) = claim_event(&db, at(3)).await.cargo else { panic!("an event") };
    assert_eq!((facts.key_id, facts.name.as_str()), (old, "key.revoked"), "the app hears of it");
}

async fn a_key_that_is_not_delivered_replaces_nothing(db: TestDatabase) {
    reconnecting(&db).await;
    let claimed = claim(&db, at(1)).await;
    assert_eq!(record(&db, at(2), &claimed, Some(Failure::CannotOpen)).await, Recorded::GaveUp);
    assert_eq!(state_of(&db, 0).await, KeyState::Active);
    assert_eq!(state_of(&db, 1).await, KeyState::Revoked);
}

async fn what_is_somebody_elses_by_then_is_not_replaced(db: TestDatabase) {
    let (old, _) = reconnecting(&db).await;
    let (max, other) = (user_id(&db, "max").await, super::samples::make_user(&db, "olga").await);
    assert_eq!(write!(db, key_edits::reassign(vec![old], max, other)), Some(vec![old]));
    let claimed = claim(&db, at(1)).await;
    assert_eq!(record(&db, at(2), &claimed, None).await, Recorded::Delivered);
    assert_eq!(state_of(&db, 0).await, KeyState::Active);
}

async fn the_same_connection_is_host_and_user(db: TestDatabase) {
    let old = delivered(&db, 2).await;
    let same =
        async |host: &str, user: &str| read!(db, replacements::same_connection(at(1), host, user));
    assert_eq!(same("app.example", "123").await, [old[1], old[0]], "newest first");
    for (host, user) in [("app.example", "12"), ("app.example", "1234"), ("other.example", "123")] {
        assert_eq!(same(host, user).await, [0_i64; 0], "{host} {user}");
    }
    db.execute("UPDATE keys SET expires_at = 5").await;
    assert_eq!(same("app.example", "123").await, [0_i64; 0], "what expired is over");
    let status = read!(db, delivery_status::of_grant("grant-0")).unwrap();
    assert_eq!((status.kind, status.state), (Kind::Keys, DeliveryState::Delivered));
}

async fn a_warning_is_given_once(db: TestDatabase) {
    let ids = delivered(&db, 3).await;
    let end = at(20 * 24 * 3600);
    db.execute(&format!("UPDATE keys SET expires_at = {}", end.as_millis())).await;
    let near = at(10 * 24 * 3600);
    assert_eq!(read!(db, key_warnings::ending(at(0), (0, 0), 10)), [], "not yet");
    let first = read!(db, key_warnings::ending(near, (0, 0), 2));
    assert_eq!(first.iter().map(|key| key.0).collect::<Vec<_>>(), ids[..2]);
    let rest = read!(db, key_warnings::ending(near, (end.as_millis(), ids[1]), 2));
    assert_eq!(rest, [(ids[2], at(0), end)], "the walk goes on behind the last one");
    let warn = move |id: i64| Warning { key_id: id, expires_at: end, days: 14 };
    let warnings: Vec<_> = ids.iter().map(|id| warn(*id)).collect();
    assert_eq!(read!(db, key_warnings::missing(warnings.clone())), warnings);
    let given = at_once(&db, 16, |db, _| {
        let warnings = warnings.clone();
        async move { write!(db, key_warnings::give(near, warnings)).len() }
    })
    .await;
    assert_eq!(given.iter().sum::<usize>(), 3, "{given:?}");
    assert_eq!(read!(db, key_warnings::missing(warnings)), []);
    assert_eq!(db.count("deliveries WHERE event = 'key.expiring'").await, 3);
    let another = Warning { expires_at: end.plus(Duration::from_secs(1)), ..warn(ids[0]) };
    assert_eq!(write!(db, key_warnings::give(near, vec![another])), [], "it does not end then");
}
