//! Limits of licenses hold however many come at once; counts are always right; tokens die with their license.

use std::{collections::BTreeSet, time::Duration};

use appgrant::{
    db::license_outcomes::{
        Activated, LicenseInsert, NewLicense, NewLicenseToken, ProductDeletion,
    },
    domain::{
        licenses::{LicenseTerms, MOST_ACTIVATIONS, Refusal, StoreCode},
        timestamp::Timestamp,
    },
};
use tokio::time::{sleep, timeout};

use super::{
    TestDatabase, at_once,
    license_samples::{activate, activation, begin, make, new_license, product, terms},
    samples::{at, padded},
};

on_each_database!(
    a_hundred_at_once_leave_as_many_activations_as_there_may_be,
    a_hundred_at_once_leave_as_many_domains_as_there_may_be,
    one_domain_is_one_activation_however_many_come_at_once,
    coming_and_going_at_once_keeps_the_counts,
    an_id_is_never_given_twice,
    what_is_over_is_not_activated,
    an_activation_is_seen_once_a_minute,
    tokens_die_with_their_license_and_stay_dead,
    tokens_that_are_over_are_deleted_in_batches,
    licenses_made_at_once_of_the_same_products_wait_for_nobody,
    a_number_that_nobody_counts_up_to_ends_no_making,
    nobody_fills_the_database_with_activations,
    very_many_activations_brought_along_keep_nobody_waiting,
    a_key_is_one_license,
    a_product_is_what_it_was_said_to_be_first,
    a_product_is_deleted_or_has_a_license_and_never_both,
    a_store_has_one_code_however_many_nodes_start,
    changes_are_guarded_by_what_was_seen,
);

async fn a_hundred_at_once_leave_as_many_activations_as_there_may_be(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, LicenseTerms { activation_limit: Some(5), ..terms("pro") }).await;
    let outcomes = at_once(&db, 100, move |db, number| async move {
        let here = activation(id, &format!("{number}.example"));
        write!(db, license_activations::activate(at(1), here))
    })
    .await;
    let made = outcomes.iter().filter_map(|outcome| match outcome {
        Activated::Now(id) => Some(*id),
        _ => None,
    });
    let made: BTreeSet<_> = made.collect();
    assert_eq!(made.len(), 5, "each with an id of its own");
    assert_eq!(
        outcomes.iter().filter(|o| **o == Activated::Full(Refusal::ActivationLimit)).count(),
        95
    );
    assert_eq!(db.count(&format!("license_activations WHERE license_id = {id}")).await, 5);
    assert_eq!(db.count("license_uses WHERE activations = 5 AND domains = 5").await, 1);
}

async fn a_hundred_at_once_leave_as_many_domains_as_there_may_be(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, LicenseTerms { domain_limit: Some(5), ..terms("pro") }).await;
    let outcomes = at_once(&db, 100, move |db, number| async move {
        // Every other one names no domain, and counts against none.
        let domain = if number % 2 == 0 { format!("{number}.example") } else { String::new() };
        write!(db, license_activations::activate(at(1), activation(id, &domain)))
    })
    .await;
    assert_eq!(
        outcomes.iter().filter(|o| **o == Activated::Full(Refusal::DomainLimit)).count(),
        45
    );
    assert_eq!(db.count("license_uses WHERE activations = 55 AND domains = 5").await, 1);
}

async fn one_domain_is_one_activation_however_many_come_at_once(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, LicenseTerms { activation_limit: Some(1), ..terms("pro") }).await;
    let outcomes = at_once(&db, 50, move |db, _| async move {
        write!(db, license_activations::activate(at(1), activation(id, "shop.example")))
    })
    .await;
    let ids: BTreeSet<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Activated::Now(id) | Activated::Before(id) => *id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(outcomes.iter().filter(|o| matches!(o, Activated::Now(_))).count(), 1);
    assert_eq!(db.count("license_activations").await, 1);
}

