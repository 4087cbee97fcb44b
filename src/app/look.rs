//! Looking at a batch, for the commands that submit nothing and write no record.

use crate::config::Files;
use crate::domain::{Batch, HaltPolicy};
use crate::error::Error;
use crate::ledger::attempt::Repetition;
use crate::ledger::rules::RejectedPolicy;
use crate::ledger::{AnyEngine, BatchPath, Engine, Ledger, LedgerError, Realm, References};
use crate::payout::open::{self, OpenError, Opened};
use crate::payout::plan::Selection;
use crate::payout::results::Results;
use crate::payout::results::disk::DiskFile;
use crate::payout::run::{Knowledge, Request};
use crate::payout::states::{self, Overview};
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
    payouts: &'a dyn Batch,
    ledger: &mut Ledger<AnyEngine>,
    (results, path): (&mut Results<DiskFile>, &'a BatchPath),
) -> Result<Looked<'a>, Error> {
    let place = ledger.place();
    let opened = open_to_look(ledger, (results, path), (files, payouts), None).await;
    let mut opened =
        opened.map_err(|error| Error::at(error.place(&files.results, &place), error))?;
    let request = Request {
        payouts,
        realm: opened.record.realm,
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
    let knowledge = knowledge.map_err(|error| Error::at(&place, error))?;
    Ok(Looked {
        request,
        opened,
        knowledge,
    })
}

/// The realm of the batch: that of the ids in its results file, else of its path.
pub(super) async fn realm_of_batch<E: Engine>(
    ledger: &mut Ledger<E>,
    results: &mut Results<DiskFile>,
    path: &BatchPath,
    files: &Files,
) -> Result<Realm, OpenError> {
    if files.realm == Realm::Sandbox {
        return Ok(Realm::Sandbox);
    }
    let reading = open::reading_of(results)?;
    let ids: Vec<_> = reading.lines.iter().map(|line| line.id).collect();
    if let Some(realm) = ledger.realms_of(&ids).await?.into_iter().next() {
        return Ok(realm);
    }
    if let Some(of_path) = realm_of_path(ledger, path, files).await? {
        return Ok(of_path);
    }
    let line = reading.lines.first();
    Ok(line.map_or(files.realm, |line| Realm::of_host(&line.host)))
}

/// The realm of the batch whose results file was seen at this path; that of the settings before
/// others.
async fn realm_of_path<E: Engine>(
    ledger: &mut Ledger<E>,
    path: &BatchPath,
    files: &Files,
) -> Result<Option<Realm>, LedgerError> {
    let of_path = ledger.realms_at(path).await?;
    Ok(if of_path.contains(&files.realm) {
        Some(files.realm)
    } else {
        of_path.into_iter().next()
    })
}

/// Looks at the batch of an input, in the realm that it is of.
pub(super) async fn open_to_look(
    ledger: &mut Ledger<AnyEngine>,
    (results, path): (&mut Results<DiskFile>, &BatchPath),
    (files, payouts): (&Files, &dyn Batch),
    references: Option<References>,
) -> Result<Opened, OpenError> {
    let wanted = |realm| open::Wanted {
        realm,
        host: None,
        path,
        references,
        payouts,
    };
    if let Some(likely) = realm_of_path(ledger, path, files).await? {
        let opened = open::look_unchanged(ledger, results, &wanted(likely)).await?;
        if let Some(opened) = opened {
            return Ok(opened);
        }
    }
    let realm = realm_of_batch(ledger, results, path, files).await?;
    open::look(ledger, results, &wanted(realm)).await
}

/// The overview of the batch of an input, in the realm that it is of.
pub(super) async fn overview(
    ledger: &mut Ledger<AnyEngine>,
    (results, path): (&mut Results<DiskFile>, &BatchPath),
    (files, payouts): (&Files, &dyn Batch),
) -> Result<Overview, OpenError> {
    let wanted = |realm| open::Wanted {
        realm,
        host: None,
        path,
        references: None,
        payouts,
    };
    if let Some(likely) = realm_of_path(ledger, path, files).await? {
        let overview = states::overview_unchanged(ledger, results, &wanted(likely)).await?;
        if let Some(overview) = overview {
            return Ok(overview);
        }
    }
    let realm = realm_of_batch(ledger, results, path, files).await?;
    states::overview(ledger, results, &wanted(realm)).await
}
