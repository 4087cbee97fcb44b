//! A [`Scene`] says where a story begins, and what people do in it. A [`Rule`] is one that can be
//! turned off, to see which scene needs it.

use crate::state::{Book, Ln, Row, State};
use crate::steps::Next;

/// A rule that keeps somebody from being paid twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// At most one live attempt of a payout: the unique index.
    OneLiveAttempt,
    /// `begin` decides again.
    DecidedAgain,
    /// What pays the same as a row that is gone is a twin.
    Twins,
    /// A reference that was used for another sum is an error.
    ReferenceUsed,
    /// A payout that is in doubt in another batch is not sent.
    InDoubtElsewhere,
    /// A row without a reference that was paid must be in the input.
    MissingRows,
    /// How references count is fixed.
    ReferencesFixed,
    /// The results file is adopted.
    Adopting,
    /// A line is the attempt of its id.
    LineById,
    /// A line whose fields do not fit its id is not believed.
    Digest,
    /// The ids in a results file say of which batch it is.
    IdsSayWhichBatch,
    /// One run holds an input.
    InputLock,
    /// One run holds a batch.
    BatchLock,
    /// What was read before the lock is read again behind it.
    ReadBehindLock,
    /// Each claim checks that the batch is still held.
    LockStillHeld,
    /// A claim of more than 15 seconds is not used.
    LateClaims,
    /// `resolve` adopts the results file first.
    ResolveAdopts,
}

/// What people do, in one step.
pub(crate) type People = fn(&State) -> Vec<Next>;

/// Where a story begins, and what can happen in it.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) homes: usize,
    pub(crate) inputs: Vec<Option<Vec<Row>>>,
    pub(crate) runs: u8,
    pub(crate) edits: u8,
    pub(crate) people: People,
    pub(crate) runs_at_once: usize,
    /// Whether references count per file, as the flags of a run can say.
    pub(crate) modes: &'static [bool],
    pub(crate) kills: bool,
    /// Every request is answered, with `created`.
    pub(crate) answers_all: bool,
    pub(crate) rejects: bool,
    pub(crate) retries: bool,
    pub(crate) keeps_going: bool,
    pub(crate) loses_locks: bool,
    pub(crate) loses_commits: bool,
    pub(crate) reads_early: bool,
    /// How many payouts are meant by each intent.
    pub(crate) allowed: usize,
    /// Whether people can lose both records, so that a second payment is nobody's fault.
    pub(crate) is_lossy: bool,
    /// After 21 days a copy without references is another month's.
    pub(crate) is_monthly: bool,
}

fn scene(name: &'static str, inputs: &[&[Row]], (runs, edits): (u8, u8), people: People) -> Scene {
    let inputs = inputs
        .iter()
        .map(|rows| (!rows.is_empty()).then(|| rows.to_vec()));
    Scene {
        name,
        homes: 1,
        inputs: inputs.collect(),
        runs,
        edits,
        people,
        runs_at_once: 1,
        modes: &[false],
        kills: true,
        answers_all: false,
        rejects: false,
        retries: false,
        keeps_going: false,
        loses_locks: false,
        loses_commits: false,
        reads_early: false,
        allowed: 1,
        is_lossy: false,
        is_monthly: false,
    }
}

const fn row(intent: u8, reference: u8, amount: u32) -> Row {
    Row {
        intent,
        reference,
        amount,
    }
}

const ONE: &[Row] = &[row(1, 1, 1)];
const TWO: &[Row] = &[row(1, 1, 1), row(2, 2, 2)];
const DATE: &[Row] = &[row(1, 3, 1)];
const PLAIN: &[Row] = &[row(1, 0, 1)];
const PLAIN_TWO: &[Row] = &[row(1, 0, 1), row(2, 0, 2)];
const EQUAL: &[Row] = &[row(1, 0, 1), row(1, 0, 1)];
const NONE: &[Row] = &[];

