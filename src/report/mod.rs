//! A page is where a batch stands as one HTML file for people: who was paid what, where and when,
//! what is left to do, and the totals. Before a run it is the plan to be approved.
//!
//! It needs no script, no other file and no network, and no text from outside is ever more than
//! text in it. Nothing here reads or writes anything.

mod register;
mod timeline;
mod totals;
pub mod words;

use crate::domain::escape::escape;
use crate::domain::{Payout, State};
use crate::ledger::rules::RowState;
use crate::ledger::{Attempt, BatchId};
use crate::payout::plan::{attempt_of, state_of};
use chrono::{DateTime, Utc};
use maud::{Markup, PreEscaped, html};
use words::{Language, Text, text};

/// What every page of ours begins with, and by which it is known again.
pub const MARK: &str = "<!DOCTYPE html><!-- a page of ccbatch report -->";

/// Nothing is loaded, whatever a page may come to hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("style.css");

/// What a page is made of.
#[derive(Debug)]
pub struct Page<'a> {
    /// The language of its texts.
    pub language: Language,
    /// The input's name.
    pub input: &'a str,
    /// The results file's name.
    pub results: &'a str,
    /// The host that is paid through.
    pub api: &'a str,
    /// Where the record of payouts is.
    pub ledger: LedgerPlace<'a>,
    /// The fingerprint of the batch.
    pub fingerprint: &'a str,
    /// When the page was made.
    pub now: DateTime<Utc>,
    /// The batch.
    pub batch: &'a BatchId,
    /// The rows of the input, each with its state.
    pub rows: Vec<(&'a Payout, RowState<&'a Attempt>)>,
    /// Every attempt of the batch.
    pub attempts: &'a [Attempt],
    /// Attempts of the batch in doubt whose row is no longer in the input.
    pub doubts_without_row: &'a [&'a Attempt],
    /// How many payouts of the batch are created whose row is no longer in the input as it was.
    pub created_without_row: u64,
    /// Whether a run is at work on the batch.
    pub activity: Activity,
    /// The commands that go on.
    pub commands: Commands,
}

/// Where the record of payouts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerPlace<'a> {
    /// Here.
    At(&'a str),
    /// There is none yet.
    None,
    /// It was a rehearsal, which has none.
    Rehearsal,
}

/// Whether a run is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// None is.
    Idle,
    /// One is, and what it submits just now is nothing to be settled by hand.
    AtWork,
}

/// The commands that the page tells.
#[derive(Debug)]
pub struct Commands {
    /// Goes on with the batch.
    pub run: String,
    /// Says what the ledger has against rows.
    pub validate: String,
    /// Settles each payout in doubt, up to the verdict: by the id of its attempt.
    pub resolve: String,
}

/// The page.
#[must_use]
pub fn page(page: &Page<'_>) -> String {
    let title = text(page.language, title(page));
    let body = html! {
        html lang=(page.language.tag()) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (title) ": " (escape(page.input)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p.lead { (text(page.language, lead(page))) }
                (facts(page))
                (totals::per_currency(page))
                @if page.created_without_row > 0 {
                    p.note {
                        (text(page.language, Text::CreatedWithoutRow)) " " (page.created_without_row)
                    }
                }
                (todo(page))
                (timeline::timeline(page.language, page.attempts))
                (totals::per_payee(page))
                (register::register(page))
                (signatures(page.language))
            }
        }
    };
    format!("{MARK}\n{}\n", body.into_string())
}

/// Whether nothing was attempted yet.
fn is_plan(page: &Page<'_>) -> bool {
    let is_new = |state: &RowState<_>| state_of(state) == State::Pending;
    page.attempts.is_empty() && page.rows.iter().all(|(_, state)| is_new(state))
}

fn title(page: &Page<'_>) -> Text {
    if is_plan(page) {
        Text::PlanTitle
    } else {
        Text::ReportTitle
    }
}

fn lead(page: &Page<'_>) -> Text {
    let is_created = |state: &RowState<_>| state_of(state) == State::Created;
    match page.activity {
        Activity::AtWork => Text::AtWork,
        Activity::Idle if is_plan(page) => Text::PlanLead,
        Activity::Idle if !page.doubts_without_row.is_empty() => Text::OpenLead,
        Activity::Idle if page.rows.iter().all(|(_, state)| is_created(state)) => Text::DoneLead,
        Activity::Idle => Text::OpenLead,
    }
}

/// A text from outside.
fn outside(value: &str) -> Markup {
    html! { bdi { (escape(value)) } }
}

/// A time to the second.
fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn facts(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let ledger = match page.ledger {
        LedgerPlace::At(place) => outside(place),
        LedgerPlace::None => html! { (say(Text::NoLedger)) },
        LedgerPlace::Rehearsal => html! { (say(Text::Rehearsal)) },
    };
    html! {
        dl {
            dt { (say(Text::File)) }
            dd { (outside(page.input)) }
            dt { (say(Text::Fingerprint)) }
            dd { code { (page.fingerprint) } }
            dt { (say(Text::Through)) }
            dd { (outside(page.api)) }
            dt { (say(Text::ResultsFile)) }
            dd { (outside(page.results)) }
            dt { (say(Text::Ledger)) }
            dd { (ledger) }
            dt { (say(Text::Written)) }
            dd { (time(page.now)) " UTC" }
        }
    }
}

/// What is left to do, the most pressing first.
fn todo(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let of = |wanted: State| {
        let rows = page.rows.iter();
        rows.filter(move |(_, state)| state_of(state) == wanted)
            .collect::<Vec<_>>()
    };
    let of_rows = of(State::InDoubt).into_iter();
    let of_rows = of_rows.filter_map(|(payout, row)| Some((payout.line, *attempt_of(row)?)));
    let without_row = page.doubts_without_row.iter();
    let without_row = without_row.map(|attempt| (attempt.line, *attempt));
    let in_doubt: Vec<(u64, &Attempt)> = of_rows.chain(without_row).collect();
    let rejected = of(State::Rejected);
    let is_to_send = !of(State::Pending).is_empty() || !of(State::NotCreated).is_empty();
    let run = &page.commands.run;
    html! {
        @if page.activity == Activity::Idle && !in_doubt.is_empty() {
            h2.in_doubt { (say(Text::InDoubtTodo)) }
            p { (say(Text::InDoubtHelp)) }
            ul.todo {
                @for (line, attempt) in in_doubt {
                    li { (register::in_doubt(page, line, attempt)) }
                }
            }
        }
        @if !of(State::Refused).is_empty() {
            h2.refused { (say(Text::RefusedTodo)) }
            p { (say(Text::RefusedHelp)) }
            pre { (escape(&page.commands.validate)) }
        }
        @if page.activity == Activity::Idle && !rejected.is_empty() {
            h2.rejected { (say(Text::RejectedTodo)) }
            ul.todo {
                @for row in &rejected { li { (register::rejected(page, row)) } }
            }
            p { (say(Text::RejectedHelp)) }
            pre { (escape(run)) " --retry-rejected" }
        }
        @if is_to_send && page.activity == Activity::Idle && !is_plan(page) {
            p.note { (say(Text::PendingTodo)) }
            pre { (escape(run)) }
        }
    }
}

/// Where the page is signed, on paper.
fn signatures(language: Language) -> Markup {
    html! {
        div.sign {
            @for it in [Text::Prepared, Text::Approved, Text::Date] {
                div { (text(language, it)) }
            }
        }
    }
}
