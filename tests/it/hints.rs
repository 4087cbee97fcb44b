//! An operator who follows every hint to the letter: whatever was done to the file before, nobody is
//! paid twice by what the program says next, and it never leads to a dead end.
//!
//! A life comes from a seed and replays with `CCBATCH_HINTS_SEED=n`; `CCBATCH_HINTS=1000` plays so
//! many.

use crate::harness::{BITCOIN, INPUT, RESULTS, Random, Scene, live_each};
use crate::operator::wait_for_the_sandbox;
use std::collections::BTreeMap;
use std::fs;

/// How many lives are played in the normal test run.
const LIVES: u64 = 12;

/// How many runs the hints may take to the end of a batch.
const MAX_RUNS: usize = 20;

/// Another recipient.
const OTHER: &str = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";

const STEPS: [&str; 8] = [
    "ok",
    "ok",
    "ok",
    "result",
    "drop-after",
    "drop-before",
    "reject:network",
    "half",
];

/// A row of the file. The last digit of its amount says which payout it was made for, whatever else
/// is changed; two equal payouts have one digit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    reference: String,
    to_address: String,
    amount: String,
}

impl Row {
    /// Reads `reference,currency_code,to_address,amount: R1,BTC,bc1q…,0.1`, as hints have it.
    fn of_hint(text: &str) -> Self {
        let (names, cells) = text.split_once(": ").unwrap_or_else(|| panic!("{text}"));
        let cells = cells.split(',');
        let cells: BTreeMap<&str, &str> = names.split(',').zip(cells).collect();
        let cell = |name| cells.get(name).copied().unwrap_or_default().to_owned();
        Self {
            reference: cell("reference"),
            to_address: cell("to_address"),
            amount: cell("amount"),
        }
    }

    fn digit(&self) -> char {
        digit_of(&self.amount)
    }
}

fn digit_of(amount: &str) -> char {
    amount.chars().next_back().unwrap()
}

/// What of a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Sums,
    References,
}

