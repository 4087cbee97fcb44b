//! The register is the list of payouts in the file's order, a line each.

use super::words::{Text, state, text};
use super::{Page, outside, time};
use crate::domain::escape::escape;
use crate::domain::{Payout, State};
use crate::ledger::Attempt;
use crate::ledger::rules::RowState;
use crate::payout::plan::{attempt_of, state_of};
use maud::{Markup, html};

/// A row of the input with its state.
type Row<'a> = (&'a Payout, RowState<&'a Attempt>);

/// The register.
pub(super) fn register(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let has_other_amounts = page.rows.iter().any(|(_, state)| {
        attempt_of(state).is_some_and(|attempt| !attempt.ending.accepted_amount.is_empty())
    });
    html! {
        h2 { (say(Text::Register)) }
        @if has_other_amounts { p.note { (say(Text::AcceptedNote)) } }
        table {
            thead {
                tr {
                    th.n scope="col" { (say(Text::Line)) }
                    th scope="col" { (say(Text::Payee)) }
                    th.n scope="col" { (say(Text::Amount)) }
                    th scope="col" { (say(Text::Currency)) }
                    th scope="col" { (say(Text::Address)) }
                    th scope="col" { (say(Text::State)) }
                    th scope="col" { (say(Text::Time)) }
                    th scope="col" { (say(Text::InvoiceId)) }
                }
            }
            tbody {
                @for row in &page.rows { (line(page, row)) }
            }
        }
    }
}

fn line(page: &Page<'_>, (payout, row): &Row<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let attempt = attempt_of(row).copied();
    let is_of_other = attempt.is_some_and(|attempt| attempt.batch != *page.batch);
    html! {
        tr {
            td.n data-label=(say(Text::Line)) { (payout.line) }
            td data-label=(say(Text::Payee)) { div { (name(page, payout)) } }
            td.n data-label=(say(Text::Amount)) {
                div {
                    (payout.amount)
                    @if let Some(attempt) = attempt {
                        @if !attempt.ending.accepted_amount.is_empty() {
                            br;
                            small { (say(Text::Accepted)) " " (escape(&attempt.ending.accepted_amount)) }
                        }
                    }
                }
            }
            td data-label=(say(Text::Currency)) { (payout.currency.code()) }
            td.address data-label=(say(Text::Address)) {
                div {
                    code { (escape(&payout.to_address)) }
                    // Here is the room for it.
                    @if let (State::Refused, Some(earlier)) = (state_of(row), attempt) {
                        small {
                            (say(Text::Earlier)) " " (escape(&earlier.amount)) " "
                            (earlier.content.currency_code()) " → " (escape(&earlier.to_address))
                        }
                    }
                    @if let Some((who, at)) = attempt.and_then(|it| it.resolved.as_ref()) {
                        small { (say(Text::Resolved)) " " (outside(who)) ", " (time(*at)) " UTC" }
                    }
                }
            }
            td data-label=(say(Text::State)) {
                div {
                    span class={ "state " (state_of(row).as_str()) } {
                        (state(page.language, state_of(row)))
                    }
                    @if is_of_other { br; small { (say(Text::OtherBatch)) } }
                }
            }
            (ending(page, attempt))
        }
    }
}

/// When it was begun, and with which invoice id or error it ended.
fn ending(page: &Page<'_>, attempt: Option<&Attempt>) -> Markup {
    let say = |it| text(page.language, it);
    html! {
        td.when data-label=(say(Text::Time)) {
            @if let Some(attempt) = attempt { (time(attempt.started_at)) }
        }
        td.id data-label=(say(Text::InvoiceId)) {
            @if let Some(attempt) = attempt { div { (note(attempt)) } }
        }
    }
}

fn note(attempt: &Attempt) -> Markup {
    let ending = &attempt.ending;
    html! {
        @if ending.invoice_id.is_empty() {
            (outside(&ending.error_key))
        } @else {
            code { (escape(&ending.invoice_id)) }
        }
    }
}

/// Who is paid, with the reference.
fn name(page: &Page<'_>, payout: &Payout) -> Markup {
    html! {
        @if !payout.payee.is_empty() { (outside(&payout.payee)) }
        @if !payout.payee.is_empty() && !payout.reference.is_empty() { br; }
        @if !payout.reference.is_empty() {
            small { (text(page.language, Text::Reference)) " " (outside(&payout.reference)) }
        }
    }
}

/// What is paid to whom, in one line.
fn what(page: &Page<'_>, line: u64, sum: &str, payee: &str, to_address: &str) -> Markup {
    html! {
        (text(page.language, Text::Line)) " " (line) ": "
        b { (escape(sum)) } " → "
        @if !payee.is_empty() { (outside(payee)) ", " }
        code { (escape(to_address)) }
    }
}

/// A payout in doubt, with what to do: as it was attempted, for so it stands in the dashboard if it was
/// paid, whatever has become of its row.
pub(super) fn in_doubt(page: &Page<'_>, line: u64, attempt: &Attempt) -> Markup {
    let say = |it| text(page.language, it);
    let sum = format!("{} {}", attempt.amount, attempt.content.currency_code());
    let command = format!("{} {}", page.commands.resolve, attempt.id);
    html! {
        (what(page, line, &sum, &attempt.payee, &attempt.to_address))
        p {
            (time(attempt.started_at)) " UTC "
            (outside(&attempt.ending.detail))
        }
        (say(Text::IfThere))
        pre { (escape(&command)) " --invoice-id INV-…" }
        (say(Text::IfNotThere))
        pre { (escape(&command)) " --not-created" }
    }
}

/// A payout that was rejected, with the API's reason.
pub(super) fn rejected(page: &Page<'_>, (payout, row): &Row<'_>) -> Markup {
    let sum = format!("{} {}", payout.amount, payout.currency.code());
    html! {
        (what(page, payout.line, &sum, &payout.payee, &payout.to_address))
        @if let Some(attempt) = attempt_of(row) {
            p {
                code { (escape(&attempt.ending.error_key)) } " "
                (outside(&attempt.ending.detail))
            }
        }
    }
}
