//! Power loss, people and bad luck, simulated: nobody is paid twice and no payment is lost.
//!
//! The sequence of a run, the ledger's rules and SQL, the results file's text, the plan, the pace and
//! the reading of answers are the program's own. Under them lie simulated files, ledgers, an API
//! and a clock, which do what real ones do at their worst, and beside them people who copy, edit,
//! roll back and lose. One number, the seed, decides everything, so that a life that breaks a
//! promise can be lived again.
//!
//! - `world`: what outlives a process; `rng`, its only source of chance
//! - `disk`: an input and its results file; `engine`: a ledger, and a connection to it
//! - `api`: the other side, with a book of what it created
//! - `people`: what is done to files and ledgers
//! - `process`: one command, `run` or `resolve`; `life`: one batch, from the first to the last
//! - `check`: the promises; `plant`: faults put in on purpose, which the checks must find
//!
//! What a row is meant to pay is written in its column `payee`, which the program hands on and
//! never decides by. A payment beside as many as were meant is a double one if those were on record
//! within reach of its claim: in the ledger, or in the results file as it stood when it was opened.
//!
//! `CCBATCH_SEEDS=0..1000000 cargo test --release --test sim` lives a million lives, and
//! `CCBATCH_SEED=n cargo test --test sim` tells the story of one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    clippy::float_arithmetic,
    reason = "a test may panic, and a failing seed must be told"
)]

mod api;
mod check;
mod disk;
mod engine;
mod life;
mod people;
mod plant;
mod process;
mod rng;
mod world;

use life::{Broken, live};
use plant::Plant;
use rayon::prelude::*;
use std::ops::Range;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use world::{Figures, Told};

/// How many lives `cargo test` lives.
const DEFAULT_SEEDS: u64 = 400;

/// So many broken lives end the search: they may well have one cause.
const MAX_BROKEN: u64 = 10;

/// A fault that takes more lives than this to find would slip through. The rarest takes some 2,500.
const SEEDS_TO_FIND_A_PLANT: u64 = 10_000;

#[test]
fn nobody_is_paid_twice_and_no_payment_is_lost() {
    if let Some(seed) = number("CCBATCH_SEED") {
        tell(seed, Plant::Nothing);
        return;
    }
    let seeds = seeds().unwrap_or(0..DEFAULT_SEEDS);
    let count = seeds.end - seeds.start;
    let started = Instant::now();
    let figures = live_all(seeds);
    eprintln!("{figures}; in {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(figures.lives, count);
    assert_not_quiet(&figures);
}

/// A simulation in which nothing happens would prove nothing.
fn assert_not_quiet(figures: &Figures) {
    for (what, count) in figures.named() {
        assert!(count > figures.lives / 1_000, "only {count} {what}");
    }
}

#[test]
fn no_index_and_no_decision_is_found() {
    assert_found(Plant::NoIndexAndNoDecision, "created twice");
}

#[test]
fn a_request_without_a_claim_is_found() {
    assert_found(Plant::NoClaim, "leaves without a claim");
}

#[test]
fn a_claim_that_is_used_twice_is_found() {
    assert_found(Plant::ClaimReused, "created twice");
}

#[test]
fn a_results_file_that_is_not_adopted_is_found() {
    assert_found(Plant::AdoptingSkipped, "created twice");
}

#[test]
fn a_line_that_is_trusted_over_the_ledger_is_found() {
    assert_found(Plant::LineOverLedger, "created twice");
}

#[test]
fn a_results_file_that_was_read_before_the_lock_is_found() {
    assert_found(Plant::ReadBeforeLock, "is lost from the results file");
}

#[test]
fn twins_that_are_looked_for_at_the_plan_only_is_found() {
    assert_found(Plant::TwinsAtPlanOnly, "created twice");
}

#[test]
fn a_line_that_is_taken_by_its_place_is_found() {
    assert_found(Plant::LineByPlace, "is lost from the results file");
}

#[test]
fn a_missing_sync_is_found() {
    assert_found(Plant::NoSync, "before its line is durable");
}

#[test]
fn a_line_that_is_written_after_sending_is_found() {
    assert_found(Plant::LineAfterSending, "before its line is durable");
}

/// Lives until the planted fault has broken this promise.
fn assert_found(plant: Plant, promise: &str) {
    let found = (0..SEEDS_TO_FIND_A_PLANT)
        .into_par_iter()
        .map_init(runtime, |runtime, seed| {
            live(runtime, seed, plant, Told::Silently).err()
        })
        .flatten()
        .find_any(|broken| broken.violations.iter().any(|v| v.contains(promise)));
    let broken = found.unwrap_or_else(|| panic!("{plant:?} was not found"));
    eprintln!("{plant:?} at seed {}: {:?}", broken.seed, broken.violations);
}

/// But for the letters of names that the program draws by lot.
#[test]
fn a_seed_is_a_whole_life() {
    let story = |_| {
        let broken =
            (0..).find_map(|seed| live(&runtime(), seed, Plant::NoSync, Told::Aloud).err());
        without_names(&broken.unwrap().story)
    };
    let [once, again] = [0, 1].map(story);
    assert_eq!(once, again);
}

fn without_names(story: &str) -> String {
    let mut left = String::new();
    for word in story.split_inclusive(|c: char| !c.is_ascii_lowercase()) {
        let letters = word.trim_end_matches(|c: char| !c.is_ascii_lowercase());
        match letters.len() {
            10 | 20 => left.push_str(&word[letters.len()..]),
            _ => left.push_str(word),
        }
    }
    left
}

/// Lives every seed. On one core: several are had by several processes, each with seeds of its own,
/// which unlike threads do not wait for one another's memory.
fn live_all(seeds: Range<u64>) -> Figures {
    let runtime = runtime();
    let mut figures = Figures::default();
    let mut broken = 0;
    for seed in seeds {
        match live(&runtime, seed, Plant::Nothing, Told::Silently) {
            Ok(life) => figures.add(&life),
            Err(life) => {
                broken += 1;
                report(&life);
            }
        }
        if broken == MAX_BROKEN {
            break;
        }
    }
    assert_eq!(broken, 0, "see the seeds above");
    figures
}

fn report(broken: &Broken) {
    let (seed, violations) = (broken.seed, broken.violations.join("; "));
    eprintln!("seed {seed} breaks a promise: {violations}");
    eprintln!("  its story: CCBATCH_SEED={seed} cargo test --test sim -- --nocapture");
}

/// Lives one seed again and tells its story.
fn tell(seed: u64, plant: Plant) {
    match live(&runtime(), seed, plant, Told::Aloud) {
        Ok(figures) => eprintln!("seed {seed} keeps every promise: {figures}"),
        Err(broken) => {
            eprintln!("{}", broken.story);
            report(&broken);
            panic!("seed {seed} breaks a promise");
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

/// The seeds of `CCBATCH_SEEDS`: `FIRST..END`, or so many from zero.
fn seeds() -> Option<Range<u64>> {
    let text = std::env::var("CCBATCH_SEEDS").ok()?;
    let (first, end) = text.split_once("..").unwrap_or(("0", &text));
    match (first.parse(), end.parse()) {
        (Ok(first), Ok(end)) if first < end => Some(first..end),
        _ => panic!("CCBATCH_SEEDS is neither a number nor FIRST..END: {text}"),
    }
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}