impl Scene {
    /// The first moment.
    pub(crate) fn start(&self) -> State {
        State {
            inputs: self.inputs.clone(),
            results: vec![None; self.inputs.len()],
            books: vec![Book::default(); self.homes],
            backup: None,
            runs: Vec::new(),
            created: Vec::new(),
            runs_left: self.runs,
            edits_left: self.edits,
            next_attempt: 1,
            next_batch: 0,
        }
    }
}

/// Every scene.
pub(crate) fn all() -> Vec<Scene> {
    let mut scenes = edits();
    scenes.extend(copies());
    scenes.extend(at_once());
    scenes.extend(losses());
    scenes
}

fn edits() -> Vec<Scene> {
    vec![
        scene("a reference changed", &[ONE], (3, 1), references),
        scene("references added", &[PLAIN], (3, 1), references),
        scene("a sum changed", &[ONE], (3, 1), sums),
        Scene {
            keeps_going: true,
            ..scene("a sum without reference changed", &[PLAIN], (3, 1), sums)
        },
        Scene {
            rejects: true,
            retries: true,
            allowed: 2,
            ..scene("equal rows deleted and sorted", &[EQUAL], (3, 1), rows)
        },
        Scene {
            rejects: true,
            retries: true,
            answers_all: true,
            kills: false,
            allowed: 2,
            ..scene("one of two equal rows deleted", &[EQUAL], (3, 1), deletions)
        },
        Scene {
            rejects: true,
            retries: true,
            ..scene("a sum changed after a rejection", &[ONE], (3, 1), |s| {
                [sums(s), results(s)].concat()
            })
        },
        Scene {
            modes: &[false, true],
            ..scene("per file, and not", &[ONE], (3, 0), nobody)
        },
    ]
}

fn copies() -> Vec<Scene> {
    let some = |s: &State| [files(s), results(s)].concat();
    vec![
        scene("copies with references", &[ONE, NONE], (3, 2), |s| {
            [files(s), results(s), time(s)].concat()
        }),
        scene("copies without", &[PLAIN, NONE], (3, 2), some),
        Scene {
            is_monthly: true,
            ..scene("copies without, and time", &[PLAIN, NONE], (3, 3), |s| {
                [files(s), results(s), time(s)].concat()
            })
        },
        scene(
            "a subset without, the whole with",
            &[PLAIN, ONE],
            (3, 0),
            nobody,
        ),
        Scene {
            modes: &[false, true],
            ..scene("copies, per file and not", &[ONE, NONE], (3, 1), files)
        },
        scene(
            "moved without its results",
            &[PLAIN_TWO, NONE],
            (3, 1),
            files,
        ),
        Scene {
            keeps_going: true,
            ..scene("a doubt in a deleted subset", &[ONE, ONE], (3, 1), |s| {
                let mut after = s.clone();
                (after.inputs[0], after.results[0]) = (None, None);
                vec![("the subset is deleted".to_owned(), after)]
            })
        },
    ]
}

fn at_once() -> Vec<Scene> {
    let two = |name, inputs: &[&[Row]], edits, people| Scene {
        runs_at_once: 2,
        ..scene(name, inputs, (3, edits), people)
    };
    let short = |scene| Scene {
        runs: 2,
        kills: false,
        ..scene
    };
    vec![
        short(two(
            "two copies at once without",
            &[PLAIN, PLAIN],
            0,
            nobody,
        )),
        Scene {
            runs: 2,
            ..two("two copies at once with", &[ONE, ONE], 0, nobody)
        },
        short(two("one file twice at once", &[ONE], 0, nobody)),
        short(Scene {
            homes: 2,
            ..two("two homes, one file at once", &[ONE], 0, nobody)
        }),
        short(Scene {
            homes: 2,
            reads_early: true,
            ..two("two homes, read early", &[ONE], 0, nobody)
        }),
        Scene {
            loses_locks: true,
            loses_commits: true,
            ..two("locks lost", &[ONE], 0, nobody)
        },
        Scene {
            loses_locks: true,
            ..two("locks lost, two copies", &[ONE, ONE], 0, nobody)
        },
        Scene {
            loses_commits: true,
            ..two("commit answers lost", &[ONE, ONE], 1, |s| {
                [copied(s), results(s)].concat()
            })
        },
    ]
}