struct Life {
    scene: Scene,
    random: Random,
    habit: Habit,
    rows: Vec<Row>,
    /// The rows as they were meant.
    originals: Vec<Row>,
    /// Whether the ledger or the results file was deleted.
    has_lost: bool,
    /// What happened, to be told when it ends badly.
    story: Vec<String>,
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let script: Vec<&str> = (0..40).map(|_| random.of(&STEPS)).collect();
        let has_references = random.below(2) == 0;
        let digits = random.of(&[&[1, 2, 2, 3][..], &[1, 1], &[1, 2, 3]]);
        let row = |(n, digit): (usize, &u32)| Row {
            reference: if has_references {
                format!("R{n}")
            } else {
                String::new()
            },
            to_address: BITCOIN.to_owned(),
            amount: format!("0.00{digit}"),
        };
        let originals: Vec<Row> = (1..).zip(digits).map(row).collect();
        let life = Self {
            scene: Scene::paying(&script.join(","), ""),
            habit: random.of(&[Habit::Sums, Habit::References]),
            random,
            rows: originals.clone(),
            originals,
            has_lost: false,
            story: vec![format!("seed {seed}, {script:?}")],
        };
        life.write();
        life
    }

    fn write(&self) {
        let mut text = "reference,currency_code,to_address,amount\n".to_owned();
        for row in &self.rows {
            let Row {
                reference,
                to_address,
                amount,
            } = row;
            text.push_str(&format!("{reference},BTC,{to_address},{amount}\n"));
        }
        self.scene.write(INPUT, text);
    }

    fn told(&self) -> String {
        format!("{}\n{:#?}", self.story.join("\n"), self.rows)
    }

    /// How many payouts of each digit were created.
    fn created(&self) -> BTreeMap<char, usize> {
        wait_for_the_sandbox(&self.scene);
        let mut created = BTreeMap::new();
        for withdrawal in self.scene.book().created {
            *created.entry(digit_of(&withdrawal.amount)).or_default() += 1;
        }
        created
    }

    fn assert_nobody_is_paid_twice(&self) {
        for (digit, times) in self.created() {
            let meant = self.originals.iter().filter(|it| it.digit() == digit);
            assert!(times <= meant.count(), "{digit}: {times}\n{}", self.told());
        }
    }

    fn run(&mut self, flags: &[&str]) -> (Option<i32>, String) {
        self.write();
        let start = [
            "run",
            INPUT,
            "--yes",
            "--interval",
            "0s",
            "--retry-rejected",
        ];
        let output = self.scene.through_sandbox(&[&start[..], flags].concat());
        let output = output.raw();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let status = output.status.code();
        self.story
            .push(format!("run {flags:?}: {status:?}\n{told}"));
        assert!(!told.contains("panicked"), "{}", self.told());
        self.assert_nobody_is_paid_twice();
        (status, told)
    }

    /// Something that people do to a file that is paid in part. In one life either sums and recipients
    /// are changed or references: who changes both of a row pays another payout.
    fn edit(&mut self) {
        let at = self.random.below(self.rows.len());
        let what = self.random.below(5);
        let count = self.rows.len();
        let row = &mut self.rows[at];
        match (what, self.habit) {
            (0, _) => self.random.shuffle(&mut self.rows),
            (1, _) if count > 1 => drop(self.rows.remove(at)),
            // One of the two records is lost.
            (2, _) if !self.has_lost => {
                self.has_lost = true;
                let records = [self.scene.ledger(), self.scene.path(RESULTS)];
                let _ = fs::remove_file(&records[self.random.below(2)]);
            }
            (3, Habit::Sums) => row.amount = format!("0.10{}", row.digit()),
            (_, Habit::Sums) => OTHER.clone_into(&mut row.to_address),
            (3, Habit::References) => self.rows.iter_mut().for_each(|it| it.reference.clear()),
            (_, Habit::References) => match self.random.below(3) {
                0 if !row.reference.is_empty() => row.reference.push('x'),
                1 => row.reference = row.reference.to_lowercase(),
                _ => {
                    let start = self.random.of(&["N", "M"]);
                    for (n, row) in self.rows.iter_mut().enumerate() {
                        row.reference = format!("{start}{n}");
                    }
                }
            },
        }
        self.story.push(format!("edit {what}: {:?}", self.rows));
    }

    /// An operator looks every payout in doubt up in the dashboard, and says what it shows.
    fn settle(&mut self) {
        wait_for_the_sandbox(&self.scene);
        let created = self.scene.book().created;
        let ledger = rusqlite::Connection::open(self.scene.ledger()).unwrap();
        let read = |sql: &str| -> Vec<[String; 3]> {
            let mut statement = ledger.prepare(sql).unwrap();
            let rows = statement.query_map([], |it| Ok([it.get(0)?, it.get(1)?, it.get(2)?]));
            rows.unwrap().map(Result::unwrap).collect()
        };
        let columns = "SELECT id, amount || ' to ' || to_address, detail FROM attempt";
        let doubts = read(&format!(
            "{columns} WHERE status IN ('unknown', 'submitting')"
        ));
        for [id, payment, detail] in doubts {
            // Those of other payouts are not this one's, nor is one that another answer has named.
            let others = format!("SELECT invoice_id, detail, '' FROM attempt WHERE id <> '{id}'");
            let others = read(&others);
            let is_free = |invoice_id: &str| {
                let names = |it: &[String; 3]| it[0] == invoice_id || it[1].contains(invoice_id);
                !others.iter().any(names)
            };
            let shown = created.iter().find(|it| {
                let is_equal = format!("{} to {}", it.amount, it.to_address) == payment;
                is_equal && (detail.contains(&it.invoice_id) || is_free(&it.invoice_id))
            });
            let verdict = match shown {
                Some(shown) => vec!["--invoice-id", &shown.invoice_id],
                None => vec!["--not-created"],
            };
            let start = ["resolve", "--yes", "--id", &id];
            let output = self.scene.program([&start[..], &verdict].concat()).raw();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            self.story.push(format!("resolve {id} {verdict:?}: {told}"));
            assert!(!told.contains("panicked"), "{}", self.told());
        }
    }

    /// Does what a hint says about a line of the file, or about the whole of it. Gives whether there
    /// was something to do.
    fn follow(&mut self, line: Option<usize>, hint: &str) -> bool {
        let before = self.rows.clone();
        let row = line.and_then(|line| line.checked_sub(2));
        let changed_back = ["what was paid: ", "what was paid, and add none: "];
        let mut shown = changed_back.iter().filter_map(|lead| hint.split_once(lead));
        if let (Some(row), Some((_, shown))) = (row, shown.next()) {
            let shown = shown.split(';').next().unwrap_or_default();
            self.rows[row] = Row::of_hint(shown);
        } else if let (Some(row), Some((_, reference))) = (row, hint.split_once("as it was: ")) {
            reference.clone_into(&mut self.rows[row].reference);
        } else if let Some((_, shown)) = hint.split_once("put the row back (") {
            self.put_back(Row::of_hint(shown.split(')').next().unwrap_or_default()));
        } else if hint.contains("ccbatch resolve") {
            self.settle();
            return true;
        }
        self.rows != before
    }

    /// A row is put back; or, where it was changed and not taken out, changed back.
    fn put_back(&mut self, row: Row) {
        let of_digit = |it: &&Row| it.digit() == row.digit();
        let meant = self.originals.iter().filter(of_digit).count();
        let are = self.rows.iter().filter(of_digit).count();
        let changed = |it: &Row| it.digit() == row.digit() && !self.originals.contains(it);
        match self.rows.iter().position(changed) {
            Some(at) if are >= meant => self.rows[at] = row,
            Some(_) | None => self.rows.push(row),
        }
    }

    /// Runs, and does what is said, one thing at a time or all at once, until the batch is done.
    fn follow_hints(&mut self) {
        for _ in 0..MAX_RUNS {
            let (status, told) = self.run(&[]);
            match status {
                Some(0) => return self.assert_all_is_paid(),
                Some(1) if told.contains("all of these were paid on") => return,
                Some(4 | 5) => continue,
                Some(3 | 6) => {}
                _ => panic!("{}", self.told()),
            }
            let mut hints = hints_in(&told);
            self.random.shuffle(&mut hints);
            hints.truncate(1 + self.random.below(hints.len() + 1));
            let mut has_done = false;
            for (line, hint) in hints {
                has_done |= self.follow(line, &hint);
            }
            // In doubt, and told at the end of the run.
            if !has_done && told.contains("\n    ccbatch resolve ") {
                self.settle();
            }
        }
        panic!("a dead end\n{}", self.told());
    }

    fn assert_all_is_paid(&self) {
        let created = self.created();
        for row in &self.rows {
            let digit = row.digit();
            let rows = self.rows.iter().filter(|it| it.digit() == digit).count();
            let times = created.get(&digit).copied().unwrap_or_default();
            assert!(times >= rows, "{digit}: {times}\n{}", self.told());
        }
    }
}

/// The hints of errors, each with the line of the file that it is about.
fn hints_in(told: &str) -> Vec<(Option<usize>, String)> {
    let mut lines = told.lines().peekable();
    let mut hints = Vec::new();
    while let Some(line) = lines.next() {
        let Some(hint) = lines.peek().and_then(|it| it.strip_prefix("  hint: ")) else {
            continue;
        };
        if line.contains(": warning: ") {
            continue;
        }
        let place = line.strip_prefix(INPUT).and_then(|it| it.strip_prefix(':'));
        let number = place.and_then(|it| it.split(':').next()?.parse().ok());
        hints.push((number, hint.to_owned()));
    }
    hints
}

fn live(seed: u64) {
    let mut life = Life::new(seed);
    let limit = (1 + life.random.below(3)).to_string();
    life.run(&["--keep-going", "--limit", &limit]);
    for _ in 0..1 + life.random.below(3) {
        life.edit();
    }
    life.follow_hints();
}

#[test]
fn whoever_follows_the_hints_pays_each_once() {
    live_each(("CCBATCH_HINTS", LIVES), "CCBATCH_HINTS_SEED", live);
}
