//! What must be true of the file and the ledger between any two processes.

use crate::operator::{self, look_up};
use crate::session::{End, shown};
use crate::world::World;
use ccbatch::domain::{Batch, Standing, State, Status};
use ccbatch::payout::results::{Mismatch, Record};
use std::collections::BTreeSet;

/// The lines about which an operator said something that was not so.
pub(crate) type Misled = BTreeSet<u64>;

/// Holds the file against the ledger.
///
/// # Errors
/// Why the file is refused.
pub(crate) fn file_and_ledger(
    world: &World,
    batch: &Batch,
    misled: &Misled,
) -> Result<Vec<Standing>, Mismatch> {
    nobody_is_paid_twice(world, misled);
    let (record, standings) = operator::status(world, batch)?;
    no_payment_is_lost(world, batch, &standings, misled);
    results_are_the_ledgers(world, &record, misled);
    lines_are_as_written(world, &record);
    Ok(standings)
}

fn nobody_is_paid_twice(world: &World, misled: &Misled) {
    let mut seen = BTreeSet::new();
    for created in &world.api.borrow().ledger {
        let line = created.payout.line;
        if !seen.insert(line) && !misled.contains(&line) {
            world.violate(format!("line {line} was created twice"));
        }
    }
}

fn no_payment_is_lost(world: &World, batch: &Batch, standings: &[Standing], misled: &Misled) {
    for created in &world.api.borrow().ledger {
        let line = created.payout.line;
        let place = batch.payouts.iter().position(|payout| payout.line == line);
        let state = place.map(|place| standings[place].state);
        let is_known = matches!(state, Some(State::Created | State::InDoubt));
        if !is_known && !misled.contains(&line) {
            world.violate(format!(
                "line {line} was created, and the file says {state:?}"
            ));
        }
    }
}

fn results_are_the_ledgers(world: &World, record: &Record, misled: &Misled) {
    let api = world.api.borrow();
    for attempt in &record.attempts {
        let intent = &attempt.intent;
        if attempt.ending.status != Status::Created || misled.contains(&intent.line) {
            continue;
        }
        let id = &attempt.ending.invoice_id;
        let is_true = api
            .created(intent.line)
            .any(|created| created.invoice_id == *id && intent.is_of(&created.payout));
        if !is_true {
            world.violate(format!(
                "the file says {attempt:?}, and the ledger does not"
            ));
        }
    }
}

/// However a crash mixed the sectors, no line came out that was never written.
fn lines_are_as_written(world: &World, record: &Record) {
    let disk = world.disk.borrow();
    let written = world.written.borrow();
    let whole = usize::try_from(record.whole_bytes).unwrap();
    for line in disk.content()[..whole].split_inclusive(|byte| *byte == b'\n') {
        if !written.contains(line) {
            let line = String::from_utf8_lossy(line);
            world.violate(format!("never written: {line:?}"));
        }
    }
}

/// What could not be recorded was shown, with the invoice id.
pub(crate) fn shown_is_true(world: &World, end: &End) {
    let Some(attempt) = shown(end) else { return };
    let id = &attempt.ending.invoice_id;
    let api = world.api.borrow();
    let mut created = api.created(attempt.intent.line);
    if attempt.ending.status == Status::Created && !created.any(|c| c.invoice_id == *id) {
        world.violate(format!("shown as {id}, which the ledger does not know"));
    }
}

/// Once the batch says that all is done, it is.
pub(crate) fn nothing_is_missing(
    world: &World,
    batch: &Batch,
    standings: &[Standing],
    misled: &Misled,
) {
    for (payout, standing) in batch.payouts.iter().zip(standings) {
        if misled.contains(&payout.line) {
            continue;
        }
        let is_created = look_up(world, payout.line).is_some();
        let is_right = match standing.state {
            State::Created => is_created,
            State::Rejected => !is_created,
            _ => false,
        };
        if !is_right {
            world.violate(format!(
                "line {} ended as {}, and the ledger does not agree",
                payout.line, standing.state
            ));
        }
    }
}
