//! [`in_order`] spreads work over threads and keeps the results in the order of the work.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// More threads than this only wait for the one that merges.
const MAX_WORKERS: usize = 8;

/// How much work may lie with one thread: one piece in hand and one waiting.
const PIECES_PER_WORKER: usize = 2;

/// Takes pieces from `next`, does `work` on each on one of several threads, and gives the results
/// to `merge` in the order of the pieces. A single piece is done without any thread.
///
/// The pieces go round the threads in turn, so that the results come back in turn as well and
/// nothing has to be sorted.
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
    thread::scope(|scope| {
        let workers: Vec<_> = (0..worker_count)
            .map(|_| {
                let (todo, pieces) = sync_channel(PIECES_PER_WORKER);
                let (finished, done) = sync_channel(PIECES_PER_WORKER);
                scope.spawn(|| toil(&work, pieces, finished));
                Worker { todo, done }
            })
            .collect();
        let mut given = workers.iter().cycle();
        let mut taken = workers.iter().cycle();
        let mut under_way = 0usize;
        let mut ahead = [Some(first), Some(second)].into_iter();
        loop {
            let piece = match ahead.next().flatten() {
                Some(piece) => Some(piece),
                None => next()?,
            };
            let is_full = under_way >= worker_count.saturating_mul(PIECES_PER_WORKER);
            if is_full || piece.is_none() {
                let Some(done) = taken.next().and_then(|worker| worker.done.recv().ok()) else {
                    // The thread has panicked, and the scope passes that on.
                    return Ok(());
                };
                merge(done);
                under_way = under_way.saturating_sub(1);
            }
            match piece {
                Some(piece) => {
                    let sent = given.next().map(|worker| worker.todo.send(piece));
                    if !matches!(sent, Some(Ok(()))) {
                        return Ok(());
                    }
                    under_way = under_way.saturating_add(1);
                }
                None if under_way == 0 => return Ok(()),
                None => {}
            }
        }
    })
}

/// The two ends that the merging thread holds of one other.
struct Worker<Piece, Done> {
    todo: SyncSender<Piece>,
    done: Receiver<Done>,
}

/// What a thread does until there is nothing left, or nobody to give it to.
fn toil<Piece, Done>(
    work: impl Fn(Piece) -> Done,
    pieces: Receiver<Piece>,
    finished: SyncSender<Done>,
) {
    for piece in pieces {
        if finished.send(work(piece)).is_err() {
            return;
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
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let mut numbers = 0..100;
        let _ = in_order(|| Ok(numbers.next()), |number| assert_ne!(number, 50), drop);
    }
}
