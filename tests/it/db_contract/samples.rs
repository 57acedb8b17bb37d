//! What the tests put into the database.

use std::time::Duration;

use appgrant::{
    db::outcomes::{Approval, BegunSession, Claim, Claimed, NewUser, Recorded, UserInsert},
    domain::{
        authorize_request::AuthorizeRequest,
        consent::Consent,
        delivery::Attempted,
        failure::Failure,
        keyring::Lookup,
        parameters::Parameters,
        sealed::Sealed,
        timeline::{Event, Step, Timeline},
        timestamp::Timestamp,
        user::Role,
    },
};

use super::TestDatabase;

/// How long a claim's lease lasts here.
pub const LEASE: Duration = Duration::from_secs(20);

/// That many seconds after the tests' beginning of time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
}

/// A manager to be made.
pub fn new_user(login: &str) -> NewUser {
    NewUser {
        login: login.to_owned(),
        email: Some(format!("{login}@shop.example")),
        name: login.to_uppercase(),
        role: Role::Manager,
        password_hash: "a hash".to_owned(),
    }
}

/// Makes a manager; gives the number.
pub async fn make_user(db: &TestDatabase, login: &str) -> i64 {
    match write!(db, users::insert(at(0), &new_user(login))) {
        UserInsert::Made(id) => id,
        other => panic!("{login} was not made: {other:?}"),
    }
}

/// Makes a manager who is logged in; gives the number.
pub async fn make_approver(db: &TestDatabase) -> i64 {
    let id = make_user(db, "max").await;
    let begun = BegunSession { id_hash: session_hash(id), ..begun(id, "", None) };
    write!(db, sessions::begin(at(0), begun));
    id
}

/// A session of that id, to be begun.
pub fn begun(user_id: i64, id: &str, replaces: Option<&str>) -> BegunSession {
    BegunSession {
        user_id,
        id_hash: padded(id),
        password_hash: Some("a hash".to_owned()),
        replaces: replaces.map(padded),
        address: "192.0.2.7".to_owned(),
        client: Some("A browser".to_owned()),
    }
}

/// The keyed hash of the approver's session.
fn session_hash(user: i64) -> Lookup {
    padded(&format!("session of {user}"))
}

/// The question that page puts; another on each page.
pub fn question(consent_id: &str) -> Vec<u8> {
    format!("question of {consent_id}").into_bytes()
}

/// One showing of the consent page.
pub fn consent(id: &str) -> Consent {
    Consent { id: id.to_owned(), question: question(id) }
}

/// The approval of the consent page `consent_id` that would make `grant-{number}`.
pub fn approval(approved_by: i64, consent_id: &str, number: usize) -> Approval {
    Approval {
        again_after: None,
        session_hash: session_hash(approved_by),
        consent: consent(consent_id),
        request: request("app.example"),
        approved_by,
        grant_id: format!("grant-{number}"),
        delivery_id: format!("delivery-{number}"),
        lookup: lookup(number),
        secret_hash: "a hash".to_owned(),
        ending: "1234567".to_owned(),
        description: "An App - API".to_owned(),
        expires_at: None,
        seal: Box::new(|key_id| Sealed::from_bytes(format!("sealed {key_id}").into_bytes())),
        seal_secret: None,
        replaces: Vec::new(),
    }
}

/// The keyed hash of the key that `approval` makes.
pub fn lookup(number: usize) -> Lookup {
    padded(&format!("lookup {number}"))
}

/// A text where a hash belongs.
pub fn padded(text: &str) -> Lookup {
    let mut hash = [b' '; 32];
    hash[..text.len()].copy_from_slice(text.as_bytes());
    hash
}

/// What an app of that host asks for.
pub fn request(host: &str) -> AuthorizeRequest {
    let pairs = [
        ("app_name", "An App".to_owned()),
        ("user_id", "123".to_owned()),
        ("return_url", format!("https://{host}/return")),
        ("callback_url", format!("https://{host}/callback")),
        ("scope", "read_write".to_owned()),
    ];
    AuthorizeRequest::read(&Parameters::of(pairs)).unwrap()
}

/// A user, and that many approvals made at the beginning: `grant-0`, `grant-1`, …
pub async fn approve_some(db: &TestDatabase, count: usize) {
    let user = make_approver(db).await;
    for number in 0..count {
        let new = approval(user, &format!("page {number}"), number);
        write!(db, approvals::approve(at(0), new));
    }
}

/// The number of the user of that login.
pub async fn user_id(db: &TestDatabase, login: &str) -> i64 {
    read!(db, users::by_login_or_email(login)).unwrap().user.id
}

/// Claims what must be due then.
pub async fn claim(db: &TestDatabase, now: Timestamp) -> Claimed {
    match write!(db, deliveries::claim(now, LEASE)) {
        Claim::Got(claimed) => *claimed,
        other => panic!("nothing was claimed: {}", outcome(&other)),
    }
}

/// Records how that attempt ended.
pub async fn record(
    db: &TestDatabase,
    now: Timestamp,
    attempt: &Claimed,
    failure: Option<Failure>,
) -> Recorded {
    let (id, number) = (attempt.id.clone(), attempt.attempt);
    let attempted = attempted(failure);
    write!(db, deliveries::record(now, &id, number, &attempted)).recorded
}

/// An attempt that went so.
pub fn attempted(failure: Option<Failure>) -> Attempted {
    let step = Step { event: Event::Sent, took_ms: 7 };
    Attempted { failure, timeline: Timeline { steps: vec![step], took_ms: 9 } }
}

/// A claim's outcome as a word, with the time of the next one.
pub fn outcome(claim: &Claim) -> String {
    match claim {
        Claim::Got(claimed) => format!("got {} attempt {}", claimed.id, claimed.attempt),
        Claim::GaveUp(_) => "gave up".to_owned(),
        Claim::LostRace => "lost race".to_owned(),
        Claim::Nothing(None) => "nothing".to_owned(),
        Claim::Nothing(Some(due)) => format!("nothing before {}", due.since(at(0)).as_secs()),
    }
}