async fn coming_and_going_at_once_keeps_the_counts(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, LicenseTerms { activation_limit: Some(3), ..terms("pro") }).await;
    for round in 0..5 {
        at_once(&db, 20, move |db, number| async move {
            let domain = format!("{}.example", number % 4);
            let outcome =
                write!(db, license_activations::activate(at(round), activation(id, &domain)));
            if let Activated::Now(activation) = outcome {
                write!(db, license_activations::deactivate(id, activation));
            }
        })
        .await;
        let standing = db.count("license_activations").await;
        assert_eq!(
            db.count(&format!(
                "license_uses WHERE activations = {standing} AND domains = {standing}"
            ))
            .await,
            1
        );
        for there in read!(db, license_activations::list(id, None, 10)) {
            write!(db, license_activations::deactivate(id, there.id));
        }
    }
    assert_eq!(db.count("license_uses WHERE activations = 0 AND domains = 0").await, 1);
}

async fn an_id_is_never_given_twice(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, terms("pro")).await;
    let mut ids = BTreeSet::new();
    for number in 0..5 {
        // In the same second, and before it: a clock may be set back.
        let Activated::Now(activation) = activate(&db, -number, id, "shop.example").await else {
            panic!("not activated")
        };
        assert!(ids.insert(activation), "{activation} was given before");
        let gone = write!(db, license_activations::deactivate(id, activation));
        assert_eq!(gone.map(|gone| gone.id), Some(activation));
        assert_eq!(write!(db, license_activations::deactivate(id, activation)), None);
    }
}

async fn what_is_over_is_not_activated(db: TestDatabase) {
    begin(&db).await;
    let over = make(&db, 1, LicenseTerms { expires_at: Some(at(10)), ..terms("pro") }).await;
    assert!(matches!(activate(&db, 9, over, "a.example").await, Activated::Now(_)));
    assert_eq!(activate(&db, 10, over, "b.example").await, Activated::Over);
    let revoked = make(&db, 2, terms("pro")).await;
    assert!(write!(db, license_edits::revoke(at(1), revoked)));
    assert!(!write!(db, license_edits::revoke(at(2), revoked)));
    assert_eq!(activate(&db, 3, revoked, "a.example").await, Activated::Over);
    assert_eq!(activate(&db, 3, 999, "a.example").await, Activated::Over);
    assert!(write!(db, license_edits::restore(at(4), revoked)));
    assert!(!write!(db, license_edits::restore(at(5), revoked)));
    assert!(matches!(activate(&db, 6, revoked, "a.example").await, Activated::Now(_)));
}

async fn an_activation_is_seen_once_a_minute(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, terms("pro")).await;
    let Activated::Now(activation) = activate(&db, 0, id, "a.example").await else { panic!() };
    for (second, seen) in [(59, 0), (60, 60), (61, 60), (120, 120), (5, 120)] {
        write!(db, license_activations::see(at(second), id, activation));
        let there = read!(db, license_activations::find(id, activation)).unwrap();
        assert_eq!(there.seen_at, at(seen), "at {second}");
    }
}

async fn tokens_die_with_their_license_and_stay_dead(db: TestDatabase) {
    begin(&db).await;
    let (one, other) = (make(&db, 1, terms("pro")).await, make(&db, 2, terms("pro")).await);
    for (name, license_id) in [("one", one), ("other", other)] {
        let new = NewLicenseToken { lookup: padded(name), license_id, expires_at: Some(at(600)) };
        write!(db, license_tokens::insert(at(0), new));
    }
    let token = |db: TestDatabase, name: &'static str| async move {
        read!(db, license_tokens::by_lookup(&padded(name))).unwrap()
    };
    assert_eq!(token(db.clone(), "one").await.license, padded("license 1"));
    assert!(!token(db.clone(), "one").await.is_dead);
    write!(db, license_edits::revoke(at(1), one));
    assert!(read!(db, license_tokens::by_lookup(&padded("one"))).is_none());
    assert!(!token(db.clone(), "other").await.is_dead);
    // One that was being written while the license was taken back.
    let late = NewLicenseToken { lookup: padded("late"), license_id: one, expires_at: None };
    write!(db, license_tokens::insert(at(1), late));
    assert!(token(db.clone(), "late").await.is_dead);
    write!(db, license_edits::restore(at(2), one));
    assert!(read!(db, license_tokens::by_lookup(&padded("late"))).is_none(), "it stays dead");
    let old = NewLicenseToken { lookup: padded("old"), license_id: one, expires_at: None };
    write!(db, license_tokens::insert(at(2), old));
    assert!(token(db.clone(), "old").await.is_dead, "it was made before");
    let new = NewLicenseToken { lookup: padded("new"), license_id: one, expires_at: None };
    write!(db, license_tokens::insert(at(3), new));
    assert!(!token(db.clone(), "new").await.is_dead);
    assert!(read!(db, license_tokens::by_lookup(&padded("none"))).is_none());
}

