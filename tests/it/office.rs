//! An office at random: people copy, rename, sort, edit and save the files of a batch, kill its
//! runs, work from two homes and lose their ledger; and they say honestly what the dashboard shows.
//! Each intended payment is created at most once, and in the end, when all are calm, once.
//!
//! A life comes from a seed and replays with `CCBATCH_OFFICE_SEED=n`; `CCBATCH_OFFICES=1000` plays
//! so many.

use crate::harness::{KEY, Random, Scene, live_each};
use crate::mistakes::References;
use crate::mistakes::spreadsheets::DIALECTS;
use crate::operator::wait_for_the_sandbox;
use std::collections::BTreeMap;
use std::fs;

/// How many lives are played in the normal test run.
const LIVES: u64 = 6;

/// How many rounds of a calm office a batch may take.
const MAX_ROUNDS: usize = 15;

/// Who shares what. Two ledgers know of each other only by the results file, which then must stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One ledger, and files that are copied, renamed and deleted.
    OneLedger,
    /// Two homes and ledgers that are lost, and one results file that is kept.
    OneResultsFile,
}

struct Office {
    scene: Scene,
    random: Random,
    kind: Kind,
    references: References,
    /// The intended payouts, in the order of the file.
    rows: Vec<usize>,
    /// The input's path in the folder.
    input: String,
    /// Older contents of the results file.
    older: Vec<Vec<u8>>,
    /// Counts files that were made.
    count: usize,
    /// What happened, to be told when it ends badly.
    story: Vec<String>,
}

