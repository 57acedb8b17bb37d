//! Taking keys over from WooCommerce, so that apps go on working with what they have.
//!
//! An export holds the hash of each consumer key and the secret in plain. The secret is hashed at once;
//! the key is stored under a keyed hash of WooCommerce's hash, until its first use shows the consumer key
//! itself (`verify::live_keys`). Batches come one after the other; the secrets of a batch are hashed side
//! by side, on threads of the import's own that let everything else go first; then the batch is one
//! transaction, with a row in the audit log for each key. So a run that was stopped left whole batches,
//! and running it again takes the rest: what is here, also if it was revoked since, is not taken twice.
//!
//! Never: a secret in a report or the log; a dry run that writes.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::create::seal;
pub use crate::domain::import::{ExportedKey, Line, Unusable};
use crate::{
    db::{
        self, DbError,
        outcomes::{ImportedKey, KeyInsert, NewKey},
    },
    domain::{
        audit::{Entry, Event, Object},
        entropy::random,
        keyring::{Lookup, Tag, cut},
        text,
        user::Role,
    },
    service::{
        Hasher, ServiceError, Services,
        caller::Caller,
        users::{self, UserError},
    },
};

/// How many rows make a batch.
pub const BATCH: usize = 200;

/// Why keys could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The caller may not.
    #[error("only admins take keys over")]
    NotAllowed,
    /// Owners that are not there.
    #[error("there is no user of the login {}; make it first, or name another", .0.join(", "))]
    Unknown(Vec<String>),
    /// Owners that cannot have keys.
    #[error("the user {} is disabled; enable it first, or name another", .0.join(", "))]
    Disabled(Vec<String>),
    /// An owner was disabled while keys were taken.
    #[error(
        "an owner was disabled meanwhile; what was taken before stays, run it again for the rest"
    )]
    OwnerLeft,
    /// Something nobody asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<DbError> for ImportError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

/// Whom imported keys act for.
pub struct Owners {
    /// Those that nobody else gets.
    rest: i64,
    /// By WordPress' user id or login.
    mapped: HashMap<String, i64>,
}

impl Owners {
    /// Finds all of them, before anything is written: `rest` and the logins in `map`.
    ///
    /// # Errors
    /// Which are not there, or disabled.
    pub async fn find(
        services: &Services,
        rest: &str,
        map: HashMap<String, String>,
    ) -> Result<Self, ImportError> {
        let mut logins: Vec<&str> = map.values().map(String::as_str).chain([rest]).collect();
        logins.sort_unstable();
        logins.dedup();
        let (mut ids, mut unknown, mut disabled) = (HashMap::new(), Vec::new(), Vec::new());
        for login in logins {
            match users::by_login(services, login).await {
                Ok(user) if user.disabled => disabled.push(text::visible(login)),
                Ok(user) => drop(ids.insert(login.to_owned(), user.id)),
                Err(UserError::Service(error)) => return Err(error.into()),
                Err(_) => unknown.push(text::visible(login)),
            }
        }
        if !unknown.is_empty() {
            return Err(ImportError::Unknown(unknown));
        }
        if !disabled.is_empty() {
            return Err(ImportError::Disabled(disabled));
        }
        Ok(Self {
            rest: ids[rest],
            mapped: map.into_iter().map(|(theirs, ours)| (theirs, ids[&ours])).collect(),
        })
    }

    fn of(&self, key: &ExportedKey) -> i64 {
        // A login of digits alone could be somebody else's number.
        let is_login = |login: &&String| !login.bytes().all(|byte| byte.is_ascii_digit());
        let login = key.user_login.as_ref().filter(is_login);
        let names = [key.user_id.as_ref(), login].into_iter().flatten();
        let mut mapped = names.filter_map(|name| self.mapped.get(&name.to_lowercase()));
        mapped.next().copied().unwrap_or(self.rest)
    }
}

/// How it went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows that were read.
    pub rows: u64,
    /// Keys that were taken, or would be.
    pub taken: u64,
    /// Keys that were taken before.
    pub already_here: u64,
    /// Rows that were passed over.
    pub skipped: u64,
}

/// A row that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The row's number.
    pub row: u64,
    /// WooCommerce's number of the key.
    pub key_id: String,
    /// Why.
    pub reason: Reason,
}

/// Why a row was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// It is the second of one key.
    #[error("an earlier row has the same consumer_key")]
    Repeated,
}

/// Takes keys, batch by batch.
pub struct Importer<'a> {
    services: &'a Services,
    caller: &'a Caller,
    owners: Owners,
    /// Nothing in a dry run.
    hasher: Option<Arc<Hasher>>,
    /// What came before in this file: 16 bytes a row.
    seen: HashSet<Tag>,
    report: Report,
}

/// A row that is to be taken.
struct Candidate {
    row: u64,
    key_id: String,
    key: ExportedKey,
    lookup: Lookup,
}

