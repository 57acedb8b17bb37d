//! The token endpoint: what each grant gets (RFC 6749 §4 to §6).

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    client::Client,
    code::{self, connection},
    error::{Error, Kind},
};
use crate::{
    db::{
        self,
        token_outcomes::{ConnectedAtOnce, NewToken, Redeemed},
    },
    domain::{
        access_token::MadeBy,
        audit::{Entry, Event, Object},
        permissions::Permissions,
        scope,
        token_life::TokenLife,
        user::User,
    },
    service::{
        Services,
        access_tokens::{self, Issue, Issued, Refresh, asked_life, prepare},
        caller::Caller,
        login::{self, Checked},
    },
};

/// A way to ask for a token.
pub enum Grant<'a> {
    /// As the key itself (§4.4).
    ClientCredentials,
    /// With a refresh token (§6).
    RefreshToken(&'a str),
    /// With a code that a user's approval made (§4.1.3).
    AuthorizationCode {
        /// The code.
        code: &'a str,
        /// Where it was sent, if the app says so.
        redirect_uri: Option<&'a str>,
        /// What the code's challenge is the hash of.
        verifier: Option<&'a str>,
    },
    /// With a user's password (§4.3), if the store wants that.
    Password {
        /// Login name or e-mail.
        username: &'a str,
        /// The password.
        password: Zeroizing<String>,
    },
}

/// What a client asks for.
pub struct TokenRequest<'a> {
    /// The way.
    pub grant: Grant<'a>,
    /// `scope`, if sent.
    pub scope: Option<&'a str>,
    /// `validity_period`, if sent.
    pub validity: Option<&'a str>,
}

impl TokenRequest<'_> {
    /// What is asked for, out of what may be had.
    pub(super) fn permissions(&self, all: Permissions) -> Result<Permissions, Error> {
        let Some(asked) = self.asked()? else { return Ok(all) };
        if all.covers(asked) {
            return Ok(asked);
        }
        let say = format!("the scope goes beyond what may be had: {}", scope::text(all));
        Err(Error::new(Kind::InvalidScope, say))
    }

    fn asked(&self) -> Result<Option<Permissions>, Error> {
        let unknown = || Error::new(Kind::InvalidScope, "the scopes are read and write");
        self.scope.map(|text| scope::parse(text).ok_or_else(unknown)).transpose()
    }

    fn life(&self) -> Result<Option<TokenLife>, Error> {
        let wrong =
            |error: access_tokens::LifeError| Error::new(Kind::InvalidRequest, error.to_string());
        self.validity.map(|text| asked_life(text).map_err(wrong)).transpose()
    }
}

/// Gives a client its token.
///
/// # Errors
/// Why it gets none.
pub async fn exchange(
    services: &Services,
    caller: &Caller,
    client: &Client,
    request: TokenRequest<'_>,
) -> Result<Issued, Error> {
    match &request.grant {
        Grant::ClientCredentials => client_credentials(services, client, &request).await,
        Grant::RefreshToken(text) => refresh(services, caller, client, (text, &request)).await,
        Grant::AuthorizationCode { code, redirect_uri, verifier } => {
            let presented = code::PresentedCode {
                code,
                redirect_uri: *redirect_uri,
                verifier: *verifier,
                asked: request.life()?,
                address: address(caller),
            };
            let issued = code::redeem(services, caller, client, presented).await?;
            services.metrics.tokens.made(MadeBy::AuthorizationCode);
            Ok(issued)
        }
        Grant::Password { username, password } => {
            let user = (*username, password.clone());
            password_grant(services, caller, client, (user, &request)).await
        }
    }
}

/// An application token, for all that the key may do. No refresh token: the client has what a new one costs
/// (§4.4.3).
async fn client_credentials(
    services: &Services,
    client: &Client,
    request: &TokenRequest<'_>,
) -> Result<Issued, Error> {
    if !client.is_confidential {
        let say = "an app that keeps no secret asks with a code or a refresh token";
        return Err(Error::new(Kind::UnauthorizedClient, say));
    }
    let issue = Issue {
        key: &client.key,
        client: None,
        permissions: request.permissions(client.key.identity.permissions)?,
        made_by: MadeBy::ClientCredentials,
        asked: request.life()?,
        refreshes: false,
    };
    Ok(access_tokens::issue(services, &issue).await?)
}