async fn tokens_that_are_over_are_deleted_in_batches(db: TestDatabase) {
    begin(&db).await;
    let license_id = make(&db, 1, terms("pro")).await;
    for (name, end) in [("a", Some(1)), ("b", Some(2)), ("c", Some(3)), ("d", None)] {
        let expires_at = end.map(at);
        let new = NewLicenseToken { lookup: padded(name), license_id, expires_at };
        write!(db, license_tokens::insert(at(0), new));
    }
    assert_eq!(write!(db, license_tokens::purge(at(3), 1)), 1);
    assert!(read!(db, license_tokens::by_lookup(&padded("a"))).is_none(), "the oldest first");
    assert_eq!(write!(db, license_tokens::purge(at(3), 500)), 1);
    assert_eq!(write!(db, license_tokens::purge(at(3), 500)), 0);
    assert_eq!(db.count("license_tokens").await, 2);
}

async fn licenses_made_at_once_of_the_same_products_wait_for_nobody(db: TestDatabase) {
    begin(&db).await;
    let outcomes = at_once(&db, 8, |db, number| async move {
        let number = i64::try_from(number).unwrap();
        let mut skus = ["a", "b", "c"];
        if number % 2 == 1 {
            skus.reverse();
        }
        let new: Vec<_> =
            skus.iter().zip(0..).map(|(sku, n)| new_license(number * 10 + n, terms(sku))).collect();
        write!(db, license_edits::create_several(at(0), new))
    })
    .await;
    assert!(outcomes.iter().flatten().all(|made| matches!(made, LicenseInsert::Made { .. })));
    assert_eq!(db.count("licenses").await, 24);
    assert_eq!(db.count("license_products").await, 3);
    assert_eq!(write!(db, license_settings::next_number()), 73, "after the highest");
}

async fn a_number_that_nobody_counts_up_to_ends_no_making(db: TestDatabase) {
    begin(&db).await;
    make(&db, i64::MAX, terms("pro")).await;
    make(&db, 7, terms("pro")).await;
    assert_eq!(write!(db, license_settings::next_number()), 8);
}

async fn nobody_fills_the_database_with_activations(db: TestDatabase) {
    begin(&db).await;
    let mut many = new_license(1, terms("pro"));
    many.activations = (0..MOST_ACTIVATIONS).map(|n| (1_000_000 + n, String::new())).collect();
    let LicenseInsert::Made { id, .. } = write!(db, license_edits::create(at(0), many)) else {
        panic!("not made")
    };
    let full = Activated::Full(Refusal::ActivationLimit);
    assert_eq!(activate(&db, 1, id, "shop.example").await, full);
    assert_eq!(db.count("license_uses WHERE activations = 10000 AND domains = 0").await, 1);
}

/// Others wait for SQLite's writer for five seconds, and as long for a row of a server.
async fn very_many_activations_brought_along_keep_nobody_waiting(db: TestDatabase) {
    begin(&db).await;
    let other = make(&db, 1, terms("pro")).await;
    // Every tenth is a device without a name.
    let domain = |n: i64| if n % 10 == 0 { String::new() } else { format!("s{n}.example") };
    let activations = (1..=50_000).map(|n| (10_000 + n, domain(n))).collect();
    let new = NewLicense { activations, ..new_license(2, terms("pro")) };
    let bring = async { write!(db, license_edits::create(at(90_000), new)) };
    let meanwhile = async {
        sleep(Duration::from_millis(50)).await;
        (make(&db, 3, terms("pro")).await, activate(&db, 90_000, other, "a.example").await)
    };
    let both = timeout(Duration::from_secs(5), async { tokio::join!(bring, meanwhile) }).await;
    let (brought, (_, activated)) = both.expect("others wait no longer");
    assert!(matches!(activated, Activated::Now(_)), "{activated:?}");
    let LicenseInsert::Made { id, .. } = brought else { panic!("{brought:?}") };
    assert_eq!(db.count(&format!("license_activations WHERE license_id = {id}")).await, 50_000);
    let uses = "license_uses WHERE activations = 50000 AND domains = 45000";
    assert_eq!(db.count(&format!("{uses} AND last_activation = 60000")).await, 1);
    let newest = read!(db, license_activations::list(id, None, 2));
    let told: Vec<_> = newest.iter().map(|a| (a.id, a.domain.as_str(), a.activated_at)).collect();
    let seconds = |n: i64| Timestamp::from_millis(n * 1_000);
    let last = (59_999, "s49999.example", seconds(59_999));
    assert_eq!(told, [(60_000, "", seconds(60_000)), last]);
}

