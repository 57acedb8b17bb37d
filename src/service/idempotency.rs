//! Requests that name themselves: sent again, they are answered as the first time and make nothing.
//!
//! The creation, its note and its sealed answer are one transaction (`db/queries/idempotency.rs`). An
//! answer is kept for a day. Names belong to a user: nobody gets at another's answers.

use zeroize::Zeroizing;

use super::{ServiceError, Services, caller::Caller};
use crate::{
    db::{
        self, DbError,
        outcomes::{OnceMade, Remembered, ToRemember},
    },
    domain::{idempotency::NamedRequest, sealed::Sealed},
};

/// How many old answers go in one transaction.
const AT_ONCE: i64 = 200;

/// A named request of a user.
#[derive(Clone, Debug)]
pub struct Once(NamedRequest);

/// What making something once gave.
pub enum Creation {
    /// This answer, now or by an earlier request of that name.
    Answered(ShownAnswer),
    /// The name was used for another request.
    AnotherRequest,
}

/// The answer to a creation, which may hold a secret.
pub struct ShownAnswer {
    /// A JSON object with the `id` of what was made.
    pub body: Zeroizing<Vec<u8>>,
    /// Whether an earlier request made it.
    pub again: bool,
}

/// The request by which that caller asks that, under that name.
pub fn once(services: &Services, caller: &Caller, name: &str, asked: &[u8]) -> Once {
    let user = caller.actor.user_id().map(|id| id.to_string()).unwrap_or_default();
    Once(NamedRequest::new(&services.keyring, &user, name, asked))
}

/// What was answered to it before; nothing if it is new.
pub(super) async fn recall(
    services: &Services,
    once: Option<&Once>,
) -> Result<Option<Creation>, ServiceError> {
    let Some(Once(request)) = once else { return Ok(None) };
    match db::read!(services.db, idempotency::find(services.now(), request))? {
        Remembered::Nothing => Ok(None),
        Remembered::Another => Ok(Some(Creation::AnotherRequest)),
        Remembered::Answered(sealed) => Ok(Some(opened(services, request, &sealed)?)),
    }
}

/// What the transaction shall keep: the answer for what gets a number in it.
pub(super) fn to_remember(
    services: &Services,
    once: Option<&Once>,
    answer: impl FnOnce(i64) -> Zeroizing<Vec<u8>> + Send + Sync + 'static,
) -> Option<ToRemember> {
    let Once(request) = once?.clone();
    let (keyring, entropy) = (services.keyring.clone(), services.entropy.clone());
    let row = request.row();
    let seal = move |id| Sealed::seal(&keyring, &*entropy, &row, &answer(id));
    Some(ToRemember { request, seal: Box::new(seal) })
}

/// What was made now, or the answer of the one who was first.
pub(super) fn settled<T>(
    services: &Services,
    once: Option<&Once>,
    made: OnceMade<T>,
) -> Result<Result<T, Creation>, ServiceError> {
    match (made, once) {
        (OnceMade::Now(made), _) => Ok(Ok(made)),
        (OnceMade::Before(sealed), Some(Once(request))) => {
            Ok(Err(opened(services, request, &sealed)?))
        }
        (OnceMade::Another | OnceMade::Before(_), _) => Ok(Err(Creation::AnotherRequest)),
    }
}

fn opened(
    services: &Services,
    request: &NamedRequest,
    sealed: &Sealed,
) -> Result<Creation, ServiceError> {
    let opened = sealed.open(&services.keyring, &request.row());
    let body = opened.map_err(|_| DbError::Corrupt("idempotency_keys.answer"))?;
    Ok(Creation::Answered(ShownAnswer { body, again: true }))
}

/// Deletes the answers that are older than a day; how many.
///
/// # Errors
/// If the database gives no answer.
pub async fn purge(services: &Services) -> Result<usize, ServiceError> {
    let mut all = 0;
    loop {
        let now = services.now();
        let gone = db::write!(services.db, idempotency::purge(now, AT_ONCE))?;
        all += gone;
        if gone == 0 {
            return Ok(all);
        }
    }
}
