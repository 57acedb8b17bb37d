//! Numbers of changes that were given and not seen yet.
//!
//! PostgreSQL gives a number when a row is written and shows it when its transaction commits, so a smaller
//! one may appear after a greater one was read. What was jumped over is kept as ranges, however wide, and
//! looked for until no transaction runs any more that could have been given such a number; transactions
//! are told apart by their own numbers, so no clock has a say in it, and one that was rolled back is waited
//! for no longer than the others. SQLite shows numbers in their order; there is never a gap that stays.

use std::ops::RangeInclusive;

use crate::db::outcomes::Snapshot;

/// How many ranges are kept; beyond that neighbours are joined, and what was seen between them is looked
/// at again, which does no harm.
const MOST: usize = 100;

/// How many looks a gap outlives the last transaction that could fill it, for rows that are written by hand
/// in an order of their own.
const LOOKS: u8 = 5;

/// What may still come.
#[derive(Default)]
pub(super) struct Gaps(Vec<Gap>);

struct Gap {
    numbers: RangeInclusive<i64>,
    /// The first transaction that began too late to have been given one of them.
    after: i64,
    looks: u8,
}

impl Gaps {
    /// These were jumped over, as of that snapshot.
    pub(super) fn jumped(&mut self, numbers: RangeInclusive<i64>, snapshot: Snapshot) {
        if !numbers.is_empty() {
            self.0.push(Gap { numbers, after: snapshot.next, looks: 0 });
        }
        if self.0.len() > MOST {
            let first = self.0.remove(0);
            let second = &mut self.0[0];
            second.numbers = *first.numbers.start()..=*second.numbers.end();
            second.after = second.after.max(first.after);
        }
    }

    /// The ranges to look into; they ascend.
    pub(super) fn ranges(&self) -> Vec<(i64, i64)> {
        self.0.iter().map(|gap| (*gap.numbers.start(), *gap.numbers.end())).collect()
    }

    /// That one came.
    pub(super) fn came(&mut self, seq: i64) {
        let Some(at) = self.0.iter().position(|gap| gap.numbers.contains(&seq)) else { return };
        let Gap { numbers, after, looks } = self.0.remove(at);
        let parts = [*numbers.start()..=seq - 1, seq + 1..=*numbers.end()];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        self.0.splice(at..at, parts.map(|numbers| Gap { numbers, after, looks }));
    }

    /// Everything that was there in that snapshot was looked for: what nobody can fill any more is closed.
    pub(super) fn looked(&mut self, snapshot: Snapshot) {
        self.0.retain_mut(|gap| {
            gap.looks += u8::from(snapshot.oldest >= gap.after);
            gap.looks <= LOOKS
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: Snapshot = Snapshot { oldest: 10, next: 20 };

    #[test]
    fn however_wide_a_gap_is_it_is_one_range_until_it_is_filled() {
        let mut gaps = Gaps::default();
        gaps.jumped(101..=3_100, RUNNING);
        gaps.jumped(RangeInclusive::new(3_102, 3_101), RUNNING);
        assert_eq!(gaps.ranges(), [(101, 3_100)]);
        gaps.came(101);
        gaps.came(2_000);
        gaps.came(5_000);
        assert_eq!(gaps.ranges(), [(102, 1_999), (2_001, 3_100)]);
    }

    #[test]
    fn a_gap_is_closed_when_nobody_can_fill_it_any_more() {
        let mut gaps = Gaps::default();
        gaps.jumped(1..=5, RUNNING);
        for _ in 0..100 {
            gaps.looked(Snapshot { oldest: 19, next: 90 });
        }
        assert_eq!(gaps.ranges(), [(1, 5)], "a transaction of that time still runs");
        for _ in 0..=LOOKS {
            gaps.looked(Snapshot { oldest: 20, next: 90 });
        }
        assert!(gaps.ranges().is_empty());
    }

    #[test]
    fn too_many_gaps_are_joined_and_none_is_lost() {
        let mut gaps = Gaps::default();
        for n in 0..1_000 {
            gaps.jumped(10 * n..=10 * n + 3, RUNNING);
        }
        let ranges = gaps.ranges();
        assert!(ranges.len() <= MOST);
        let covered = |seq| ranges.iter().any(|(start, end)| (*start..=*end).contains(&seq));
        assert!((0..1_000).all(|n| covered(10 * n) && covered(10 * n + 3)));
    }
}
