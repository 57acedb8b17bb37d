//! Facts about the installation: the first one written stands, whoever else writes.

use super::{TestDatabase, at_once};

on_each_database!(
    a_fact_is_put_and_taken,
    the_first_of_many_facts_at_once_stands,
    a_fact_is_taken_by_one_of_many,
);

async fn a_fact_is_put_and_taken(db: TestDatabase) {
    assert_eq!(read!(db, meta::get("name")), None);
    write!(db, meta::put("name", "old"));
    write!(db, meta::put("name", "new"));
    assert_eq!(read!(db, meta::get("name")).as_deref(), Some("new"));
    assert!(!write!(db, meta::take("name", "old")));
    assert!(write!(db, meta::take("name", "new")));
    assert_eq!(read!(db, meta::get("name")), None);
}

async fn the_first_of_many_facts_at_once_stands(db: TestDatabase) {
    let stand = at_once(&db, 16, |db, number| async move {
        write!(db, meta::get_or_put("name", &number.to_string()))
    })
    .await;
    assert!(stand.iter().all(|fact| *fact == stand[0]), "{stand:?}");
    assert_eq!(read!(db, meta::get("name")), Some(stand[0].clone()));
}

async fn a_fact_is_taken_by_one_of_many(db: TestDatabase) {
    write!(db, meta::put("name", "value"));
    let taken =
        at_once(&db, 16, |db, _| async move { write!(db, meta::take("name", "value")) }).await;
    assert_eq!(taken.iter().filter(|first| **first).count(), 1);
}
