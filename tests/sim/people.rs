//! What people do to inputs, results files and ledgers between two commands, and during one.

use crate::disk::ids_in;
use crate::engine::Database;
use crate::plant::Plant;
use crate::rng::Rng;
use crate::world::{HOMES, PLACES, World};
use ccbatch::address;
use ccbatch::domain::{Amount, Currency, Payout};
use std::rc::Rc;

/// Recipients, each with the code of a currency that reaches them.
const RECIPIENTS: [(&str, &str); 6] = [
    ("TRX", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
    ("ETH", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    ("BTC", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("BTC", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("USDT_TRC20", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
    ("USDC_BASE", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
];

/// References that a spreadsheet likes to change.
const REFERENCES: [&str; 8] = ["0012", "R1", "3/4", "1E5", "a,b", "R2", "ré", "R 7"];

/// What the column `payee` begins with.
const INTENT: &[u8] = b"intent";

/// What kind of thing is done to the inputs of a life, and one alone: who pays another sum under
/// another reference or in another file pays another payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// References are mistyped, lost and added, in the one file.
    References,
    /// Sums are changed, in the one file.
    Sums,
    /// Files are copied and moved, their rows sorted and deleted.
    Copies,
}

thread_local! {
    static ACCOUNTS: Vec<String> = RECIPIENTS
        .iter()
        .map(|(code, address)| {
            let network = Currency::from_code(code).unwrap().network();
            address::check(network, address).unwrap().account().to_string()
        })
        .collect();
}

/// A row that pays this much to the nth recipient.
pub(crate) fn payout(intent: &str, reference: &str, recipient: usize, amount: &str) -> Payout {
    let (code, to_address) = RECIPIENTS[recipient % RECIPIENTS.len()];
    let currency = Currency::from_code(code).unwrap();
    let amount = Amount::parse(amount, currency.decimals()).unwrap();
    Payout {
        line: 2,
        reference: reference.to_owned(),
        payee: intent.to_owned(),
        currency,
        to_address: to_address.to_owned(),
        account: ACCOUNTS.with(|accounts| accounts[recipient % RECIPIENTS.len()].clone()),
        amount,
        minor_units: amount.minor_units(currency.decimals()).unwrap(),
    }
}

/// The rows with the lines on which they stand.
pub(crate) fn numbered(mut rows: Vec<Payout>) -> Vec<Payout> {
    for (line, row) in (2..).zip(&mut rows) {
        row.line = line;
    }
    rows
}

/// The rows of a new input, and what they are meant to pay.
pub(crate) fn new_rows(world: &World) -> Vec<Payout> {
    let has_references = world.pick(&[true, true, false]);
    let count = 1 + world.below(4);
    let mut rows = Vec::new();
    for number in 0..count {
        let reference = match has_references {
            true => REFERENCES[(number + world.below(2) * 4) % REFERENCES.len()],
            false => "",
        };
        if rows
            .iter()
            .any(|it: &Payout| !reference.is_empty() && it.reference == reference)
        {
            continue;
        }
        let intent = format!("intent {number}");
        let amount = world.pick(&["1.50", "0.0005", "12", "3"]);
        let row = payout(&intent, reference, number, amount);
        rows.push(row.clone());
        if !has_references && world.one_in(3) {
            rows.push(row); // The same sum twice on purpose.
        }
    }
    let mut allowed = world.allowed.borrow_mut();
    for row in &rows {
        *allowed.entry(row.payee.clone()).or_default() += 1;
    }
    numbered(rows)
}

impl World {
    /// Somebody changes an input.
    pub(crate) fn change_input(&self, habit: Habit, originals: &[Payout]) {
        let place = match habit {
            Habit::References | Habit::Sums => 0,
            Habit::Copies => self.below(PLACES),
        };
        if self.places[place].borrow().locked_by.is_some() && self.one_in(2) {
            return;
        }
        self.count(|it| &mut it.inputs_changed);
        let rows = self.places[place].borrow().input.clone();
        let Some(mut rows) = rows else {
            let new = self.one_in(2).then(|| originals.to_vec());
            self.places[place].borrow_mut().input = new;
            return;
        };
        match self.below(8) {
            0 => rows.reverse(),
            1 if rows.len() > 1 => {
                rows.remove(self.below(rows.len()));
            }
            2 => rows = originals.to_vec(),
            _ => match habit {
                Habit::References => self.change_references(&mut rows),
                Habit::Sums => self.change_sum(&mut rows),
                Habit::Copies => return self.copy_files(place),
            },
        }
        self.tell(|| format!("the input at {place} now is {rows:#?}"));
        self.places[place].borrow_mut().input = Some(numbered(rows));
    }

    fn change_references(&self, rows: &mut [Payout]) {
        let at = self.below(rows.len());
        let old = rows[at].reference.clone();
        let new = match self.below(4) {
            0 => format!("{old}x"),
            1 => old.to_uppercase(),
            2 => return rows.iter_mut().for_each(|row| row.reference.clear()),
            _ => {
                for (number, row) in rows.iter_mut().enumerate() {
                    row.reference = format!("N{number}{}", row.payee);
                }
                return;
            }
        };
        if !old.is_empty() && rows.iter().all(|row| row.reference != new) {
            rows[at].reference = new;
        }
    }

    fn change_sum(&self, rows: &mut [Payout]) {
        let row = &mut rows[self.below(self.below(rows.len()) + 1)];
        if self.allowed.borrow().get(&row.payee) == Some(&1) {
            let is_recipient =
                |it: &(&str, &str)| (it.0, it.1) == (row.currency.code(), row.to_address.as_str());
            let recipient = RECIPIENTS.iter().position(is_recipient).unwrap();
            let amount = self.pick(&["1.50", "0.0005", "12", "3"]);
            *row = payout(&row.payee, &row.reference, recipient, amount);
        }
    }

    fn copy_files(&self, from: usize) {
        let to = (from + 1) % PLACES;
        if self.places[to].borrow().locked_by.is_some() {
            return;
        }
        let is_move = self.one_in(3) && self.places[from].borrow().locked_by.is_none();
        let with_results = self.one_in(2);
        self.tell(|| format!("{from} to {to}: a move {is_move}, with its results {with_results}"));
        let input = self.places[from].borrow().input.clone();
        self.places[to].borrow_mut().input = input;
        let results = self.places[from].borrow().bytes();
        if with_results && results.is_some() {
            self.places[to].borrow_mut().replace(results);
        }
        if is_move {
            self.places[from].borrow_mut().input = None;
            if with_results {
                self.places[from].borrow_mut().replace(None);
            }
        }
    }

    /// Somebody changes a results file.
    pub(crate) fn change_results(&self, habit: Habit) {
        let at = match habit {
            Habit::References | Habit::Sums => 0,
            Habit::Copies => self.below(PLACES),
        };
        let bytes = self.places[at].borrow().bytes();
        self.count(|it| &mut it.results_changed);
        let Some(bytes) = bytes else {
            let earlier = self.earlier(at);
            self.places[at].borrow_mut().replace(earlier);
            return;
        };
        let rng = &mut *self.rng.borrow_mut();
        let kind = match self.plant {
            // This one shows only where somebody types another status.
            Plant::LineOverLedger => 11,
            _ => rng.below(12),
        };
        let changed = match kind {
            0 | 1 => None,
            2 => Some(Vec::new()),
            3 | 4 => {
                let earlier = self.places[at].borrow().earlier.clone();
                if earlier.is_empty() {
                    None
                } else {
                    Some(rng.pick(&earlier).clone())
                }
            }
            5 | 6 => Some(saved_by_a_spreadsheet(&bytes)),
            7 => Some(rearranged(&bytes, rng)),
            8 => Some(bytes[..rng.below(bytes.len() + 1)].to_vec()),
            9 => {
                let (changed, lines) = damaged(&bytes, rng);
                self.smudged.borrow_mut().extend(ids_in(&lines));
                Some(changed)
            }
            10 if habit == Habit::Copies => self.places[(at + 1) % PLACES].borrow().bytes(),
            _ => {
                let (changed, line) = lied(&bytes, rng);
                self.lies.borrow_mut().extend(ids_in(line.as_bytes()));
                Some(changed)
            }
        };
        self.tell(|| {
            let text = changed.as_deref().map(String::from_utf8_lossy);
            format!(
                "the results file at {at} now is\n{}",
                text.unwrap_or_default()
            )
        });
        self.places[at].borrow_mut().replace(changed);
    }

    fn earlier(&self, at: usize) -> Option<Vec<u8>> {
        let earlier = self.places[at].borrow().earlier.clone();
        (!earlier.is_empty()).then(|| self.pick(&earlier))
    }

    /// Somebody backs a ledger up, puts a backup back, or loses it.
    pub(crate) fn change_ledger(&self) {
        let home = if self.one_in(4) { self.below(HOMES) } else { 0 };
        let backup = self.backups[home].borrow().clone();
        match (self.below(5), backup) {
            (0, _) => {
                self.count(|it| &mut it.ledgers_lost);
                self.tell(|| format!("the ledger of home {home} is lost"));
                *self.homes[home].borrow_mut() = Database::new(home, self.plant);
            }
            (1 | 2, Some(backup)) => {
                self.count(|it| &mut it.restored);
                self.tell(|| format!("the ledger of home {home} is rolled back"));
                let restored = Database::new(home, self.plant);
                restored.put_back(&backup);
                *self.homes[home].borrow_mut() = Rc::clone(&restored);
            }
            _ => {
                self.tell(|| format!("the ledger of home {home} is backed up"));
                *self.backups[home].borrow_mut() = Some(self.home(home).back_up());
            }
        }
    }
}

/// As LibreOffice saves it in a country of decimal commas: numbers lose their zeros, and what looks
/// like one becomes one.
fn saved_by_a_spreadsheet(bytes: &[u8]) -> Vec<u8> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    for record in reader.byte_records().flatten() {
        let cells = record.iter().map(|cell| {
            let text = String::from_utf8_lossy(cell).into_owned();
            match text.parse::<f64>() {
                Ok(number) if number < 1e6 => number.to_string().replace('.', ","),
                Ok(number) => format!("{number:E}"),
                Err(_) => text,
            }
        });
        let _ = writer.write_record(cells);
    }
    writer.into_inner().unwrap()
}

/// Lines sorted, doubled or deleted.
fn rearranged(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.len() > 1 {
        let at = 1 + rng.below(lines.len() - 1);
        match rng.below(3) {
            0 => lines[1..].reverse(),
            1 => lines.push(lines[at]),
            _ => drop(lines.remove(at)),
        }
    }
    lines.concat().into_bytes()
}

/// One byte damaged, and the line in which it was, before and after. The column `payee` is spared:
/// it is how the simulation knows what a row is meant to pay.
fn damaged(bytes: &[u8], rng: &mut Rng) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return (bytes, Vec::new());
    }
    let intents: Vec<usize> = bytes
        .windows(INTENT.len())
        .enumerate()
        .filter_map(|(at, window)| (window == INTENT).then_some(at))
        .collect();
    let is_spared = |at: usize| {
        let end = |start: usize| start + INTENT.len() + " 0".len();
        intents
            .iter()
            .any(|start| (*start..end(*start)).contains(&at))
    };
    let at = rng.below(bytes.len());
    if is_spared(at) {
        return (bytes, Vec::new());
    }
    let is_break = |byte: &u8| *byte == b'\n';
    let start = bytes[..at]
        .iter()
        .rposition(is_break)
        .map_or(0, |it| it + 1);
    let end = bytes[at..]
        .iter()
        .position(is_break)
        .map_or(bytes.len(), |it| at + it);
    let before = bytes[start..end].to_vec();
    bytes[at] = *rng.pick(b"\0\n,;\"aZ5 \xff");
    let lines = [&before, &bytes[start..end]].join(&b'\n');
    (bytes, lines)
}

/// A line in which somebody has typed another status, and that line.
fn lied(bytes: &[u8], rng: &mut Rng) -> (Vec<u8>, String) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() < 2 {
        return (bytes.to_vec(), String::new());
    }
    let at = 1 + rng.below(lines.len() - 1);
    let old = *rng.pick(&[",unknown,", ",created,", ",unknown,"]);
    let new = *rng.pick(&[",not_created,", ",rejected,", ",paid,"]);
    let mut cells: Vec<&str> = Vec::new();
    let changed = lines[at].replace(old, new);
    // Who takes "created" back takes the invoice id back as well.
    cells.extend(changed.split(','));
    if old == ",created," && rng.one_in(2) {
        for cell in &mut cells {
            if cell.starts_with("INV-") {
                *cell = "";
            }
        }
    }
    let changed = cells.join(",");
    lines[at].clone_from(&changed);
    (format!("{}\n", lines.join("\n")).into_bytes(), changed)
}
