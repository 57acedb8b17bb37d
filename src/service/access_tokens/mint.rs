//! Making tokens, and writing them: those that wait are written together.
//!
//! Why so: each transaction waits for the disk, and on SQLite one writes at a time. While one batch is
//! being written the next gathers, so a store that is asked for many tokens at once waits for few
//! transactions, and one that is asked for one waits for one.
//! Never: a token that is handed out before it is written, or kept in plain.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot::{self, Sender};

use super::{TokenOptions, life};
use crate::{
    db::{
        self, Db, DbError,
        token_outcomes::{NewRefresh, NewToken},
    },
    domain::{
        access_token::{AccessToken, MadeBy, RefreshToken},
        permissions::Permissions,
        timestamp::Timestamp,
        token_life::TokenLife,
    },
    service::{ServiceError, Services, environment::Clock, verify::LiveKey},
};

/// How many tokens may wait to be written.
const LINE: usize = 4_096;

/// How many are written in one transaction.
const BATCH: usize = 256;

/// What makes tokens.
pub struct Mint {
    /// How.
    pub options: TokenOptions,
    line: Arc<Mutex<Line>>,
}

/// Tokens that wait to be written.
#[derive(Default)]
struct Line {
    waiting: Vec<Waiting>,
    is_writing: bool,
}

struct Waiting {
    token: NewToken,
    told: Sender<Result<(), ServiceError>>,
}

/// A token that is asked for.
pub struct Issue<'a> {
    /// The key it belongs to.
    pub key: &'a LiveKey,
    /// The key that gets it, if that is another.
    pub client: Option<&'a LiveKey>,
    /// What it may do.
    pub permissions: Permissions,
    /// What it is got with.
    pub made_by: MadeBy,
    /// The life that is asked for.
    pub asked: Option<TokenLife>,
    /// Whether a refresh token comes with it.
    pub refreshes: bool,
}

/// A token that was made, and its only showing.
pub struct Issued {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token that came with it.
    pub refresh: Option<RefreshToken>,
    /// How many seconds it lives; nothing if it never ends.
    pub expires_in: Option<u64>,
    /// What it may do.
    pub permissions: Permissions,
}

impl Mint {
    /// Nothing waits.
    pub fn new(options: TokenOptions) -> Self {
        Self { options, line: Arc::default() }
    }

    /// Writes a token, together with those that wait.
    async fn write(&self, services: &Services, token: NewToken) -> Result<(), ServiceError> {
        let (told, answer) = oneshot::channel();
        let begins = {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            if line.waiting.len() >= LINE {
                return Err(ServiceError::Busy);
            }
            line.waiting.push(Waiting { token, told });
            !mem::replace(&mut line.is_writing, true)
        };
        if begins {
            let clock = Arc::clone(&services.clock);
            // On its own: whoever begins may go away, and others wait.
            let writer = Writer { line: Arc::clone(&self.line), is_done: false };
            tokio::spawn(writer.write_all(services.db.clone(), clock));
        }
        answer.await.unwrap_or(Err(DbError::Interrupted.into()))
    }
}

/// The one who writes.
struct Writer {
    line: Arc<Mutex<Line>>,
    is_done: bool,
}

impl Writer {
    /// Writes batch after batch until nothing waits.
    async fn write_all(mut self, db: Db, clock: Arc<dyn Clock>) {
        while let Some(batch) = self.next() {
            write_batch(&db, clock.now(), batch).await;
        }
    }

    /// What waits; nothing at the end, and whoever comes then begins anew.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let most = line.waiting.len().min(BATCH);
        if most == 0 {
            line.is_writing = false;
            self.is_done = true;
            return None;
        }
        Some(line.waiting.drain(..most).collect())
    }
}

/// It may be stopped half-way, with the thread it runs on: then who waits is told so, and the next one to
/// come begins anew.
impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_done {
            *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Line::default();
        }
    }
}

async fn write_batch(db: &Db, now: Timestamp, batch: Vec<Waiting>) {
    let tokens: Vec<NewToken> = batch.iter().map(|waiting| waiting.token.clone()).collect();
    match db::write!(db, access_tokens::insert(now, tokens)) {
        Ok(()) => batch.into_iter().for_each(|waiting| drop(waiting.told.send(Ok(())))),
        Err(error) if error.is_away() => {
            for waiting in batch {
                let _ = waiting.told.send(Err(error.away_too().into()));
            }
        }
        // One of them cannot be written, and the others can.
        Err(_) => {
            for Waiting { token, told } in batch {
                let written = db::write!(db, access_tokens::insert(now, vec![token]));
                let _ = told.send(written.map_err(Into::into));
            }
        }
    }
}

/// Makes a token and writes it.
///
/// # Errors
/// If too many wait, or the database gives no answer.
pub async fn issue(services: &Services, asked: &Issue<'_>) -> Result<Issued, ServiceError> {
    let (issued, token) = prepare(services, asked);
    services.tokens.write(services, token).await?;
    services.metrics.tokens.made(asked.made_by);
    Ok(issued)
}

/// A token and its row, which are to be written.
pub(in crate::service) fn prepare(services: &Services, asked: &Issue<'_>) -> (Issued, NewToken) {
    let (now, entropy) = (services.now(), &*services.entropy);
    let options = &services.tokens.options;
    let access = AccessToken::generate(entropy);
    let refresh = asked.refreshes.then(|| RefreshToken::generate(entropy));
    let expires_at = life::end(options, (asked.key, asked.client), asked.asked, now);
    let lookup = |text: &str| services.keyring.lookup(text);
    let token = NewToken {
        lookup: lookup(access.expose()),
        ending: access.ending(),
        key_id: asked.key.identity.key_id,
        client_id: asked.client.map(|client| client.identity.key_id),
        permissions: asked.permissions,
        made_by: asked.made_by,
        expires_at,
        refresh: refresh.as_ref().map(|refresh| NewRefresh {
            lookup: lookup(refresh.expose()),
            expires_at: options.refresh_life.ends(now),
            asked: asked.asked,
        }),
    };
    let expires_in = expires_at.map(|end| end.since(now).as_secs());
    (Issued { access, refresh, expires_in, permissions: asked.permissions }, token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_writer_that_is_stopped_leaves_nobody_waiting() {
        let line = Arc::new(Mutex::new(Line::default()));
        let (told, answer) = oneshot::channel();
        {
            let mut line = line.lock().unwrap();
            line.is_writing = true;
            line.waiting.push(Waiting { token: token(), told });
        }
        drop(Writer { line: Arc::clone(&line), is_done: false });
        assert!(answer.await.is_err(), "nobody will write it");
        assert!(!line.lock().unwrap().is_writing, "the next one may begin");
    }

    #[test]
    fn a_writer_that_is_done_takes_nothing_from_the_next_one() {
        let line = Arc::new(Mutex::new(Line { is_writing: true, ..Line::default() }));
        let mut writer = Writer { line: Arc::clone(&line), is_done: false };
        assert!(writer.next().is_none());
        line.lock().unwrap().is_writing = true;
        drop(writer);
        assert!(line.lock().unwrap().is_writing);
    }

    fn token() -> NewToken {
        NewToken {
            lookup: [7; 32],
            ending: "abcdef".to_owned(),
            key_id: 1,
            client_id: None,
            permissions: Permissions::Read,
            made_by: MadeBy::ClientCredentials,
            expires_at: None,
            refresh: None,
        }
    }
}
