//! One file imported by two operators at once: each key is taken once.

use std::fs;

use super::{Exported, run, table};
use crate::support::TestApp;

#[tokio::test]
async fn each_key_is_taken_once() {
    let app = TestApp::start().await;
    let mut keys: Vec<_> = (1..=500).map(|id| Exported::new(id, "read")).collect();
    let path = |name: &str| app.folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("one.tsv"), table(&keys)).unwrap();
    keys.reverse();
    fs::write(path("other.tsv"), table(&keys)).unwrap();
    let (one, other) = (path("one.tsv"), path("other.tsv"));
    let import = async |file: &str, owner: &str| {
        let done = run(&app, &["key", "import", file, "--owner", owner, "--json"]).await;
        assert_eq!((done.0, done.2.as_str()), (0, ""));
        serde_json::from_str::<serde_json::Value>(&done.1).unwrap()
    };
    let (one, other) = tokio::join!(import(&one, "max"), import(&other, "ada"));
    let sum = |member: &str| one[member].as_u64().unwrap() + other[member].as_u64().unwrap();
    assert_eq!((sum("rows"), sum("taken"), sum("already_here")), (1_000, 500, 500));
    let (code, said, error) = run(&app, &["audit", "verify"]).await;
    assert_eq!((code, error.as_str()), (0, ""), "{said}");
    let (_, log, _) = run(&app, &["audit", "export"]).await;
    assert_eq!(log.matches("\"key.imported\"").count(), 500);
    let (_, list, _) = run(&app, &["key", "list", "--json"]).await;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 500);
}
