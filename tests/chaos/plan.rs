//! How much chaos, and the dice that all of it is thrown with.

use std::hash::{DefaultHasher, Hash, Hasher};

use fastrand::Rng;

/// What is to be run.
pub struct Plan {
    pub rounds: usize,
    /// The first round's seed; the next round has the next number.
    pub seed: u64,
    pub approvals: usize,
    pub side_by_side: usize,
}

impl Plan {
    /// What the environment asks for; by default one small round with a seed of its own.
    pub fn from_environment() -> Self {
        let number = |name: &str| -> Option<u64> {
            let text = std::env::var_os(name)?.into_string().unwrap();
            Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text}, which is no number")))
        };
        let count = |name: &str, default: usize| {
            number(name).map_or(default, |count| usize::try_from(count).unwrap())
        };
        Self {
            rounds: count("CHAOS_ROUNDS", 1),
            seed: number("CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..1_000_000)),
            approvals: count("CHAOS_APPROVALS", 30),
            side_by_side: count("CHAOS_SIDE_BY_SIDE", 1),
        }
    }
}

/// The dice of one actor in one round: whatever the others do, his throws are the same.
pub fn dice(seed: u64, actor: &str, number: usize) -> Rng {
    let mut hasher = DefaultHasher::new();
    (seed, actor, number).hash(&mut hasher);
    Rng::with_seed(hasher.finish())
}
