//! Users: made once, listed, and without sessions after their trust ended.

use appgrant::{
    db::outcomes::{NewUser, UserChange, UserInsert, UserUpdate},
    domain::user::Role,
};

use super::{
    TestDatabase, at_once,
    samples::{at, begun, make_user, new_user, padded},
};

on_each_database!(
    a_user_is_found_as_it_was_made,
    a_taken_login_or_address_is_told,
    a_login_is_given_to_one_of_many_at_once,
    an_address_is_changed_to_by_one_of_many_at_once,
    there_is_one_first_admin_however_many_try,
    the_first_admin_needs_the_token,
    a_new_password_ends_the_sessions,
    disabling_ends_the_sessions_and_enabling_does_not,
    two_admins_who_demote_each_other_leave_one,
    a_session_needs_the_password_that_was_checked,
    a_change_leaves_what_it_does_not_name,
);

async fn a_user_is_found_as_it_was_made(db: TestDatabase) {
    assert!(!read!(db, users::any()));
    let no_email = NewUser { email: None, role: Role::Viewer, ..new_user("vera") };
    write!(db, users::insert(at(0), &no_email));
    let id = make_user(&db, "max").await;
    assert!(read!(db, users::any()));

    for text in ["max", "max@shop.example"] {
        let found = read!(db, users::by_login_or_email(text)).unwrap();
        assert_eq!((found.user.id, found.user.role), (id, Role::Manager));
        assert_eq!(found.password_hash, "a hash");
    }
    assert!(read!(db, users::by_login_or_email("nobody")).is_none());
    let users = read!(db, users::list());
    let logins: Vec<_> =
        users.iter().map(|user| (user.login.as_str(), user.email.is_some())).collect();
    assert_eq!(logins, [("max", true), ("vera", false)]);
}

async fn a_taken_login_or_address_is_told(db: TestDatabase) {
    make_user(&db, "max").await;
    let same_login = NewUser { email: None, ..new_user("max") };
    let same_email = NewUser { email: new_user("max").email, ..new_user("moritz") };
    for taken in [same_login, same_email] {
        assert_eq!(write!(db, users::insert(at(0), &taken)), UserInsert::Taken);
    }
    assert_eq!(db.count("users").await, 1);
}

async fn a_login_is_given_to_one_of_many_at_once(db: TestDatabase) {
    let made =
        at_once(&db, 16, |db, _| async move { write!(db, users::insert(at(0), &new_user("max"))) })
            .await;
    assert_eq!(made.iter().filter(|made| **made != UserInsert::Taken).count(), 1);
}

