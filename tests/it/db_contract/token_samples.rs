//! Tokens, and what they are got with, for the tests of these tables.

use appgrant::{
    db::{
        outcomes::{KeyInsert, NewKey},
        token_outcomes::{NewRefresh, NewToken, RegisteredApp, Spent},
    },
    domain::{
        access_token::MadeBy, keyring::Lookup, permissions::Permissions, redirect_uri::RedirectUri,
        timestamp::Timestamp,
    },
};

use super::{
    TestDatabase,
    samples::{at, padded},
};

/// How long refresh tokens live here, in seconds.
pub const MONTH: i64 = 30 * 24 * 3_600;

/// A key to be made.
pub fn new_key(name: &str, owner_id: i64) -> NewKey {
    NewKey {
        lookup: padded(name),
        secret_hash: "a hash".to_owned(),
        ending: "1234567".to_owned(),
        description: name.to_owned(),
        permissions: Permissions::ReadWrite,
        owner_id,
        expires_at: None,
    }
}

/// Makes a key of that name; gives its number.
pub async fn make_key(db: &TestDatabase, name: &str, owner_id: i64) -> i64 {
    let key = new_key(name, owner_id);
    let KeyInsert::Made(id) = write!(db, key_edits::create(at(0), key, None)) else {
        panic!("{name} was not made")
    };
    id
}

/// A key and its owner, as a decision about it sees them.
pub async fn owned(db: &TestDatabase, key_id: i64) -> (i64, i64) {
    (key_id, read!(db, key_views::find(at(0), key_id)).unwrap().owner.id)
}

/// Ends all tokens of a key.
pub async fn end_all(db: &TestDatabase, key_id: i64) {
    let key = owned(db, key_id).await;
    assert!(write!(db, access_tokens::revoke_all_of(key)));
}

/// Registers an app; gives its key's number.
pub async fn register(db: &TestDatabase, owner_id: i64) -> i64 {
    let app = RegisteredApp {
        key_id: 0,
        name: "An App".to_owned(),
        public: false,
        redirect_uris: vec![RedirectUri::parse("https://app.example/back").unwrap()],
        created_at: at(0),
    };
    let key = new_key("the app", owner_id);
    let KeyInsert::Made(id) = write!(db, oauth_clients::register(at(0), key, None, app)) else {
        panic!("the app was not registered")
    };
    id
}

/// The hash of an access token.
pub fn access(name: usize) -> Lookup {
    padded(&format!("access {name}"))
}

/// The hash of a refresh token.
pub fn refresh(name: usize) -> Lookup {
    padded(&format!("refresh {name}"))
}

/// A pair of tokens of that key, made then: the access token lives for an hour.
pub fn pair(name: usize, key_id: i64, made: Timestamp) -> NewToken {
    let lives = |seconds: i64| Some(Timestamp::from_millis(made.as_millis() + seconds * 1_000));
    let refresh = NewRefresh { lookup: refresh(name), expires_at: lives(MONTH), asked: None };
    NewToken {
        lookup: access(name),
        ending: format!("{name:06}"),
        key_id,
        client_id: None,
        permissions: Permissions::Read,
        made_by: MadeBy::Secret,
        expires_at: lives(3_600),
        refresh: Some(refresh),
    }
}

/// Writes the first pair of a family.
pub async fn begin(db: &TestDatabase, name: usize, key_id: i64) {
    write!(db, access_tokens::insert(at(0), vec![pair(name, key_id, at(0))]));
}

/// Uses a refresh token at that second; the next pair is called `next`.
pub async fn spend(db: &TestDatabase, second: i64, name: usize, next: usize) -> Spent {
    let now = at(second);
    let key_id = read!(db, refresh_tokens::by_lookup(&refresh(name))).map_or(0, |it| it.key_id);
    write!(db, refresh_tokens::spend(now, refresh(name), pair(next, key_id, now)))
}

/// Whether an access token opens something, as far as its rows say.
pub async fn is_live(db: &TestDatabase, name: usize) -> bool {
    let Some(token) = read!(db, access_tokens::by_lookup(&access(name))) else { return false };
    let key = read!(db, keys::by_lookup(&token.key)).unwrap();
    let over = key.rules.map_or(0, |rules| rules.tokens_over);
    !token.revoked && token.family.unwrap_or(token.id).min(token.id) > over
}
