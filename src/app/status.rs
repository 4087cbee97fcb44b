//! `ccbatch status`: where each payout stands, by the ledger and the results file. The rows are looked
//! up and told some thousands at a time.

use super::check::{CreatedByBatch, block_on, read_intake, write_out};
use super::input;
use super::look::overview;
use super::records::{ledger_to_look_at, results_at};
use super::run::{doubts, is_in_doubt};
use crate::cli::TableFormat;
use crate::config::{Files, Status};
use crate::domain::{Batch, Payout, State, StateCounts};
use crate::error::Error;
use crate::exit::Exit;
use crate::ledger::row_keys::{Keys, RowKeys};
use crate::ledger::rules::doubts_without_row;
use crate::ledger::{AnyEngine, Attempt, BatchRecord, Ledger, LedgerError, PayoutKey};
use crate::payout::plan::{attempt_of, state_of};
use crate::payout::run::{Paths, ROWS_AT_ONCE};
use crate::payout::states::{Overview, Part};
use crate::terminal::report::{Doubt, StatusRow, StatusTable, Summary, Sums};
use crate::terminal::{events, json, report, ui};
use std::iter;

/// Shows where each payout stands.
pub(super) fn status(config: &Status) -> Result<Exit, Error> {
    block_on(status_inside(config))
}

async fn status_inside(config: &Status) -> Result<Exit, Error> {
    let files = &config.files;
    let intake = read_intake(files, &input::open(files)?)?;
    let Some(payouts) = intake.batch() else {
        return Ok(Exit::InputInvalid);
    };
    let (mut results, path) = results_at(&files.results)?;
    let mut ledger = ledger_to_look_at(files).await?;
    let place = ledger.place();
    let overview = overview(&mut ledger, (&mut results, &path), (files, payouts)).await;
    let mut overview =
        overview.map_err(|error| Error::at(error.place(&files.results, &place), error))?;
    let failed = |error: LedgerError| Error::at(&place, error);
    let mut telling = Telling::begin(config, payouts, &overview)?;
    let record = overview.record.clone();
    let own = std::mem::take(&mut overview.own);
    let keys = RowKeys::new(payouts, (&record.id, record.references), &own);
    for rows in parts(&keys, &overview) {
        let part = Part::gather(&mut ledger, &mut overview, record.realm, rows).await;
        let part = part.map_err(failed)?;
        let rows: Vec<StatusRow<'_>> = part.states(&record, &keys).collect();
        telling.take(&rows, part.created_of(&record.id))?;
    }
    let paths = paths_of(&mut ledger, &telling.created, &record).await;
    telling.end(&keys, &overview, &paths.map_err(failed)?)?;
    Ok(Exit::AllCreated)
}

/// The rows of the input, some at a time if its batch allows it.
fn parts<'k>(
    keys: &'k RowKeys<'_>,
    overview: &Overview,
) -> impl Iterator<Item = Vec<(Payout, PayoutKey)>> + use<'k> {
    let at_once = match overview.attempts {
        None => ROWS_AT_ONCE,
        Some(_) => usize::MAX,
    };
    let mut rows = keys.rows();
    iter::from_fn(move || {
        let part: Vec<_> = rows.by_ref().take(at_once).collect();
        (!part.is_empty()).then_some(part)
    })
}

async fn paths_of(
    ledger: &mut Ledger<AnyEngine>,
    created: &CreatedByBatch,
    own: &BatchRecord,
) -> Result<Paths, LedgerError> {
    let others = created.batches().filter(|batch| *batch != own.id);
    ledger.paths_of(others).await
}

/// What is told, and what of it comes into the summary.
struct Telling<'a> {
    config: &'a Status,
    table: StatusTable,
    counts: StateCounts,
    sums: Sums,
    created: CreatedByBatch,
    accepted_otherwise: Vec<Attempt>,
    doubts: Vec<Doubt>,
    /// How many created attempts of the batch have a row.
    with_row: u64,
}

impl<'a> Telling<'a> {
    fn begin(config: &'a Status, payouts: &dyn Batch, overview: &Overview) -> Result<Self, Error> {
        let has_parts = overview.attempts.is_none() && payouts.count() > ROWS_AT_ONCE;
        let table = match config.format {
            TableFormat::Human if has_parts => StatusTable::of(payouts.all()),
            TableFormat::Human | TableFormat::Json | TableFormat::Csv => StatusTable::of_one_part(),
        };
        if config.format == TableFormat::Csv {
            write_out(&events::states_csv_header(config.dialect))?;
        }
        Ok(Self {
            config,
            table,
            counts: StateCounts::default(),
            sums: Sums::default(),
            created: CreatedByBatch::default(),
            accepted_otherwise: Vec::new(),
            doubts: Vec::new(),
            with_row: 0,
        })
    }

    /// Tells where the next rows stand.
    fn take(&mut self, rows: &[StatusRow<'_>], with_row: u64) -> Result<(), Error> {
        for (_, state) in rows {
            self.counts.add(state_of(state));
            self.sums.add(state);
        }
        self.created.add(rows.iter().map(|(_, state)| *state));
        self.accepted_otherwise
            .extend(rows.iter().filter_map(accepted_otherwise));
        self.with_row = self.with_row.saturating_add(with_row);
        let in_doubt = rows.iter().filter(|(_, state)| is_in_doubt(state));
        let in_doubt = in_doubt.map(|(payout, state)| (payout.line, *state));
        let files = &self.config.files;
        self.doubts.extend(doubts(in_doubt, [].into_iter(), files));
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
            write_out(&text)
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
            accepted_otherwise: self.accepted_otherwise,
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
            TableFormat::Human => {
                ui::say(&report::summary(&summary));
                let realm = overview.record.realm;
                if realm != files.realm {
                    ui::say(&format!(
                        "This batch is paid through {realm}; as it is set up now, a run goes elsewhere"
                    ));
                }
            }
            TableFormat::Csv => {}
            TableFormat::Json => {
                let exit = Exit::of(&summary.counts);
                write_out(&json::line(&events::summary(&summary, exit)))?;
            }
        }
        Ok(())
    }
}

fn is_wanted(config: &Status, (_, state): &StatusRow<'_>) -> bool {
    let wanted = &config.states;
    wanted.is_empty() || wanted.contains(&state_of(state))
}

/// The attempt of a row for which the API accepted another amount, on its line of today.
fn accepted_otherwise((payout, state): &StatusRow<'_>) -> Option<Attempt> {
    let attempt = attempt_of(state)?;
    (!attempt.ending.accepted_amount.is_empty()).then(|| Attempt {
        line: payout.line,
        ..(*attempt).clone()
    })
}
