//! An authorization code is exchanged once; presented again it ends what came of it.

use appgrant::{
    db::token_outcomes::{CodeWritten, NewCode, NewToken, Redeemed, Spent},
    domain::{consent::Decision, permissions::Permissions, pkce::Challenge, timestamp::Timestamp},
};

use super::{
    TestDatabase, at_once,
    samples::{at, begun, consent, make_user, padded},
    token_samples::{is_live, new_key, pair, refresh, register, spend},
};

on_each_database!(
    a_code_is_exchanged_once,
    a_code_used_again_ends_what_came_of_it,
    of_many_who_exchange_one_code_at_once_one_gets_tokens,
    another_app_gets_nothing_for_it,
    a_user_who_is_shut_out_connects_nothing,
    pressed_again_the_page_gives_another_code,
    a_page_pressed_many_times_at_once_leaves_one_code,
    what_was_denied_stays_so,
);

/// The app's key, and a user who is logged in.
async fn story(db: &TestDatabase) -> (i64, i64) {
    let owner = make_user(db, "ada").await;
    let user_id = make_user(db, "max").await;
    write!(db, sessions::begin(at(0), begun(user_id, "a session", None)));
    (register(db, owner).await, user_id)
}

fn code(number: usize, (client_id, user_id): (i64, i64)) -> NewCode {
    NewCode {
        lookup: padded(&format!("code {number}")),
        client_id,
        user_id,
        redirect_uri: "https://app.example/back".to_owned(),
        redirect_sent: true,
        challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        permissions: Permissions::Read,
        key_expires_at: None,
        expires_at: at(60),
    }
}

async fn press(db: &TestDatabase, number: usize, ids: (i64, i64)) -> CodeWritten {
    let (session, page) = (padded("a session"), consent("page"));
    write!(db, authorization_codes::write(at(0), session, page, code(number, ids)))
}

fn tokens(name: usize, client_id: i64, now: Timestamp) -> NewToken {
    NewToken { client_id: Some(client_id), ..pair(name, client_id, now) }
}

async fn redeem(db: &TestDatabase, second: i64, number: usize, ids: (i64, i64)) -> Redeemed {
    let (client_id, user_id) = ids;
    let key = new_key(&format!("connection {second}"), user_id);
    let token = tokens(number, client_id, at(second));
    let lookup = padded(&format!("code {number}"));
    write!(db, authorization_codes::redeem(at(second), lookup, key, token))
}

async fn a_code_is_exchanged_once(db: TestDatabase) {
    let ids = story(&db).await;
    assert_eq!(press(&db, 0, ids).await, CodeWritten::Done);
    let Redeemed::Made(key_id) = redeem(&db, 59, 0, ids).await else { panic!() };
    assert_eq!(read!(db, oauth_clients::client_of(key_id)), Some(ids.0));
    assert!(is_live(&db, 0).await);
    let record = read!(db, refresh_tokens::by_lookup(&refresh(0))).unwrap();
    assert_eq!((record.key_id, record.client_id), (key_id, Some(ids.0)));
    assert_eq!(press(&db, 1, ids).await, CodeWritten::Connected);

    let other = write!(
        db,
        authorization_codes::write(at(0), padded("a session"), consent("2nd"), code(2, ids))
    );
    assert_eq!(other, CodeWritten::Done);
    assert_eq!(redeem(&db, 60, 2, ids).await, Redeemed::Over, "a minute is over");
    assert_eq!(redeem(&db, 1, 9, ids).await, Redeemed::Over, "nobody’s");
    assert_eq!(db.count("connections").await, 1);
}

async fn a_code_used_again_ends_what_came_of_it(db: TestDatabase) {
    let ids = story(&db).await;
    press(&db, 0, ids).await;
    let Redeemed::Made(key_id) = redeem(&db, 1, 0, ids).await else { panic!() };
    assert_eq!(spend(&db, 2, 0, 5).await, Spent::Fresh);
    assert_eq!(redeem(&db, 3_000, 0, ids).await, Redeemed::Reused(Some(key_id)), "however late");
    assert!(!is_live(&db, 0).await && !is_live(&db, 5).await);
    assert_eq!(spend(&db, 3_001, 5, 6).await, Spent::Over);
    assert_eq!(db.count("connections").await, 1);
}

