//! Failed logins: none is lost, however many come at once.

use appgrant::{db::outcomes::Admission, domain::login_throttle::Subject};

use super::{TestDatabase, at_once, samples::at};

on_each_database!(
    of_many_attempts_at_once_the_allowed_number_is_looked_at,
    waiting_opens_one_attempt,
    a_right_login_forgives,
);

async fn of_many_attempts_at_once_the_allowed_number_is_looked_at(db: TestDatabase) {
    for (subject, key, free) in
        [(Subject::Account, b"account", 5), (Subject::Address, b"address", 20)]
    {
        let admitted = at_once(&db, 50, |db, _| async move {
            write!(db, login_failures::admit(at(0), subject, key))
        })
        .await;
        let open = admitted.iter().filter(|admission| **admission == Admission::Open).count();
        assert_eq!(open, free, "{subject:?}");
        let rows = format!("login_failures WHERE failures = {free}");
        assert_eq!(db.count(&rows).await, 1, "{subject:?}");
    }
}

async fn waiting_opens_one_attempt(db: TestDatabase) {
    let admit =
        async |seconds| write!(db, login_failures::admit(at(seconds), Subject::Account, b"key"));
    for _ in 0..5 {
        assert_eq!(admit(0).await, Admission::Open);
    }
    assert_eq!(admit(0).await, Admission::WaitUntil(at(1)));
    assert_eq!(admit(1).await, Admission::Open);
    assert_eq!(admit(1).await, Admission::WaitUntil(at(3)));
    assert_eq!(admit(4000).await, Admission::Open, "an hour later all is forgotten");
    assert_eq!(db.count("login_failures WHERE failures = 1").await, 1);
}

async fn a_right_login_forgives(db: TestDatabase) {
    for _ in 0..3 {
        write!(db, login_failures::admit(at(0), Subject::Account, b"account"));
        write!(db, login_failures::admit(at(0), Subject::Address, b"address"));
    }
    write!(db, login_failures::forgive(b"account", b"address"));
    assert_eq!(db.count("login_failures").await, 1);
    assert_eq!(db.count("login_failures WHERE failures = 2").await, 1);
    for _ in 0..2 {
        write!(db, login_failures::forgive(b"account", b"address"));
    }
    assert_eq!(db.count("login_failures").await, 0, "nothing is kept of those without failures");
}
