//! Answers of `/verify`, counted on its shortest way.
//!
//! One relaxed addition an answer: where it came from and what it was is one number, and both metrics
//! are sums over it. Threads that count the same number would send its cache line back and forth, which
//! costs more than the answer; so there are some sets of counters, and each thread has one of them.
//! Never: a lock, a label looked up, an allocation, a clock.

use std::{
    array,
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use prometheus_client::registry::Registry;

use super::metrics::counts;
use crate::domain::reason::Reason;

/// Sets of counters. More threads than that share.
const SETS: usize = 16;

/// Allowed, anonymous, two reasons to be unavailable, and each refusal.
const JUDGED: usize = 4 + Reason::ALL.len();

thread_local! {
    static SET: Cell<usize> = const { Cell::new(SETS) };
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Memory, or the request itself.
    Memory,
    /// The slow way: the database, or Argon2.
    Database,
}

/// What `/verify` answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It may pass, as a key's.
    Allowed,
    /// It may pass, as nobody's.
    Anonymous,
    /// Too many secrets wait to be checked.
    Busy,
    /// The database gives no answer.
    Unavailable,
    /// It may not pass.
    Refused(Reason),
}

impl Judged {
    const fn number(self) -> usize {
        match self {
            Self::Allowed => 0,
            Self::Anonymous => 1,
            Self::Busy => 2,
            Self::Unavailable => 3,
            Self::Refused(reason) => 4 + reason as usize,
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Allowed, Self::Anonymous, Self::Busy, Self::Unavailable]
            .into_iter()
            .chain(Reason::ALL.map(Self::Refused))
    }

    const fn labels(self) -> [(&'static str, &'static str); 2] {
        let (outcome, reason) = match self {
            Self::Allowed => ("allowed", ""),
            Self::Anonymous => ("anonymous", ""),
            Self::Busy => ("unavailable", "busy"),
            Self::Unavailable => ("unavailable", "unavailable"),
            Self::Refused(reason) => ("refused", reason.as_str()),
        };
        [("outcome", outcome), ("reason", reason)]
    }
}

/// One thread's counters, on cache lines of their own.
#[repr(align(128))]
struct Set([[AtomicU64; JUDGED]; 2]);

/// Counts of answers.
pub struct Verdicts {
    sets: Box<[Set; SETS]>,
}

impl Default for Verdicts {
    fn default() -> Self {
        let set = |_| Set(array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0))));
        Self { sets: Box::new(array::from_fn(set)) }
    }
}

impl Verdicts {
    /// Counts an answer.
    pub fn count(&self, from: Source, judged: Judged) {
        self.sets[own_set()].0[from as usize][judged.number()].fetch_add(1, Ordering::Relaxed);
    }

    fn sum(&self, from: Source, judged: Judged) -> u64 {
        let counts = self.sets.iter().map(|set| &set.0[from as usize][judged.number()]);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let outcomes = Judged::all().map(|judged| {
            (judged.labels(), self.sum(Source::Memory, judged) + self.sum(Source::Database, judged))
        });
        counts(registry, "appgrant_verify", "Answers of /verify by outcome and reason", outcomes);
        let from =
            [(Source::Memory, "memory"), (Source::Database, "database")].map(|(from, word)| {
                ([("from", word)], Judged::all().map(|judged| self.sum(from, judged)).sum())
            });
        let help = "Answers of /verify by where they came from";
        counts(registry, "appgrant_verify_answers", help, from);
    }
}

/// The set of this thread, chosen when it first counts.
fn own_set() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    SET.with(|set| {
        if set.get() == SETS {
            set.set(NEXT.fetch_add(1, Ordering::Relaxed) % SETS);
        }
        set.get()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_is_lost_however_many_threads_count() {
        let verdicts = Verdicts::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SETS {
                scope.spawn(|| {
                    for judged in Judged::all() {
                        verdicts.count(Source::Memory, judged);
                    }
                });
            }
        });
        for judged in Judged::all() {
            assert_eq!(verdicts.sum(Source::Memory, judged), 2 * SETS as u64, "{judged:?}");
            assert_eq!(verdicts.sum(Source::Database, judged), 0, "{judged:?}");
        }
    }

    #[test]
    fn each_answer_has_a_number_of_its_own() {
        let numbers: BTreeSet<_> = Judged::all().map(Judged::number).collect();
        assert_eq!(numbers, (0..JUDGED).collect());
    }
}
