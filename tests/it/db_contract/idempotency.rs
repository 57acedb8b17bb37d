//! Named requests: carried out once, however many come at once from two processes.

use appgrant::{
    db::outcomes::{KeyInsert, NewKey, OnceMade, Remembered, ToRemember, UserInsert},
    domain::{idempotency::NamedRequest, permissions::Permissions, sealed::Sealed},
};

use super::{
    TestDatabase, at_once,
    samples::{at, lookup, make_user, new_user},
};

on_each_database!(
    of_sixteen_at_once_one_makes_and_all_get_its_answer,
    a_name_stands_for_one_request,
    what_was_not_made_leaves_no_trace,
    answers_are_forgotten_after_a_day,
);

fn named(name: &str, asked: &str) -> NamedRequest {
    NamedRequest { id: name.as_bytes().to_vec(), request: asked.as_bytes().to_vec() }
}

fn remember(request: NamedRequest, number: usize) -> ToRemember {
    let seal = move |id| Sealed::from_bytes(format!("key {id} by {number}").into_bytes());
    ToRemember { request, seal: Box::new(seal) }
}

fn new_key(owner_id: i64, number: usize) -> NewKey {
    NewKey {
        lookup: lookup(number),
        secret_hash: "a hash".to_owned(),
        ending: "1234567".to_owned(),
        description: "A key".to_owned(),
        permissions: Permissions::Read,
        owner_id,
        expires_at: None,
    }
}

/// The answer, whoever made it.
fn answer(made: OnceMade<KeyInsert>, number: usize) -> String {
    match made {
        OnceMade::Now(KeyInsert::Made(id)) => format!("key {id} by {number}"),
        OnceMade::Before(sealed) => String::from_utf8(sealed.as_bytes().to_vec()).unwrap(),
        _ => "neither".to_owned(),
    }
}

async fn of_sixteen_at_once_one_makes_and_all_get_its_answer(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    let answers = at_once(&db, 16, move |db, number| async move {
        let (new, once) = (new_key(owner, number), remember(named("a", "x"), number));
        answer(write!(db, key_edits::create_once(at(0), new, None, Some(once))), number)
    })
    .await;
    assert!(answers[0].starts_with("key "), "{}", answers[0]);
    assert!(answers.iter().all(|one| *one == answers[0]), "{answers:?}");
    assert_eq!((db.count("keys").await, db.count("idempotency_keys").await), (1, 1));
    assert_eq!(db.count("idempotency_keys WHERE answer IS NULL").await, 0);
}

async fn a_name_stands_for_one_request(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    let (new, once) = (new_key(owner, 1), remember(named("a", "x"), 1));
    write!(db, key_edits::create_once(at(0), new, None, Some(once)));
    let (new, once) = (new_key(owner, 2), remember(named("a", "y"), 2));
    let other = write!(db, key_edits::create_once(at(1), new, None, Some(once)));
    assert!(matches!(other, OnceMade::Another));
    let once = remember(named("a", "y"), 3);
    let other = write!(db, users::insert_once(at(1), &new_user("mia"), Some(once)));
    assert!(matches!(other, OnceMade::Another));
    assert_eq!((db.count("keys").await, db.count("users").await), (1, 1));
    assert!(matches!(read!(db, idempotency::find(at(1), &named("b", "x"))), Remembered::Nothing));
}

async fn what_was_not_made_leaves_no_trace(db: TestDatabase) {
    let (new, once) = (new_key(99, 1), remember(named("a", "x"), 1));
    let made = write!(db, key_edits::create_once(at(0), new, None, Some(once)));
    assert!(matches!(made, OnceMade::Now(KeyInsert::NoOwner)));
    make_user(&db, "max").await;
    let once = remember(named("b", "x"), 1);
    let made = write!(db, users::insert_once(at(0), &new_user("max"), Some(once)));
    assert!(matches!(made, OnceMade::Now(UserInsert::Taken)));
    assert_eq!(db.count("idempotency_keys").await, 0);
}

async fn answers_are_forgotten_after_a_day(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    let day = 24 * 3600;
    for (number, second) in [(1, 0), (2, 1), (3, 2)] {
        let once = remember(named(&format!("n{number}"), "x"), number);
        write!(db, key_edits::create_once(at(second), new_key(owner, number), None, Some(once)));
    }
    let known = async |second| {
        let found = read!(db, idempotency::find(at(second), &named("n1", "x")));
        matches!(found, Remembered::Answered(_))
    };
    assert!(known(day - 1).await);
    assert!(!known(day).await, "also before it is deleted");
    let once = remember(named("n1", "x"), 4);
    let again = write!(db, key_edits::create_once(at(day), new_key(owner, 4), None, Some(once)));
    assert!(matches!(again, OnceMade::Now(KeyInsert::Made(_))));
    assert!(known(day + 1).await, "the new one");
    assert_eq!(write!(db, idempotency::purge(at(day + 1), 100)), 1);
    assert_eq!(write!(db, idempotency::purge(at(day + 2), 100)), 1);
    assert_eq!(db.count("idempotency_keys").await, 1);
}
