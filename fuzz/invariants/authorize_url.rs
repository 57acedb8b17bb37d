//! What must hold of every authorize address, whatever bytes it is made of.
//!
//! Called by the fuzzer and, for each file of the corpus, by `tests/it/fuzz_corpus.rs`. A panic is the
//! finding. Where a rule is about safety it is written here a second time, not taken from the code that
//! keeps it.

use appgrant::domain::{
    app_url::AppUrl,
    authorize_request::AuthorizeRequest,
    callback_url::CallbackUrl,
    parameters::Parameters,
    return_url::{Outcome, ReturnUrl},
};
use url::Url;

/// Ports of other protocols that a stranger must not make the store talk to; a part of the Fetch
/// standard's list.
const OTHER_PROTOCOLS: &[u16] =
    &[0, 21, 22, 23, 25, 53, 69, 110, 111, 119, 135, 139, 143, 389, 465, 587, 993, 995, 2049, 6667];

/// Reads the bytes as a request's query, and as each of the URLs in one.
pub fn hold(bytes: &[u8]) {
    if let Ok(request) = AuthorizeRequest::read(&Parameters::read([bytes])) {
        reads_back(&request);
        target_is_safe(&request.callback_url);
        outcome_is_sound(&request.return_url, &request.user_id, request.state.as_deref());
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(url) = AppUrl::read(text) {
        assert_eq!(AppUrl::read(url.text()).as_ref(), Ok(&url), "read again it is the same");
        let _ = (url.origin(), url.unicode_host()); // not the public suffixes: a table of 10 000 branches
    }
    if let Ok(url) = CallbackUrl::read(text) {
        target_is_safe(&url);
    }
    if let Ok(url) = ReturnUrl::read(text) {
        outcome_is_sound(&url, text, Some(text));
        outcome_is_sound(&url, "1", None);
    }
}

/// What travels through login and consent comes out as it went in.
fn reads_back(request: &AuthorizeRequest) {
    let query = request.query();
    assert!(query.bytes().all(|byte| byte.is_ascii_graphic()), "{query:?}");
    let again = AuthorizeRequest::read(&Parameters::read([query.as_bytes()]));
    assert_eq!(again.as_ref(), Ok(request), "{query}");
    assert!(!request.shown_name().is_empty(), "people see who asks");
}

/// Keys go by https to a host, with no credentials and to no other protocol's port.
fn target_is_safe(url: &CallbackUrl) {
    let target = url.target();
    assert_eq!(target.scheme(), "https", "{target}");
    assert!(target.host_str().is_some_and(|host| !host.is_empty()), "{target}");
    assert!(target.username().is_empty() && target.password().is_none(), "{target}");
    assert!(!target.as_str()["https://".len()..].starts_with('/'), "{target}");
    assert_eq!(target.fragment(), None, "{target}");
    let port = target.port_or_known_default();
    assert!(port.is_some_and(|port| !OTHER_PROTOCOLS.contains(&port)), "{target}");
    let host = url.host();
    assert_eq!(
        Url::parse(&format!("https://{host}/")).map(|url| origin(&url)),
        Ok(origin(&target))
    );
}

/// The browser goes to the app it came from, and the app reads what it is told, once each.
fn outcome_is_sound(url: &ReturnUrl, user_id: &str, state: Option<&str>) {
    let outcome = url.with_outcome(Outcome { success: true, user_id, state });
    assert!(outcome.bytes().all(|byte| byte.is_ascii_graphic()), "fits a header: {outcome:?}");
    let parsed = Url::parse(&outcome).unwrap_or_else(|error| panic!("{outcome}: {error}"));
    let sent = url.url().parsed();
    assert_eq!(origin(&parsed), origin(sent), "{outcome}");
    assert_eq!((parsed.path(), parsed.fragment()), (sent.path(), sent.fragment()), "{outcome}");
    let told = |name: &str| -> Vec<String> {
        let pairs = parsed.query_pairs().filter(|(key, _)| key == name);
        pairs.map(|(_, value)| value.into_owned()).collect()
    };
    assert_eq!(told("success"), ["1"], "{outcome}");
    assert_eq!(told("user_id"), [user_id], "{outcome}");
    if let Some(state) = state {
        assert_eq!(told("state"), [state], "{outcome}");
    }
}

fn origin(url: &Url) -> (String, Option<String>, Option<u16>) {
    (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
}
