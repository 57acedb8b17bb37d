//! What all connections share: the calls counted by webhook-id, the store's keys, the file of bodies,
//! and the way to the person at the terminal.

use std::{
    collections::HashMap,
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
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

/// The longest webhook-id that is counted, in bytes; a store's has 40.
const LONGEST_ID: usize = 100;

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
        let save = options.save.as_deref().map(bodies).transpose()?.map(Mutex::new);
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

    /// How often this id came, now included; nothing if there is none, or one no store sends.
    fn count(&self, id: &str) -> Option<usize> {
        if id.is_empty() || id.len() > LONGEST_ID {
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

/// The file for bodies: made for its owner only, or one that is there and already is. What else the
/// path names is left alone: root can write to devices and to anybody's files.
fn bodies(path: &Path) -> io::Result<File> {
    let failed = |why: &dyn fmt::Display| {
        io::Error::other(format!("bodies cannot be saved to {}: {why}", path.display()))
    };
    match OpenOptions::new().append(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made.map_err(|error| failed(&error)),
    }
    // Looked at first: opening a pipe would wait for its reader.
    let found = fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(failed(&"it is no ordinary file"));
    }
    if found.permissions().mode() & 0o077 != 0 {
        return Err(failed(&"others may read it; chmod 600 it, or name a new file"));
    }
    OpenOptions::new().append(true).open(path).map_err(|error| failed(&error))
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::sync::mpsc::channel;
    use url::Url;

    use super::*;

    fn open(save: Option<PathBuf>) -> io::Result<Desk> {
        let options = Options {
            store: Url::parse("http://127.0.0.1:1").unwrap(),
            plan: Plan::default(),
            break_tls: false,
            save,
            now: || Timestamp::from_millis(0),
        };
        Desk::open("localhost:1".to_owned(), options, channel(1).0)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn ids_are_counted_unless_they_are_absurd() {
        let desk = open(None).unwrap();
        let (long, longer) = ("i".repeat(LONGEST_ID), "i".repeat(LONGEST_ID + 1));
        assert_eq!((desk.count(&long), desk.count(&long)), (Some(1), Some(2)));
        assert_eq!((desk.count(&longer), desk.count("")), (None, None));
        for id in 0..2 * MOST_IDS {
            desk.count(&id.to_string());
        }
        assert!(desk.calls.lock().unwrap().len() <= MOST_IDS);
    }

    #[test]
    fn bodies_go_to_a_file_of_the_owners_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bodies.jsonl");
        assert!(open(Some(file.clone())).is_ok() && open(Some(file.clone())).is_ok());
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let null = PathBuf::from("/dev/null");
        let before = mode(&null);
        let nowhere = folder.path().join("no/such/folder");
        for (path, why) in [
            (file.clone(), "others may read it; chmod 600 it"),
            (null.clone(), "no ordinary file"),
            (folder.path().to_owned(), "no ordinary file"),
            (nowhere, "No such file"),
        ] {
            let shown = path.display().to_string();
            let error = open(Some(path)).err().unwrap().to_string();
            assert!(error.contains(why) && error.contains(&shown), "{error}");
        }
        assert_eq!((mode(&file), mode(&null)), (0o644, before), "no mode was changed");
    }
}
