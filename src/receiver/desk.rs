//! What all connections share: the calls counted by webhook-id, the store's keys, the file of bodies,
//! and the way to the person at the terminal.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Mutex,
};

use hyper::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::mpsc::Sender;

use super::{
    Event, Options, Plan,
    answer::Answer,
    callback::{Callback, Head},
    store_keys::StoreKeys,
};
use crate::domain::{signature::SignatureHeaders, timestamp::Timestamp};

/// How many webhook-ids are counted; a stranger could send new ones for ever.
const MOST_IDS: usize = 10_000;

/// Why taking a lock cannot fail.
const HELD: &str = "no thread panics while it holds it";

/// Where callbacks are taken.
pub struct Desk {
    /// The receiver's own `host:port`.
    pub host: String,
    plan: Plan,
    keys: StoreKeys,
    calls: Mutex<HashMap<String, usize>>,
    save: Option<Mutex<File>>,
    now: fn() -> Timestamp,
    events: Sender<Event>,
}

impl Desk {
    /// Opens one.
    ///
    /// # Errors
    /// If the file for bodies cannot be opened.
    pub fn open(host: String, options: Options, events: Sender<Event>) -> io::Result<Self> {
        let save = options.save.as_deref().map(private).transpose()?.map(Mutex::new);
        let keys = StoreKeys::of(options.store);
        let (plan, now) = (options.plan, options.now);
        Ok(Self { host, plan, keys, calls: Mutex::default(), save, now, events })
    }

    /// Tells the developer something, unless more is waiting to be told than anybody reads.
    pub fn note(&self, text: impl Into<String>) {
        let _ = self.events.try_send(Event::Note(text.into()));
    }

    /// What this receiver does where the path says nothing.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes a callback: counts, checks, keeps and shows it. Gives what to answer.
    pub async fn take(&self, path: &str, headers: &HeaderMap, body: &[u8], plan: &Plan) -> Answer {
        let now = (self.now)();
        let signed = signature_headers(headers);
        let attempt = self.count(&signed.id);
        let answer = plan.answer(attempt.unwrap_or(1));
        let signature = self.keys.check(&signed, now, body).await;
        let head =
            Head { at: now.to_string(), path: path.to_owned(), webhook_id: signed.id, attempt };
        self.keep(&head, body);
        let callback = Callback::new(head, body, signature, answer);
        let _ = self.events.send(Event::Callback(Box::new(callback))).await;
        answer
    }

    /// How often this id came, now included; nothing if there is none.
    fn count(&self, id: &str) -> Option<usize> {
        if id.is_empty() {
            return None;
        }
        let mut calls = self.calls.lock().expect(HELD);
        if calls.len() >= MOST_IDS && !calls.contains_key(id) {
            calls.clear();
        }
        let count = calls.entry(id.to_owned()).or_default();
        *count += 1;
        Some(*count)
    }

    /// Writes the body down, secrets and all, if the developer asked for it.
    fn keep(&self, head: &Head, body: &[u8]) {
        let Some(file) = &self.save else { return };
        let body = serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        let line = json!({ "at": head.at, "path": head.path, "webhook_id": head.webhook_id, "body": body });
        if let Err(error) = file.lock().expect(HELD).write_all(format!("{line}\n").as_bytes()) {
            self.note(format!("the body could not be saved: {error}"));
        }
    }
}

/// A file that is appended to and that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn signature_headers(headers: &HeaderMap) -> SignatureHeaders {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    SignatureHeaders {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
    }
}
