//! [`in_order`] spreads work over threads and keeps the results in the order of the work.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// More threads than this only wait for the one that merges.
const MAX_WORKERS: usize = 8;

/// How many pieces are under way for each thread: one in its hands, one waiting for it, and one
/// for the time in which an earlier one is not done yet.
const PIECES_PER_WORKER: usize = 3;

/// Takes pieces from `next`, does `work` on each on one of several threads, and gives the results
/// to `merge` in the order of the pieces. A single piece is done without any thread.
///
/// Each thread takes the next piece that there is, because none can count on as much of a processor
/// as the others: one of them shares its own with the thread that merges.
///
/// # Errors
/// Those of `next`, after which nothing more is merged.
pub(super) fn in_order<Piece: Send, Done: Send>(
    mut next: impl FnMut() -> io::Result<Option<Piece>>,
    work: impl Fn(Piece) -> Done + Sync,
    mut merge: impl FnMut(Done),
) -> io::Result<()> {
    let Some(first) = next()? else {
        return Ok(());
    };
    let Some(second) = next()? else {
        merge(work(first));
        return Ok(());
    };
    let worker_count =
        thread::available_parallelism().map_or(1, |count| count.get().min(MAX_WORKERS));
    let most_under_way = worker_count.saturating_mul(PIECES_PER_WORKER);
    let (todo, pieces) = channel();
    let pieces = Mutex::new(pieces);
    thread::scope(|scope| {
        let (finished, results) = channel();
        for _ in 0..worker_count {
            let finished = finished.clone();
            scope.spawn(|| toil(&work, &pieces, finished));
        }
        drop(finished);
        // Moved in, so that the threads end when this does, for whatever reason.
        let todo = todo;
        let mut results = InOrder {
            results,
            early: BTreeMap::new(),
        };
        let mut ahead = [first, second].into_iter();
        let mut next = || match ahead.next() {
            Some(piece) => Ok(Some(piece)),
            None => next(),
        };
        let (mut given, mut taken) = (0usize, 0usize);
        let mut is_at_end = false;
        loop {
            while !is_at_end && given.saturating_sub(taken) < most_under_way {
                match next()?.map(|piece| todo.send((given, piece))) {
                    Some(Ok(())) => given = given.saturating_add(1),
                    _ => is_at_end = true,
                }
            }
            if taken == given {
                return Ok(());
            }
            if let Some(done) = results.take(taken) {
                merge(done);
            }
            taken = taken.saturating_add(1);
        }
    })
}

/// What a thread does until there is nothing left, or nobody to give it to.
fn toil<Piece, Done>(
    work: impl Fn(Piece) -> Done,
    pieces: &Mutex<Receiver<(usize, Piece)>>,
    finished: Sender<(usize, thread::Result<Done>)>,
) {
    loop {
        let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, piece)) = piece else {
            return;
        };
        // A panic is passed on, or the others would wait for the result for ever.
        let done = catch_unwind(AssertUnwindSafe(|| work(piece)));
        if finished.send((number, done)).is_err() {
            return;
        }
    }
}

/// Results as they come, and those that came before their turn.
struct InOrder<Done> {
    results: Receiver<(usize, thread::Result<Done>)>,
    early: BTreeMap<usize, Done>,
}

impl<Done> InOrder<Done> {
    /// Waits for the result with this number; `None` if nobody is left to bring it.
    ///
    /// # Panics
    /// As the work that was to bring it has.
    fn take(&mut self, wanted: usize) -> Option<Done> {
        loop {
            if let Some(done) = self.early.remove(&wanted) {
                return Some(done);
            }
            let (number, done) = self.results.recv().ok()?;
            match done {
                Ok(done) => self.early.insert(number, done),
                Err(panic) => resume_unwind(panic),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(count: u64) -> Vec<u64> {
        let mut numbers = 0..count;
        let mut results = Vec::new();
        in_order(
            || Ok(numbers.next()),
            |number| number * 2,
            |result| results.push(result),
        )
        .unwrap();
        results
    }

    #[test]
    fn results_come_in_the_order_of_the_work() {
        for count in [0, 1, 2, 3, 100] {
            let expected: Vec<_> = (0..count).map(|number| number * 2).collect();
            assert_eq!(doubled(count), expected);
        }
    }

    #[test]
    fn an_error_ends_the_work() {
        let mut numbers = 0..10;
        let result = in_order(
            || match numbers.next() {
                Some(7) => Err(io::Error::other("torn")),
                number => Ok(number),
            },
            |number| number,
            drop,
        );
        assert_eq!(result.unwrap_err().to_string(), "torn");
    }

    #[test]
    #[should_panic(expected = "number fifty")]
    fn a_panic_is_passed_on() {
        let mut numbers = 0..100;
        let _ = in_order(
            || Ok(numbers.next()),
            |number| assert_ne!(number, 50, "number fifty"),
            drop,
        );
    }
}
