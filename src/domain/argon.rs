//! Argon2id (RFC 9106) of passwords and consumer secrets, keyed with the pepper, as PHC strings.
//!
//! Slow and hungry by design: never call this on a web worker or inside a transaction. Services go
//! through `service::Hasher`, which runs it on its own few threads.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{PasswordHasher, phc::PasswordHash},
};
use subtle::ConstantTimeEq;

/// How much work a hash costs. It stands in the hash itself, so it can change later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

/// The most memory a hash may take, in KiB.
const MOST_MEMORY: u32 = 1 << 20;

/// The most passes a hash may take.
const MOST_PASSES: u32 = 64;

impl Cost {
    /// For passwords: the first choice of OWASP's Password Storage Cheat Sheet.
    pub const PASSWORD: Self = Self { memory: 19_456, passes: 2 };
    /// For consumer secrets: 160 random bits cannot be guessed, so the hash need not be slow.
    pub const SECRET: Self = Self { memory: 1024, passes: 3 };

    /// Reads `m=1024,t=3`: what a hash may cost that this program will check.
    pub fn parse(text: &str) -> Option<Self> {
        let (memory, passes) = text.strip_prefix("m=")?.split_once(",t=")?;
        let cost = Self { memory: memory.parse().ok()?, passes: passes.parse().ok()? };
        let is_bounded = cost.memory <= MOST_MEMORY && cost.passes <= MOST_PASSES;
        (is_bounded && cost.params().is_some()).then_some(cost)
    }

    fn params(self) -> Option<Params> {
        Params::new(self.memory, self.passes, 1, Some(32)).ok()
    }
}

/// Memory kept between hashes; allocating it anew costs more than half of the work.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }
}

/// The PHC string of `secret`; nothing if the library refuses, which no valid cost makes it do.
pub fn hash(pepper: &[u8], secret: &[u8], salt: [u8; 16], cost: Cost) -> Option<String> {
    let hasher = hasher(pepper, cost.params()?)?;
    Some(hasher.hash_password_with_salt(secret, &salt).ok()?.to_string())
}

/// What the PHC string `phc` cost; nothing if it is broken.
pub fn cost_of(phc: &str) -> Option<Cost> {
    let (params, ..) = parts(phc)?;
    Some(Cost { memory: params.m_cost(), passes: params.t_cost() })
}

/// Whether `secret` is what the PHC string `phc` was made of. A broken string matches nothing.
pub fn verify(memory: &mut Memory, pepper: &[u8], secret: &[u8], phc: &str) -> bool {
    let Some((params, salt, expected)) = parts(phc) else {
        return false;
    };
    let blocks = memory.blocks(params.block_count());
    let Some(hasher) = hasher(pepper, params) else {
        return false;
    };
    let mut actual = vec![0; expected.len()];
    hasher
        .hash_password_into_with_memory(secret, &salt, &mut actual, blocks)
        .is_ok_and(|()| actual.ct_eq(&expected).into())
}

fn hasher(pepper: &[u8], params: Params) -> Option<Argon2<'_>> {
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).ok()
}

/// Parameters, salt and output of a PHC string that this module could have written.
fn parts(phc: &str) -> Option<(Params, Vec<u8>, Vec<u8>)> {
    let parsed = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&parsed).ok()?;
    if parsed.algorithm.as_str() != "argon2id"
        || params.m_cost() > MOST_MEMORY
        || params.t_cost() > MOST_PASSES
    {
        return None;
    }
    Some((params, parsed.salt?.to_vec(), parsed.hash?.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { memory: 8, passes: 1 };

    #[test]
    fn the_secret_and_the_pepper_must_both_match() {
        let phc = hash(b"pepper", b"secret", [1; 16], CHEAP).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
        let memory = &mut Memory::default();
        assert!(verify(memory, b"pepper", b"secret", &phc));
        assert!(!verify(memory, b"pepper", b"Secret", &phc));
        assert!(!verify(memory, b"other!", b"secret", &phc));
    }

    #[test]
    fn kept_memory_serves_hashes_of_any_cost() {
        let memory = &mut Memory::default();
        for cost in [Cost::SECRET, CHEAP, Cost { memory: 64, passes: 2 }] {
            let phc = hash(b"pepper", b"s", [2; 16], cost).unwrap();
            assert!(verify(memory, b"pepper", b"s", &phc), "{cost:?}");
        }
    }

    #[test]
    fn a_broken_string_matches_nothing() {
        let memory = &mut Memory::default();
        for phc in [
            "",
            "x",
            "$argon2id$v=19$m=8,t=1,p=1",
            "$2b$10$abc",
            "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        ] {
            assert!(!verify(memory, b"pepper", b"", phc), "{phc}");
        }
    }

    #[test]
    fn costs_are_what_the_documents_say() {
        assert_eq!(Cost::PASSWORD, Cost { memory: 19_456, passes: 2 });
    }
}