impl Office {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let steps = [
            "ok",
            "ok",
            "ok",
            "ok",
            "ok",
            "result",
            "drop-after",
            "drop-before",
            "reset-after",
            "reject:network",
            "rate-limit:0",
            "half",
            "html:502",
        ];
        let script: Vec<&str> = (0..40).map(|_| random.of(&steps)).collect();
        let office = Self {
            scene: Scene::paying(&script.join(","), ""),
            kind: random.of(&[Kind::OneLedger, Kind::OneResultsFile]),
            references: random.of(&[References::With, References::Without]),
            rows: (1..=2 + random.below(4)).collect(),
            random,
            input: "payouts.csv".to_owned(),
            older: Vec::new(),
            count: 0,
            story: vec![format!("seed {seed}, {script:?}")],
        };
        office.write(&office.input, &office.rows);
        office
    }

    fn write(&self, name: &str, rows: &[usize]) {
        let rows: String = rows.iter().map(|n| self.references.row(*n)).collect();
        let text = format!("{}{rows}", self.references.header());
        self.scene.write(name, text);
    }

    fn results(&self) -> String {
        self.input.replace(".csv", ".results.csv")
    }

    fn has_results(&self) -> bool {
        self.scene.path(&self.results()).exists()
    }

    fn home(&mut self) -> &'static str {
        match self.kind {
            Kind::OneLedger => "a.db",
            Kind::OneResultsFile => self.random.of(&["a.db", "b.db"]),
        }
    }

    /// Runs the program, and compares the book with the intended payments.
    fn run(&mut self, input: &str, home: &str, flags: &[&str]) -> Option<i32> {
        let start = ["run", input, "--yes", "--interval", "0s", "--ledger", home];
        let output = self
            .scene
            .through_sandbox(&[&start[..], flags].concat())
            .raw();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let status = output.status.code();
        self.story
            .push(format!("run {input} {home} {flags:?}: {status:?}\n{told}"));
        assert!(
            !told.contains(KEY) && !told.contains("panicked"),
            "{}",
            self.told()
        );
        assert!(matches!(status, Some(0 | 1 | 3..=6)), "{}", self.told());
        self.check();
        status
    }

    /// Runs the program and kills it, at once or when a request has arrived.
    fn run_and_kill(&mut self) {
        let home = self.home();
        let input = self.input.clone();
        let before = self.scene.book().deliveries.len();
        let run = ["run", &input, "--yes", "--interval", "0s", "--ledger", home];
        let mut run = self.scene.through_sandbox(&run).start();
        let wanted = before + self.random.below(3);
        while self.scene.book().deliveries.len() < wanted && !run.has_ended() {
            std::thread::yield_now();
        }
        for _ in 0..self.random.below(3) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        run.kill();
        wait_for_the_sandbox(&self.scene);
        self.story.push(format!("run {input} {home}, killed"));
        self.check();
    }

    fn paid(&self) -> BTreeMap<String, usize> {
        let mut paid = BTreeMap::new();
        for withdrawal in self.scene.book().created {
            *paid.entry(withdrawal.amount).or_default() += 1;
        }
        paid
    }

    fn check(&self) {
        let paid = self.paid();
        assert!(
            paid.values().all(|times| *times == 1),
            "{paid:?}\n{}",
            self.told()
        );
    }

    fn told(&self) -> String {
        self.story.join("\n")
    }

    fn unpaid(&self) -> Vec<usize> {
        let paid = self.paid();
        let is_unpaid = |n: &&usize| !paid.contains_key(&format!("0.{n:03}"));
        self.rows.iter().filter(is_unpaid).copied().collect()
    }

    /// An operator looks every payout in doubt up in the dashboard, and says what it shows.
    fn settle(&mut self, home: &str) {
        let path = self.scene.path(home);
        if !path.exists() {
            return;
        }
        // What the dashboard shows for another payout of the same sum is not this one.
        let mut others: Vec<String> = Vec::new();
        let in_doubt: Vec<(String, String)> = {
            let ledger = rusqlite::Connection::open(path).unwrap();
            let sql = "SELECT invoice_id FROM attempt WHERE invoice_id <> ''";
            let mut statement = ledger.prepare(sql).unwrap();
            let ids = statement.query_map([], |row| row.get(0));
            others.extend(ids.unwrap().map(Result::unwrap));
            let sql = "SELECT id, amount FROM attempt WHERE status IN ('unknown', 'submitting')";
            let mut statement = ledger.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        wait_for_the_sandbox(&self.scene);
        for (id, amount) in in_doubt {
            let created = self.scene.book().created;
            let shown = created
                .iter()
                .find(|it| it.amount == amount && !others.contains(&it.invoice_id));
            let verdict = match shown {
                Some(shown) => vec!["--invoice-id", &shown.invoice_id],
                None => vec!["--not-created"],
            };
            let start = ["resolve", "--yes", "--ledger", home, "--id", &id];
            let output = self.scene.program([&start[..], &verdict].concat()).raw();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            self.story
                .push(format!("resolve {id} {verdict:?} ({amount}): {told}"));
            assert!(!told.contains("panicked"), "{}", self.told());
        }
    }

    /// Whatever somebody may do next.
    fn act(&mut self) {
        if self.has_results() && self.random.below(2) == 0 {
            self.older
                .push(fs::read(self.scene.path(&self.results())).unwrap());
        }
        match self.random.below(12) {
            0 | 1 => self.run_and_kill(),
            2 => self.sort_or_insert(),
            3 => self.move_both(),
            4 => self.save_by_a_spreadsheet(),
            5 => {
                let home = self.home();
                self.settle(home);
            }
            6 | 7 => match self.kind {
                Kind::OneLedger => self.harm_the_results(),
                Kind::OneResultsFile => self.lose_a_ledger(),
            },
            8 if self.kind == Kind::OneLedger => self.run_another_file(),
            9 => self.run_edited(),
            _ => {
                let home = self.home();
                let input = self.input.clone();
                let flags = self.random.of(&[
                    &[][..],
                    &["--limit", "1"],
                    &["--keep-going"],
                    &["--retry-rejected"],
                    &["--only", "3"],
                ]);
                self.run(&input, home, flags);
            }
        }
    }

    fn sort_or_insert(&mut self) {
        if self.random.below(2) == 0 && self.rows.len() < 7 {
            let at = self.random.below(self.rows.len() + 1);
            self.rows.insert(at, self.rows.len() + 1);
        } else {
            self.random.shuffle(&mut self.rows);
        }
        self.story.push(format!("rows {:?}", self.rows));
        self.write(&self.input.clone(), &self.rows);
    }

    fn name(&mut self) -> String {
        self.count += 1;
        let folder = format!("folder{}", self.count);
        fs::create_dir(self.scene.path(&folder)).unwrap();
        format!("{folder}/file{}.csv", self.count)
    }

    /// The input and its results file are moved, or the input alone if the ledger knows all.
    fn move_both(&mut self) {
        let to = self.name();
        let results = self.results();
        fs::rename(self.scene.path(&self.input), self.scene.path(&to)).unwrap();
        let alone = self.kind == Kind::OneLedger && self.random.below(3) == 0;
        self.story
            .push(format!("{} moved to {to}, alone: {alone}", self.input));
        self.input = to;
        if !alone && self.scene.path(&results).exists() {
            let to = self.scene.path(&self.results());
            fs::rename(self.scene.path(&results), to).unwrap();
        }
    }

    fn save_by_a_spreadsheet(&mut self) {
        let name = self.results();
        let Ok(text) = fs::read_to_string(self.scene.path(&name)) else {
            return;
        };
        if text.starts_with("line,") && !text.contains('\r') {
            let dialect = &DIALECTS[self.random.below(DIALECTS.len())];
            self.story.push(format!("{name} saved by a spreadsheet"));
            self.scene.write(&name, dialect.saved(&text));
        }
    }

    fn harm_the_results(&mut self) {
        let name = self.results();
        match self.random.below(4) {
            0 => drop(fs::remove_file(self.scene.path(&name))),
            1 => self.scene.write(&name, ""),
            2 if self.has_results() => {
                let mut bytes = fs::read(self.scene.path(&name)).unwrap();
                bytes.truncate(self.random.below(bytes.len() + 1));
                // A person who is told that a line is damaged brings the file back.
                let before = self.older.last().cloned().unwrap_or_default();
                self.scene.write(&name, &bytes);
                let input = self.input.clone();
                self.run(&input, "a.db", &[]);
                self.scene.write(&name, before);
            }
            _ => {
                if let Some(older) = self.older.pop() {
                    self.scene.write(&name, older);
                }
            }
        }
        self.story.push(format!("{name} harmed"));
    }

    fn lose_a_ledger(&mut self) {
        let home = self.home();
        let _ = fs::remove_file(self.scene.path(home));
        self.story.push(format!("{home} lost"));
    }

    /// A copy, or some of the rows, under another name.
    fn run_another_file(&mut self) {
        let name = self.name();
        let mut rows = self.rows.clone();
        rows.truncate(1 + self.random.below(rows.len()));
        self.write(&name, &rows);
        let flags = self
            .random
            .of(&[&[][..], &["--limit", "1"], &["--retry-rejected"]]);
        self.run(&name, "a.db", flags);
    }

    /// The file is changed by mistake, run, and put right.
    fn run_edited(&mut self) {
        let input = self.input.clone();
        let text = self.scene.read(&input);
        let edited = match self.random.below(4) {
            0 => text.replacen("R1,", "r1,", 1),
            // Another reference in another file is another payout: nobody can tell.
            1 if self.kind == Kind::OneResultsFile => text.replacen("R2,", "R2b,", 1),
            2 => text.lines().take(2).collect::<Vec<_>>().join("\n"),
            _ => text.replace("reference,", "note,"),
        };
        let home = self.home();
        self.scene.write(&input, edited);
        self.run(&input, home, &[]);
        self.scene.write(&input, text);
    }

    /// All are calm: what is in doubt is settled, and what was not paid is paid.
    fn calm_down(&mut self) {
        for round in 0..MAX_ROUNDS {
            if self.unpaid().is_empty() {
                return;
            }
            self.settle("a.db");
            let input = self.input.clone();
            let status = self.run(&input, "a.db", &["--retry-rejected"]);
            // By now this ledger has taken over what the results file knows.
            if status == Some(3) || status == Some(1) && self.kind == Kind::OneLedger {
                // The rows that are paid are taken out, as the hints say.
                let name = format!("rest{round}.csv");
                self.settle("a.db");
                self.write(&name, &self.unpaid());
                self.run(&name, "a.db", &["--retry-rejected"]);
            }
        }
        assert!(
            self.unpaid().is_empty(),
            "{:?}\n{}",
            self.unpaid(),
            self.told()
        );
    }
}

fn live(seed: u64) {
    let mut office = Office::new(seed);
    for _ in 0..6 + office.random.below(8) {
        office.act();
    }
    office.calm_down();
    office.check();
}

#[test]
fn in_every_office_each_payment_is_made_once() {
    live_each(("CCBATCH_OFFICES", LIVES), "CCBATCH_OFFICE_SEED", live);
}