async fn refresh(
    services: &Services,
    caller: &Caller,
    client: &Client,
    (text, request): (&str, &TokenRequest<'_>),
) -> Result<Issued, Error> {
    let refresh = Refresh {
        text,
        client: Some(&client.key),
        is_proven: client.is_confidential,
        narrowed: request.asked()?,
        asked: request.life()?,
        address: address(caller),
    };
    Ok(access_tokens::refresh(services, caller, refresh).await?.issued)
}

/// A user token for a name and a password, the way WSO2 shows it; RFC 9700 §2.4 forbids it.
async fn password_grant(
    services: &Services,
    caller: &Caller,
    client: &Client,
    ((username, password), request): ((&str, Zeroizing<String>), &TokenRequest<'_>),
) -> Result<Issued, Error> {
    let app = db::read!(services.db, oauth_clients::find(client.key.identity.key_id))?;
    let (Some(app), true) = (app, client.is_confidential) else {
        let say = "only a registered app with a secret may ask with a user’s password";
        return Err(Error::new(Kind::UnauthorizedClient, say));
    };
    let permissions = request.permissions(client.key.identity.permissions)?;
    let asked = request.life()?;
    let (user, password_hash) = user_of(services, caller, (username, password)).await?;
    let key = connection(services, &app, (user.id, permissions, None));
    let (issued, token) = by_password(services, client, permissions, asked);
    let (now, journal) = (services.now(), caller.journal(services));
    let details =
        json!({ "app": app.name, "client": app.key_id, "user": user.id, "by": "password" });
    let made = db::audited!(
        services.db,
        journal,
        authorization_codes::connect_at_once(now, &password_hash, key, token),
        |connected: &ConnectedAtOnce| told(connected, details),
    )?;
    match made.made {
        Redeemed::Made(_) => {
            services.metrics.tokens.made(MadeBy::Password);
            if !made.ended.is_empty() {
                services.verifier.changes.changed_here(services).await;
            }
            Ok(issued)
        }
        Redeemed::NoOwner | Redeemed::Over | Redeemed::Reused(_) => {
            Err(Error::new(Kind::InvalidGrant, "this user may not act at present"))
        }
    }
}

fn by_password(
    services: &Services,
    client: &Client,
    permissions: Permissions,
    asked: Option<TokenLife>,
) -> (Issued, NewToken) {
    let issue = Issue {
        key: &client.key,
        client: Some(&client.key),
        permissions,
        made_by: MadeBy::Password,
        asked,
        refreshes: true,
    };
    prepare(services, &issue)
}

/// What is written down about connections that a password made and ended.
fn told(connected: &ConnectedAtOnce, details: Value) -> Vec<Entry> {
    let over = |id: &i64| {
        let details = json!({ "reason": "its user logged in to the app anew" });
        Entry::done(Event::KeyRevoked, Object::key(*id), details)
    };
    let ended = connected.ended.iter().map(over);
    ended.chain(code::connected(connected.made, details)).collect()
}

/// The user whose name and password they are, and the hash that the password was checked against.
async fn user_of(
    services: &Services,
    caller: &Caller,
    typed: (&str, Zeroizing<String>),
) -> Result<(User, String), Error> {
    let user = match login::check(services, caller, typed, address(caller)).await? {
        Checked::Is(user, password_hash) => (user, password_hash),
        Checked::Wrong => {
            return Err(Error::new(Kind::InvalidGrant, "user name or password is wrong"));
        }
        Checked::Wait(time) => {
            return Err(Error::Wait(time, "too many wrong passwords of late; wait and try again"));
        }
    };
    if user.0.role.may_approve() {
        return Ok(user);
    }
    Err(Error::new(Kind::InvalidGrant, "this user may not connect apps"))
}

fn address(caller: &Caller) -> IpAddr {
    caller.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}
