//! Lists of keys: whatever is asked for, walking page after page gives exactly the keys that fit, each
//! once and in order, also when walks end early.

use std::collections::BTreeSet;

use appgrant::{
    db::outcomes::{KeyInsert, NewKey},
    domain::{
        key_list::{KeyFilter, KeyOrder, KeyQuery, Usage, WalkBounds},
        key_view::{KeyView, ShownState},
        permissions::Permissions,
        search::{self, Search},
        timestamp::Timestamp,
    },
};

use super::{
    TestDatabase,
    samples::{approval, at, lookup, make_approver, make_user},
};

on_each_database!(
    every_filter_and_order_gives_what_fits_page_by_page,
    a_walk_that_ends_early_goes_on,
    too_many_hits_to_sort_are_shown_newest_first,
    a_new_description_is_found_and_the_old_one_is_not,
    words_come_to_keys_that_were_made_before_there_were_words,
);

const NOW: i64 = 1_000_000;

/// Far more than the keys there are.
const WIDE: WalkBounds =
    WalkBounds { keys: 10_000, words: 20, of_a_word: 1_000, of_all_words: 9_000 };

/// Less than most walks need.
const NARROW: WalkBounds = WalkBounds { keys: 5, words: 20, of_a_word: 6, of_all_words: 9 };

fn new_key(number: usize, owner_id: i64, description: &str) -> NewKey {
    NewKey {
        lookup: lookup(1_000 + number),
        secret_hash: "a hash".to_owned(),
        ending: format!("{number:07x}"),
        description: description.to_owned(),
        permissions: [Permissions::Read, Permissions::Write, Permissions::ReadWrite][number % 3],
        owner_id,
        expires_at: None,
    }
}

