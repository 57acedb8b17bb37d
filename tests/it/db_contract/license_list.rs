//! Every list of licenses, compared with its plain definition; walks are bounded and miss nothing.

use appgrant::domain::licenses::{Find, License, LicenseQuery, LicenseState, LicenseTerms};

use super::{
    TestDatabase,
    license_samples::{activate, begin, make, terms},
    samples::at,
};

on_each_database!(every_list_is_what_it_says, a_change_changes_what_finds_a_license);

const NOW: i64 = 1_000;

/// Forty licenses that differ in all that lists ask about.
async fn forty(db: &TestDatabase) -> Vec<License> {
    begin(db).await;
    for number in 0..40 {
        let sku = ["pro", "lite", "pro-max"][usize::try_from(number % 3).unwrap()];
        let new = LicenseTerms {
            customer: format!("Customer{} Smith", number % 5),
            email: format!("mail{}@shop{}.example", number, number % 2),
            expires_at: (number % 4 == 0).then(|| at(NOW + (number % 8) * 500 - 1_000)),
            ..terms(sku)
        };
        // A key each, and the same number behind the dash of two.
        let id = make(db, number, new).await;
        if number % 7 == 0 {
            write!(db, license_edits::revoke(at(1), id));
        } else {
            activate(db, -5_000, id, &format!("site{}.example", number % 6)).await;
        }
    }
    let ids: Vec<i64> = (1..=40).collect();
    read!(db, licenses::by_ids(&ids))
}

/// All pages of a list.
async fn walked(db: &TestDatabase, query: &LicenseQuery, limit: usize) -> Vec<i64> {
    let (mut query, mut found) = (query.clone(), Vec::new());
    for _ in 0..100 {
        let page = read!(db, license_list::page(at(NOW), &query, limit));
        assert!(page.licenses.len() <= limit);
        found.extend(page.licenses.iter().map(|license| license.id));
        match page.next {
            Some(next) => query.before = Some(next),
            None => return found,
        }
    }
    panic!("the walk does not end")
}

async fn every_list_is_what_it_says(db: TestDatabase) {
    let all = forty(&db).await;
    let finds = [
        None,
        Find::parse("customer3"),
        Find::parse("cust smith"),
        Find::parse("mail1 shop1"),
        Find::parse("pro"),
        Find::parse("nobody"),
        Find::parse("7"),
        Find::parse("Abcd…-11"),
        Find::parse("site2.example"),
        Find::parse("nowhere.example"),
    ];
    let mut tried = 0;
    for find in &finds {
        for sku in [None, Some("pro"), Some("none")] {
            for state in [None].into_iter().chain(LicenseState::ALL.map(Some)) {
                let query = LicenseQuery {
                    find: find.clone(),
                    sku: sku.map(str::to_owned),
                    state,
                    before: None,
                };
                let mut expected = Vec::new();
                for license in &all {
                    if fits(&db, license, &query).await {
                        expected.push(license.id);
                    }
                }
                for limit in [1, 7, 100] {
                    assert_eq!(walked(&db, &query, limit).await, expected, "{query:?} {limit}");
                }
                tried += expected.len();
            }
        }
    }
    assert!(tried > 200, "the lists are not all empty: {tried}");
}

/// Whether a license is in a list, by its plain definition.
async fn fits(db: &TestDatabase, license: &License, query: &LicenseQuery) -> bool {
    let terms = &license.terms;
    let words = format!("{} {} {}", terms.sku, terms.customer, terms.email).to_lowercase();
    let words: Vec<_> = words.split(|c: char| !c.is_alphanumeric()).collect();
    let is_found = match &query.find {
        None => true,
        Some(Find::Number(number)) => license.number == *number,
        Some(Find::Domain(domain)) => {
            read!(db, license_activations::on_domain(license.id, domain)).is_some()
        }
        Some(Find::Words(search)) => search
            .beginnings()
            .iter()
            .all(|beginning| words.iter().any(|word| word.starts_with(beginning.as_str()))),
    };
    is_found
        && query.sku.as_ref().is_none_or(|sku| *sku == terms.sku)
        && query.state.is_none_or(|state| license.state(at(NOW)) == state)
}

async fn a_change_changes_what_finds_a_license(db: TestDatabase) {
    begin(&db).await;
    let id = make(&db, 1, LicenseTerms { customer: "Ada Smith".to_owned(), ..terms("pro") }).await;
    let seen = read!(db, licenses::by_id(id)).unwrap();
    let new = LicenseTerms { customer: "Ada Jones".to_owned(), ..terms("pro") };
    assert!(write!(db, license_edits::change(seen, new)));
    for (text, found) in [("ada", 1), ("jones", 1), ("smith", 0), ("ada jones pro", 1)] {
        let query = LicenseQuery { find: Find::parse(text), ..LicenseQuery::default() };
        let page = read!(db, license_list::page(at(0), &query, 10));
        assert_eq!(page.licenses.len(), found, "{text}");
    }
}