async fn a_key_is_one_license(db: TestDatabase) {
    begin(&db).await;
    let first = make(&db, 1, terms("pro")).await;
    let again = write!(db, license_edits::create(at(1), new_license(1, terms("lite"))));
    assert_eq!(again, LicenseInsert::Taken(first));
    assert_eq!(db.count("licenses").await, 1);
}

async fn a_product_is_deleted_or_has_a_license_and_never_both(db: TestDatabase) {
    begin(&db).await;
    let other = make(&db, 1_000, terms("other")).await;
    for round in 0..15 {
        let sku = format!("p{round}");
        let new = product(&sku);
        assert!(write!(db, license_products::create(new)));
        let seen = read!(db, licenses::by_id(other)).unwrap();
        let name = sku.clone();
        let outcomes = at_once(&db, 3, move |db, number| {
            let (sku, seen) = (name.clone(), seen.clone());
            async move {
                match number {
                    0 => write!(db, license_products::delete(sku)) == ProductDeletion::Deleted,
                    1 => {
                        let new = NewLicense { product: None, ..new_license(round, terms(&sku)) };
                        let made = write!(db, license_edits::create(at(0), new));
                        matches!(made, LicenseInsert::Made { .. })
                    }
                    _ => write!(db, license_edits::change(seen, terms(&sku))),
                }
            }
        })
        .await;
        let used = db.count(&format!("licenses WHERE sku = '{sku}'")).await;
        let there = db.count(&format!("license_products WHERE sku = '{sku}'")).await;
        let told = outcomes.iter().filter(|done| **done).count();
        assert!((there == 1 && used > 0) || (there == 0 && used == 0), "{sku}: {there} {used}");
        assert!(
            told == if there == 1 { usize::try_from(used).unwrap() } else { 1 },
            "{outcomes:?}"
        );
    }
}

async fn a_product_is_what_it_was_said_to_be_first(db: TestDatabase) {
    begin(&db).await;
    let mut unknown = new_license(1, terms("pro"));
    unknown.product = None;
    assert_eq!(write!(db, license_edits::create(at(0), unknown)), LicenseInsert::NoProduct);
    make(&db, 1, terms("pro")).await;
    let mut named = new_license(2, terms("pro"));
    "Another".clone_into(&mut named.product.as_mut().unwrap().name);
    assert_eq!(write!(db, license_edits::create(at(0), named)), LicenseInsert::OtherProduct);
    assert_eq!(db.count("licenses").await, 1);
}

async fn a_store_has_one_code_however_many_nodes_start(db: TestDatabase) {
    let made = at_once(&db, 10, |db, number| async move {
        let code = StoreCode::parse(&format!("store-code-{number:04}")).unwrap();
        let made = write!(db, license_settings::begin(code));
        (made, read!(db, license_settings::get()).store_code)
    })
    .await;
    assert_eq!(made.iter().filter(|(made, _)| *made).count(), 1);
    let codes: BTreeSet<_> = made.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes.len(), 1, "{codes:?}");
}

async fn changes_are_guarded_by_what_was_seen(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, terms("pro")).await;
    let seen = read!(db, licenses::by_id(id)).unwrap();
    for is_first in [true, false] {
        let seen = seen.clone();
        let new = LicenseTerms { activation_limit: Some(9), ..terms("pro") };
        assert_eq!(write!(db, license_edits::change(seen, new)), is_first);
    }
    let terms = read!(db, licenses::by_id(id)).unwrap().terms;
    assert_eq!(terms.activation_limit, Some(9));
    let (product, settings) =
        (read!(db, license_products::find("pro")).unwrap(), read!(db, license_settings::get()));
    for is_first in [true, false] {
        let (product, settings) = (product.clone(), settings.clone());
        assert_eq!(write!(db, license_products::change(product)), is_first);
        assert_eq!(write!(db, license_settings::change(settings)), is_first);
    }
}