async fn of_many_who_exchange_one_code_at_once_one_gets_tokens(db: TestDatabase) {
    let ids = story(&db).await;
    press(&db, 0, ids).await;
    let keys = db.count("keys").await;
    let done = at_once(&db, 12, |db, number| async move {
        let (key, token) =
            (new_key(&format!("connection {number}"), ids.1), tokens(number, ids.0, at(1)));
        write!(db, authorization_codes::redeem(at(1), padded("code 0"), key, token))
    })
    .await;
    let made: Vec<_> = done.iter().filter(|it| matches!(it, Redeemed::Made(_))).collect();
    assert_eq!(made.len(), 1, "{done:?}");
    let Redeemed::Made(key_id) = *made[0] else { unreachable!() };
    let again = done.iter().filter(|it| **it == Redeemed::Reused(Some(key_id))).count();
    assert_eq!(again, 11, "{done:?}");
    assert_eq!((db.count("keys").await, db.count("access_tokens").await), (keys + 1, 1));
    assert_eq!(db.count("access_tokens WHERE revoked_at IS NULL").await, 0);
}

async fn another_app_gets_nothing_for_it(db: TestDatabase) {
    let ids = story(&db).await;
    press(&db, 0, ids).await;
    assert_eq!(redeem(&db, 1, 0, (ids.0 + 1, ids.1)).await, Redeemed::Over);
    assert!(matches!(redeem(&db, 2, 0, ids).await, Redeemed::Made(_)), "it is still good");
    assert_eq!(redeem(&db, 3, 0, (ids.0 + 1, ids.1)).await, Redeemed::Over);
    assert!(is_live(&db, 0).await, "another app ends nothing");
}

async fn a_user_who_is_shut_out_connects_nothing(db: TestDatabase) {
    let ids = story(&db).await;
    press(&db, 0, ids).await;
    write!(db, users::disable(ids.1, at(1), false));
    assert_eq!(redeem(&db, 2, 0, ids).await, Redeemed::NoOwner);
    assert_eq!((db.count("connections").await, db.count("access_tokens").await), (0, 0));
    assert_eq!(redeem(&db, 3, 0, ids).await, Redeemed::Reused(None));
}

async fn pressed_again_the_page_gives_another_code(db: TestDatabase) {
    let ids = story(&db).await;
    assert_eq!(press(&db, 0, ids).await, CodeWritten::Done);
    assert_eq!(press(&db, 1, ids).await, CodeWritten::Done, "the first answer was lost");
    assert_eq!(redeem(&db, 1, 0, ids).await, Redeemed::Over, "the code before is none any more");
    assert!(matches!(redeem(&db, 2, 1, ids).await, Redeemed::Made(_)));
    write!(db, sessions::end(&padded("a session")));
    assert_eq!(press(&db, 2, ids).await, CodeWritten::SessionEnded);
}

async fn a_page_pressed_many_times_at_once_leaves_one_code(db: TestDatabase) {
    let ids = story(&db).await;
    let pressed = at_once(&db, 12, |db, number| async move {
        let (session, page) = (padded("a session"), consent("page"));
        write!(db, authorization_codes::write(at(0), session, page, code(number, ids)))
    })
    .await;
    assert!(pressed.iter().all(|it| *it == CodeWritten::Done), "{pressed:?}");
    assert_eq!(db.count("authorization_codes").await, 1);
}

async fn what_was_denied_stays_so(db: TestDatabase) {
    let ids = story(&db).await;
    let decided = write!(db, approvals::deny(at(0), &consent("page")));
    assert_eq!(decided.decision, Decision::Denied);
    assert_eq!(press(&db, 0, ids).await, CodeWritten::Denied);
    assert_eq!(db.count("authorization_codes").await, 0);
}
