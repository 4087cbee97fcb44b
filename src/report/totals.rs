//! The totals: what each currency and each payee comes to.

use super::words::{Text, heading, text};
use super::{Page, outside};
use crate::domain::{Currency, Payout, State, Totals};
use crate::payout::plan::state_of;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// What each currency comes to, by state.
pub(super) fn per_currency(page: &Page<'_>) -> Markup {
    let say = |it| text(page.language, it);
    let all = Totals::of(page.rows.iter().map(|(payout, _)| *payout));
    let of_state = |wanted: State| {
        let rows = page.rows.iter();
        let rows = rows.filter(|(_, state)| state_of(state) == wanted);
        (wanted, Totals::of(rows.map(|(payout, _)| *payout)))
    };
    // In the order of their columns.
    let of_states: Vec<(State, Totals)> = State::ALL
        .into_iter()
        .map(of_state)
        .filter(|(_, totals)| totals.count() > 0)
        .collect();
    html! {
        h2 { (say(Text::PerCurrency)) }
        table {
            thead {
                tr {
                    th scope="col" { (say(Text::Currency)) }
                    th scope="col" { (say(Text::Network)) }
                    @for (it, _) in &of_states {
                        th.n scope="col" { (heading(page.language, *it)) }
                    }
                    @if of_states.len() > 1 { th.n scope="col" { (say(Text::InAll)) } }
                }
            }
            tbody {
                @for (currency, count, sum) in all.iter() {
                    tr {
                        td data-label=(say(Text::Currency)) { b { (currency.code()) } }
                        td data-label=(say(Text::Network)) { (currency.chain()) }
                        @for (it, totals) in &of_states {
                            td.n data-label=(heading(page.language, *it)) { (part(totals, currency)) }
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
    // All of it, and what of it is created, by name without capitals and as it is written.
    let mut payees: BTreeMap<(String, &str), [Vec<&Payout>; 2]> = BTreeMap::new();
    for (payout, row) in &page.rows {
        let name = name_of(payout);
        let [all, created] = payees.entry((name.to_lowercase(), name)).or_default();
        all.push(payout);
        if state_of(row) == State::Created {
            created.push(payout);
        }
    }
    let payees = payees.into_iter().map(|((_, name), payouts)| {
        let [all, created] = payouts.map(Totals::of);
        (name, all, created)
    });
    html! {
        h2 { (say(Text::PerPayee)) }
        table {
            thead {
                tr {
                    th scope="col" { (say(Text::Payee)) }
                    th scope="col" { (say(Text::Currency)) }
                    th.n scope="col" { (say(Text::Payouts)) }
                    th.n scope="col" { (say(Text::InAll)) }
                    th.n scope="col" { (heading(page.language, State::Created)) }
                }
            }
            tbody {
                @for (name, all, created) in payees {
                    @for (currency, count, sum) in all.iter() {
                        tr {
                            td data-label=(say(Text::Payee)) { div { (outside(name)) } }
                            td data-label=(say(Text::Currency)) { (currency.code()) }
                            td.n data-label=(say(Text::Payouts)) { (count) }
                            td.n data-label=(say(Text::InAll)) { (sum.to_string()) }
                            td.n data-label=(heading(page.language, State::Created)) {
                                (part(&created, currency))
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
