//! The store's public keys, fetched when they are first needed and again when none of them fits.
//!
//! Forgers decide how often none fits, so the store is asked by one callback at a time and seldom, and
//! nobody waits whose signature fits a known key.
//! Never: a lock on the keys while the store is asked.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use tokio::sync::{Mutex, OwnedMutexGuard};
use url::Url;

use super::Signature;
use crate::{
    domain::{
        signature::{JwkSet, NotSigned, SignatureHeaders, verify},
        timestamp::Timestamp,
    },
    outbound::jwks,
};

/// How long keys are believed to be all there are; apps are told the same in
/// `docs/for-app-developers.md`.
const PAUSE: Duration = Duration::from_mins(1);

/// How long after a failure the store is left alone: a developer may just be starting it.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Why taking a lock cannot fail.
const HELD: &str = "no thread panics while it holds it";

/// The keys as last fetched.
pub struct StoreKeys {
    store: Url,
    known: Arc<RwLock<Known>>,
    /// Held by whoever asks the store.
    asking: Arc<Mutex<()>>,
}

/// What is known of the store.
#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    /// When the store was last asked, and why it gave no keys then, if it gave none.
    asked: Option<(Timestamp, Option<String>)>,
}

impl StoreKeys {
    /// The keys of that store; none are fetched yet.
    pub fn of(store: Url) -> Self {
        Self { store, known: Arc::default(), asking: Arc::default() }
    }

    /// Whether the store signed this body. A store may have changed its keys since they were fetched.
    pub async fn check(
        &self,
        headers: &SignatureHeaders,
        now: Timestamp,
        body: &[u8],
    ) -> Signature {
        let judge = || self.known.read().expect(HELD).judge(headers, now, body);
        if let Some(signature) = judge() {
            return signature;
        }
        let asking = Arc::clone(&self.asking).lock_owned().await;
        // Somebody else may have asked meanwhile.
        if let Some(signature) = judge() {
            return signature;
        }
        // On a task of its own: a client that hangs up must not undo the pause.
        let asked = ask(self.store.clone(), Arc::clone(&self.known), now, asking);
        let _ = tokio::spawn(asked).await;
        judge().unwrap_or_else(|| Signature::Unknown("the store could not be asked".to_owned()))
    }
}

async fn ask(store: Url, known: Arc<RwLock<Known>>, now: Timestamp, _asking: OwnedMutexGuard<()>) {
    let outcome = jwks::fetch(&store).await;
    let mut known = known.write().expect(HELD);
    match outcome {
        Ok(keys) => *known = Known { keys: Some(keys), asked: Some((now, None)) },
        Err(error) => known.asked = Some((now, Some(error.to_string()))),
    }
}

impl Known {
    /// What can be said without asking the store; nothing if it should be asked.
    fn judge(&self, headers: &SignatureHeaders, now: Timestamp, body: &[u8]) -> Option<Signature> {
        let outcome = self.keys.as_ref().map(|keys| verify(keys, headers, now, body));
        if let Some(outcome) = outcome.filter(|outcome| *outcome != Err(NotSigned::NoKeyFits)) {
            return Some(verdict(outcome));
        }
        let (at, failure) = self.asked.as_ref()?;
        let pause = if failure.is_some() { PAUSE_AFTER_FAILURE } else { PAUSE };
        // Either way: a clock that was set back must not silence the store for long.
        let apart = now.since(*at).max(at.since(now));
        (apart < pause).then(|| match failure {
            Some(why) => Signature::Unknown(why.clone()),
            None => verdict(Err(NotSigned::NoKeyFits)),
        })
    }
}

fn verdict(outcome: Result<(), NotSigned>) -> Signature {
    match outcome {
        Ok(()) => Signature::Holds,
        Err(error) => Signature::DoesNotHold(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        sync::Semaphore,
    };

    use super::*;
    use crate::domain::{
        keyring::tests::keyring,
        signature::{public_keys, sign},
    };

    const START: i64 = 1_795_207_503;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis((START + seconds) * 1000)
    }

    /// A callback signed with the key of that generation, just now.
    fn signed(generation: u32, now: Timestamp) -> SignatureHeaders {
        sign(&[keyring().signing(generation)], "msg_1", now, b"{}")
    }

    /// A store that counts how often it is asked, and answers where `answers` has a place.
    struct Store {
        url: Url,
        asked: Arc<AtomicUsize>,
        answers: Arc<Semaphore>,
    }

    impl Store {
        /// Answers that many times; each time its keys are those up to one generation more.
        async fn start(answers: usize) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
            let asked = Arc::<AtomicUsize>::default();
            let answers = Arc::new(Semaphore::new(answers));
            let (count, places) = (Arc::clone(&asked), Arc::clone(&answers));
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let _ = stream.read(&mut [0; 4096]).await;
                    let newest = u32::try_from(count.fetch_add(1, Ordering::SeqCst)).unwrap() + 1;
                    let keys: Vec<_> = (1..=newest).map(|g| keyring().signing(g)).collect();
                    let body = serde_json::to_string(&public_keys(&keys)).unwrap();
                    places.acquire().await.unwrap().forget();
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
                    let answer = format!("{head}connection: close\r\n\r\n{body}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
            Self { url, asked, answers }
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn forgeries_ask_the_store_once_a_minute_at_most() {
        let store = Store::start(9).await;
        let keys = StoreKeys::of(store.url.clone());
        for (second, generation, holds, asked) in [
            (0, 9, false, 1),
            (1, 9, false, 1),
            (2, 1, true, 1),
            (59, 9, false, 1),
            (59, 2, false, 1),
            (60, 2, true, 2),
            (61, 9, false, 2),
            (-3600, 9, false, 3),
        ] {
            let headers = signed(generation, at(second));
            let signature = keys.check(&headers, at(second), b"{}").await;
            assert_eq!(signature == Signature::Holds, holds, "{second}: {signature:?}");
            assert_eq!(store.asked(), asked, "{second}");
        }
    }

    #[tokio::test]
    async fn many_forgeries_at_once_ask_once_and_hold_up_nobody() {
        let store = Store::start(1).await;
        let keys = Arc::new(StoreKeys::of(store.url.clone()));
        let check = |generation, second| {
            let keys = Arc::clone(&keys);
            async move { keys.check(&signed(generation, at(second)), at(second), b"{}").await }
        };
        assert_eq!(check(1, 0).await, Signature::Holds);
        let forgeries: Vec<_> = (0..50).map(|_| tokio::spawn(check(9, 60))).collect();
        while store.asked() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(check(1, 60).await, Signature::Holds, "while the store owes its answer");
        forgeries[0].abort();
        store.answers.add_permits(1);
        for forgery in forgeries.into_iter().skip(1) {
            assert!(matches!(forgery.await.unwrap(), Signature::DoesNotHold(_)));
        }
        assert_eq!(store.asked(), 2);
    }

    #[tokio::test]
    async fn a_store_that_is_just_being_started_is_asked_again_soon() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let keys =
            StoreKeys::of(Url::parse(&format!("http://{}", gone.local_addr().unwrap())).unwrap());
        drop(gone);
        for second in [0, 4] {
            let signature = keys.check(&signed(1, at(second)), at(second), b"{}").await;
            assert!(matches!(signature, Signature::Unknown(_)), "{signature:?}");
            assert_eq!(keys.known.read().unwrap().asked.as_ref().unwrap().0, at(0));
        }
        keys.check(&signed(1, at(5)), at(5), b"{}").await;
        assert_eq!(keys.known.read().unwrap().asked.as_ref().unwrap().0, at(5));
    }
}
