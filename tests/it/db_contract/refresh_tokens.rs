//! A refresh token works once, whoever asks how often; its second use ends all that came of it, but for a
//! moment in which the answer may have been lost.

use appgrant::db::token_outcomes::{Ended, Spent};

use super::{
    TestDatabase, at_once,
    samples::{at, make_user},
    token_samples::{
        MONTH, access, begin, end_all, is_live, make_key, owned, pair, refresh, spend,
    },
};

on_each_database!(
    a_refresh_token_gets_the_next_pair_of_its_family,
    a_second_use_ends_its_family_and_no_other,
    a_lost_answer_is_given_again_for_half_a_minute,
    an_answer_that_was_used_is_not_given_again,
    whose_clock_was_ahead_changes_nothing,
    of_two_that_refreshed_at_once_one_goes_on,
    of_many_at_once_each_gets_a_pair,
    of_many_at_once_with_a_spent_one_nobody_gets_any,
    refreshing_and_ending_at_once_wait_for_nobody,
    what_is_over_gets_nothing,
    all_are_ended_while_they_are_refreshed,
    a_family_is_ended_after_its_tokens_were_deleted,
    one_token_is_ended_with_its_family,
    its_app_throws_a_token_away,
);

/// A key with one pair of tokens, called 0.
async fn one_family(db: &TestDatabase) -> i64 {
    let key_id = make_key(db, "a key", make_user(db, "max").await).await;
    begin(db, 0, key_id).await;
    key_id
}

async fn a_refresh_token_gets_the_next_pair_of_its_family(db: TestDatabase) {
    let key_id = one_family(&db).await;
    assert_eq!(spend(&db, 1, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 2, 1, 2).await, Spent::Fresh);
    assert_eq!(db.count("token_families").await, 1);
    let first = read!(db, access_tokens::by_lookup(&access(0))).unwrap();
    for name in [0, 1, 2] {
        assert!(is_live(&db, name).await, "the pair before goes on until its end");
        let token = read!(db, access_tokens::by_lookup(&access(name))).unwrap();
        assert_eq!(token.family, Some(first.id), "{name}");
        let record = read!(db, refresh_tokens::by_lookup(&refresh(name))).unwrap();
        assert_eq!((record.family, record.key_id), (first.id, key_id));
        assert_eq!(record.spent_at.is_some(), name < 2);
    }
}

async fn a_second_use_ends_its_family_and_no_other(db: TestDatabase) {
    let key_id = one_family(&db).await;
    begin(&db, 10, key_id).await;
    assert_eq!(spend(&db, 1, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 31, 0, 2).await, Spent::Reused);
    assert_eq!(read!(db, access_tokens::by_lookup(&access(2))).map(|it| it.id), None);
    assert!(!is_live(&db, 0).await && !is_live(&db, 1).await);
    assert_eq!(spend(&db, 31, 1, 3).await, Spent::Over, "the thief’s and the app’s alike");
    assert_eq!(spend(&db, 32, 0, 3).await, Spent::Over, "it is told once");
    assert_eq!(db.count("token_families WHERE revoke_reason LIKE '%used again'").await, 1);
    assert!(is_live(&db, 10).await);
    assert_eq!(spend(&db, 32, 10, 11).await, Spent::Fresh);
}

async fn a_lost_answer_is_given_again_for_half_a_minute(db: TestDatabase) {
    one_family(&db).await;
    assert_eq!(spend(&db, 0, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 12, 0, 2).await, Spent::Again);
    assert_eq!(spend(&db, 29, 0, 3).await, Spent::Again);
    assert_eq!(spend(&db, 30, 0, 4).await, Spent::Reused, "counted from the first use");
    for name in 0..4 {
        assert!(!is_live(&db, name).await);
    }
}

async fn an_answer_that_was_used_is_not_given_again(db: TestDatabase) {
    one_family(&db).await;
    assert_eq!(spend(&db, 0, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 0, 1, 2).await, Spent::Fresh, "in the same millisecond");
    assert_eq!(spend(&db, 0, 0, 3).await, Spent::Reused);
    assert_eq!(spend(&db, 1, 2, 4).await, Spent::Over);
}

