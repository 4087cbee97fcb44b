//! The operator keeps the input file: pays more people, mends what was refused, tries what must
//! not work, and looks payouts up in the dashboard.

use crate::rng::Rng;
use crate::world::World;
use ccbatch::domain::{Amount, Batch, Currency, Payout, Standing, State, Totals};
use ccbatch::payout::results::{self, Record};

/// More rows than this show nothing new.
const MAX_ROWS: usize = 6;

const CODES: [&str; 4] = ["BTC", "USDT_TRC20", "ETH", "XAUT_TON"];

/// A batch of one to four random rows.
pub(crate) fn new_batch(rng: &mut Rng) -> Batch {
    let rows = rng.below(4) + 1;
    let mut payouts = Vec::new();
    extend(&mut payouts, rows, rng);
    batch(payouts)
}

/// The batch of these rows.
pub(crate) fn batch(payouts: Vec<Payout>) -> Batch {
    let mut totals = Totals::default();
    for payout in &payouts {
        totals.add(payout.currency, payout.amount).unwrap();
    }
    Batch { payouts, totals }
}

fn extend(payouts: &mut Vec<Payout>, rows: usize, rng: &mut Rng) {
    for _ in 0..rows {
        let before = payouts.last().map_or(1, |payout| payout.line);
        let blank_lines = if rng.one_in(4) {
            rng.below(100) as u64
        } else {
            0
        };
        let line = before + 1 + blank_lines;
        payouts.push(payout(line, rng));
    }
}

fn payout(line: u64, rng: &mut Rng) -> Payout {
    let reference = match rng.below(4) {
        0 => String::new(),
        1 => format!("Doe, \"J\" {line}"),
        2 => format!("{line}{}", "é".repeat(rng.below(60))),
        _ => format!("ref-{line}"),
    };
    let currency = Currency::from_code(rng.pick::<&str>(&CODES)).unwrap();
    let amount = format!("{}.{:0>2}", rng.below(2000), rng.below(99) + 1);
    let amount = Amount::parse(&amount, currency.decimals()).unwrap();
    let to_address = format!("1{}", "A".repeat(rng.below(90)));
    Payout {
        line,
        reference,
        payee: String::new(),
        currency,
        account: to_address.clone(),
        to_address,
        amount,
        minor_units: amount.minor_units(currency.decimals()).unwrap(),
    }
}

/// Changes what may be changed: rows that were refused are mended, those not yet attempted are
/// replaced by others.
pub(crate) fn edit(batch: &mut Batch, standings: &[Standing], rng: &mut Rng) {
    let mut payouts = std::mem::take(&mut batch.payouts);
    for (payout, standing) in payouts.iter_mut().zip(standings) {
        let is_mendable = matches!(standing.state, State::Rejected | State::NotCreated);
        if is_mendable && rng.one_in(2) {
            *payout = self::payout(payout.line, rng);
        }
    }
    if rng.one_in(2) {
        let attempted = standings
            .iter()
            .take_while(|standing| standing.state != State::Pending)
            .count();
        payouts.truncate(attempted);
        let room = MAX_ROWS - attempted;
        let rows = if attempted == 0 {
            1 + rng.below(room)
        } else {
            rng.below(room + 1)
        };
        extend(&mut payouts, rows, rng);
    }
    *batch = self::batch(payouts);
}

/// Tries an edit that must not work; `None` if there is nothing to try it on.
pub(crate) fn forbidden_edit(
    batch: &Batch,
    standings: &[Standing],
    rng: &mut Rng,
) -> Option<Batch> {
    let mut payouts = batch.payouts.clone();
    let attempted = standings
        .iter()
        .take_while(|standing| standing.state != State::Pending)
        .count();
    if attempted == 0 {
        return None;
    }
    let place = rng.below(attempted);
    let is_settled = matches!(standings[place].state, State::Created | State::InDoubt);
    match rng.below(3) {
        0 if is_settled => {
            let payout = &mut payouts[place];
            let different = Amount::parse("2000.5", payout.currency.decimals()).unwrap();
            match rng.below(4) {
                0 => payout.amount = different,
                1 => payout.to_address.push('B'),
                2 => payout.reference.push('B'),
                _ => payout.currency = Currency::from_code("LTC").unwrap(),
            }
        }
        1 => drop(payouts.remove(place)),
        _ => {
            let line = payouts[place].line;
            let before = place
                .checked_sub(1)
                .map_or(1, |before| payouts[before].line);
            if line == before + 1 {
                return None; // No room for a row in between.
            }
            payouts.insert(place, self::payout(line - 1, rng));
        }
    }
    (!payouts.is_empty()).then(|| self::batch(payouts))
}

/// What the dashboard shows for a line: the invoice id, if the payout was created.
pub(crate) fn look_up(world: &World, line: u64) -> Option<String> {
    let api = world.api.borrow();
    api.created(line)
        .next()
        .map(|created| created.invoice_id.clone())
}

/// Where every payout stands by the file, as `ccbatch status` says it.
pub(crate) fn status(
    world: &World,
    batch: &Batch,
) -> Result<(Record, Vec<Standing>), results::Mismatch> {
    let record = results::parse(world.disk.borrow().content())?;
    let standings = results::fold(&record, batch, None)?;
    Ok((record, standings))
}