fn losses() -> Vec<Scene> {
    vec![
        Scene {
            homes: 2,
            is_lossy: true,
            ..scene("two homes, results copied", &[ONE, ONE], (3, 1), copied)
        },
        Scene {
            homes: 2,
            is_lossy: true,
            ..scene("two homes, a doubt, adopted", &[ONE, ONE], (4, 1), copied)
        },
        Scene {
            kills: false,
            is_lossy: true,
            ..scene("rolled back, and moved", &[PLAIN_TWO, NONE], (4, 3), |s| {
                [files(s), backups(s)].concat()
            })
        },
        Scene {
            answers_all: true,
            ..scene("backup, move, roll back", &[PLAIN_TWO, NONE], (3, 3), |s| {
                [moved(s), backups(s)].concat()
            })
        },
        Scene {
            answers_all: true,
            ..scene(
                "backup, move, roll back, 21 days",
                &[PLAIN_TWO, NONE],
                (3, 4),
                |s| [moved(s), backups(s), time(s)].concat(),
            )
        },
        scene("rolled back and resolved", &[ONE], (3, 2), backups),
        scene("ledger lost", &[TWO], (3, 1), lost),
        Scene {
            is_lossy: true,
            ..scene("ledger lost, results rolled back", &[ONE], (3, 2), |s| {
                [lost(s), results(s)].concat()
            })
        },
        Scene {
            answers_all: true,
            ..scene("rolled back, results sorted", &[TWO], (3, 3), |s| {
                [backups(s), sorted(s)].concat()
            })
        },
        scene("resaved, ledger lost", &[DATE], (3, 2), |s| {
            [lost(s), resaved(s)].concat()
        }),
    ]
}

fn nobody(_: &State) -> Vec<Next> {
    Vec::new()
}

/// Changes of one input.
fn each_input(s: &State, what: &str, change: impl Fn(&[Row]) -> Vec<Vec<Row>>) -> Vec<Next> {
    let mut next = Vec::new();
    for (place, rows) in s.inputs.iter().enumerate() {
        let Some(rows) = rows else { continue };
        for changed in change(rows).into_iter().filter(|it| it != rows) {
            let mut after = s.clone();
            after.inputs[place] = Some(changed);
            next.push((format!("{what} at {place}"), after));
        }
    }
    next
}

fn references(s: &State) -> Vec<Next> {
    each_input(s, "references are changed", |rows| {
        let with = |change: fn(&Row) -> u8| {
            let rows = rows.iter().map(|it| Row {
                reference: change(it),
                ..*it
            });
            rows.collect::<Vec<Row>>()
        };
        vec![
            with(|it| match it.reference {
                0 => 0,
                4.. => it.reference,
                1..=3 => it.reference + 3,
            }),
            with(|_| 0),
            with(|it| {
                if it.reference == 0 {
                    6 + it.intent
                } else {
                    it.reference
                }
            }),
        ]
    })
}

fn sums(s: &State) -> Vec<Next> {
    each_input(s, "a sum is changed", |rows| {
        let with = |at: usize| {
            let mut rows = rows.to_vec();
            rows[at].amount += 10;
            rows
        };
        (0..rows.len()).map(with).collect()
    })
}

fn deletions(s: &State) -> Vec<Next> {
    each_input(s, "a row is deleted", |rows| {
        let without = |at: usize| {
            let mut rows = rows.to_vec();
            rows.remove(at);
            rows
        };
        if rows.len() > 1 {
            (0..rows.len()).map(without).collect()
        } else {
            Vec::new()
        }
    })
}

fn rows(s: &State) -> Vec<Next> {
    let sorted = each_input(s, "rows are sorted", |rows| {
        vec![rows.iter().rev().copied().collect()]
    });
    [deletions(s), sorted].concat()
}

