//! Looking at a batch, for the commands that submit nothing and write no record.

use super::check::realm_of_batch;
use crate::config::Files;
use crate::domain::{HaltPolicy, Payout};
use crate::error::Error;
use crate::ledger::attempt::Repetition;
use crate::ledger::rules::RejectedPolicy;
use crate::ledger::{AnyEngine, BatchPath, Ledger};
use crate::payout::open::{self, OpenError, Opened, Wanted};
use crate::payout::plan::Selection;
use crate::payout::results::Results;
use crate::payout::results::disk::DiskFile;
use crate::payout::run::{Knowledge, Request};
use std::time::Duration;

/// A batch as its records have it.
pub(super) struct Looked<'a> {
    /// What a run without any options would be asked for.
    pub request: Request<'a>,
    /// The batch and its attempts.
    pub opened: Opened,
    /// What the ledger knows about the rows.
    pub knowledge: Knowledge,
}

/// Looks at the batch of an input's payouts.
pub(super) async fn look<'a>(
    files: &Files,
    payouts: &'a [Payout],
    ledger: &mut Ledger<AnyEngine>,
    (results, path): (&mut Results<DiskFile>, &'a BatchPath),
) -> Result<Looked<'a>, Error> {
    let place = ledger.place();
    let failed = |error: OpenError| Error::open(&files.results, &place, &error);
    let realm = realm_of_batch(ledger, results, path, files).await;
    let realm = realm.map_err(failed)?;
    let wanted = Wanted {
        realm,
        path,
        references: None,
        payouts,
    };
    let opened = open::look(ledger, results, &wanted).await;
    let mut opened = opened.map_err(failed)?;
    let request = Request {
        payouts,
        realm,
        host: "",
        path,
        references: None,
        repetition: Repetition::Refused,
        rejected: RejectedPolicy::Leave,
        selection: Selection::default(),
        halt: HaltPolicy::default(),
        patience: Duration::ZERO,
        interval: Duration::ZERO,
    };
    let knowledge = Knowledge::gather(ledger, &request, &mut opened).await;
    let knowledge = knowledge.map_err(|error| Error::ledger(&place, &error))?;
    Ok(Looked {
        request,
        opened,
        knowledge,
    })
}
