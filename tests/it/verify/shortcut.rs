//! The shortest way to a key changes no verdict: whatever is asked, a header that memory knows is
//! answered as one it has never seen.

use std::collections::BTreeSet;

use appgrant::{
    domain::api_request::{ApiRequest, Authorization},
    service::verify::{self, Verdict},
};
use data_encoding::BASE64;

use super::ORDERS;
use crate::support::{TestApp, granted};

/// A request, changed in one or more ways, each from another address.
fn requests<'a>() -> Vec<ApiRequest<'a>> {
    let mut all = Vec::new();
    for method in ["GET", "POST", "OPTIONS", "TRACE"] {
        for path in [ORDERS, "/wp-json/wp/v2/users", "/wp-json//wc/v3", "/"] {
            for query in QUERIES {
                for method_override in [None, Some("DELETE"), Some("")] {
                    for secure in [true, false] {
                        let mut request = ApiRequest::over_tls(method, path, query);
                        request.origin.secure = secure;
                        request.method_override = method_override;
                        request.client = u32::try_from(all.len()).unwrap().to_be_bytes().into();
                        all.push(request);
                    }
                }
            }
        }
    }
    all
}

const QUERIES: [&str; 10] = [
    "",
    "per_page=10&_method=GET",
    "_method=POST",
    "_method[]=GET",
    "rest_route=/wc/v3/orders",
    "rest_route=/wp/v2/users",
    "consumer_key=ck_x&consumer_secret=cs_x",
    "consumer_key=ck_x",
    "consumer_key[]=ck_x",
    "consumer%5Fsecret=cs_x",
];

/// `allowed as 7`, `nobody`, or the reason.
fn word(verdict: &Verdict) -> String {
    match verdict.identity() {
        Ok(Some(identity)) => format!("allowed as {}", identity.key_id),
        Ok(None) => "nobody".to_owned(),
        Err(refusal) => refusal.reason().to_owned(),
    }
}

/// The same credential in a spelling for each number.
fn spelled(token: &str, n: usize) -> String {
    format!("Basic {}{token}{}", " ".repeat(1 + n % 64), " ".repeat(n / 64))
}

#[tokio::test]
async fn what_memory_knows_is_judged_as_what_it_does_not() {
    for settings in [&[][..], &[("ALLOW_PLAIN_HTTP_KEYS", "true")], &[("ANONYMOUS", "allow")]] {
        let app = TestApp::with(settings).await;
        let services = app.services();
        let received = granted(&app, "read").await;
        let (key, secret) = (received.text("consumer_key"), received.text("consumer_secret"));
        let token = BASE64.encode(format!("{key}:{secret}").as_bytes());
        let known = format!("Basic {token}");
        let mut words = BTreeSet::new();
        for (n, request) in requests().into_iter().enumerate() {
            let new = spelled(&token, n);
            let mut said = Vec::new();
            for header in [&known, &new] {
                let authorization = Authorization::One(header);
                let request = ApiRequest { query: request.query.clone(), authorization, ..request };
                said.push(word(&verify::verify(services, &request).await.unwrap()));
            }
            let asked = format!("{} {}?{}", request.method, request.path, request.query.text);
            assert_eq!(said[0], said[1], "{asked} TLS {}", request.origin.secure);
            words.extend(said);
        }
        assert!(words.len() > 5, "{words:?}");
    }
}

/// Guesses from a thousand addresses slow each other, and nobody else.
#[tokio::test]
async fn a_key_in_use_waits_for_nothing_however_many_fail() {
    let app = TestApp::start().await;
    let services = app.services();
    let received = granted(&app, "read").await;
    let (key, secret) = (received.text("consumer_key"), received.text("consumer_secret"));
    let header = format!("Basic {}", BASE64.encode(format!("{key}:{secret}").as_bytes()));
    let good = || ApiRequest {
        authorization: Authorization::One(&header),
        ..ApiRequest::over_tls("GET", ORDERS, "")
    };
    assert_eq!(word(&verify::verify(services, &good()).await.unwrap()), "allowed as 1");
    for n in 0_u32..510 {
        let query = format!("consumer_key=ck_{n}&consumer_secret=x");
        let mut guess = ApiRequest::over_tls("GET", ORDERS, &query);
        guess.client = n.to_be_bytes().into();
        assert_eq!(word(&verify::verify(services, &guess).await.unwrap()), "unknown_key");
        let at_once = verify::at_once(services, &good()).expect("memory knows it");
        assert_eq!(word(&at_once), "allowed as 1", "after {n} failures");
    }
}
