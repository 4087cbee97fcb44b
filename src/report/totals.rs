//! The totals: what each currency and each payee comes to.

use super::words::{Text, state, text};
use super::{Page, outside};
use crate::domain::{Currency, Payout, State, Totals};
use crate::payout::plan::state_of;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The states that occur, in the order of their columns.
fn states(page: &Page<'_>) -> Vec<State> {
    let occurs = |wanted: &State| page.rows.iter().any(|(_, it)| state_of(it) == *wanted);
    State::ALL.into_iter().filter(occurs).collect()
}

/// The totals of the rows in one state, or of all.
fn totals_of<'a>(payouts: impl Iterator<Item = &'a Payout>) -> Totals {
    let mut totals = Totals::default();
    for payout in payouts {
        // The whole input was counted when it was validated, so a part of it can be.
        let counted = totals.add_units(payout.currency, payout.minor_units);
        debug_assert!(counted.is_ok(), "a part of a batch that was counted");
    }
    totals
}

/// What each currency comes to, by state.
pub(super) fn per_currency(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let rows = || page.rows.iter().map(|(payout, _)| *payout);
    let all = totals_of(rows());
    let states = states(page);
    let of_state = |wanted: State| {
        let rows = page.rows.iter();
        totals_of(
            rows.filter(move |(_, it)| state_of(it) == wanted)
                .map(|(payout, _)| *payout),
        )
    };
    let of_states: Vec<(State, Totals)> = states.iter().map(|it| (*it, of_state(*it))).collect();
    html! {
        h2 { (say(Text::PerCurrency)) }
        table {
            thead {
                tr {
                    th scope="col" { (say(Text::Currency)) }
                    th scope="col" { (say(Text::Network)) }
                    @for (it, _) in &of_states {
                        th.n scope="col" { (state(page.language, *it)) }
                    }
                    @if of_states.len() > 1 { th.n scope="col" { (say(Text::InAll)) } }
                }
            }
            tbody {
                @for (currency, count, sum) in all.iter() {
                    tr {
                        td data-label=(say(Text::Currency)) { b { (currency.code()) } }
                        td data-label=(say(Text::Network)) { (currency.network().to_string()) }
                        @for (it, totals) in &of_states {
                            td.n data-label=(state(page.language, *it)) { (part(totals, currency)) }
                        }
                        @if of_states.len() > 1 {
                            td.n data-label=(say(Text::InAll)) {
                                div { b { (sum.to_string()) } " " small { "(" (count) ")" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The sum and the count of one currency; nothing if it does not occur.
fn part(totals: &Totals, currency: Currency) -> Markup {
    let found = totals.iter().find(|(it, _, _)| *it == currency);
    html! {
        @if let Some((_, count, sum)) = found {
            div { b { (sum.to_string()) } " " small { "(" (count) ")" } }
        }
    }
}

/// What each payee comes to; by address where a row names none.
pub(super) fn per_payee(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let mut payees: BTreeMap<(String, &str), Totals> = BTreeMap::new();
    let mut created: BTreeMap<(String, &str), Totals> = BTreeMap::new();
    for (payout, row) in &page.rows {
        let key = || (name_of(payout).to_lowercase(), name_of(payout));
        let one = totals_of(std::iter::once(*payout));
        // A part of a batch that was counted can be.
        let _ = payees.entry(key()).or_default().merge(&one);
        if state_of(row) == State::Created {
            let _ = created.entry(key()).or_default().merge(&one);
        }
    }
    html! {
        h2 { (say(Text::PerPayee)) }
        table {
            thead {
                tr {
                    th scope="col" { (say(Text::Payee)) }
                    th scope="col" { (say(Text::Currency)) }
                    th.n scope="col" { (say(Text::Payouts)) }
                    th.n scope="col" { (say(Text::InAll)) }
                    th.n scope="col" { (state(page.language, State::Created)) }
                }
            }
            tbody {
                @for (key, totals) in &payees {
                    @for (currency, count, sum) in totals.iter() {
                        tr {
                            td data-label=(say(Text::Payee)) { div { (outside(key.1)) } }
                            td data-label=(say(Text::Currency)) { (currency.code()) }
                            td.n data-label=(say(Text::Payouts)) { (count) }
                            td.n data-label=(say(Text::InAll)) { (sum.to_string()) }
                            td.n data-label=(state(page.language, State::Created)) {
                                @if let Some(totals) = created.get(key) { (part(totals, currency)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn name_of(payout: &Payout) -> &str {
    if payout.payee.is_empty() {
        &payout.to_address
    } else {
        &payout.payee
    }
}
