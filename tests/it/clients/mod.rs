//! WooCommerce's own clients, unchanged, at a small store behind nginx: as an app's developer has them.
//!
//! Each test makes the same calls by one means, and looks at what the app got and what reached the
//! store. `expected` says what each call comes to.

mod expected;
mod imported;
mod official;
mod shop;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use expected::Case;
use official::Language::{self, JavaScript, Python};
use shop::{
    Means::{self, Basic, Query, Signed},
    Shop,
};

/// What is written in different ways in queries and base strings.
const SPECIAL: &str = "50 % off: a & b + c=d ~ü?#é; \"x\" [y]";

#[tokio::test]
async fn python_with_https_and_basic() {
    a_days_work(Python, Basic).await;
}

#[tokio::test]
async fn python_with_https_and_the_pair_in_the_query() {
    a_days_work(Python, Query).await;
}

#[tokio::test]
async fn python_with_http_and_signatures() {
    a_days_work(Python, Signed).await;
}

#[tokio::test]
async fn javascript_with_https_and_basic() {
    a_days_work(JavaScript, Basic).await;
}

#[tokio::test]
async fn javascript_with_https_and_the_pair_in_the_query() {
    a_days_work(JavaScript, Query).await;
}

#[tokio::test]
async fn javascript_with_http_and_signatures() {
    a_days_work(JavaScript, Signed).await;
}

async fn a_days_work(language: Language, means: Means) {
    let Some(shop) = Shop::open(language).await else { return };
    let mut cases = allowed(&shop, language, means);
    cases.extend(not_allowed(&shop, means));
    tried(&shop, language, means, &cases).await;
}

async fn tried(shop: &Shop, language: Language, means: Means, cases: &[Case]) {
    let calls: Vec<_> = cases.iter().map(|case| case.call.clone()).collect();
    for (case, answer) in cases.iter().zip(shop.visit(language, means, &calls).await) {
        case.check(language, &answer);
    }
}

fn allowed(shop: &Shop, language: Language, means: Means) -> Vec<Case> {
    let reader = |method, endpoint| Case::new(&shop.reader, method, endpoint);
    let writer = |method, endpoint| Case::new(&shop.writer, method, endpoint);
    let both = |method, endpoint| Case::new(&shop.both, method, endpoint);
    let note = json!({ "note": "é & <b> \"q\" +%20", "lines": [1, { "a": null }] });
    let special = json!({ "per_page": 2, "search": SPECIAL });
    let (array, items) = array(language, means);
    let yes = if language == Python { "True" } else { "true" };
    vec![
        reader("get", "orders"),
        reader("get", "orders").params(special).gives(&[("per_page", "2"), ("search", SPECIAL)]),
        reader("get", "orders").params(array).gives_all(items),
        reader("options", "orders"),
        writer("post", "orders").data(&note),
        writer("options", "orders"),
        both("get", "orders/7"),
        both("post", "orders/batch").params(json!({ "a": "é&" })).data(&note).gives(&[("a", "é&")]),
        both("put", "orders/7").data(&note),
        both("delete", "orders/7").params(json!({ "force": true })).gives(&[("force", yes)]),
    ]
}

/// Many items, in the spelling that works by those means, and what of it comes to the store.
fn array(language: Language, means: Means) -> (Value, Vec<(String, String)>) {
    let count: u32 = if (language, means) == (JavaScript, Signed) { 10 } else { 12 };
    let items: Vec<_> = (1..=count).collect();
    let named = |name: fn(u32) -> String| -> Vec<_> {
        items.iter().map(|item| (name(item - 1), item.to_string())).collect()
    };
    let numbered = named(|at| format!("include[{at}]"));
    let params = match (language, means) {
        (JavaScript, _) => json!({ "include": items }),
        (Python, Signed) => json!(numbered.iter().cloned().collect::<BTreeMap<_, _>>()),
        (Python, _) => json!({ "include[]": items }),
    };
    (params, if means == Signed { numbered } else { named(|_| "include[]".to_owned()) })
}

fn not_allowed(shop: &Shop, means: Means) -> Vec<Case> {
    let Shop { reader, writer, revoked, .. } = shop;
    let [no_read, no_write] = ["read", "write"]
        .map(|what| format!("The API key provided does not have {what} permissions."));
    let (wrong, wrong_message) = match means {
        Signed => ("bad_signature", "Invalid signature - provided signature does not match."),
        Basic | Query => ("wrong_secret", "Consumer secret is invalid."),
    };
    let unknown_message = match means {
        Signed => "Consumer key is invalid.",
        Basic | Query => "Sorry, you cannot list resources.",
    };
    let revoked_message = "The API key provided has been revoked.";
    let writes = |method, endpoint| {
        Case::new(reader, method, endpoint).refused("method_not_permitted", &no_write)
    };
    vec![
        writes("post", "orders").data(&json!({})),
        writes("put", "orders/7").data(&json!({})),
        writes("delete", "orders/7").params(json!({ "force": true })),
        Case::new(writer, "get", "orders").refused("method_not_permitted", &no_read),
        Case::new(reader, "get", "orders").secret("cs_wrong").refused(wrong, wrong_message),
        Case::new(reader, "options", "orders").secret("cs_wrong").refused(wrong, wrong_message),
        Case::new(reader, "get", "orders").key("ck_x").refused("unknown_key", unknown_message),
        Case::new(revoked, "get", "orders").refused("revoked", revoked_message),
        Case::new(revoked, "post", "orders").data(&json!({})).refused("revoked", revoked_message),
    ]
}

/// A literal `[]` is signed, sent twice and read as two items. Values are signed as they are after
/// another decoding, and `/` and empty ones in no way that anybody else would.
#[tokio::test]
async fn what_python_signs_wrongly_is_refused_as_by_woocommerce() {
    let faults = [
        json!({ "include[]": 1 }),
        json!({ "include[]": [1, 2] }),
        json!({ "include": [1, 2] }),
        json!({ "search": "a/b" }),
        json!({ "search": "100%25" }),
        json!({ "search": "" }),
    ];
    faulty(Python, faults.into()).await;
}

/// `[10]` is sent before `[1]` and signed after it; of nothing, a parameter without a name is signed.
#[tokio::test]
async fn what_javascript_signs_wrongly_is_refused_as_by_woocommerce() {
    let items: Vec<_> = (0..11).collect();
    let faults =
        [json!({ "include[]": 1 }), json!({ "include": items }), json!({ "search": null })];
    faulty(JavaScript, faults.into()).await;
}

async fn faulty(language: Language, faults: Vec<Value>) {
    let Some(shop) = Shop::open(language).await else { return };
    let message = "Invalid signature - provided signature does not match.";
    let refused = |params| {
        let case = Case::new(&shop.reader, "get", "orders").params(params);
        case.refused("bad_signature", message)
    };
    let cases: Vec<_> = faults.into_iter().map(refused).collect();
    tried(&shop, language, Signed, &cases).await;
}

#[tokio::test]
async fn a_client_sends_nothing_to_a_shop_it_does_not_trust() {
    for language in [Python, JavaScript] {
        let Some(shop) = Shop::open(language).await else { continue };
        let call = Case::new(&shop.reader, "get", "orders").call;
        let answer = shop.visit_mistrustful(language, &[call]).await.remove(0);
        let error = answer.error.to_lowercase().replace('_', "-");
        assert!(error.contains("self-signed cert"), "{answer:?}");
    }
}
