//! Keys from WooCommerce: each is taken once, moved once, and whoever remembers keys hears of the move.

use appgrant::{
    db::outcomes::{ImportedKey, KeyInsert, NewKey},
    domain::permissions::Permissions,
};

use super::{
    TestDatabase, at_once,
    samples::{at, lookup, make_user},
};

on_each_database!(
    of_many_imports_each_key_is_taken_once,
    keys_are_moved_while_they_are_imported_again,
    of_many_moves_one_moves,
    a_move_is_heard_of_and_later_changes_under_the_new_hash,
    who_is_shut_out_gets_no_keys,
);

fn imported(owner_id: i64, number: usize) -> ImportedKey {
    ImportedKey {
        key: NewKey {
            lookup: lookup(number),
            secret_hash: "a hash".to_owned(),
            ending: "1234567".to_owned(),
            description: format!("Key {number}"),
            permissions: Permissions::Read,
            owner_id,
            expires_at: None,
        },
        last_used_at: number.is_multiple_of(2).then(|| at(1)),
        seal_secret: None,
    }
}

/// The keys 0 to 19 for that owner, beginning somewhere.
fn twenty(owner_id: i64, from: usize) -> Vec<ImportedKey> {
    (from..from + 20).map(|number| imported(owner_id, number % 20)).collect()
}

fn made(outcomes: &[KeyInsert]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, KeyInsert::Made(_))).count()
}

async fn of_many_imports_each_key_is_taken_once(db: TestDatabase) {
    let owners = [make_user(&db, "max").await, make_user(&db, "moritz").await];
    let outcomes = at_once(&db, 16, |db, n| async move {
        let keys = twenty(owners[n % 2], n);
        made(&write!(db, imported_keys::insert(at(2), keys)))
    });
    assert_eq!(outcomes.await.iter().sum::<usize>(), 20);
    assert_eq!(db.count("keys").await, 20);
    assert_eq!(db.count("imported_keys WHERE key_id IS NOT NULL").await, 20);
    assert_eq!(db.count("key_uses WHERE last_at > 0").await, 10);
    let known = read!(db, imported_keys::known((0..40).map(lookup).collect()));
    assert_eq!(known.len(), 20);
}

async fn keys_are_moved_while_they_are_imported_again(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    at_once(&db, 12, |db, n| async move {
        for number in 0..20 {
            if n % 2 == 0 {
                write!(db, imported_keys::insert(at(2), twenty(owner, number)));
            } else {
                write!(db, imported_keys::move_to(lookup(number), lookup(100 + number)));
            }
        }
    })
    .await;
    assert_eq!(db.count("keys").await, 20);
    for number in 0..20 {
        write!(db, imported_keys::move_to(lookup(number), lookup(100 + number)));
        let outcomes = write!(db, imported_keys::insert(at(3), twenty(owner, number)));
        assert_eq!(made(&outcomes), 0);
        assert!(read!(db, keys::by_lookup(&lookup(100 + number))).is_some());
        let id = read!(db, imported_keys::key_of(&lookup(number))).unwrap();
        assert_eq!(read!(db, keys::by_lookup(&lookup(100 + number))).unwrap().id, id);
    }
    assert_eq!(db.count("keys").await, 20);
}

async fn of_many_moves_one_moves(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    let keys = twenty(owner, 0);
    write!(db, imported_keys::insert(at(2), keys));
    let id = read!(db, keys::by_lookup(&lookup(0))).unwrap().id;
    let moved = at_once(&db, 16, |db, _| async move {
        write!(db, imported_keys::move_to(lookup(0), lookup(100)))
    });
    assert_eq!(moved.await.into_iter().filter(|moved| *moved).count(), 1);
    assert!(read!(db, keys::by_lookup(&lookup(0))).is_none());
    assert_eq!(read!(db, keys::by_lookup(&lookup(100))).unwrap().id, id);
    assert_eq!(read!(db, imported_keys::key_of(&lookup(0))), Some(id), "that stays");
    assert_eq!(read!(db, imported_keys::key_of(&lookup(100))), None);
}

async fn a_move_is_heard_of_and_later_changes_under_the_new_hash(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    write!(db, imported_keys::insert(at(2), vec![imported(owner, 0)]));
    assert_eq!(read!(db, key_changes::newest()), 0, "a new key was never known otherwise");
    write!(db, imported_keys::move_to(lookup(0), lookup(100)));
    let id = read!(db, keys::by_lookup(&lookup(100))).unwrap().id;
    write!(db, keys::revoke(at(3), id, "lost"));
    let changes: Vec<_> =
        read!(db, key_changes::from(0, 10)).changes.into_iter().map(|c| c.lookup).collect();
    assert_eq!(changes, [0, 100, 100].map(|number| Some(lookup(number).to_vec())));
}

async fn who_is_shut_out_gets_no_keys(db: TestDatabase) {
    let [max, moritz] = [make_user(&db, "max").await, make_user(&db, "moritz").await];
    write!(db, users::disable(moritz, at(1), true));
    let keys = vec![imported(max, 0), imported(moritz, 1), imported(max, 2)];
    let outcomes = write!(db, imported_keys::insert(at(2), keys));
    assert_eq!(outcomes[1], KeyInsert::NoOwner);
    assert_eq!((made(&outcomes), db.count("imported_keys").await), (2, 2));
}
