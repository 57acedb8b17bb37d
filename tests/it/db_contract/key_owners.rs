//! What was decided about a key holds for the key as it was seen: one that became somebody else's, or was
//! ended, in between is left alone.

use appgrant::{
    db::token_outcomes::{Ended, RegisteredApp, Spent},
    domain::{
        key_rules::{Environment, KeyRules},
        redirect_uri::RedirectUri,
    },
};

use super::{
    TestDatabase, at_once,
    samples::{at, make_user},
    token_samples::{access, begin, is_live, make_key, pair, refresh, register, spend},
};

on_each_database!(
    a_former_owner_changes_nothing,
    a_former_owner_of_an_app_sends_its_users_nowhere_else,
    an_ended_key_gets_neither_rules_nor_tokens,
    changes_at_once_wait_for_nobody,
);

fn sandbox() -> KeyRules {
    KeyRules { environment: Environment::Sandbox, ..KeyRules::default() }
}

/// A key of Max' with one pair of tokens called 0, and the number of its access token.
async fn story(db: &TestDatabase) -> (i64, i64, i64) {
    let max = make_user(db, "max").await;
    let key_id = make_key(db, "a key", max).await;
    begin(db, 0, key_id).await;
    (key_id, max, read!(db, access_tokens::by_lookup(&access(0))).unwrap().id)
}

async fn a_former_owner_changes_nothing(db: TestDatabase) {
    let (key_id, max, token) = story(&db).await;
    let olga = make_user(&db, "olga").await;
    assert_eq!(write!(db, key_edits::reassign(vec![key_id], max, olga)), Some(vec![key_id]));
    let tried = async |owner| {
        let put = write!(db, key_rules::put((key_id, owner), KeyRules::default(), sandbox()));
        let one = write!(db, access_tokens::revoke(at(1), (key_id, owner), token));
        let all = write!(db, access_tokens::revoke_all_of((key_id, owner)));
        let new = pair(if owner == olga { 1 } else { 2 }, key_id, at(1));
        let made = write!(db, access_tokens::regenerate(at(1), owner, new));
        (put, one, all, made.is_some())
    };
    assert_eq!(tried(max).await, (false, Ended::Changed, false, false));
    assert!(is_live(&db, 0).await);
    assert_eq!(read!(db, key_rules::of(key_id)), KeyRules::default());
    assert_eq!(db.count("access_tokens").await, 1);
    assert_eq!(spend(&db, 1, 0, 7).await, Spent::Fresh, "nor does it end what refreshes");

    assert_eq!(tried(olga).await, (true, Ended::Now, true, true));
    assert!(!is_live(&db, 0).await && !is_live(&db, 7).await && is_live(&db, 1).await);
}

async fn a_former_owner_of_an_app_sends_its_users_nowhere_else(db: TestDatabase) {
    let (max, olga) = (make_user(&db, "max").await, make_user(&db, "olga").await);
    let key_id = register(&db, max).await;
    assert_eq!(write!(db, key_edits::reassign(vec![key_id], max, olga)), Some(vec![key_id]));
    let seen = read!(db, oauth_clients::find(key_id)).unwrap();
    let elsewhere = RedirectUri::parse("https://elsewhere.example/").unwrap();
    let new = RegisteredApp { redirect_uris: vec![elsewhere], ..seen.clone() };
    let change = async |owner: i64| {
        let (seen, new) = (seen.clone(), new.clone());
        write!(db, oauth_clients::change(owner, seen, new))
    };
    assert!(!change(max).await);
    assert_eq!(read!(db, oauth_clients::find(key_id)).as_ref(), Some(&seen));
    assert!(change(olga).await);
    assert_eq!(read!(db, oauth_clients::find(key_id)).as_ref(), Some(&new));
    assert!(!change(olga).await, "it is not as it was seen any more");
}

async fn an_ended_key_gets_neither_rules_nor_tokens(db: TestDatabase) {
    let (key_id, max, token) = story(&db).await;
    assert!(write!(db, key_edits::revoke(at(1), (key_id, max), "lost")));
    assert!(!write!(db, key_rules::put((key_id, max), KeyRules::default(), sandbox())));
    assert_eq!(write!(db, access_tokens::regenerate(at(2), max, pair(1, key_id, at(2)))), None);
    assert_eq!(db.count("access_tokens").await, 1);
    let ended = write!(db, access_tokens::revoke(at(2), (key_id, max), token));
    assert_eq!(ended, Ended::Now, "ending opens nothing, so it stays possible");
}

/// What locks rows in another order would be broken off by PostgreSQL.
async fn changes_at_once_wait_for_nobody(db: TestDatabase) {
    let (max, olga) = (make_user(&db, "max").await, make_user(&db, "olga").await);
    for round in 0..6 {
        let first = 1_000 * (round + 1);
        let key_id = make_key(&db, &format!("key {round}"), max).await;
        begin(&db, first, key_id).await;
        let token = read!(db, access_tokens::by_lookup(&access(first))).unwrap().id;
        at_once(&db, 16, |db, number| async move {
            let key = (key_id, max);
            match number % 8 {
                0 => {
                    write!(db, access_tokens::revoke(at(1), key, token));
                }
                1 => {
                    write!(db, access_tokens::revoke_all_of(key));
                }
                2 => {
                    write!(db, key_rules::put(key, KeyRules::default(), sandbox()));
                }
                3 => {
                    write!(db, key_edits::reassign(vec![key_id], max, olga));
                }
                4 => {
                    write!(db, key_edits::revoke(at(1), (key_id, olga), "lost"));
                }
                5 => {
                    let new = pair(first + 10 + number, key_id, at(1));
                    write!(db, access_tokens::regenerate(at(1), max, new));
                }
                6 => {
                    write!(db, token_purges::purge(at(90_000), at(80_000), 500));
                }
                _ => {
                    let next = pair(first + 30 + number, key_id, at(60));
                    write!(db, refresh_tokens::spend(at(60), refresh(first), next));
                }
            }
        })
        .await;
        assert_eq!(read!(db, key_views::find(at(1), key_id)).unwrap().owner.id, olga);
    }
}