async fn make(db: &TestDatabase, new: NewKey) -> i64 {
    match write!(db, key_edits::create(at(0), new, None)) {
        KeyInsert::Made(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Ninety keys that differ in everything one can ask for.
async fn many_keys(db: &TestDatabase) -> Vec<KeyView> {
    let (max, mia) = (make_approver(db).await, make_user(db, "mia").await);
    let words =
        ["Parcel labels", "Parcel tracking", "Accounting", "Ledger export", "Point of sale"];
    for number in 0..90_usize {
        let id = if number % 4 == 0 {
            let new = approval(max, &format!("page {number}"), number);
            write!(db, approvals::approve(at(0), new));
            i64::try_from(number).unwrap() + 1
        } else {
            let owner = if number % 5 == 0 { mia } else { max };
            make(db, new_key(number, owner, words[number % 5])).await
        };
        let state = ["active", "active", "active", "revoked", "delivering"][number * 7 % 5];
        let expires_at = match number * 11 % 6 {
            0 => at(NOW - i64::try_from(number).unwrap()).as_millis().to_string(),
            1 => at(NOW + 1 + i64::try_from(number / 3).unwrap()).as_millis().to_string(),
            _ => "NULL".to_owned(),
        };
        let created_at = at(i64::try_from(number).unwrap()).as_millis();
        db.execute(&format!(
            "UPDATE keys SET state = '{state}', expires_at = {expires_at}, created_at = {created_at} \
             WHERE id = {id}"
        ))
        .await;
        let used = if number % 3 == 0 {
            0
        } else {
            at(i64::try_from(number * 13 % 50).unwrap()).as_millis()
        };
        let wrote = if number % 7 == 0 { used } else { 0 };
        db.execute(&format!(
            "UPDATE key_uses SET last_at = {used}, last_write_at = {wrote} WHERE key_id = {id}"
        ))
        .await;
    }
    let ids: Vec<i64> = (1..=90).collect();
    read!(db, key_views::by_ids(at(NOW), &ids))
}

fn fits(filter: &KeyFilter, key: &KeyView) -> bool {
    let app = key.app.as_ref().map(|app| (app.name.as_str(), app.callback_host.as_str()));
    let words: BTreeSet<String> = search::terms(&key.description, &key.ending, app);
    let has = |beginning: &String| words.iter().any(|word| word.starts_with(beginning.as_str()));
    let used_before = |time: Timestamp| key.last_use.as_ref().is_none_or(|used| used.at < time);
    filter.text.as_ref().is_none_or(|text| text.beginnings().iter().all(has))
        && filter.state.is_none_or(|state| key.state == state)
        && filter.app_host.as_ref().is_none_or(|host| app.is_some_and(|app| app.1 == host))
        && filter.owner_id.is_none_or(|owner| key.owner.id == owner)
        && filter.permissions.is_none_or(|permissions| key.permissions == permissions)
        && match filter.usage {
            None => true,
            Some(Usage::Never) => key.last_use.is_none(),
            Some(Usage::NotSince(time)) => used_before(time) && key.created_at < time,
        }
        && (!filter.writes_in_vain || key.writes_in_vain())
        && filter.expires_before.is_none_or(|before| {
            key.state == ShownState::Active && key.expires_at.is_some_and(|at| at <= before)
        })
}

fn sorted(mut keys: Vec<&KeyView>, order: KeyOrder) -> Vec<i64> {
    let used = |key: &KeyView| key.last_use.as_ref().map_or(0, |used| used.at.as_millis());
    let ends = |key: &KeyView| key.expires_at.map_or(0, Timestamp::as_millis);
    match order {
        KeyOrder::Newest => keys.sort_by_key(|key| -key.id),
        KeyOrder::Oldest => keys.sort_by_key(|key| key.id),
        KeyOrder::RecentlyUsed => keys.sort_by_key(|key| (-used(key), -key.id)),
        KeyOrder::LongestUnused => keys.sort_by_key(|key| (used(key), key.id)),
        KeyOrder::ExpiringFirst => {
            keys.retain(|key| key.state == ShownState::Active && key.expires_at.is_some());
            keys.sort_by_key(|key| (ends(key), key.id));
        }
        KeyOrder::ExpiredLast => keys.sort_by_key(|key| (-ends(key), -key.id)),
    }
    keys.iter().map(|key| key.id).collect()
}

/// All pages, one after another.
async fn walked(db: &TestDatabase, query: &KeyQuery, bounds: WalkBounds) -> (Vec<i64>, KeyOrder) {
    let (mut found, mut query) = (Vec::new(), query.clone());
    for _ in 0..200 {
        let page = read!(db, key_list::page(at(NOW), &query, bounds));
        assert!(page.keys.len() <= query.limit);
        found.extend(page.keys.iter().map(|key| key.id));
        query.after = page.next;
        if page.next.is_none() {
            return (found, page.order);
        }
    }
    panic!("{query:?} never ends");
}

fn filters() -> Vec<KeyFilter> {
    let none = KeyFilter::default();
    let text = |words| KeyFilter { text: Search::parse(words), ..KeyFilter::default() };
    let mut all = vec![none.clone()];
    all.extend(ShownState::ALL.map(|state| KeyFilter { state: Some(state), ..none.clone() }));
    all.extend(["parcel", "par tra", "app", "led", "nothing", "0000001", "sale"].map(text));
    all.extend([1, 2, 77].map(|id| KeyFilter { owner_id: Some(id), ..none.clone() }));
    all.push(KeyFilter { permissions: Some(Permissions::Write), ..none.clone() });
    all.push(KeyFilter { app_host: Some("app.example".to_owned()), ..none.clone() });
    all.push(KeyFilter { app_host: Some("other.example".to_owned()), ..none.clone() });
    all.push(KeyFilter { usage: Some(Usage::Never), ..none.clone() });
    all.push(KeyFilter { usage: Some(Usage::NotSince(at(30))), ..none.clone() });
    all.push(KeyFilter { writes_in_vain: true, ..none.clone() });
    all.push(KeyFilter { expires_before: Some(at(NOW + 20)), ..none.clone() });
    // Together.
    all.push(KeyFilter { state: Some(ShownState::Active), owner_id: Some(1), ..text("parcel") });
    all.push(KeyFilter {
        usage: Some(Usage::Never),
        permissions: Some(Permissions::Read),
        ..none.clone()
    });
    all.push(KeyFilter { usage: Some(Usage::Never), ..text("acc") });
    all.push(KeyFilter { state: Some(ShownState::Revoked), owner_id: Some(2), ..none.clone() });
    all.push(KeyFilter {
        app_host: Some("app.example".to_owned()),
        state: Some(ShownState::Expired),
        ..none
    });
    all
}

async fn every_filter_and_order_gives_what_fits_page_by_page(db: TestDatabase) {
    let keys = many_keys(&db).await;
    let (mut compared, mut largest) = (0, 0);
    for filter in filters() {
        let fitting: Vec<&KeyView> = keys.iter().filter(|key| fits(&filter, key)).collect();
        for order in KeyOrder::ALL {
            let expected = sorted(fitting.clone(), order.fitting(&filter));
            for limit in [7, 100] {
                let query = KeyQuery { filter: filter.clone(), order, after: None, limit };
                let (found, _) = walked(&db, &query, WIDE).await;
                assert_eq!(found, expected, "{query:?}");
                compared += 1;
            }
            largest = largest.max(expected.len());
        }
    }
    assert!(compared > 200 && largest == 90, "{compared} {largest}");
}

async fn a_walk_that_ends_early_goes_on(db: TestDatabase) {
    let keys = many_keys(&db).await;
    for filter in filters() {
        let fitting: Vec<&KeyView> = keys.iter().filter(|key| fits(&filter, key)).collect();
        for order in KeyOrder::ALL {
            let query = KeyQuery { filter: filter.clone(), order, after: None, limit: 4 };
            let (found, in_order) = walked(&db, &query, NARROW).await;
            assert_eq!(found, sorted(fitting.clone(), in_order), "{query:?}");
        }
    }
    let state = Some(ShownState::Revoked);
    let rare = KeyFilter { owner_id: Some(1), state, ..KeyFilter::default() };
    let query = KeyQuery { filter: rare, limit: 100, ..KeyQuery::default() };
    let page = read!(db, key_list::page(at(NOW), &query, NARROW));
    assert!(page.walked_far && page.next.is_some(), "it says that it did not see everything");
}

async fn too_many_hits_to_sort_are_shown_newest_first(db: TestDatabase) {
    many_keys(&db).await;
    let filter = KeyFilter { text: Search::parse("parcel"), ..KeyFilter::default() };
    let query = KeyQuery { filter, order: KeyOrder::RecentlyUsed, after: None, limit: 4 };
    let page = read!(db, key_list::page(at(NOW), &query, NARROW));
    assert_eq!(page.order, KeyOrder::Newest);
    assert_eq!(page.next.unwrap().order, KeyOrder::Newest);
}

async fn a_new_description_is_found_and_the_old_one_is_not(db: TestDatabase) {
    let owner = make_user(&db, "max").await;
    let id = make(&db, new_key(1, owner, "Old shop scanner")).await;
    let seen = appgrant::db::outcomes::SeenKey {
        id,
        owner_id: owner,
        permissions: Permissions::Write,
        expires_at: None,
    };
    let change = appgrant::db::outcomes::KeyChange {
        description: Some("New shop till".to_owned()),
        ..Default::default()
    };
    assert!(write!(db, key_edits::change(seen, change)));
    for (words, is_found) in [("scanner", false), ("till", true), ("shop", true), ("old", false)] {
        let filter = KeyFilter { text: Search::parse(words), ..KeyFilter::default() };
        let query = KeyQuery { filter, limit: 10, ..KeyQuery::default() };
        let page = read!(db, key_list::page(at(NOW), &query, WIDE));
        assert_eq!(!page.keys.is_empty(), is_found, "{words}");
    }
}

async fn words_come_to_keys_that_were_made_before_there_were_words(db: TestDatabase) {
    many_keys(&db).await;
    let before = db.count("key_terms").await;
    assert!(before > 300);
    db.execute("DELETE FROM key_terms").await;
    db.execute("DELETE FROM meta WHERE name = 'key_terms'").await;
    db.migrate().await.unwrap();
    assert_eq!(db.count("key_terms").await, before);
    db.execute("DELETE FROM key_terms").await;
    db.migrate().await.unwrap();
    assert_eq!(db.count("key_terms").await, 0, "once");
}
