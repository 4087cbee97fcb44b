//! The timeline is the attempts of a batch over time, drawn as columns of an inline SVG. However
//! many attempts there are, it has at most [`MAX_COLUMNS`] columns.

use super::time;
use super::words::{Language, Text, Unit, heading, text, unit};
use crate::domain::State;
use crate::ledger::Attempt;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// More columns than these would be thinner than a line.
const MAX_COLUMNS: i64 = 120;

/// The longest that a column may be, in seconds, with its words.
const LONGEST_STEP: (i64, u32, Unit) = (365 * 86_400, 365, Unit::Day);

/// How long a column may be.
const STEPS: [(i64, u32, Unit); 15] = [
    (1, 1, Unit::Second),
    (5, 5, Unit::Second),
    (15, 15, Unit::Second),
    (30, 30, Unit::Second),
    (60, 1, Unit::Minute),
    (5 * 60, 5, Unit::Minute),
    (15 * 60, 15, Unit::Minute),
    (30 * 60, 30, Unit::Minute),
    (3_600, 1, Unit::Hour),
    (3 * 3_600, 3, Unit::Hour),
    (6 * 3_600, 6, Unit::Hour),
    (86_400, 1, Unit::Day),
    (7 * 86_400, 7, Unit::Day),
    (30 * 86_400, 30, Unit::Day),
    LONGEST_STEP,
];

/// The drawing's units: the width, and the height of what is drawn above the axis.
const WIDTH: i64 = 960;
const HEIGHT: i64 = 120;

/// The room above the highest column and below the axis, for the lines there.
const ABOVE: i64 = 1;
const BELOW: i64 = 1;

/// What attempts came to, in the order in which a column is built from the axis up.
const PARTS: [State; 4] = [
    State::Created,
    State::Rejected,
    State::InDoubt,
    State::NotCreated,
];

/// How many attempts of each of [`PARTS`] a column has.
type Column = [i64; PARTS.len()];

/// The timeline; nothing where there are no attempts.
pub(super) fn timeline(language: Language, attempts: &[Attempt]) -> Markup {
    let times = || attempts.iter().map(|attempt| attempt.started_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return html! {};
    };
    let span = last.timestamp().saturating_sub(first.timestamp());
    let (seconds, count, of) = step(span);
    let columns = columns(attempts, first, seconds);
    let is_there = |part: usize| {
        let mut columns = columns.values();
        columns.any(|column| column.get(part).is_some_and(|count| *count > 0))
    };
    html! {
        h2 { (text(language, Text::Timeline)) }
        p.muted {
            (text(language, Text::TimelineHelp)) " " (count) " " (unit(language, of)) "."
        }
        p.legend {
            @for (index, part) in PARTS.into_iter().enumerate() {
                @if is_there(index) {
                    span class=(part.as_str()) { i {} (outcome(language, part)) }
                }
            }
        }
        (drawing(language, &columns, span.checked_div(seconds).unwrap_or_default(), (first, last)))
    }
}

/// What attempts came to. One that created nothing may have been followed by another.
fn outcome(language: Language, part: State) -> &'static str {
    if part == State::NotCreated {
        text(language, Text::NotCreated)
    } else {
        heading(language, part)
    }
}

/// The shortest step that a span is divided by into few enough columns.
fn step(span: i64) -> (i64, u32, Unit) {
    let fits = |(seconds, _, _): &&(i64, u32, Unit)| {
        span.checked_div(*seconds)
            .is_some_and(|count| count < MAX_COLUMNS)
    };
    *STEPS.iter().find(fits).unwrap_or(&LONGEST_STEP)
}

/// The columns that are not empty, by their places.
fn columns(attempts: &[Attempt], first: DateTime<Utc>, seconds: i64) -> BTreeMap<i64, Column> {
    let mut columns: BTreeMap<i64, Column> = BTreeMap::new();
    for attempt in attempts {
        let since = attempt
            .started_at
            .timestamp()
            .saturating_sub(first.timestamp());
        let place = since.checked_div(seconds).unwrap_or_default();
        let state = State::from(attempt.status());
        let part = PARTS.iter().position(|part| *part == state);
        let column = columns.entry(place).or_default();
        if let Some(count) = part.and_then(|part| column.get_mut(part)) {
            *count = count.saturating_add(1);
        }
    }
    columns
}

fn drawing(
    language: Language,
    columns: &BTreeMap<i64, Column>,
    last_place: i64,
    (first, last): (DateTime<Utc>, DateTime<Utc>),
) -> Markup {
    let highest = columns.values().map(|column| column.iter().sum::<i64>());
    let highest = highest.max().unwrap_or(1).max(1);
    let count = last_place.saturating_add(1).max(1);
    let share = |part: i64, of: i64, whole: i64| {
        let share = part.saturating_mul(whole).checked_div(of);
        share.unwrap_or_default()
    };
    let left = |place: i64| share(place, count, WIDTH);
    let height = |attempts: i64| share(attempts, highest, HEIGHT);
    let foot = HEIGHT.saturating_add(ABOVE);
    let bottom = foot.saturating_add(BELOW);
    let (begin, end) = (time(first), time(last));
    html! {
        p.muted { (text(language, Text::Highest)) " " (highest) }
        svg viewBox={ "0 0 " (WIDTH) " " (bottom) } role="img"
            aria-label={ (text(language, Text::Timeline)) ": " (begin) " – " (end) }
        {
            line.axis x1="0" y1=(ABOVE) x2=(WIDTH) y2=(ABOVE) {}
            line.axis x1="0" y1=(foot) x2=(WIDTH) y2=(foot) {}
            @for (place, column) in columns {
                @let width = left(place.saturating_add(1)).saturating_sub(left(*place));
                // A gap between two columns, and never a column that cannot be seen.
                @let width = width.saturating_sub(1).clamp(1, 40);
                @for (index, part) in PARTS.into_iter().enumerate() {
                    @let below: i64 = column.iter().take(index).sum();
                    @let own = column.get(index).copied().unwrap_or_default();
                    @if own > 0 {
                        @let low = height(below);
                        @let high = height(below.saturating_add(own));
                        rect class=(part.as_str()) x=(left(*place)) width=(width)
                            y=(foot.saturating_sub(high))
                            height=(high.saturating_sub(low).max(1)) {}
                    }
                }
            }
        }
        p.ends.muted {
            span { (begin) }
            @if last > first { span { (end) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_has_few_enough_columns() {
        for span in [0, 1, 119, 120, 36_000, 10_000_000, 3_000_000_000] {
            let (seconds, _, _) = step(span);
            assert!(span / seconds < MAX_COLUMNS, "{span}: {seconds}");
        }
        assert_eq!(step(0), (1, 1, Unit::Second));
        assert_eq!(step(600), (15, 15, Unit::Second));
    }
}
