//! A request, and what its address and its credentials alone say, before anybody is looked up; then the
//! verdict, once it is known who asks.
//!
//! It waits for nothing and looks nothing up: both ways, from memory and from the database, judge by it,
//! so that they cannot differ.

use super::{Options, Pass, Verdict, oauth, secret::Asked, seen::HeaderTag};
use crate::{
    domain::{
        api_request::{ApiRequest, Authorization},
        oauth1::Mode,
        presented::{Ambiguous, Credential, Presented, Room},
        protected_paths::Place,
        refusal::Refusal,
        timestamp::Timestamp,
    },
    service::Services,
};

/// What a request claims to be.
pub(super) enum Claim<'a> {
    /// Whoever has that key and secret.
    Key(Presented<'a>),
    /// Whoever has that token.
    Token(&'a str),
    /// Nobody, unless it is signed; and why it would not pass as nobody's.
    Nothing(Refusal),
}

/// A request, and what is known of it before its key.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    services: &'a Services,
    request: &'a ApiRequest<'a>,
    pub(super) place: Place,
    pub(super) now: Timestamp,
}

impl<'a> Judge<'a> {
    pub(super) fn new(services: &'a Services, request: &'a ApiRequest<'a>) -> Self {
        let place = services.verifier.options.protected.judge(request.path, &request.query);
        Self { services, request, place, now: services.now() }
    }

    fn options(&self) -> &'a Options {
        &self.services.verifier.options
    }

    /// What the request claims to be, if address and credentials are clear.
    pub(super) fn claim(&self, room: &'a mut Room) -> Result<Claim<'a>, Refusal> {
        if self.place == Place::Unclear {
            return Err(Refusal::AmbiguousPath);
        }
        let Self { request, place, .. } = *self;
        let presented = Credential::read(request, room);
        match presented.map_err(|Ambiguous| Refusal::AmbiguousCredentials)? {
            Credential::Nothing => Ok(Claim::Nothing(Refusal::NoCredentials)),
            _ if place == Place::Elsewhere => Err(Refusal::PathNotCovered),
            _ if !request.origin.secure && !self.options().plain_http => {
                Ok(Claim::Nothing(Refusal::PlainHttp))
            }
            Credential::Pair(pair) => Ok(Claim::Key(pair)),
            Credential::Token(_) if !self.is_unsigned() && oauth::is_signed(request) => {
                Err(Refusal::AmbiguousCredentials)
            }
            Credential::Token(token) => Ok(Claim::Token(token)),
        }
    }

    /// The header, if nothing else has a say in whose request it is, and memory can be trusted.
    pub(super) fn header_alone(&self) -> Option<HeaderTag> {
        let Self { services, request, place, now } = *self;
        let Authorization::One(header) = request.authorization else { return None };
        let alone = matches!(place, Place::Covered { .. })
            && (request.origin.secure || self.options().plain_http)
            && request.query.has_no_pair()
            && request.token_header == Authorization::Absent
            && services.verifier.changes.is_trusted(now);
        if alone { HeaderTag::of(&services.verifier.process_key, header) } else { None }
    }

    pub(super) fn asked(&self, pair: &'a Presented<'a>) -> Asked<'a> {
        Asked::new(self.services, pair, self.request.client, self.now)
    }

    /// Whether no signature is looked for.
    pub(super) fn is_unsigned(&self) -> bool {
        self.options().oauth1 == Mode::Off
    }

    /// After a long way, which may have taken its time.
    pub(super) fn proven(&self, proven: Result<Pass, Refusal>) -> Verdict {
        match proven {
            Ok(pass) => Self { now: self.services.now(), ..*self }.by(pass),
            Err(refusal) if refusal.is_anonymous() => self.as_nobody(refusal),
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    pub(super) fn by(&self, pass: Pass) -> Verdict {
        match permitted(&pass, self.request, self.place, self.now) {
            Ok(()) => {
                let verifier = &self.services.verifier;
                if verifier.uses.saw(&pass, self.request, self.now) {
                    pass.keep(&verifier.live);
                }
                Verdict::Allowed(pass)
            }
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    /// A request of nobody's: it passes if the store wants that, or if it only asks what it may ask.
    pub(super) fn as_nobody(&self, why_not: Refusal) -> Verdict {
        if self.options().anonymous || self.request.only_asks() {
            Verdict::Anonymous
        } else {
            Verdict::Refused(why_not)
        }
    }
}

fn permitted(
    pass: &Pass,
    request: &ApiRequest<'_>,
    place: Place,
    now: Timestamp,
) -> Result<(), Refusal> {
    pass.admits(request, now)?;
    request.permitted(pass.identity().permissions, place).map_err(Refusal::Method)
}