async fn whose_clock_was_ahead_changes_nothing(db: TestDatabase) {
    one_family(&db).await;
    // The first use came to a node whose clock is ten seconds ahead of the others'.
    assert_eq!(spend(&db, 10, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 1, 0, 2).await, Spent::Again);
    assert_eq!(spend(&db, 2, 2, 3).await, Spent::Fresh);
    assert_eq!(spend(&db, 3, 0, 4).await, Spent::Reused, "the second answer was used");
}

async fn of_two_that_refreshed_at_once_one_goes_on(db: TestDatabase) {
    one_family(&db).await;
    assert_eq!(spend(&db, 0, 0, 1).await, Spent::Fresh);
    assert_eq!(spend(&db, 0, 0, 2).await, Spent::Again);
    assert_eq!(spend(&db, 3_600, 1, 3).await, Spent::Fresh);
    assert_eq!(spend(&db, 3_620, 2, 4).await, Spent::Again, "two threads, once more at once");
    assert_eq!(spend(&db, 7_200, 3, 5).await, Spent::Fresh);
    assert!(is_live(&db, 5).await);
    assert_eq!(spend(&db, 7_231, 4, 6).await, Spent::Reused, "somebody who is not the app");
    assert!(!is_live(&db, 5).await, "and nobody goes on");
}

async fn of_many_at_once_each_gets_a_pair(db: TestDatabase) {
    let key_id = one_family(&db).await;
    let spent = at_once(&db, 16, |db, number| async move {
        let next = pair(100 + number, key_id, at(1));
        write!(db, refresh_tokens::spend(at(1), refresh(0), next))
    })
    .await;
    assert_eq!(spent.iter().filter(|it| **it == Spent::Fresh).count(), 1, "{spent:?}");
    assert_eq!(spent.iter().filter(|it| **it == Spent::Again).count(), 15, "{spent:?}");
    assert_eq!(db.count("refresh_tokens").await, 17);
    assert_eq!(db.count("token_families").await, 1);
    for name in 100..116 {
        assert!(is_live(&db, name).await);
    }
}

async fn of_many_at_once_with_a_spent_one_nobody_gets_any(db: TestDatabase) {
    let key_id = one_family(&db).await;
    spend(&db, 0, 0, 1).await;
    let spent = at_once(&db, 16, |db, number| async move {
        // Half of them have what the first use got.
        let next = pair(100 + number, key_id, at(60));
        write!(db, refresh_tokens::spend(at(60), refresh(number % 2), next))
    })
    .await;
    assert_eq!(spent.iter().filter(|it| **it == Spent::Reused).count(), 1, "{spent:?}");
    assert_eq!(db.count("token_families WHERE revoked_at IS NULL").await, 0);
    for name in [0, 1].into_iter().chain(100..116) {
        assert!(!is_live(&db, name).await, "{name}");
    }
}

/// What locks rows in another order would be broken off by PostgreSQL.
async fn refreshing_and_ending_at_once_wait_for_nobody(db: TestDatabase) {
    let key_id = one_family(&db).await;
    let key = owned(&db, key_id).await;
    for round in 0..8 {
        let first = 1_000 * (round + 1);
        begin(&db, first, key_id).await;
        spend(&db, 0, first, first + 1).await;
        let id = read!(db, access_tokens::by_lookup(&access(first))).unwrap().id;
        at_once(&db, 8, |db, number| async move {
            if number % 2 == 0 {
                write!(db, access_tokens::revoke(at(60), key, id));
            } else {
                let next = pair(first + 10 + number, key_id, at(60));
                write!(db, refresh_tokens::spend(at(60), refresh(first), next));
            }
        })
        .await;
        assert!(!is_live(&db, first).await && !is_live(&db, first + 1).await);
    }
}

