//! What goes into and comes out of the queries about access tokens and what they are got with.

use crate::domain::{
    access_token::MadeBy, keyring::Lookup, permissions::Permissions, pkce::Challenge,
    redirect_uri::RedirectUri, timestamp::Timestamp, token_life::TokenLife,
};

/// What verification needs to know of an access token.
#[derive(Clone, Debug)]
pub struct TokenRecord {
    /// Its number.
    pub id: i64,
    /// The hash its key is found by.
    pub key: Lookup,
    /// The hash that the key is found by which got it for another.
    pub client: Option<Lookup>,
    /// The number of the first token of its family, if it has one.
    pub family: Option<i64>,
    /// What it may do.
    pub permissions: Permissions,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether it was ended.
    pub revoked: bool,
}

/// A token that is to be written.
#[derive(Clone)]
pub struct NewToken {
    /// Keyed hash of the token.
    pub lookup: Lookup,
    /// Its last characters.
    pub ending: String,
    /// The key it opens what of.
    pub key_id: i64,
    /// The key that got it, if that is another.
    pub client_id: Option<i64>,
    /// What it may do.
    pub permissions: Permissions,
    /// What it was got with.
    pub made_by: MadeBy,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// The refresh token that comes with it, if one does.
    pub refresh: Option<NewRefresh>,
}

/// A refresh token that is to be written.
#[derive(Clone)]
pub struct NewRefresh {
    /// Keyed hash of the token.
    pub lookup: Lookup,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// The life that was asked for the family's tokens.
    pub asked: Option<TokenLife>,
}

/// A refresh token that was presented, and what it stands for.
#[derive(Clone, Debug)]
pub struct RefreshRecord {
    /// The family's number.
    pub family: i64,
    /// The key of the family's tokens, by number.
    pub key_id: i64,
    /// The hash that key is found by.
    pub key: Lookup,
    /// The key that gets them, if that is another.
    pub client_id: Option<i64>,
    /// What the family may do.
    pub permissions: Permissions,
    /// The life that was asked for the family's tokens.
    pub asked: Option<TokenLife>,
    /// When the token ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was used.
    pub spent_at: Option<Timestamp>,
    /// Whether the family was ended.
    pub revoked: bool,
}

/// How using a refresh token went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// A fresh pair stands in its place.
    Fresh,
    /// It was used before and the answer may have been lost: another pair of the same family.
    Again,
    /// It was used before: its family is ended.
    Reused,
    /// It, or its family, is over or not there.
    Over,
}

/// How ending a token went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It, or what refreshes it, was live until now.
    Now,
    /// All of it was over.
    Before,
    /// Its key is somebody else's by now.
    Changed,
}

/// An access token, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// Its last characters.
    pub ending: String,
    /// The number of the key it belongs to.
    pub key_id: i64,
    /// What it may do.
    pub permissions: Permissions,
    /// What it was got with.
    pub made_by: MadeBy,
    /// Whether it can be refreshed.
    pub refreshes: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, if ever.
    pub last_used_at: Option<Timestamp>,
    /// When it was ended, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A registered app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredApp {
    /// The number of its key.
    pub key_id: i64,
    /// Its name.
    pub name: String,
    /// Whether it keeps no secret.
    pub public: bool,
    /// Where its users may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// A code that is to be written.
#[derive(Clone)]
pub struct NewCode {
    /// Keyed hash of the code.
    pub lookup: Lookup,
    /// The number of the app's key.
    pub client_id: i64,
    /// Who approved.
    pub user_id: i64,
    /// Where the code is sent.
    pub redirect_uri: String,
    /// Whether the app said so itself, and must say it again.
    pub redirect_sent: bool,
    /// The hash of the app's verifier.
    pub challenge: Challenge,
    /// What was approved.
    pub permissions: Permissions,
    /// When the connection ends, if it does.
    pub key_expires_at: Option<Timestamp>,
    /// When the code ends.
    pub expires_at: Timestamp,
}

/// What a purge of refresh tokens came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// How many were deleted.
    pub deleted: usize,
    /// Connections that ended with them, and why.
    pub ended: Vec<(i64, String)>,
}

/// How redeeming a code went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It was exchanged; the number of the connection that was made.
    Made(i64),
    /// It had been exchanged: what came of it is ended. The number of that connection, if it is known.
    Reused(Option<i64>),
    /// It is over, or not that app's.
    Over,
    /// Its user cannot have connections any more.
    NoOwner,
}

/// What a user's password made at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedAtOnce {
    /// How it went.
    pub made: Redeemed,
    /// Connections in whose place it stands.
    pub ended: Vec<i64>,
}

/// What pressing a button of the consent page came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeWritten {
    /// The code stands there, in place of an unused one of the same page.
    Done,
    /// The page's code was used: the app is connected.
    Connected,
    /// The page was decided otherwise.
    Denied,
    /// The session ended meanwhile.
    SessionEnded,
}

/// A code that was presented.
#[derive(Clone, Debug)]
pub struct CodeRecord {
    /// The number of the app's key.
    pub client_id: i64,
    /// Who approved.
    pub user_id: i64,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// Whether the app must say so again.
    pub redirect_sent: bool,
    /// The hash of the app's verifier.
    pub challenge: Challenge,
    /// What was approved.
    pub permissions: Permissions,
    /// When the connection ends, if it does.
    pub key_expires_at: Option<Timestamp>,
    /// When the code ends.
    pub expires_at: Timestamp,
    /// Whether it was used.
    pub redeemed: bool,
}