/// Told, not an error, although on PostgreSQL the address was free when it was looked for.
async fn an_address_is_changed_to_by_one_of_many_at_once(db: TestDatabase) {
    for round in 0..5 {
        let mut ids = Vec::new();
        for number in 0..8 {
            ids.push(make_user(&db, &format!("max{round}{number}")).await);
        }
        let outcomes = at_once(&db, 8, move |db, number| {
            let (id, email) = (ids[number], format!("new{round}@shop.example"));
            let change = UserChange { email: Some(Some(email)), ..UserChange::default() };
            async move { write!(db, users::change(id, change)) }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| **outcome == UserUpdate::Done).count();
        let taken = outcomes.iter().filter(|outcome| **outcome == UserUpdate::Taken).count();
        assert_eq!((done, taken), (1, 7), "{outcomes:?}");
    }
}

async fn there_is_one_first_admin_however_many_try(db: TestDatabase) {
    write!(db, meta::put("setup", "token"));
    let made = at_once(&db, 16, |db, number| async move {
        let new = new_user(&format!("admin{number}"));
        write!(db, users::insert_first(at(0), &new, "token"))
    })
    .await;
    assert_eq!(made.iter().filter(|made| **made == UserInsert::NoSetup).count(), 15);
    assert_eq!(db.count("users").await, 1);
}

async fn the_first_admin_needs_the_token(db: TestDatabase) {
    let try_with = async |token| write!(db, users::insert_first(at(0), &new_user("ada"), token));
    assert_eq!(try_with("token").await, UserInsert::NoSetup);
    write!(db, meta::put("setup", "token"));
    assert_eq!(try_with("other").await, UserInsert::NoSetup);
    make_user(&db, "max").await;
    assert_eq!(try_with("token").await, UserInsert::NoSetup, "somebody is there already");
}

async fn a_new_password_ends_the_sessions(db: TestDatabase) {
    let [max, _] = with_sessions(&db).await;
    assert!(write!(db, users::set_password(at(1), max, "another hash", None)));
    assert!(read!(db, sessions::find(&padded("max's"))).is_none());
    assert!(read!(db, sessions::find(&padded("vera's"))).is_some());
    let found = read!(db, users::by_login_or_email("max")).unwrap();
    assert_eq!(found.password_hash, "another hash");
    assert!(!write!(db, users::set_password(at(1), 77, "another hash", None)));
}

async fn disabling_ends_the_sessions_and_enabling_does_not(db: TestDatabase) {
    let [max, vera] = with_sessions(&db).await;
    assert_eq!(write!(db, users::disable(max, at(1), false)), UserUpdate::Done);
    assert!(read!(db, sessions::find(&padded("max's"))).is_none());
    assert!(read!(db, users::by_login_or_email("max")).unwrap().user.disabled);
    assert_eq!(write!(db, users::enable(max)), UserUpdate::Done);
    assert!(!read!(db, users::by_login_or_email("max")).unwrap().user.disabled);
    assert_eq!(write!(db, users::enable(vera)), UserUpdate::Done);
    assert!(read!(db, sessions::find(&padded("vera's"))).is_some());
    assert_eq!(write!(db, users::enable(77)), UserUpdate::Unknown);
}

async fn with_sessions(db: &TestDatabase) -> [i64; 2] {
    let users = [make_user(db, "max").await, make_user(db, "vera").await];
    for (user, login) in users.into_iter().zip(["max", "vera"]) {
        write!(db, sessions::begin(at(0), begun(user, &format!("{login}'s"), None)));
    }
    users
}

async fn two_admins_who_demote_each_other_leave_one(db: TestDatabase) {
    let admin = |login: &str| NewUser { role: Role::Admin, ..new_user(login) };
    for round in 0..10 {
        let mut ids = Vec::new();
        for name in ["a", "b"] {
            let made = write!(db, users::insert(at(0), &admin(&format!("{name}{round}"))));
            let UserInsert::Made(id) = made else { panic!("{made:?}") };
            ids.push(id);
        }
        at_once(&db, 2, move |db, number| {
            let id = ids[number];
            async move {
                let change = UserChange { role: Some(Role::Manager), ..UserChange::default() };
                write!(db, users::change(id, change))
            }
        })
        .await;
        assert_eq!(db.count("users WHERE role = 'admin'").await, 1);
        db.execute("UPDATE users SET role = 'viewer'").await;
    }
}

async fn a_session_needs_the_password_that_was_checked(db: TestDatabase) {
    let max = make_user(&db, "max").await;
    assert!(write!(db, sessions::begin(at(0), begun(max, "one", None))));
    assert!(write!(db, users::set_password(at(1), max, "another", None)));
    assert!(
        !write!(db, sessions::begin(at(2), begun(max, "two", None))),
        "checked before the reset"
    );
    assert_eq!(db.count("sessions").await, 0);
    let late = Some("a hash".to_owned());
    assert!(!write!(db, users::set_password(at(3), max, "third", late)), "it was reset meanwhile");
}

async fn a_change_leaves_what_it_does_not_name(db: TestDatabase) {
    let max = make_user(&db, "max").await;
    let email = Some(None);
    let change = UserChange { email, ..UserChange::default() };
    assert_eq!(write!(db, users::change(max, change)), UserUpdate::Done);
    assert_eq!(write!(db, users::change(max, UserChange::default())), UserUpdate::Done);
    assert_eq!(write!(db, users::change(77, UserChange::default())), UserUpdate::Unknown);
    let user = read!(db, users::by_id(max)).unwrap();
    assert_eq!((user.name.as_str(), user.email, user.role), ("MAX", None, Role::Manager));
}