/// Inputs copied and moved, with their results or without.
fn files(s: &State) -> Vec<Next> {
    let mut next = Vec::new();
    for (from, to) in [(0, 1), (1, 0)] {
        if s.inputs[from].is_none() {
            continue;
        }
        for (is_move, with_results) in [(false, false), (true, false), (false, true), (true, true)]
        {
            let mut after = s.clone();
            after.inputs[to].clone_from(&s.inputs[from]);
            if with_results {
                after.results[to].clone_from(&s.results[from]);
            }
            if is_move {
                after.inputs[from] = None;
            }
            next.push((
                format!("{from} to {to}: move {is_move}, results {with_results}"),
                after,
            ));
        }
    }
    next
}

fn moved(s: &State) -> Vec<Next> {
    let all = files(s).into_iter();
    all.filter(|(what, _)| what.ends_with("move true, results true"))
        .collect()
}

/// Results files deleted and rolled back.
fn results(s: &State) -> Vec<Next> {
    let mut next = Vec::new();
    for (place, lines) in s.results.iter().enumerate() {
        let Some(lines) = lines else { continue };
        let mut after = s.clone();
        after.results[place] = None;
        next.push((format!("the results at {place} are deleted"), after));
        for count in 0..lines.len() {
            let mut after = s.clone();
            after.results[place] = Some(lines[..count].to_vec());
            next.push((
                format!("the results at {place} are rolled back to {count} lines"),
                after,
            ));
        }
    }
    next
}

fn copied(s: &State) -> Vec<Next> {
    let mut next = Vec::new();
    for (from, to) in [(0, 1), (1, 0)] {
        if s.results[from].is_some() && s.results[from] != s.results[to] {
            let mut after = s.clone();
            after.results[to].clone_from(&s.results[from]);
            next.push((format!("the results at {from} are copied to {to}"), after));
        }
    }
    next
}

fn time(s: &State) -> Vec<Next> {
    let mut after = s.clone();
    let attempts = after.books.iter_mut().flat_map(|book| &mut book.attempts);
    attempts.for_each(|it| it.is_old = true);
    let lines = after.results.iter_mut().flatten().flatten();
    lines.for_each(|it| it.is_old = true);
    let backups = after.backup.iter_mut().flatten();
    let attempts = backups.flat_map(|book| &mut book.attempts);
    attempts.for_each(|it| it.is_old = true);
    vec![("21 days pass".to_owned(), after)]
}

fn backups(s: &State) -> Vec<Next> {
    let mut after = s.clone();
    match &s.backup {
        None => {
            after.backup = Some(s.books.clone());
            vec![("the ledger is backed up".to_owned(), after)]
        }
        Some(backup) if *backup != s.books => {
            after.books.clone_from(backup);
            vec![("the ledger is rolled back".to_owned(), after)]
        }
        Some(_) => Vec::new(),
    }
}

fn lost(s: &State) -> Vec<Next> {
    let mut next = Vec::new();
    for home in 0..s.books.len() {
        let mut after = s.clone();
        after.books[home] = Book::default();
        next.push((format!("the ledger of home {home} is lost"), after));
    }
    next
}

/// Each results file, changed line by line.
fn each_results(s: &State, what: &str, change: impl Fn(&mut Vec<Ln>)) -> Vec<Next> {
    let mut next = Vec::new();
    for place in 0..s.results.len() {
        let mut after = s.clone();
        if let Some(lines) = &mut after.results[place] {
            change(lines);
            next.push((format!("the results at {place}: {what}"), after));
        }
    }
    next
}

fn sorted(s: &State) -> Vec<Next> {
    each_results(s, "sorted", |lines| lines.reverse())
}

/// A spreadsheet saves a results file: references become dates, and sums change.
fn resaved(s: &State) -> Vec<Next> {
    let mut next = Vec::new();
    for (changes_reference, changes_sum) in [(true, false), (false, true), (true, true)] {
        let what = format!("resaved, reference {changes_reference}, sum {changes_sum}");
        next.extend(each_results(s, &what, |lines| {
            for line in lines {
                if changes_reference && line.cells.reference == 3 {
                    line.cells.reference = 6;
                }
                if changes_sum {
                    line.cells.amount += 900;
                }
            }
        }));
    }
    next
}
