//! Sessions: a login replaces one and sweeps out those that are over.

use appgrant::domain::session::{ABSOLUTE, IDLE};

use super::{
    TestDatabase, at_once,
    samples::{at, begun, make_user, padded},
};

on_each_database!(
    a_session_is_found_and_touched,
    a_login_replaces_the_session_it_came_with,
    a_login_sweeps_out_what_is_over,
    many_logins_at_once_do_not_wait_for_each_other_in_a_circle,
);

async fn a_session_is_found_and_touched(db: TestDatabase) {
    let user = make_user(&db, "max").await;
    write!(db, sessions::begin(at(0), begun(user, "one", None)));
    write!(db, sessions::touch(at(60), &padded("one")));
    let found = read!(db, sessions::find(&padded("one"))).unwrap();
    assert_eq!((found.user.id, found.created_at, found.last_used_at), (user, at(0), at(60)));
    write!(db, sessions::end(&padded("one")));
    assert!(read!(db, sessions::find(&padded("one"))).is_none());
}

async fn a_login_replaces_the_session_it_came_with(db: TestDatabase) {
    let user = make_user(&db, "max").await;
    write!(db, sessions::begin(at(0), begun(user, "one", None)));
    write!(db, sessions::begin(at(0), begun(user, "other", None)));
    write!(db, sessions::begin(at(1), begun(user, "two", Some("one"))));
    assert!(read!(db, sessions::find(&padded("one"))).is_none());
    assert!(read!(db, sessions::find(&padded("other"))).is_some());
    assert!(read!(db, sessions::find(&padded("two"))).is_some());
}

async fn a_login_sweeps_out_what_is_over(db: TestDatabase) {
    let user = make_user(&db, "max").await;
    write!(db, sessions::begin(at(0).minus(ABSOLUTE), begun(user, "just not too old", None)));
    write!(db, sessions::touch(at(0), &padded("just not too old")));
    write!(db, sessions::begin(at(0).minus(IDLE), begun(user, "just not idle", None)));
    write!(db, sessions::begin(at(0), begun(user, "third", None)));
    assert_eq!(db.count("sessions").await, 3);

    write!(db, sessions::begin(at(1), begun(user, "fourth", None)));
    assert!(read!(db, sessions::find(&padded("just not too old"))).is_none());
    assert!(read!(db, sessions::find(&padded("just not idle"))).is_none());
    assert_eq!(db.count("sessions").await, 2);
}

/// Each comes with a session that the others sweep out at the same time.
async fn many_logins_at_once_do_not_wait_for_each_other_in_a_circle(db: TestDatabase) {
    let user = make_user(&db, "max").await;
    for round in 0..5 {
        let begin = move |number: usize| format!("{round} {number}");
        let (long_ago, now) = (at(round * 1_000_000), at((round + 1) * 1_000_000 - 1));
        for number in 0..16 {
            write!(db, sessions::begin(long_ago, begun(user, &begin(number), None)));
        }
        at_once(&db, 16, |db, number| async move {
            let new = begin(100 + number);
            write!(db, sessions::begin(now, begun(user, &new, Some(&begin(15 - number)))));
        })
        .await;
        assert_eq!(db.count("sessions").await, 16);
    }
}
