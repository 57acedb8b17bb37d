//! A key that an app had from WooCommerce, with that app's client unchanged: it works with no
//! re-approval, and is refused by the very next call once it is revoked.

use appgrant::service::{caller::Caller, keys};
use serde_json::json;

use super::{
    official::{Call, Language::Python},
    shop::{Means, Shop},
};
use crate::import::{self, Exported};

#[tokio::test]
async fn python_with_a_key_from_woocommerce() {
    let Some(shop) = Shop::open(Python).await else { return };
    let means = [Means::Basic, Means::Query, Means::Signed];
    let keys = [1, 2, 3].map(|id| Exported::new(id, "read_write"));
    let said = import::import(&shop.app, &keys).await;
    assert_eq!(said, "3 rows: 3 taken, 0 already here, 0 skipped\n");
    for (key, means) in keys.iter().zip(means) {
        let call = |method, data| Call {
            pair: (key.key.clone(), key.secret.clone()),
            method,
            endpoint: "orders",
            params: json!({}),
            data,
        };
        let calls =
            [call("get", None), call("post", Some(json!({ "note": "tea" }))), call("get", None)];
        for answer in shop.visit(Python, means, &calls).await {
            assert_eq!((answer.status, &answer.body["store"]), (200, &json!(true)), "{answer:?}");
            let headers = &answer.body["headers"];
            assert_eq!(headers["x-appgrant-owner"], json!(["max"]), "{means:?}");
            assert_eq!(headers["x-appgrant-permissions"], json!(["read_write"]), "{means:?}");
        }
        let lookup = keys::find_typed(shop.app.services(), &key.key).await.unwrap().unwrap();
        keys::revoke(shop.app.services(), &Caller::command_line(), lookup, "lost").await.unwrap();
        // What a signature is checked with goes with the revocation.
        let reason = if means == Means::Signed { "secret_not_kept" } else { "revoked" };
        for answer in shop.visit(Python, means, &calls).await {
            assert_eq!((answer.status, &answer.body["data"]["reason"]), (401, &json!(reason)));
        }
    }
}
