//! Programs that get access tokens: with a key and its secret, or as a registered app for a user.

use std::net::Ipv4Addr;

use appgrant::service::{
    access_tokens::Issued,
    caller::Caller,
    oauth2::{Client, Grant, Presented, TokenRequest, authenticate, exchange},
};
use zeroize::Zeroizing;

use super::{PASSWORD, TestApp};

/// Gets an application token.
pub async fn token_of(app: &TestApp, (id, secret): (&str, &str)) -> Issued {
    get(app, (id, secret), Grant::ClientCredentials).await
}

/// Connects a registered app that keeps a secret to a user; the connection's first tokens.
pub async fn connected(app: &TestApp, (id, secret): (&str, &str), login: &str) -> Issued {
    let password = Zeroizing::new(PASSWORD.to_owned());
    get(app, (id, secret), Grant::Password { username: login, password }).await
}

async fn get(app: &TestApp, (id, secret): (&str, &str), grant: Grant<'_>) -> Issued {
    let services = app.services();
    let address = Ipv4Addr::LOCALHOST.into();
    let presented = Presented { id, secret: Some(secret), address };
    let client: Client = authenticate(services, &presented, false).await.unwrap();
    let caller = Caller { address: Some(address), ..Caller::system() };
    let request = TokenRequest { grant, scope: None, validity: None };
    exchange(services, &caller, &client, request).await.unwrap()
}
