//! Power loss, simulated: nobody is paid twice and no payment is lost.
//!
//! The journal, the results file's text, the plan, the pace, the loop that moves money and the
//! reading of answers are the program's own. Under them lie a simulated disk, API and clock, which
//! do what real ones do at their worst. One number, the seed, decides everything, so that a
//! life that breaks a promise can be lived again.
//!
//! - `world`: what outlives a process; `rng`, its only source of chance
//! - `disk`: what is left of a file when the plug is pulled; `file`, a process's hold on it
//! - `api`: the other side, with a ledger of what it created
//! - `operator`: edits of the input, and a look into the dashboard
//! - `session`: one process, `run` or `resolve`; `life`: one batch, from the first to the last
//! - `check`: the promises; `plant`: faults put in on purpose, which the checks must find
//!
//! `CCBATCH_SEEDS=1000000 cargo test --release --test sim` lives a million lives, and
//! `CCBATCH_SEED=n cargo test --test sim` tells the story of one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "a test may panic, and a failing seed must be told"
)]

mod api;
mod check;
mod disk;
mod file;
mod life;
mod operator;
mod plant;
mod rng;
mod session;
mod world;

use life::{Broken, live};
use plant::Plant;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use world::{Figures, Told};

/// How many lives `cargo test` lives.
const DEFAULT_SEEDS: u64 = 10_000;

/// A fault that takes more lives than this to find would slip through.
const SEEDS_TO_FIND_A_PLANT: u64 = 500;

#[test]
fn nobody_is_paid_twice_and_no_payment_is_lost() {
    if let Some(seed) = number("CCBATCH_SEED") {
        tell(seed, Plant::Nothing);
        return;
    }
    let seeds = number("CCBATCH_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let started = Instant::now();
    let figures = live_all(seeds);
    eprintln!("{figures}; in {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(figures.lives, seeds);
    assert_not_quiet(&figures);
}

/// A simulation in which nothing happens would prove nothing.
fn assert_not_quiet(figures: &Figures) {
    for (what, count) in [
        ("kills", figures.kills),
        ("power losses", figures.power_losses),
        ("disk faults", figures.disk_faults),
        ("created payouts", figures.created),
        ("doubts", figures.doubts),
        ("second processes", figures.locked_out),
        ("forbidden edits", figures.refused_edits),
    ] {
        assert!(count > figures.lives / 20, "only {count} {what}");
    }
}

#[test]
fn a_missing_sync_is_found() {
    assert_found(Plant::NoSync, "before its whole intent is durable");
}

#[test]
fn a_missing_sync_of_the_name_is_found() {
    assert_found(Plant::NoNameSync, "before its whole intent is durable");
}

#[test]
fn an_intent_written_after_sending_is_found() {
    assert_found(
        Plant::IntentAfterSending,
        "before its whole intent is durable",
    );
}

#[test]
fn a_half_line_that_is_ignored_is_found() {
    assert_found(Plant::HalfLineIgnored, "was created, and the file says");
}

#[test]
fn a_doubt_that_is_sent_again_is_found() {
    assert_found(Plant::DoubtSentAgain, "was created twice");
}

#[test]
fn a_created_payout_recorded_as_another_is_found() {
    assert_found(Plant::CreatedForgotten, "was created, and the file says");
}

/// Lives until the planted fault has broken this promise.
fn assert_found(plant: Plant, promise: &str) {
    let runtime = runtime();
    let found = (0..SEEDS_TO_FIND_A_PLANT)
        .filter_map(|seed| live(&runtime, seed, plant, Told::Silently).err())
        .find(|broken| broken.violations.iter().any(|v| v.contains(promise)));
    assert!(found.is_some(), "{plant:?} was not found");
}

#[test]
fn a_seed_is_a_whole_life() {
    let story = |_| {
        live(&runtime(), 7, Plant::NoSync, Told::Aloud)
            .unwrap_err()
            .story
    };
    let [once, again] = [0, 1].map(story);
    assert_eq!(once, again);
}

/// Lives every seed from zero, on every core.
fn live_all(seeds: u64) -> Figures {
    let next = AtomicU64::new(0);
    let work = || {
        let runtime = runtime();
        let mut figures = Figures::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return figures;
            }
            match live(&runtime, seed, Plant::Nothing, Told::Silently) {
                Ok(life) => figures.add(&life),
                Err(broken) => fail(&broken),
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = Figures::default();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            all.add(&thread.join().expect("see the seed above"));
        }
    });
    all
}

fn fail(broken: &Broken) -> ! {
    eprintln!(
        "seed {} breaks a promise; its story: CCBATCH_SEED={} cargo test --test sim -- --nocapture",
        broken.seed, broken.seed
    );
    panic!("seed {}: {:#?}", broken.seed, broken.violations);
}

/// Lives one seed again and tells its story.
fn tell(seed: u64, plant: Plant) {
    match live(&runtime(), seed, plant, Told::Aloud) {
        Ok(figures) => eprintln!("seed {seed} keeps every promise: {figures}"),
        Err(broken) => {
            eprintln!("{}", broken.story);
            fail(&broken);
        }
    }
}

/// Time stands still while anything can happen, and leaps when nothing else can.
fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}
