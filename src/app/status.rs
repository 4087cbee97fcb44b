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
use crate::ledger::Attempt;
use crate::ledger::rules::RowState;
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
    let states: Vec<_> = plan
        .states
        .iter()
        .map(|state| state.map(RowState::cloned))
        .collect();
    let mut summary = Summary {
        counts: plan.counts(),
        sums: report::sums_of(
            payouts
                .iter()
                .zip(&states)
                .filter_map(|(payout, state)| Some((payout, state_of(state.as_ref()?)))),
        ),
        took: None,
        created_before: super::check::created_before(
            plan.states.iter().flatten().copied(),
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
            &payouts,
            &states,
            plan.doubts_without_row.iter().copied(),
            files,
        ),
    };
    if opened.is_at_work {
        // What a run has not finished yet is nothing for an operator to settle.
        summary.doubts.clear();
        summary.command.clear();
    }
    let rows: Vec<StatusRow<'_>> = payouts
        .iter()
        .zip(states.iter().map(Option::as_ref))
        .filter(|(_, state)| is_wanted(config, *state))
        .collect();
    tell(config, &rows, &summary)?;
    Ok(Exit::AllCreated)
}

fn is_wanted(config: &Status, state: Option<&RowState<Attempt>>) -> bool {
    let wanted = &config.states;
    wanted.is_empty() || state.is_some_and(|state| wanted.contains(&state_of(state)))
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
