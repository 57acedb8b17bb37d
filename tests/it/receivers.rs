//! The receivers that app developers copy (`examples/receivers`): each walks the real flow behind a TLS
//! proxy, and is then sent everything a receiver must refuse. `public_keys` spoils what they fetch.

use std::time::Duration;

use appgrant::{
    domain::{
        signature::{self, SignatureHeaders},
        timestamp::Timestamp,
    },
    service::{
        caller::Caller,
        environment::{Clock, SystemClock},
        signing,
    },
};
use ed25519_dalek::SigningKey;
use tokio::task::JoinSet;

use crate::support::{Answer, ExampleApp, Language, Manager, Received, TestApp, Tunnel};

const CONNECTED: &str = "Your store is connected.\n";
const NOT_CONNECTED: &str = "Your store is not connected: it has sent no keys.\n";

/// A test of each story for each language.
macro_rules! in_each_language {
    ($($(#[$attribute:meta])* $story:ident),+ $(,)?) => {
        in_each_language!(@ python Python $($(#[$attribute])* $story)+);
        in_each_language!(@ javascript JavaScript $($(#[$attribute])* $story)+);
        in_each_language!(@ php Php $($(#[$attribute])* $story)+);
        in_each_language!(@ rust Rust $($(#[$attribute])* $story)+);
    };
    (@ $module:ident $language:ident $($(#[$attribute:meta])* $story:ident)+) => {
        mod $module {
            $(#[tokio::test] $(#[$attribute])* async fn $story() {
                if let Some(scene) = super::Scene::set(crate::support::Language::$language).await {
                    super::$story(scene).await;
                }
            })+
        }
    };
}

mod public_keys;

in_each_language!(
    keys_arrive_and_a_repeat_is_no_news,
    what_the_store_did_not_sign_now_is_refused,
    keys_that_nobody_asked_for_are_refused,
    a_rotation_is_not_noticed,
    rubbish_does_no_harm,
    #[ignore = "waits a minute, as the receivers do before they ask for the public keys again"]
    a_rotation_at_once_costs_a_minute,
);

/// A store, an app behind its proxy, and a manager who is logged in to the store.
struct Scene {
    store: TestApp,
    tunnel: Tunnel,
    app: ExampleApp,
    browser: Manager,
    manager: Manager,
}

impl Scene {
    async fn set(language: Language) -> Option<Self> {
        let store = TestApp::with(&[("CALLBACK_TIMEOUT_SECONDS", "10")]).await;
        let tunnel = Tunnel::open().await;
        let app = ExampleApp::start(language, &store.url, &tunnel.url).await?;
        tunnel.lead_to(app.address);
        let browser = Manager::new(format!("http://{}", app.address));
        let manager = store.logged_in("max").await;
        Some(Self { store, tunnel, app, browser, manager })
    }

    /// Follows the app's link to the store; gives the link's query and its `state`.
    async fn connect(&self) -> (String, String) {
        connect(&self.browser, &self.store.url).await
    }

    async fn approve(&self, query: &str) -> Answer {
        self.manager.approve(&self.manager.consent(query).await).await
    }

    /// Walks the whole flow; gives what passed to the app.
    async fn connected(&self) -> Received {
        let (query, state) = self.connect().await;
        let back = self.approve(&query).await;
        let here = format!("{}/return?success=1&user_id=4711&state={state}", self.tunnel.url);
        assert_eq!(back.location(), here, "{}", self.app.log());
        let passed = self.tunnel.passed().pop().unwrap();
        assert_eq!(passed.target, "/callback");
        passed
    }

    /// What the app says to a browser that comes back.
    async fn back_with(&self, state: &str) -> String {
        self.browser.get(&format!("/return?success=1&user_id=4711&state={state}")).await.body
    }

    /// Sends a callback, as anybody could.
    async fn send(&self, headers: &SignatureHeaders, body: &str) -> u16 {
        send(&self.browser, headers, body).await
    }

    /// The key that the store signs with.
    fn key(&self) -> SigningKey {
        self.store.services().keyring.signing(1)
    }
}

async fn connect(browser: &Manager, store: &str) -> (String, String) {
    let answer = browser.get("/connect").await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    let (page, query) = answer.location().split_once('?').unwrap();
    assert_eq!(page, format!("{store}/wc-auth/v1/authorize"));
    let state = query.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap();
    assert!(state.len() >= 32, "{state}");
    (query.to_owned(), state.to_owned())
}

async fn send(browser: &Manager, headers: &SignatureHeaders, body: &str) -> u16 {
    let mut request = browser
        .request(reqwest::Method::POST, "/callback")
        .header("content-type", "application/json;charset=UTF-8")
        .body(body.to_owned());
    let SignatureHeaders { id, timestamp, signature } = headers;
    for (name, value) in [("id", id), ("timestamp", timestamp), ("signature", signature)] {
        if !value.is_empty() {
            request = request.header(format!("webhook-{name}"), value);
        }
    }
    browser.send(request).await.status
}

/// The headers of a callback that this key signed so many seconds from now.
fn signed(key: &SigningKey, id: &str, body: &str, seconds: i64) -> SignatureHeaders {
    let at = SystemClock.now().as_millis() + seconds * 1000;
    signature::sign(std::slice::from_ref(key), id, Timestamp::from_millis(at), body.as_bytes())
}

async fn keys_arrive_and_a_repeat_is_no_news(scene: Scene) {
    let (query, state) = scene.connect().await;
    assert_eq!(scene.back_with(&state).await, NOT_CONNECTED, "success=1 proves nothing");
    let back = scene.approve(&query).await;
    assert!(back.location().starts_with(&format!("{}/return?success=1", scene.tunnel.url)));
    assert_eq!(scene.back_with(&state).await, CONNECTED);
    assert_eq!(scene.back_with("other").await, NOT_CONNECTED);
    assert_eq!(scene.app.stored(), 1);

    let passed = scene.tunnel.passed().remove(0);
    assert!(passed.judged(scene.store.services(), "GET").await.is_ok());
    for _ in 0..3 {
        assert_eq!(scene.send(&passed.signature(), &passed.body).await, 204);
    }
    assert_eq!(scene.app.stored(), 1, "the same again is stored once");

    let fresh = signed(&scene.key(), "msg_another", &passed.body, 0);
    let mut many = JoinSet::new();
    for _ in 0..20 {
        let (browser, fresh, body) = (scene.browser.clone(), fresh.clone(), passed.body.clone());
        many.spawn(async move { send(&browser, &fresh, &body).await });
    }
    assert_eq!(many.join_all().await, [204; 20]);
    assert_eq!(scene.app.stored(), 2, "at once, too");
    assert!(!scene.app.log().contains(&passed.text("consumer_secret")));
    assert_eq!(scene.app.left_where_it_runs(), 0, "a web server may serve that folder");
}

async fn what_the_store_did_not_sign_now_is_refused(scene: Scene) {
    let passed = scene.connected().await;
    let (sent, body) = (passed.signature(), passed.body.as_str());
    let (store, stranger) = (scene.key(), SigningKey::from_bytes(&[7; 32]));
    let altered = body.replacen("\"key_permissions\":\"read\"", "\"key_permissions\":\"write\"", 1);
    assert_ne!(altered, body);
    let without = |take: fn(&mut SignatureHeaders) -> &mut String| {
        let mut headers = sent.clone();
        take(&mut headers).clear();
        headers
    };
    let signature = |text: &str| SignatureHeaders { signature: text.to_owned(), ..sent.clone() };
    let timestamp = |text: &str| SignatureHeaders { timestamp: text.to_owned(), ..sent.clone() };
    for (what, headers, body) in [
        ("an altered body", sent.clone(), altered.as_str()),
        ("a longer body", sent.clone(), &format!("{body}\n")),
        ("no body", sent.clone(), ""),
        ("no id", without(|headers| &mut headers.id), body),
        ("no timestamp", without(|headers| &mut headers.timestamp), body),
        ("no signature", without(|headers| &mut headers.signature), body),
        ("another id", SignatureHeaders { id: "msg_2".into(), ..sent.clone() }, body),
        ("a stranger's signature", signed(&stranger, "msg_2", body, 0), body),
        ("an old one by a stranger", signed(&stranger, "msg_2", body, -360), body),
        ("six minutes old", signed(&store, "msg_2", body, -360), body),
        ("six minutes ahead", signed(&store, "msg_2", body, 360), body),
        ("a timestamp in words", timestamp("now"), body),
        ("a timestamp without end", timestamp(&"9".repeat(5000)), body),
        ("a signature of another scheme", signature(&sent.signature.replace("v1a", "v1")), body),
        ("a signature that is cut off", signature(&sent.signature[..60]), body),
        ("a signature that is no Base64", signature("v1a,?? v1a, v1a,é"), body),
        ("a signature without its scheme", signature(&sent.signature[4..]), body),
    ] {
        assert_eq!(scene.send(&headers, body).await, 401, "{what}: {}", scene.app.log());
    }
    assert_eq!(scene.app.stored(), 1);
    let within = signed(&store, "msg_2", body, -240);
    assert_eq!(scene.send(&within, body).await, 204, "four minutes are no fault");
    let among = format!("v1,AAAA v1a,AAAA {}", signed(&store, "msg_3", body, 240).signature);
    let among = SignatureHeaders { signature: among, ..signed(&store, "msg_3", body, 240) };
    assert_eq!(scene.send(&among, body).await, 204, "one that fits is enough");
}

async fn keys_that_nobody_asked_for_are_refused(scene: Scene) {
    let passed = scene.connected().await;
    let (_, state) = scene.connect().await;
    let body = passed.body.replace(&passed.text("state"), &state);
    let with_state = |other: &str| body.replace(&format!("\"{state}\""), other);
    let user = "\"user_id\":\"4711\"";
    for wrong in [
        with_state("\"somebody-elses\""),
        with_state("\"\""),
        with_state("null"),
        with_state(&format!("[\"{state}\"]")),
        with_state(&format!("{{\"{state}\":1}}")),
        body.replace(&format!(",\"state\":\"{state}\""), ""),
        body.replace(user, "\"user_id\":\"4712\""),
        body.replace(user, "\"user_id\":4711"),
        body.replace(user, "\"user\":\"4711\""),
        with_state("\"somebody-elses\"").replace(user, "\"user\":\"4711\""),
        body.replace("\"consumer_secret\"", "\"secret\""),
        body.replace("\"consumer_key\":", "\"consumer_key\":null,\"key\":"),
        format!("[{body}]"),
        "[".repeat(50_000),
    ]
    .iter()
    .map(String::as_str)
    .chain(["null", "[]", "{}", "\"x\"", "7", "true", "", "keys"])
    {
        assert_ne!(wrong, body);
        let headers = signed(&scene.key(), "msg_2", wrong, 0);
        let answer = scene.send(&headers, wrong).await;
        assert_eq!(answer, 403, "{:.400}: {}", wrong, scene.app.log());
        assert_eq!(scene.back_with(&state).await, NOT_CONNECTED, "{wrong:.400}");
    }
    assert_eq!(scene.app.stored(), 1, "{}", scene.app.log());
    assert_eq!(scene.back_with("").await, NOT_CONNECTED);
    let headers = signed(&scene.key(), "msg_2", &body, 0);
    assert_eq!(scene.send(&headers, &body).await, 204, "the very keys that were asked for");
    assert_eq!(scene.back_with(&state).await, CONNECTED);
}

async fn a_rotation_is_not_noticed(scene: Scene) {
    scene.connected().await;
    signing::rotate(scene.store.services(), &Caller::command_line(), false).await.unwrap();
    let passed = scene.connected().await;
    assert_eq!(passed.signature().signature.matches("v1a,").count(), 2);
    assert_eq!(scene.app.stored(), 2);
    assert_eq!(scene.back_with(&passed.text("state")).await, CONNECTED);
}

/// Nothing of this is signed; the app must only stay up.
async fn rubbish_does_no_harm(scene: Scene) {
    let headers = signed(&SigningKey::from_bytes(&[7; 32]), "msg_1", "{}", 0);
    for body in ["", "{}", "null", "[[[[", "\u{fffd}"] {
        assert!((400..500).contains(&scene.send(&headers, body).await), "{body}");
    }
    let huge =
        scene.browser.request(reqwest::Method::POST, "/callback").body(vec![b'x'; 5_000_000]);
    let huge = huge.header("webhook-id", "msg_1").send().await;
    assert!(huge.map_or(true, |answer| answer.status().is_client_error()), "refused or broken off");
    for path in ["/", "/callback", "/return", "/return?state", "/return?state[]=1&state=%FF", "//"]
    {
        let answer = scene.browser.get(path).await;
        assert!(
            !answer.body.contains("rror") && answer.body != CONNECTED,
            "{path}: {}",
            answer.body
        );
    }
    scene.connected().await;
    assert_eq!(scene.app.stored(), 1, "{}", scene.app.log());
}

async fn a_rotation_at_once_costs_a_minute(scene: Scene) {
    scene.connected().await;
    signing::rotate(scene.store.services(), &Caller::command_line(), true).await.unwrap();
    let (query, state) = scene.connect().await;
    let waiting = scene.approve(&query).await;
    assert!(waiting.location().contains("/connections/"), "the app knows the old key only");
    assert_eq!(scene.back_with(&state).await, NOT_CONNECTED);
    tokio::time::sleep(Duration::from_secs(61)).await;
    scene.store.clock.advance(Duration::from_secs(5));
    scene.store.services().signals.wake_worker();
    for _ in 0..1000 {
        if scene.back_with(&state).await == CONNECTED {
            return assert_eq!(scene.app.stored(), 2);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the app did not ask for the new key: {}", scene.app.log());
}

#[tokio::test]
async fn javascript_says_that_a_body_is_too_long() {
    let Some(scene) = Scene::set(Language::JavaScript).await else { return };
    for _ in 0..20 {
        let huge = "x".repeat(5_000_000);
        let headers = signed(&SigningKey::from_bytes(&[7; 32]), "msg_1", "{}", 0);
        assert_eq!(scene.send(&headers, &huge).await, 413, "{}", scene.app.log());
    }
    scene.connected().await;
}

#[tokio::test]
async fn php_asks_where_to_keep_its_data() {
    let store = "http://127.0.0.1:1";
    let Some(app) = ExampleApp::start_without("DATA_FILE", Language::Php, store, store).await
    else {
        return;
    };
    let answer = Manager::new(format!("http://{}", app.address)).get("/connect").await;
    assert_eq!(answer.status, 500, "{}", answer.body);
    let log = app.log();
    assert!(log.contains("DATA_FILE") && log.contains("outside of the document root"), "{log}");
    assert_eq!(app.left_where_it_runs(), 0);
}

#[test]
fn the_document_shows_what_the_receiver_does() {
    let read = |path| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR")));
    let document = read("docs/for-app-developers.md").unwrap();
    let blocks =
        document.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let core = blocks.clone().find(|block| block.contains("def is_signed")).unwrap();
    assert!(read("examples/receivers/receiver.py").unwrap().contains(core));
}