impl<'a> Importer<'a> {
    /// Nothing is taken yet. A dry run writes nothing; else secrets are hashed on so many threads.
    ///
    /// # Errors
    /// If the caller may not.
    pub async fn new(
        services: &'a Services,
        caller: &'a Caller,
        owners: Owners,
        threads: Option<usize>,
    ) -> Result<Self, ImportError> {
        if !caller.actor.role().is_some_and(Role::may_manage_users) {
            let object = Object { kind: "key", id: String::new() };
            caller.note(services, Entry::refused(Event::KeyImported, object, json!({}))).await?;
            return Err(ImportError::NotAllowed);
        }
        let start = |threads| Arc::new(Hasher::start(&services.keyring, threads, 2 * BATCH));
        let hasher = threads.map(start);
        let (seen, report) = (HashSet::new(), Report::default());
        Ok(Self { services, caller, owners, hasher, seen, report })
    }

    /// How it went so far.
    pub fn report(&self) -> Report {
        self.report
    }

    /// Takes a batch, [`BATCH`] rows at most; gives those that were passed over.
    ///
    /// # Errors
    /// If the database gives no answer, or an owner can have no keys any more; what was taken stays.
    pub async fn take(&mut self, lines: Vec<Line>) -> Result<Vec<Skipped>, ImportError> {
        self.report.rows += lines.len() as u64;
        let (new, skipped) = self.told_apart(lines);
        self.report.skipped += skipped.len() as u64;
        let count = new.len();
        let new = self.not_here(new).await?;
        self.report.already_here += (count - new.len()) as u64;
        match self.hasher.clone() {
            None => self.report.taken += new.len() as u64,
            Some(hasher) => self.write(self.hashed(&hasher, new).await?).await?,
        }
        Ok(skipped)
    }

    fn told_apart(&mut self, lines: Vec<Line>) -> (Vec<Candidate>, Vec<Skipped>) {
        let (mut new, mut skipped) = (Vec::new(), Vec::new());
        for Line { number: row, key_id, key } in lines {
            let reason = match key {
                Err(unusable) => unusable.into(),
                Ok(key) => {
                    let lookup = self.services.keyring.imported_lookup(&key.hash);
                    if self.seen.insert(cut(&lookup)) {
                        new.push(Candidate { row, key_id, key, lookup });
                        continue;
                    }
                    Reason::Repeated
                }
            };
            skipped.push(Skipped { row, key_id, reason });
        }
        (new, skipped)
    }

    async fn not_here(&self, mut new: Vec<Candidate>) -> Result<Vec<Candidate>, ImportError> {
        if new.is_empty() {
            return Ok(new);
        }
        let lookups: Vec<_> = new.iter().map(|candidate| candidate.lookup).collect();
        let here = db::read!(self.services.db, imported_keys::known(lookups))?;
        let here: HashSet<_> = here.into_iter().collect();
        new.retain(|candidate| !here.contains(&candidate.lookup[..]));
        Ok(new)
    }

    /// The rows to be written, each with what the log says of it.
    async fn hashed(
        &self,
        hasher: &Arc<Hasher>,
        new: Vec<Candidate>,
    ) -> Result<Vec<(ImportedKey, Value)>, ImportError> {
        let mut hashing = JoinSet::new();
        for candidate in new {
            let (hasher, cost) = (Arc::clone(hasher), self.services.costs.secret);
            let salt = random(&*self.services.entropy);
            hashing.spawn(async move {
                let secret = Zeroizing::new(candidate.key.secret.expose().to_owned());
                (hasher.hash(secret, salt, cost).await, candidate)
            });
        }
        let mut hashed = hashing.join_all().await;
        hashed.sort_unstable_by_key(|(_, candidate)| candidate.row);
        let mut rows = Vec::with_capacity(hashed.len());
        for (hash, candidate) in hashed {
            rows.push(self.row(candidate, hash?));
        }
        Ok(rows)
    }

    fn row(&self, candidate: Candidate, secret_hash: String) -> (ImportedKey, Value) {
        let Candidate { key_id, key, lookup, .. } = candidate;
        let owner_id = self.owners.of(&key);
        let details = json!({
            "owner": owner_id, "description": key.description,
            "permissions": key.permissions.as_str(), "woocommerce_key_id": key_id,
        });
        let imported = ImportedKey {
            seal_secret: seal(self.services, &key.secret),
            // A wrong zone must not hide the uses that come.
            last_used_at: key.last_used_at.map(|at| at.min(self.services.now())),
            key: NewKey {
                lookup,
                secret_hash,
                ending: key.ending,
                description: key.description,
                permissions: key.permissions,
                owner_id,
                expires_at: None,
            },
        };
        (imported, details)
    }

    async fn write(&mut self, rows: Vec<(ImportedKey, Value)>) -> Result<(), ImportError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (now, journal) = (self.services.now(), self.caller.journal(self.services));
        let (keys, details): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let outcomes = db::audited!(
            self.services.db,
            journal,
            imported_keys::insert(now, keys),
            |outcomes: &Vec<KeyInsert>| outcomes.iter().zip(details).filter_map(noted).collect(),
        )?;
        for outcome in outcomes {
            match outcome {
                KeyInsert::Made(_) => self.report.taken += 1,
                KeyInsert::Taken(_) => self.report.already_here += 1,
                KeyInsert::NoOwner => return Err(ImportError::OwnerLeft),
            }
        }
        Ok(())
    }
}

fn noted((outcome, details): (&KeyInsert, Value)) -> Option<Entry> {
    match outcome {
        KeyInsert::Made(id) => Some(Entry::done(Event::KeyImported, Object::key(*id), details)),
        KeyInsert::Taken(_) | KeyInsert::NoOwner => None,
    }
}
