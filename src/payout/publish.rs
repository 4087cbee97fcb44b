//! Publishing makes the results file say what the ledger says. A line that the ledger does not know
//! stays: it may be the only record of a payment.

use super::results::{Results, Storage};
use crate::ledger::adopt::Line;
use crate::ledger::{Attempt, AttemptId, Engine, Ledger, LedgerError};
use chrono::{DateTime, Utc};
use std::collections::HashSet;
use std::io;

/// Why a results file was not published. It is as it was.
#[derive(Debug)]
pub enum PublishError {
    /// The ledger says why.
    Ledger(LedgerError),
    /// The file cannot be read or written.
    Results(io::Error),
    /// It has a payout that the ledger does not know: another run pays by another ledger.
    OtherLedger,
}

/// What is wrong with a results file that has more in it than the ledger.
pub(super) const OTHER_LEDGER: &str =
    "the results file has a payout that is not in this ledger: another run pays by another ledger";

/// What to do about it.
pub(super) const OTHER_LEDGER_HINT: &str = "end the other run, and name one ledger everywhere (ccbatch ledger shows which it is); then run again: what stands in the results file is taken over first";

/// Makes a results file say what the ledger says of a batch; gives the name of the copy in which
/// is kept what somebody has changed. `adopted` are the lines that the ledger has learned of: under
/// another id, if theirs was damaged.
///
/// # Errors
/// See [`PublishError`].
pub async fn publish<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    (attempts, adopted): (&[Attempt], &[Line]),
    now: DateTime<Utc>,
) -> Result<Option<String>, PublishError> {
    let draft = results.draft(attempts).map_err(PublishError::Results)?;
    let adopted: HashSet<&AttemptId> = adopted.iter().map(|line| &line.id).collect();
    let mut replaced = draft.replaced();
    replaced.retain(|id| !adopted.contains(id));
    let has_all = ledger.has_all(&replaced).await;
    if !has_all.map_err(PublishError::Ledger)? {
        return Err(PublishError::OtherLedger);
    }
    results.publish(&draft, now).map_err(PublishError::Results)
}