async fn what_is_over_gets_nothing(db: TestDatabase) {
    let key_id = one_family(&db).await;
    assert_eq!(spend(&db, MONTH, 0, 1).await, Spent::Over);
    assert_eq!(spend(&db, 0, 77, 1).await, Spent::Over, "nobody’s");
    let mut endless = pair(5, key_id, at(0));
    endless.refresh.as_mut().unwrap().expires_at = None;
    write!(db, access_tokens::insert(at(0), vec![endless]));
    assert_eq!(spend(&db, 100 * MONTH, 5, 6).await, Spent::Fresh);
    let record = read!(db, refresh_tokens::by_lookup(&refresh(5))).unwrap();
    assert_eq!(record.expires_at, Some(at(103 * MONTH)), "a spent one is not kept for ever");
}

async fn all_are_ended_while_they_are_refreshed(db: TestDatabase) {
    let key_id = one_family(&db).await;
    let key = owned(&db, key_id).await;
    for name in 1..16 {
        begin(&db, name, key_id).await;
    }
    let spent = at_once(&db, 16, |db, number| async move {
        if number == 7 {
            assert!(write!(db, access_tokens::revoke_all_of(key)));
            return Spent::Over;
        }
        let next = pair(100 + number, key_id, at(1));
        write!(db, refresh_tokens::spend(at(1), refresh(number), next))
    })
    .await;
    assert!(spent.iter().all(|it| matches!(it, Spent::Fresh | Spent::Over)), "{spent:?}");
    for name in (0..16).chain(100..116) {
        assert!(!is_live(&db, name).await, "{name}");
        assert_eq!(spend(&db, 2, name, 200 + name).await, Spent::Over, "{name}");
    }
    assert!(read!(db, access_tokens::list(key_id, None, 100)).is_empty());
    begin(&db, 300, key_id).await;
    assert!(is_live(&db, 300).await, "what is made afterwards lives");
    assert_eq!(spend(&db, 2, 300, 301).await, Spent::Fresh);
    assert_eq!(read!(db, access_tokens::list(key_id, None, 100)).len(), 2);
}

async fn a_family_is_ended_after_its_tokens_were_deleted(db: TestDatabase) {
    let key_id = one_family(&db).await;
    assert_eq!(write!(db, access_tokens::purge(at(7_200), 10)), 1);
    end_all(&db, key_id).await;
    assert_eq!(spend(&db, 7_201, 0, 1).await, Spent::Over);
    assert!(read!(db, refresh_tokens::by_lookup(&refresh(0))).unwrap().revoked);
}

async fn one_token_is_ended_with_its_family(db: TestDatabase) {
    let key_id = one_family(&db).await;
    spend(&db, 1, 0, 1).await;
    let id = read!(db, access_tokens::by_lookup(&access(1))).unwrap().id;
    let key @ (_, owner) = owned(&db, key_id).await;
    let end = async |key| write!(db, access_tokens::revoke(at(2), key, id));
    assert_eq!(end((key_id + 1, owner)).await, Ended::Before, "another key’s");
    assert!(is_live(&db, 1).await);
    assert_eq!(end(key).await, Ended::Now);
    assert_eq!(end(key).await, Ended::Before, "once");
    assert!(!is_live(&db, 0).await && !is_live(&db, 1).await);
    assert_eq!(spend(&db, 2, 1, 2).await, Spent::Over);
}

async fn its_app_throws_a_token_away(db: TestDatabase) {
    let key_id = one_family(&db).await;
    assert!(!write!(db, access_tokens::revoke_own(at(1), access(0), key_id + 1)), "another’s");
    assert!(write!(db, access_tokens::revoke_own(at(1), access(0), key_id)));
    assert!(!is_live(&db, 0).await);
    assert_eq!(spend(&db, 1, 0, 1).await, Spent::Fresh, "the refresh token stays");
    let family = read!(db, refresh_tokens::by_lookup(&refresh(1))).unwrap().family;
    assert!(write!(db, refresh_tokens::end_family(at(2), family, "its app revoked it")));
    assert!(!is_live(&db, 1).await);
    assert_eq!(spend(&db, 2, 1, 2).await, Spent::Over);
}
