//! The audit log: one chain however many write, and nobody changes it by a statement.

use std::sync::Arc;

use appgrant::domain::{
    audit::{Actor, Entry, Event, Journal, Object},
    keyring::{Keyring, MasterKey},
};

use super::{TestDatabase, at_once, samples::at};

on_each_database!(
    sixteen_writers_leave_one_chain,
    what_is_not_done_is_not_written_down,
    rows_are_neither_changed_nor_deleted,
);

fn journal() -> Journal {
    let file = format!("appgrant-master-key-1:{}\n", "07".repeat(32));
    Journal {
        keyring: Arc::new(Keyring::derive(&MasterKey::from_file(&file).unwrap())),
        at: at(1),
        actor: Actor::CommandLine,
        address: None,
        request_id: None,
    }
}

fn entries(writer: usize, count: usize) -> Vec<Entry> {
    let entry = |n| {
        let details = serde_json::json!({ "writer": writer, "n": n });
        Entry::done(Event::KeyChanged, Object::key(7), details)
    };
    (0..count).map(entry).collect()
}

async fn sixteen_writers_leave_one_chain(db: TestDatabase) {
    at_once(&db, 16, |db, writer| async move {
        for _ in 0..10 {
            let (journal, entries) = (journal(), entries(writer, 1 + writer % 3));
            write!(db, audit::append(&journal, &entries));
        }
    })
    .await;
    let rows = read!(db, audit::after(0, 1_000));
    assert_eq!(rows.len(), (0..16).map(|writer| 10 * (1 + writer % 3)).sum::<usize>());
    let (journal, mut hash) = (journal(), Vec::new());
    for (seq, row) in (1..).zip(&rows) {
        assert_eq!(row.seq, seq, "no gap");
        assert_eq!(row.hash, row.hash_after(&journal.keyring, &hash), "row {seq}");
        hash.clone_from(&row.hash);
    }
    let last = rows.last().unwrap();
    assert_eq!(read!(db, audit::head()), (last.seq, last.hash.clone()));
    // What one transaction wrote stands together.
    for writer in [2, 5, 8, 11, 14] {
        let whose = format!("\"writer\":{writer}}}");
        let of: Vec<_> = rows.iter().filter(|row| row.details.ends_with(&whose)).collect();
        assert!(of.chunks(3).all(|three| three[2].seq - three[0].seq == 2), "writer {writer}");
    }
}

async fn what_is_not_done_is_not_written_down(db: TestDatabase) {
    let (journal, none) = (journal(), Vec::new());
    write!(db, audit::append(&journal, &none));
    assert_eq!(read!(db, audit::head()), (0, Vec::new()));
}

async fn rows_are_neither_changed_nor_deleted(db: TestDatabase) {
    let (journal, three) = (journal(), entries(0, 3));
    write!(db, audit::append(&journal, &three));
    let before = read!(db, audit::after(0, 10));
    let mut statements = vec![
        "UPDATE audit SET actor = 'nobody'",
        "UPDATE audit SET details = '{}' WHERE seq = 2",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE seq = 3",
    ];
    if db.url.starts_with("postgres") {
        statements.push("TRUNCATE audit");
    }
    for statement in statements {
        let error = db.try_execute(statement).await.unwrap_err();
        assert!(error.contains("the audit log is only added to"), "{statement}: {error}");
    }
    assert_eq!(read!(db, audit::after(0, 10)), before);
}
