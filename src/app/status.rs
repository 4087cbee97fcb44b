//! `ccbatch status`: where each payout stands, by the ledger and the results file. The rows are looked
//! up and told some thousands at a time.

use super::check::{CreatedByBatch, block_on, read_intake};
use super::input;
use super::look::overview;
use super::records::{ledger_to_look_at, results_at};
use super::run::doubts;
use crate::cli::TableFormat;
use crate::config::{Files, Status};
use crate::domain::{Payout, State, StateCounts, Totals};
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::{Intake, Keep};
use crate::ledger::row_keys::{KeyMaker, Keys};
use crate::ledger::rules::doubts_without_row;
use crate::ledger::{AnyEngine, Attempt, BatchRecord, Ledger, LedgerError, PayoutKey};
use crate::payout::plan::state_of;
use crate::payout::run::Paths;
use crate::payout::states::{Overview, Part};
use crate::terminal::report::{Doubt, StatusRow, StatusTable, Summary};
use crate::terminal::{events, json, report, ui};
use foldhash::quality::RandomState;
use std::cell::OnceCell;
use std::fmt;
use std::hash::BuildHasher as _;

/// Shows where each payout stands.
pub(super) fn status(config: &Status) -> Result<Exit, Error> {
    block_on(status_inside(config))
}

async fn status_inside(config: &Status) -> Result<Exit, Error> {
    let files = &config.files;
    let intake = read_intake(files, &input::open(files)?, Keep::Totals)?;
    if intake.errors > 0 {
        return Ok(Exit::InputInvalid);
    }
    let (mut results, path) = results_at(&files.results)?;
    let mut ledger = ledger_to_look_at(files).await?;
    let place = ledger.place();
    let overview = overview(&mut ledger, (&mut results, &path), (files, &intake)).await;
    let mut overview = overview.map_err(|error| Error::open(&files.results, &place, &error))?;
    let failed = |error: LedgerError| Error::ledger(&place, &error);
    let mut telling = Telling::begin(config, &intake, &overview)?;
    let record = overview.record.clone();
    let own = std::mem::take(&mut overview.own);
    let all_keys = AllKeys::new(&intake, &record, &own);
    let mut row_keys = KeyMaker::new(&record.id, record.references, &own);
    for payouts in parts(&intake, &overview) {
        let keys = row_keys.keys(&payouts);
        let of = (record.realm, payouts.as_slice());
        let part = Part::gather(&mut ledger, &mut overview, of, keys).await;
        let part = part.map_err(failed)?;
        let rows: Vec<StatusRow<'_>> = part.states(&payouts, &record, &all_keys).collect();
        telling.take(&rows, part.created_of(&record.id))?;
    }
    let paths = paths_of(&mut ledger, &telling.created, &record).await;
    telling.end(&all_keys, &overview, &paths.map_err(failed)?)?;
    Ok(Exit::AllCreated)
}

/// The payouts of the input, some at a time if its batch allows it.
fn parts<'i>(
    intake: &'i Intake,
    overview: &Overview,
) -> Box<dyn Iterator<Item = Vec<Payout>> + 'i> {
    let parts = intake.payouts_in_parts();
    if overview.attempts.is_none() {
        Box::new(parts)
    } else {
        Box::new(std::iter::once(parts.flatten().collect()))
    }
}

async fn paths_of(
    ledger: &mut Ledger<AnyEngine>,
    created: &CreatedByBatch,
    own: &BatchRecord,
) -> Result<Paths, LedgerError> {
    let others = created.batches().filter(|batch| *batch != own.id);
    ledger.paths_of(others).await
}

/// The keys of all rows, as hashes that no two keys share by chance. They are made when the first is
/// asked for: of a batch that was paid none is.
struct AllKeys<'a> {
    intake: &'a Intake,
    record: &'a BatchRecord,
    own: &'a [Attempt],
    state: RandomState,
    sorted: OnceCell<Vec<u64>>,
}

impl fmt::Debug for AllKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AllKeys").field(&self.record.id).finish()
    }
}

impl<'a> AllKeys<'a> {
    fn new(intake: &'a Intake, record: &'a BatchRecord, own: &'a [Attempt]) -> Self {
        Self {
            intake,
            record,
            own,
            state: RandomState::default(),
            sorted: OnceCell::new(),
        }
    }

    fn sorted(&self) -> &[u64] {
        self.sorted.get_or_init(|| {
            let mut keys = KeyMaker::new(&self.record.id, self.record.references, self.own);
            let payouts = self.intake.payouts_in_parts().flatten();
            let hashes = payouts.map(|payout| self.state.hash_one(keys.next(&payout)));
            let mut hashes: Vec<u64> = hashes.collect();
            hashes.sort_unstable();
            hashes
        })
    }
}

