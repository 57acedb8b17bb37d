//! What must hold of every query: the few names that decide over a request are found where PHP finds
//! them, and nowhere else.
//!
//! There are two readers, one of a few names and one of the whole tree. A store that sees another
//! `rest_route` or `_method` than the one that was judged is the finding; so is a panic. Called by the
//! fuzzer and, for each file of the corpus, by `tests/it/fuzz_corpus.rs`.

use appgrant::domain::{
    php_query::{Array, Value},
    query_names::{Named, find},
};

const DECISIVE: [&str; 4] = ["rest_route", "_method", "consumer_key", "consumer_secret"];

/// PHP's `max_input_nesting_level`, and the variable itself.
const DEEPEST: usize = 65;

/// Reads the bytes as a query.
pub fn hold(bytes: &[u8]) {
    let Ok(query) = str::from_utf8(bytes) else { return };
    let Ok(tree) = Array::read(query) else {
        assert!(
            find(query, DECISIVE).iter().all(|found| *found == Named::Unclear),
            "not read whole"
        );
        return;
    };
    assert_eq!(Array::read(&format!("&&{query}&")).as_ref(), Ok(&tree), "empty pairs are nothing");
    assert!(depth(&tree) <= DEEPEST);
    for (name, found) in DECISIVE.into_iter().zip(find(query, DECISIVE)) {
        agrees(query, &tree, name, &found);
    }
    for (name, _) in tree.entries() {
        let Ok(name) = str::from_utf8(name) else { continue };
        let [found] = find(query, [name]);
        agrees(query, &tree, name, &found);
    }
}

/// What was found under that name is what PHP has there; it is called unclear only where it is.
fn agrees(query: &str, tree: &Array, name: &str, found: &Named<'_>) {
    match (tree.get(name.as_bytes()), found) {
        (None, Named::Absent) => {}
        (Some(_), Named::Unclear) => assert!(!is_one_text(query, name), "{name:?} is clear"),
        (Some(Value::Text(php)), Named::Text(text)) => assert_eq!(php, text.as_bytes(), "{name:?}"),
        (php, found) => panic!("{name:?}: {php:?} to PHP, {found:?} to us"),
    }
}

/// Whether each pair of that name, read alone, is the same readable text.
fn is_one_text(query: &str, name: &str) -> bool {
    let alone = |pair: &str| Array::read(pair).ok()?.get(name.as_bytes()).cloned();
    let mut all: Vec<_> = query.split('&').filter_map(alone).collect();
    all.dedup();
    match all.as_slice() {
        [Value::Text(text)] => str::from_utf8(text).is_ok_and(|text| !text.contains('\0')),
        _ => false,
    }
}

fn depth(tree: &Array) -> usize {
    let deepest = tree.entries().iter().map(|(_, value)| match value {
        Value::Text(_) => 0,
        Value::Array(inner) => depth(inner),
    });
    1 + deepest.max().unwrap_or(0)
}
