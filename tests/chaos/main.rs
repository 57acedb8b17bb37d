//! Chaos: managers approve apps that fail at random, on a service that is killed at random moments.
//!
//! One round starts the real program, lets ten browsers approve side by side while the process is
//! killed (SIGKILL) and started again, waits until everything has settled, and judges what is left: for
//! each approval a working key that the app holds, or no key (contract §5). `judge.rs` has the rules.
//!
//! All choices come from one seed, which is printed; what the scheduler makes of them does not. A round
//! that breaks a rule names its own seed and leaves its folder with the database and the logs.
//!
//! `cargo test` runs one small round; `scripts/chaos [ROUNDS] [SEED]` runs many.
//!
//! `hanging.rs` uses the same program for a measurement, which `scripts/bench-delivery` runs.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests panic")]

mod app;
mod cluster;
mod fate;
mod hanging;
mod judge;
mod left_behind;
mod person;
mod plan;
mod round;
mod settling;
mod store;

#[path = "../it/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "tests/it uses the rest")]
mod support;

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use plan::Plan;
use round::{Figures, Round};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_approval_ends_in_a_working_key_or_in_none() {
    let plan = Plan::from_environment();
    let (started, total) = (Instant::now(), run(&plan).await);
    let seconds = started.elapsed().as_secs_f64();
    println!("total of {} rounds from seed {}: {total}, {seconds:.1} s", plan.rounds, plan.seed);
    assert_eq!(total.violations, 0, "see above; `scripts/chaos 1 SEED` repeats a round");
    total.assert_it_was_chaos();
}

/// Runs the rounds, some side by side, since most of a round is waiting.
async fn run(plan: &Plan) -> Figures {
    let places = Arc::new(Semaphore::new(plan.side_by_side));
    let mut rounds = JoinSet::new();
    for number in 0..plan.rounds as u64 {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let round = Round { seed: plan.seed.wrapping_add(number), approvals: plan.approvals };
        rounds.spawn(async move {
            let figures = play(round).await;
            drop(place);
            figures
        });
    }
    let mut total = Figures::default();
    while let Some(figures) = rounds.join_next().await {
        total += figures.unwrap();
    }
    total
}

/// Plays one round; one that breaks off counts as a violation and ends no other.
async fn play(round: Round) -> Figures {
    let seed = round.seed;
    tokio::spawn(round.run()).await.unwrap_or_else(|error| {
        println!("round of seed {seed}: it broke off, 1 violation: {error}");
        println!("  its folder is chaos-{seed}-… in {}", env!("CARGO_TARGET_TMPDIR"));
        Figures { violations: 1, ..Figures::default() }
    })
}
