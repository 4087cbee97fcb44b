//! `ccbatch status`: where each payout stands, by the ledger and the results file.

use super::check::{block_on, read_payouts};
use super::input;
use super::look::{Looked, look};
use super::records::{ledger_to_look_at, results_at};
use super::run::doubts;
use crate::cli::TableFormat;
use crate::config::Status;
use crate::error::Error;
use crate::exit::Exit;
use crate::payout::plan::{rows_of, state_of};
use crate::terminal::report::{StatusRow, Summary};
use crate::terminal::{events, report, ui};

/// Shows where each payout stands.
pub(super) fn status(config: &Status) -> Result<Exit, Error> {
    block_on(status_inside(config))
}

async fn status_inside(config: &Status) -> Result<Exit, Error> {
    let files = &config.files;
    let Some(payouts) = read_payouts(files, &input::open(files)?)? else {
        return Ok(Exit::InputInvalid);
    };
    let (mut results, path) = results_at(&files.results)?;
    let mut ledger = ledger_to_look_at(files).await?;
    let Looked {
        request,
        opened,
        knowledge,
    } = look(files, &payouts, &mut ledger, (&mut results, &path)).await?;
    let rows = rows_of(&payouts, knowledge.keys.as_slice());
    let plan = knowledge.plan(&rows, &request, &opened.record);
    let states = payouts.iter().zip(plan.states.iter().copied());
    let rows: Vec<StatusRow<'_>> = states
        .filter_map(|(payout, state)| Some((payout, state?)))
        .collect();
    let mut summary = Summary {
        counts: plan.counts(),
        sums: report::sums_of(
            rows.iter()
                .map(|(payout, state)| (*payout, state_of(state))),
        ),
        took: None,
        created_before: super::check::created_before(
            rows.iter().map(|(_, state)| *state),
            &opened.record.id,
            &knowledge.paths,
        ),
        created_without_row: plan.created_without_row,
        left_out: plan.left_out(),
        accepted_otherwise: Vec::new(),
        stopped: String::new(),
        is_at_work: opened.is_at_work,
        results: files.results.display().to_string(),
        command: files.run_command(),
        doubts: doubts(
            rows.iter().map(|(payout, state)| (*payout, Some(*state))),
            plan.doubts_without_row.iter().copied(),
            files,
        ),
    };
    if opened.is_at_work {
        // What a run has not finished yet is nothing for an operator to settle.
        summary.doubts.clear();
        summary.command.clear();
    }
    let rows: Vec<StatusRow<'_>> = rows
        .into_iter()
        .filter(|row| is_wanted(config, row))
        .collect();
    tell(config, &rows, &summary)?;
    Ok(Exit::AllCreated)
}

fn is_wanted(config: &Status, (_, state): &StatusRow<'_>) -> bool {
    let wanted = &config.states;
    wanted.is_empty() || wanted.contains(&state_of(state))
}

fn tell(config: &Status, rows: &[StatusRow<'_>], summary: &Summary) -> Result<(), Error> {
    let written = match config.format {
        TableFormat::Human => {
            let written = ui::write_out(&report::status(rows));
            ui::say(&report::summary(summary));
            written
        }
        TableFormat::Json => {
            let states = rows.iter().map(events::state);
            let summary = events::summary(summary, Exit::of(&summary.counts));
            let mut events = states.chain([summary]);
            events.try_for_each(|event| ui::write_out(&events::line(&event)))
        }
        TableFormat::Csv => ui::write_out(&events::states_csv(rows, config.dialect)),
    };
    written.map_err(|error| Error::output(&error))
}