impl Keys for AllKeys<'_> {
    fn contains(&self, key: &PayoutKey) -> bool {
        let hash = self.state.hash_one(key);
        self.sorted().binary_search(&hash).is_ok()
    }
}

/// What is told, and what of it comes into the summary.
struct Telling<'a> {
    config: &'a Status,
    table: StatusTable,
    counts: StateCounts,
    sums: Vec<(State, Totals)>,
    created: CreatedByBatch,
    doubts: Vec<Doubt>,
    /// How many created attempts of the batch have a row.
    with_row: u64,
}

impl<'a> Telling<'a> {
    fn begin(config: &'a Status, intake: &Intake, overview: &Overview) -> Result<Self, Error> {
        let has_parts = overview.attempts.is_none() && intake.payouts_in_parts().nth(1).is_some();
        let table = match config.format {
            TableFormat::Human if has_parts => StatusTable::of(intake.payouts_in_parts().flatten()),
            TableFormat::Human | TableFormat::Json | TableFormat::Csv => StatusTable::of_one_part(),
        };
        if config.format == TableFormat::Csv {
            write(&events::states_csv_header(config.dialect))?;
        }
        Ok(Self {
            config,
            table,
            counts: StateCounts::default(),
            sums: Vec::new(),
            created: CreatedByBatch::default(),
            doubts: Vec::new(),
            with_row: 0,
        })
    }

    /// Tells where the next rows stand.
    fn take(&mut self, rows: &[StatusRow<'_>], with_row: u64) -> Result<(), Error> {
        let states = rows
            .iter()
            .map(|(payout, state)| (*payout, state_of(state)));
        states.clone().for_each(|(_, state)| self.counts.add(state));
        report::add_sums(&mut self.sums, report::sums_of(states));
        self.created.add(rows.iter().map(|(_, state)| *state));
        self.with_row = self.with_row.saturating_add(with_row);
        let rows_with_state = rows.iter().map(|(payout, state)| (*payout, Some(*state)));
        let files = &self.config.files;
        self.doubts
            .extend(doubts(rows_with_state, [].into_iter(), files));
        let wanted = rows.iter().filter(|row| is_wanted(self.config, row));
        let wanted: Vec<StatusRow<'_>> = wanted.copied().collect();
        let text = match self.config.format {
            TableFormat::Human => self.table.part(&wanted),
            TableFormat::Csv => events::states_csv(&wanted, self.config.dialect),
            TableFormat::Json => {
                let lines = wanted.iter().map(|row| json::line(&events::state(row)));
                lines.collect::<Vec<_>>().join("\n")
            }
        };
        if text.is_empty() {
            Ok(())
        } else {
            write(&text)
        }
    }

    /// Tells where the batch stands.
    fn end(mut self, keys: &dyn Keys, overview: &Overview, paths: &Paths) -> Result<(), Error> {
        let files: &Files = &self.config.files;
        let own = &overview.record.id;
        let without_row = doubts_without_row(&overview.doubts, own, keys);
        without_row
            .iter()
            .for_each(|_| self.counts.add(State::InDoubt));
        let without_row = doubts([].into_iter(), without_row.into_iter(), files);
        self.doubts.extend(without_row);
        let mut summary = Summary {
            counts: self.counts,
            sums: self.sums,
            took: None,
            created_before: self.created.before(own, paths),
            created_without_row: overview.created.saturating_sub(self.with_row),
            left_out: 0,
            accepted_otherwise: Vec::new(),
            stopped: String::new(),
            is_at_work: overview.is_at_work,
            results: files.results.display().to_string(),
            command: files.run_command(),
            doubts: self.doubts,
        };
        if overview.is_at_work {
            // What a run has not finished yet is nothing for an operator to settle.
            summary.doubts.clear();
            summary.command.clear();
        }
        match self.config.format {
            TableFormat::Human => ui::say(&report::summary(&summary)),
            TableFormat::Csv => {}
            TableFormat::Json => {
                let exit = Exit::of(&summary.counts);
                write(&json::line(&events::summary(&summary, exit)))?;
            }
        }
        Ok(())
    }
}

fn write(text: &str) -> Result<(), Error> {
    ui::write_out(text).map_err(|error| Error::output(&error))
}

fn is_wanted(config: &Status, (_, state): &StatusRow<'_>) -> bool {
    let wanted = &config.states;
    wanted.is_empty() || wanted.contains(&state_of(state))
}
