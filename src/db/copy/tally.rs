//! A count and a digest of rows in any order: the sum of the rows' SHA-256.
//!
//! Each side can add its rows up as they come, so nothing has to be sorted the same way on two databases.
//! It finds faults of the copy; it is no proof against somebody who chooses rows.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::row::{Stored, StoredRow};

/// So many rows, and their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    rows: u64,
    sum: [u64; 4],
}

impl Tally {
    /// Adds a row.
    pub fn add(&mut self, row: &StoredRow) {
        let hash: [u8; 32] = canonical(row).finalize().into();
        let mut carry = false;
        for (limb, bytes) in self.sum.iter_mut().zip(hash.as_chunks::<8>().0) {
            let (sum, over) = limb.overflowing_add(u64::from_le_bytes(*bytes));
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || over_again);
        }
        self.rows += 1;
    }

    /// How many rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum in hexadecimal.
    pub fn digest(&self) -> String {
        HEXLOWER.encode(&self.sum.map(u64::to_le_bytes).concat())
    }
}

/// Each value with its type and its length, so that no two rows read the same.
fn canonical(StoredRow(values): &StoredRow) -> Sha256 {
    let mut hash = Sha256::new();
    for value in values {
        let number;
        let (kind, bytes) = match value {
            Stored::Null => (b'0', &[][..]),
            Stored::Integer(value) => {
                number = value.to_le_bytes();
                (b'i', &number[..])
            }
            Stored::Text(text) => (b't', text.as_bytes()),
            Stored::Bytes(bytes) => (b'b', &bytes[..]),
        };
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: Vec<Vec<Stored>>) -> Tally {
        let mut tally = Tally::default();
        rows.into_iter().for_each(|values| tally.add(&StoredRow(values)));
        tally
    }

    fn text(text: &str) -> Stored {
        Stored::Text(text.to_owned())
    }

    #[test]
    fn order_is_nothing_and_each_value_counts() {
        let (a, b) = (vec![text("a"), Stored::Null], vec![Stored::Integer(-1), text("")]);
        let both = tally(vec![a.clone(), b.clone()]);
        assert_eq!(both, tally(vec![b.clone(), a.clone()]));
        assert_eq!((both.rows(), both.digest().len()), (2, 64));
        assert_ne!(both, tally(vec![a.clone(), a.clone()]));
        assert_ne!(tally(vec![a.clone()]), tally(vec![a.clone(), a]));
        assert_ne!(tally(vec![b]), tally(vec![vec![Stored::Integer(-1), Stored::Null]]));
    }

    #[test]
    fn values_do_not_run_together_and_types_differ() {
        let different = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc")],
            vec![Stored::Bytes(b"abc".to_vec())],
            vec![Stored::Integer(i64::from_le_bytes(*b"abcdefgh"))],
            vec![text("abcdefgh")],
            vec![text("0")],
            vec![Stored::Null],
            vec![text("")],
            vec![Stored::Bytes(Vec::new())],
        ];
        let digests: std::collections::BTreeSet<_> =
            different.iter().map(|row| tally(vec![row.clone()]).digest()).collect();
        assert_eq!(digests.len(), different.len());
    }

    #[test]
    fn sums_carry() {
        let row = || vec![text("x")];
        let [one, many] = [1, 1000].map(|count| tally((0..count).map(|_| row()).collect()));
        let one = u128::from(one.sum[0]) + (u128::from(one.sum[1]) << 64);
        let low = u128::from(many.sum[0]) + (u128::from(many.sum[1]) << 64);
        assert_eq!(low, one.wrapping_mul(1000));
    }
}
