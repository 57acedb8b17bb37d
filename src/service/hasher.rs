//! Argon2 on its own few threads, behind a bounded queue, with memory that is kept.
//!
//! Why so: a hash holds a core for milliseconds and megabytes. On the web server's threads a flood of
//! wrong secrets would stop everything; on a wide pool it would take gigabytes. Here the flood waits
//! in line, and beyond the line's length it is told to come back.
//! Never: a lock held while hashing.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::oneshot;
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::ServiceError;
use crate::{
    domain::{
        argon::{self, Cost, Memory},
        keyring::Keyring,
    },
    telemetry::HasherReading,
};

/// What hashing costs here.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// For passwords.
    pub password: Cost,
    /// For consumer secrets.
    pub secret: Cost,
}

impl Default for Costs {
    fn default() -> Self {
        Self { password: Cost::PASSWORD, secret: Cost::SECRET }
    }
}

enum Job {
    Hash { secret: Zeroizing<String>, salt: [u8; 16], cost: Cost, reply: oneshot::Sender<String> },
    Verify { secret: Zeroizing<String>, phc: String, reply: oneshot::Sender<bool> },
}

impl Job {
    /// Whether whoever asked is still there.
    fn is_wanted(&self) -> bool {
        match self {
            Self::Hash { reply, .. } => !reply.is_closed(),
            Self::Verify { reply, .. } => !reply.is_closed(),
        }
    }
}

/// The way to the hashing threads. They end when the last `Hasher` is dropped.
pub struct Hasher {
    line: mpsc::SyncSender<Job>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Jobs that wait or are computed.
    waiting: AtomicUsize,
    done: AtomicU64,
    refused: AtomicU64,
}

impl Hasher {
    /// Starts `threads` threads, at least one, before which at most `line` may wait.
    pub fn start(keyring: &Arc<Keyring>, threads: usize, line: usize) -> Self {
        let (sender, receiver) = mpsc::sync_channel(line);
        let receiver = Arc::new(Mutex::new(receiver));
        let counts = Arc::new(Counts::default());
        for _ in 0..threads.max(1) {
            let (receiver, keyring) = (Arc::clone(&receiver), Arc::clone(keyring));
            let counts = Arc::clone(&counts);
            thread::spawn(move || work(&receiver, keyring.pepper(), &counts));
        }
        Self { line: sender, counts }
    }

    /// How many hashes were computed since the start.
    pub fn done(&self) -> u64 {
        self.counts.done.load(Ordering::Relaxed)
    }

    /// What is told of this line under that name.
    pub fn reading(&self, name: &'static str) -> HasherReading {
        HasherReading {
            name,
            waiting: self.counts.waiting.load(Ordering::Relaxed),
            done: self.done(),
            refused: self.counts.refused.load(Ordering::Relaxed),
        }
    }

    /// The PHC string of a secret.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] if the line is full.
    pub async fn hash(
        &self,
        secret: Zeroizing<String>,
        salt: [u8; 16],
        cost: Cost,
    ) -> Result<String, ServiceError> {
        let (reply, answer) = oneshot::channel();
        self.queue(Job::Hash { secret, salt, cost, reply })?;
        let span = tracing::debug_span!("argon2 hash");
        answer.instrument(span).await.map_err(|_| ServiceError::Busy)
    }

    /// Whether a secret is what the PHC string was made of.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] if the line is full.
    pub async fn verify(
        &self,
        secret: Zeroizing<String>,
        phc: String,
    ) -> Result<bool, ServiceError> {
        let (reply, answer) = oneshot::channel();
        self.queue(Job::Verify { secret, phc, reply })?;
        let span = tracing::debug_span!("argon2 verify");
        answer.instrument(span).await.map_err(|_| ServiceError::Busy)
    }

    fn queue(&self, job: Job) -> Result<(), ServiceError> {
        // Before it is sent: it may be done before this goes on.
        self.counts.waiting.fetch_add(1, Ordering::Relaxed);
        self.line.try_send(job).map_err(|_| {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            ServiceError::Busy
        })
    }
}

fn work(receiver: &Mutex<mpsc::Receiver<Job>>, pepper: &[u8], counts: &Counts) {
    yield_to_answers();
    let mut memory = Memory::default();
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) if job.is_wanted() => {
                counts.done.fetch_add(1, Ordering::Relaxed);
                run(job, pepper, &mut memory);
            }
            Ok(_) => {}
            Err(mpsc::RecvError) => return,
        }
        counts.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Hashing can wait for whoever is answered from memory: where both want one core, a thread that is
/// nice takes a tenth of it. Only Linux takes this for the thread, not the process. A system that
/// refuses is none the worse.
fn yield_to_answers() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

fn run(job: Job, pepper: &[u8], memory: &mut Memory) {
    match job {
        Job::Hash { secret, salt, cost, reply } => {
            if let Some(phc) = argon::hash(pepper, secret.as_bytes(), salt, cost) {
                let _ = reply.send(phc);
            }
        }
        Job::Verify { secret, phc, reply } => {
            let _ = reply.send(argon::verify(memory, pepper, secret.as_bytes(), &phc));
        }
    }
}
