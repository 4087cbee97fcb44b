//! Every order in which a few things can happen: nobody is paid twice by what people do to files.
//!
//! Each scene is searched breadth first, with crashes between any two steps. What a row is, which key
//! it has, what a results file adds and what a run plans is decided by the program's own pure rules;
//! around them stand ledgers, files, locks and people, as small as can be.
//!
//! A second payment counts if as many payouts as were meant were on record when it was claimed: in the
//! run's own ledger, or in the results file at its place; and any in a scene in which people cannot
//! lose both records. If both were lost, nobody can know.
//!
//! `CCBATCH_STATES=1000000 cargo test --release --test model -- --nocapture` searches further.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "a test may panic, and says how far it has searched"
)]

mod scenes;
mod state;
mod steps;

use scenes::{Rule, Scene};
use state::{Names, State};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use steps::Steps;

/// How many states of each scene `cargo test` looks at.
const DEFAULT_STATES: usize = 2_500;

/// What a search has found.
struct Found {
    states: usize,
    is_cut: bool,
    /// The shortest way to a second payment of what was on record.
    double: Option<String>,
    /// Whether one is paid twice whose records were both lost.
    is_lost_double: bool,
}

#[test]
fn nobody_is_paid_twice_in_any_scene() {
    let scenes = scenes::all();
    let limit = number("CCBATCH_STATES").unwrap_or(DEFAULT_STATES);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut told = Vec::new();
        while let Some(scene) = scenes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = search(scene, &[], limit);
            eprintln!(
                "{:35} {:8} states{}{}",
                scene.name,
                found.states,
                if found.is_cut { ", cut off" } else { "" },
                if found.is_lost_double {
                    ", twice with both records lost"
                } else {
                    ""
                },
            );
            told.extend(found.double.map(|way| format!("{}: {way}", scene.name)));
        }
        told
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let doubles: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(doubles.is_empty(), "{doubles:#?}");
}

/// Without these rules somebody is paid twice in this scene. Where there are several, each of them
/// alone is enough.
const NEEDED: &[(&[Rule], &str)] = &[
    (&[Rule::DecidedAgain], "two copies at once without"),
    (
        &[Rule::DecidedAgain, Rule::OneLiveAttempt],
        "two copies at once with",
    ),
    (&[Rule::Twins], "a reference changed"),
    (&[Rule::Twins], "a subset without, the whole with"),
    (
        &[Rule::ReferenceUsed, Rule::OneLiveAttempt],
        "a sum changed",
    ),
    (
        &[Rule::InDoubtElsewhere, Rule::OneLiveAttempt],
        "a doubt in a deleted subset",
    ),
    (&[Rule::MissingRows], "a sum without reference changed"),
    (&[Rule::ReferencesFixed, Rule::Twins], "per file, and not"),
    (&[Rule::Adopting], "ledger lost"),
    (&[Rule::LineById], "rolled back, results sorted"),
    (&[Rule::Digest], "resaved, ledger lost"),
    (
        &[Rule::IdsSayWhichBatch],
        "backup, move, roll back, 21 days",
    ),
    (&[Rule::InputLock], "two homes, one file at once"),
    (&[Rule::ReadBehindLock], "two homes, read early"),
    (
        &[
            Rule::InputLock,
            Rule::BatchLock,
            Rule::DecidedAgain,
            Rule::OneLiveAttempt,
        ],
        "one file twice at once",
    ),
    (
        &[
            Rule::LockStillHeld,
            Rule::DecidedAgain,
            Rule::OneLiveAttempt,
        ],
        "locks lost",
    ),
    (&[Rule::LateClaims], "locks lost"),
    (&[Rule::ResolveAdopts], "rolled back and resolved"),
];

#[test]
fn without_its_rules_somebody_is_paid_twice() {
    let scenes = scenes::all();
    let limit = number("CCBATCH_STATES").unwrap_or(20_000);
    let mut missed = Vec::new();
    for (rules, name) in NEEDED {
        let scene = scenes.iter().find(|scene| scene.name == *name);
        let found = search(scene.expect(name), rules, limit);
        eprintln!(
            "without {rules:?}: {name}, {} states: {:?}",
            found.states, found.double
        );
        if found.double.is_none() {
            missed.push((rules, name));
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

/// Searches a scene breadth first, up to a number of states.
fn search(scene: &Scene, off: &[Rule], limit: usize) -> Found {
    let steps = Steps {
        scene,
        names: Names::new(),
        off,
    };
    let mut seen: HashMap<State, usize> = HashMap::from([(scene.start(), 0)]);
    let mut ways: Vec<(usize, String)> = vec![(0, "the beginning".to_owned())];
    let mut open: Vec<State> = vec![scene.start()];
    let mut found = Found {
        states: 0,
        is_cut: false,
        double: None,
        is_lost_double: false,
    };
    while !open.is_empty() && found.double.is_none() {
        let mut next_open = Vec::new();
        for state in open {
            let from = seen[&state];
            if let Some(is_known) = double(scene, &state) {
                match is_known {
                    true if found.double.is_none() => found.double = Some(way(&ways, from)),
                    true => {}
                    false => found.is_lost_double = true,
                }
                continue;
            }
            if seen.len() >= limit {
                found.is_cut = true;
                continue;
            }
            for (what, after) in steps.after(&state) {
                if !seen.contains_key(&after) {
                    seen.insert(after.clone(), ways.len());
                    ways.push((from, what));
                    next_open.push(after);
                }
            }
        }
        open = next_open;
    }
    found.states = seen.len();
    found
}

/// Whether somebody was paid twice, and whether that was on record.
fn double(scene: &Scene, state: &State) -> Option<bool> {
    let mut is_double = None;
    for (_, intent, _) in &state.created {
        let of_intent: Vec<_> = state.created.iter().filter(|it| it.1 == *intent).collect();
        if of_intent.len() > scene.allowed {
            let is_known = !scene.is_lossy || of_intent.iter().any(|it| it.2);
            is_double = Some(is_double.unwrap_or(false) || is_known);
        }
    }
    is_double
}

/// How a state was reached.
fn way(ways: &[(usize, String)], to: usize) -> String {
    let mut told = Vec::new();
    let mut at = to;
    while at != 0 {
        told.push(ways[at].1.as_str());
        at = ways[at].0;
    }
    told.reverse();
    told.join("; ")
}

fn number(name: &str) -> Option<usize> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
    )
}
