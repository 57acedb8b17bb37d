//! A whole story on the real program, with every secret that occurs in it.

use std::{collections::BTreeMap, fs, time::Duration};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use sha2::Sha256;
use tempfile::TempDir;

use crate::support::{
    Manager, Process, Question, Reaction, Received, Receiver, Said, approve_in_vain, encode,
    own_address, request,
};

pub const ORDERS: &str = "/wp-json/wc/v3/orders";
pub const LOGIN: &str = "ada-of-the-story";
pub const EMAIL: &str = "ada.story@shop.example";
pub const PASSWORD: &str = "a password for ada's story";
pub const WRONG_PASSWORD: &str = "what eve guessed";

/// A running service, its metrics, and what must not be seen.
pub struct Story {
    pub folder: TempDir,
    pub process: Process,
    pub metrics: String,
    pub browser: Manager,
    pub receiver: Receiver,
    pub secrets: Vec<(String, String)>,
}

impl Story {
    /// Begins: the first admin is made with the link in the log.
    pub async fn begin(settings: &[(&str, &str)]) -> Self {
        let (folder, metrics) = (tempfile::tempdir().unwrap(), own_address());
        let mut all = vec![
            ("APPGRANT_METRICS_LISTEN", metrics.as_str()),
            ("APPGRANT_CALLBACK_TIMEOUT_SECONDS", "5"),
            ("APPGRANT_OAUTH1", "true"),
        ];
        all.extend(settings);
        let mut process = Process::start(folder.path(), &own_address(), &all).await;
        process.wait_for_log("make the first admin at ").await;
        let log = process.log();
        let link = log.split("make the first admin at ").nth(1).unwrap();
        let link = link.split(|c: char| c.is_whitespace() || c == '"').next().unwrap().to_owned();
        let browser = process.browser();
        let receiver = Receiver::start().await;
        let mut story = Self { folder, process, metrics, browser, receiver, secrets: Vec::new() };
        let page = story.browser.get(&link).await;
        let fields = [
            ("login", LOGIN),
            ("name", "Ada"),
            ("email", EMAIL),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        let answer = story.press("/setup", page.fields("form"), &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        story.keep("the password", PASSWORD);
        story.keep("a wrong password", WRONG_PASSWORD);
        story.keep("the session", cookie(answer.header("set-cookie")));
        story
    }

    /// Remembers a secret, in the forms in which it is sent.
    pub fn keep(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 10, "{what}: {secret}");
        self.secrets.push((what.to_owned(), secret.to_owned()));
        self.secrets.push((format!("{what}, encoded"), encode(secret)));
        self.secrets.push((format!("{what}, in a form"), secret.replace(' ', "+")));
    }

    fn keep_pair(&mut self, whose: &str, key: &str, secret: &str) {
        self.keep(&format!("the key {whose}"), &key[3..]);
        self.keep(&format!("the secret {whose}"), &secret[3..]);
        let basic = BASE64.encode(format!("{key}:{secret}").as_bytes());
        self.keep(&format!("the header {whose}"), &basic);
    }

    async fn press(
        &self,
        path: &str,
        mut fields: BTreeMap<String, String>,
        more: &[(&str, &str)],
    ) -> crate::support::Answer {
        fields.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self.browser.press(path, &fields).await
    }

    /// Logs in, wrongly and rightly.
    pub async fn log_in(&mut self) {
        let browser = self.process.browser();
        for (password, status) in [(WRONG_PASSWORD, 200), (PASSWORD, 303)] {
            let form = [("username", LOGIN), ("password", password)];
            let answer = browser.post("/login", &form).await;
            assert_eq!(answer.status, status, "{}", answer.body);
            if status == 303 {
                self.keep("another session", cookie(answer.header("set-cookie")));
            }
        }
        self.browser = browser;
    }

    /// Connects an app whose callback fails once.
    pub async fn connect(&mut self) -> Received {
        self.receiver.will([Reaction::Status(500)]);
        let (path, page) = approve_in_vain(&self.browser, &self.receiver.url()).await;
        let token = page.attribute("input[name=form_token]", "value");
        self.browser.post(&format!("{path}/retry"), &[("form_token", &token)]).await;
        let received = self.receiver.wait_for(2).await.remove(1);
        self.keep("the form's token", &token);
        self.keep_pair(
            "of the app",
            &received.text("consumer_key"),
            &received.text("consumer_secret"),
        );
        self.wait_for("allowed", Question::forwarded("GET", ORDERS).keys(&received)).await;
        received
    }

    /// Connects another app at once.
    pub async fn connect_at_once(&mut self) -> Received {
        let another = request(&self.receiver.url()).replace("user_id=123", "user_id=124");
        let page = self.browser.consent(&another).await;
        for (name, value) in &page.approve {
            if value.len() >= 10 && name.contains("token") {
                self.keep(&format!("the consent page's {name}"), value);
            }
        }
        let before = self.receiver.received().len();
        assert_eq!(self.browser.approve(&page).await.status, 303);
        let received = self.receiver.wait_for(before + 1).await.remove(before);
        self.keep_pair(
            "of another app",
            &received.text("consumer_key"),
            &received.text("consumer_secret"),
        );
        received
    }

    /// Asks `/verify` rightly, wrongly and by signature.
    pub async fn verify(&mut self, pair: &Received) {
        let (key, secret) = (pair.text("consumer_key"), pair.text("consumer_secret"));
        let wrong = format!("cs_{}", "5".repeat(40));
        let unknown = format!("ck_{}", "6".repeat(40));
        self.keep_pair("that is wrong", &unknown, &wrong);
        let in_query = format!("{ORDERS}?consumer_key={key}&consumer_secret={secret}");
        for (word, question) in [
            ("allowed", Question::forwarded("GET", ORDERS).keys(pair)),
            ("allowed", Question::forwarded("GET", ORDERS).keys(pair)),
            ("allowed", Question::forwarded("GET", &in_query)),
            ("allowed", self.signed(&key, &secret)),
            ("wrong_secret", Question::forwarded("GET", ORDERS).basic(&key, &wrong)),
            ("unknown_key", Question::forwarded("GET", ORDERS).basic(&unknown, &wrong)),
            ("no_credentials", Question::forwarded("GET", ORDERS)),
        ] {
            assert_eq!(self.ask(&question).await.word(), word);
        }
    }

    /// Asks until that is the answer.
    pub async fn wait_for(&self, word: &str, question: Question) {
        for _ in 0..200 {
            if self.ask(&question).await.word() == word {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not become {word}: {}", self.process.log());
    }

    async fn ask(&self, question: &Question) -> Said {
        question.ask_at(&self.process.url).await
    }

    fn signed(&mut self, key: &str, secret: &str) -> Question {
        use appgrant::service::environment::{Clock as _, SystemClock};
        let at = SystemClock.now().as_seconds();
        let params = format!(
            "oauth_consumer_key={key}&oauth_nonce=nonce-of-the-story&\
             oauth_signature_method=HMAC-SHA256&oauth_timestamp={at}"
        );
        let rfc3986 = |text: &str| encode(text).replace("%2D", "-").replace("%2E", ".");
        let rfc3986 = |text: &str| rfc3986(text).replace("%5F", "_").replace("%7E", "~");
        let url = rfc3986(&format!("{}{ORDERS}", self.process.url));
        let base_string = format!("GET&{url}&{}", rfc3986(&params));
        let mac = Hmac::<Sha256>::new_from_slice(format!("{secret}&").as_bytes()).unwrap();
        let code = mac.chain_update(base_string.as_bytes()).finalize().into_bytes();
        let signature = BASE64.encode(&code);
        self.keep("a signature", &signature);
        let uri = format!("{ORDERS}?{params}&oauth_signature={}", encode(&signature));
        Question::forwarded("GET", &uri).without("X-Forwarded-Proto")
    }

    /// Makes a key and a token on the screens, and two keys with the token.
    pub async fn make_keys(&mut self) {
        let fields = self.browser.get("/admin/keys/new").await.fields("main form");
        let more = [("description", "A till of the story"), ("permissions", "read")];
        let made = self.press("/admin/keys/new", fields, &more).await;
        self.keep_pair("by hand", &made.text("#consumer-key"), &made.text("#consumer-secret"));
        let fields = self.browser.get("/admin/account").await.fields("form[action$=tokens]");
        let made = self.press("/admin/account/tokens", fields, &[("token_name", "Sync")]).await;
        let token = made.text("#token");
        self.keep("the API token", &token);
        for _ in 0..2 {
            let made = self.browser.request(Method::POST, "/api/v1/keys").bearer_auth(&token);
            let made = made.header("idempotency-key", "story-1").json(&serde_json::json!({
                "description": "by the API", "permissions": "read",
            }));
            let made = self.process.browser().send(made).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
            let text = |member: &str| made[member].as_str().unwrap().to_owned();
            self.keep_pair("by the API", &text("consumer_key"), &text("consumer_secret"));
        }
    }

    /// Gives the app's key a new pair.
    pub async fn rotate(&mut self) {
        let path = "/admin/keys/1/rotate";
        let page = self.browser.get(path).await;
        let before = self.receiver.received().len();
        let fields = page.fields(&format!("form[action$='{path}']"));
        let answer = self.press(path, fields, &[("overlap", "1")]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let new = self.receiver.wait_for(before + 1).await.remove(before);
        self.keep_pair("that is new", &new.text("consumer_key"), &new.text("consumer_secret"));
    }

    /// Takes over a key of WooCommerce's, and uses it.
    pub async fn import(&mut self) {
        let (key, secret) = (format!("ck_{}", "7".repeat(40)), format!("cs_{}", "8".repeat(40)));
        let mac = Hmac::<Sha256>::new_from_slice(b"wc-api").unwrap();
        let hash = mac.chain_update(&key).finalize().into_bytes();
        let hash = data_encoding::HEXLOWER.encode(&hash);
        let columns = "key_id,user_id,description,permissions,consumer_key,consumer_secret,nonces,\
                       truncated_key,last_access";
        let row = format!("1,1,Imported,read,{hash},{secret},,7777777,");
        let file = self.folder.path().join("keys.csv");
        fs::write(&file, format!("{columns}\n{row}\n")).unwrap();
        let settings = [("APPGRANT_OAUTH1", "true")];
        let arguments = ["key", "import", file.to_str().unwrap(), "--owner", LOGIN];
        let (code, said, error) = Process::run_with(self.folder.path(), &settings, &arguments);
        assert_eq!(code, 0, "{said}{error}");
        fs::remove_file(file).unwrap();
        self.keep("the imported key’s hash", &hash);
        self.keep_pair("that was imported", &key, &secret);
        self.wait_for("allowed", Question::forwarded("GET", ORDERS).basic(&key, &secret)).await;
    }

    /// Ends the app's key from the command line.
    pub async fn revoke(&self, pair: &Received) {
        let revoke = ["key", "revoke", "1"];
        let (code, _, error) = Process::run_with(self.folder.path(), &[], &revoke);
        assert_eq!(code, 0, "{error}");
        self.wait_for("revoked", Question::forwarded("GET", ORDERS).keys(pair)).await;
    }

    /// Whatever of the secrets stands in there.
    pub fn found_in(&self, place: &[u8]) -> Vec<&str> {
        let found =
            |secret: &str| place.windows(secret.len()).any(|window| window == secret.as_bytes());
        self.secrets.iter().filter(|(_, secret)| found(secret)).map(|(what, _)| &**what).collect()
    }
}

fn cookie(header: &str) -> &str {
    header.split(['=', ';']).nth(1).unwrap()
}
