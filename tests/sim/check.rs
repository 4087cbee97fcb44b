//! What must be true of the records between any two processes.

use crate::world::{HOMES, World};
use ccbatch::ledger::AttemptStatus;

/// Holds the ledgers against the book.
pub(crate) fn ledgers_and_book(world: &World) {
    world.deliver();
    no_payment_is_lost(world);
    for home in 0..HOMES {
        what_is_recorded_is_true(world, home);
    }
}

/// A payout that was created is created or in doubt in the ledger in which it was claimed.
fn no_payment_is_lost(world: &World) {
    let api = world.api.borrow();
    let claims = world.claims.borrow();
    let misled = world.misled.borrow();
    for (id, created) in &api.book {
        let Some(claimed) = claims.get(id) else {
            continue;
        };
        if misled.contains(&created.intent) {
            continue;
        }
        let homes = (0..HOMES).map(|home| world.home(home));
        for database in homes.filter(|it| it.serial == claimed.database) {
            let status = database.status_of(id);
            let status = status.as_deref();
            if !matches!(status, Some("created" | "unknown" | "submitting")) {
                let intent = &created.intent;
                world.violate(format!(
                    "{intent} was created as {id}, and the ledger says {status:?}"
                ));
            }
        }
    }
}

/// An invoice id in a ledger is the one that the API gave for that attempt.
fn what_is_recorded_is_true(world: &World, home: usize) {
    let api = world.api.borrow();
    let lies = world.lies.borrow();
    let smudged = world.smudged.borrow();
    for attempt in world.home(home).attempts() {
        let is_misled = world.misled.borrow().contains(&attempt.payee);
        let is_doubtful = lies.contains(&attempt.id) || smudged.contains(&attempt.id);
        if attempt.status() != AttemptStatus::Created || is_misled || is_doubtful {
            continue;
        }
        let known = api.book.get(&attempt.id).map(|it| it.invoice_id.as_str());
        if known != Some(&attempt.ending.invoice_id) {
            world.violate(format!(
                "the ledger says {attempt:?}, and the book says {known:?}"
            ));
        }
    }
}

/// Once the batch says that all is done, it is.
pub(crate) fn everything_is_paid_once(world: &World) {
    for (intent, allowed) in world.allowed.borrow().iter() {
        let created = world.created(intent);
        if created != *allowed && !world.misled.borrow().contains(intent) {
            world.violate(format!(
                "{intent} was to be created {allowed} times, and was {created}"
            ));
        }
    }
}
