//! The receivers and the address of the store's public keys: it may be down, or show rubbish.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{CONNECTED, NOT_CONNECTED, connect, send, signed};
use crate::support::{ExampleApp, Language, Manager};

in_each_language!(
    rubbish_for_keys_kills_nobody,
    a_key_among_others_is_found,
    #[ignore = "waits a minute, as the receivers do before they ask for the public keys again"]
    a_hiccup_of_the_store_loses_no_keys,
);

/// The address of a store's public keys, and an app that asks it. The rest of the store is the test.
struct Scene {
    store: KeysAddress,
    app: ExampleApp,
    browser: Manager,
    language: Language,
}

impl Scene {
    async fn set(language: Language) -> Option<Self> {
        let store = KeysAddress::open().await;
        let app = ExampleApp::start(language, &store.url, "https://app.invalid").await?;
        let browser = Manager::new(format!("http://{}", app.address));
        Some(Self { store, app, browser, language })
    }

    /// Begins to connect and hands keys over, signed by that key; gives the state and the answer.
    async fn hand_over(&self, key: &SigningKey) -> (String, u16) {
        let (_, state) = connect(&self.browser, &self.store.url).await;
        let body = json!({
            "user_id": "4711", "consumer_key": "ck_1", "consumer_secret": "cs_1", "state": state,
        });
        let body = body.to_string();
        let answer = send(&self.browser, &signed(key, &state, &body, 0), &body).await;
        (state, answer)
    }

    async fn expect(&self, what: &str, key: &SigningKey, expected: u16) {
        let (state, answer) = self.hand_over(key).await;
        assert_eq!(answer, expected, "{what}: {}", self.app.log());
        let back = self.browser.get(&format!("/return?state={state}")).await.body;
        assert_eq!(back, if expected == 204 { CONNECTED } else { NOT_CONNECTED }, "{what}");
    }
}

fn ours() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn stranger() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn jwk() -> Value {
    let x = BASE64URL_NOPAD.encode(ours().verifying_key().as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
}

/// What the address shows: whole answers, as they go over the wire. An empty one hangs up.
struct KeysAddress {
    url: String,
    shown: Arc<Mutex<Shown>>,
    _serving: JoinSet<()>,
}

struct Shown {
    answer: String,
    asked: usize,
}

impl KeysAddress {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = ok(&json!({ "keys": [jwk()] }).to_string());
        let shown = Arc::new(Mutex::new(Shown { answer, asked: 0 }));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&shown)));
        Self { url, shown, _serving: serving }
    }

    fn shows(&self, answer: &str) {
        answer.clone_into(&mut self.shown.lock().unwrap().answer);
    }

    fn asked(&self) -> usize {
        self.shown.lock().unwrap().asked
    }
}

async fn serve(listener: TcpListener, shown: Arc<Mutex<Shown>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let answer = {
            let mut shown = shown.lock().unwrap();
            shown.asked += 1;
            shown.answer.clone()
        };
        // Who hangs up on us does so at his own cost.
        let _ = reply(stream, &answer).await;
    }
}

async fn reply(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

async fn rubbish_for_keys_kills_nobody(scene: Scene) {
    let language = scene.language;
    let deep = "[".repeat(100_000);
    let bodies = [
        "",
        "[]",
        "{}",
        "null",
        "7",
        "\"keys\"",
        "<html>Down for maintenance</html>",
        &deep,
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":"keys"}"#,
        r#"{"keys":7}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[1,null,{"crv":"Ed25519"}]}"#,
        r#"{"keys":[{"crv":"Ed25519","x":7}]}"#,
        r#"{"keys":[{"crv":"Ed25519","x":"éé"}]}"#,
        r#"{"keys":[{"crv":["Ed25519"],"x":"AAAA"}]}"#,
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}"#,
    ];
    let answers = bodies.iter().map(|body| ok(body)).chain([
        String::new(),
        "who is there?\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"keys\":".to_owned(),
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".to_owned(),
    ]);
    for answer in answers {
        let scene = Scene::set(language).await.unwrap();
        scene.store.shows(&answer);
        scene.expect(&format!("{answer:.200}"), &ours(), 401).await;
        assert_eq!((scene.store.asked(), scene.app.stored()), (1, 0), "{answer:.200}");
    }
}

async fn a_key_among_others_is_found(scene: Scene) {
    let others = [
        json!(1),
        json!(null),
        json!("x"),
        json!([]),
        json!({ "crv": "Ed25519" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": 7 }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "?" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" }),
        json!({ "kty": "OKP", "crv": "Ed448", "x": "AAAA" }),
        json!({ "kty": "RSA", "n": "AAAA", "e": "AQAB" }),
    ];
    let keys: Vec<_> = others.into_iter().chain([jwk()]).collect();
    scene.store.shows(&ok(&json!({ "keys": keys }).to_string()));
    scene.expect("a stranger", &stranger(), 401).await;
    scene.expect("the store", &ours(), 204).await;
    assert_eq!(scene.store.asked(), 1, "once a minute");
}

/// The forger makes the app ask just then.
async fn a_hiccup_of_the_store_loses_no_keys(scene: Scene) {
    scene.expect("at first", &ours(), 204).await;
    tokio::time::sleep(Duration::from_secs(62)).await;
    scene.store.shows("");
    scene.expect("a stranger", &stranger(), 401).await;
    assert_eq!(scene.store.asked(), 2, "it asked, in vain");
    scene.expect("by the copy", &ours(), 204).await;
    assert_eq!((scene.store.asked(), scene.app.stored()), (2, 2));
}

/// PHP keeps its copy in a file, so a test can make it old.
#[tokio::test]
async fn php_trusts_no_copy_older_than_five_minutes() {
    let Some(scene) = Scene::set(Language::Php).await else { return };
    let older = |seconds: i64| {
        let mut data: Value =
            serde_json::from_slice(&fs::read(scene.app.data_file()).unwrap()).unwrap();
        for time in ["asked_at", "fetched_at"] {
            data[time] = json!(data[time].as_i64().unwrap() - seconds);
        }
        fs::write(scene.app.data_file(), data.to_string()).unwrap();
    };
    scene.expect("at first", &ours(), 204).await;
    for rubbish in ["", &ok("[]"), &ok(r#"{"keys":[]}"#)] {
        scene.store.shows(rubbish);
        older(70);
        scene.expect("a stranger", &stranger(), 401).await;
        scene.expect("by the copy", &ours(), 204).await;
    }
    assert_eq!(scene.store.asked(), 4);
    older(100);
    scene.expect("too old", &ours(), 401).await;
    scene.store.shows(&ok(&json!({ "keys": [jwk()] }).to_string()));
    scene.expect("asked less than a minute ago", &ours(), 401).await;
    older(70);
    scene.expect("fetched again", &ours(), 204).await;
    assert_eq!(scene.store.asked(), 6);
}
