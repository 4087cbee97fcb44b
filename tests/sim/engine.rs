//! A [`Connection`] is the program's own SQLite engine over a ledger in memory, with a clock, and
//! with all that can go wrong between a program and its database.

use crate::plant::Plant;
use crate::world::{Claimed, Process, World};
use ccbatch::ledger::engine::{
    Access, CommitError, Engine, EngineError, LookUp, Value, ValueRef, Values,
};
use ccbatch::ledger::sqlite::Sqlite;
use ccbatch::ledger::{Attempt, AttemptId, BatchId, Ledger, Who};
use ccbatch::payout::pacer::Clock;
use chrono::{DateTime, Utc};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::time::Instant;

/// The tables of a ledger, in the order in which rows can be put back.
const TABLES: [&str; 5] = ["ledger", "batch", "batch_path", "attempt", "pace"];

/// The two indexes that keep people from being paid twice.
const INDEXES: [&str; 2] = ["one_live_attempt", "one_invoice_id"];

thread_local! {
    /// Ledgers that are used no more: making the tables takes longer than emptying them.
    static SPARE: RefCell<Vec<Sqlite>> = const { RefCell::new(Vec::new()) };
    static SERIAL: Cell<u64> = const { Cell::new(0) };
    /// What stands in a new ledger.
    static EMPTY: RefCell<Option<Backup>> = const { RefCell::new(None) };
}

/// Every row of a ledger, table by table.
#[derive(Clone, Debug)]
pub(crate) struct Backup(Vec<(&'static str, Vec<Values>)>);

/// A ledger, whoever is connected to it.
pub(crate) struct Database {
    number: usize,
    /// No other ledger has had it.
    pub(crate) serial: u64,
    sqlite: RefCell<Option<Sqlite>>,
    locks: RefCell<BTreeMap<BatchId, u64>>,
    plant: Plant,
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(sqlite) = self.sqlite.take()
            && self.plant != Plant::NoIndexAndNoDecision
        {
            SPARE.with(|spare| spare.borrow_mut().push(sqlite));
        }
    }
}

impl Database {
    /// A new ledger. Those of one number are all that one machine has had.
    pub(crate) fn new(number: usize, plant: Plant) -> Rc<Self> {
        let spare = match plant {
            Plant::NoIndexAndNoDecision => None,
            _ => SPARE.with(|spare| spare.borrow_mut().pop()),
        };
        let sqlite = spare.unwrap_or_else(|| Sqlite::in_memory().unwrap());
        let database = Rc::new(Self {
            number,
            serial: SERIAL.with(|serial| serial.replace(serial.get() + 1)),
            sqlite: RefCell::new(Some(sqlite)),
            locks: RefCell::default(),
            plant,
        });
        if database.with(|sqlite| at_once(sqlite.is_empty()).unwrap()) {
            database.make();
        }
        let empty = EMPTY.with(|empty| empty.borrow().clone());
        database.put_back(&empty.unwrap());
        database
    }

    /// Makes the tables, as the program does.
    fn make(&self) {
        let sqlite = self.sqlite.take().unwrap();
        let who = Who {
            host: "template".to_owned(),
            user: "operator".to_owned(),
            pid: 1,
        };
        let mut ledger = at_once(Ledger::new(sqlite, who)).unwrap();
        let made = std::mem::replace(ledger.engine(), Sqlite::in_memory().unwrap());
        *self.sqlite.borrow_mut() = Some(made);
        if self.plant == Plant::NoIndexAndNoDecision {
            for index in INDEXES {
                self.execute(&format!("DROP INDEX {index}"), &[]).unwrap();
            }
        }
        EMPTY.with(|empty| {
            empty
                .borrow_mut()
                .get_or_insert_with(|| self.back_up())
                .clone()
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Sqlite) -> T) -> T {
        act(self.sqlite.borrow_mut().as_mut().unwrap())
    }

    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Values>, EngineError> {
        self.with(|sqlite| at_once(sqlite.query(sql, values)))
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        self.with(|sqlite| at_once(sqlite.execute(sql, values)))
    }

    /// All that stands in it.
    pub(crate) fn back_up(&self) -> Backup {
        let rows = |table| self.query(&format!("SELECT * FROM {table}"), &[]).unwrap();
        Backup(TABLES.map(|table| (table, rows(table))).to_vec())
    }

    /// Makes it say what a backup says.
    pub(crate) fn put_back(&self, backup: &Backup) {
        self.with(|sqlite| at_once(sqlite.begin(Access::Write)).unwrap());
        for table in TABLES.iter().rev() {
            self.execute(&format!("DELETE FROM {table}"), &[]).unwrap();
        }
        for (table, rows) in &backup.0 {
            for values in rows {
                let marks: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
                let sql = format!("INSERT INTO {table} VALUES ({})", marks.join(", "));
                self.execute(&sql, values).unwrap();
            }
        }
        self.with(|sqlite| at_once(sqlite.commit()).unwrap());
    }

    /// Every attempt, by the program's own reading, in the order in which they came to be known.
    pub(crate) fn attempts(self: &Rc<Self>) -> Vec<Attempt> {
        let mut ledger = self.open();
        let ids = self.ids_in_order();
        let ids = ids.iter().filter_map(|id| AttemptId::parse(id));
        ids.map(|id| at_once(ledger.attempt(&id)).unwrap().unwrap())
            .collect()
    }

    /// The ledger for who looks at it from outside.
    pub(crate) fn open(self: &Rc<Self>) -> Ledger<Connection> {
        let who = Who {
            host: "outside".to_owned(),
            user: "observer".to_owned(),
            pid: 0,
        };
        at_once(Ledger::existing(Connection::new(self, None), who)).unwrap()
    }

    /// What stands in one column of an attempt.
    pub(crate) fn status_of(&self, id: &AttemptId) -> Option<String> {
        let sql = "SELECT status FROM attempt WHERE id = $1";
        let rows = self.query(sql, &[id.as_str().into()]).unwrap();
        rows.first().map(|row| text(&row[0]))
    }

    /// The ids of the attempts that were made for an intent.
    fn of_intent(&self, intent: &str) -> BTreeSet<AttemptId> {
        let sql = "SELECT id FROM attempt WHERE payee = $1";
        let rows = self.query(sql, &[intent.into()]).unwrap();
        rows.iter()
            .filter_map(|row| AttemptId::parse(&text(&row[0])))
            .collect()
    }

    /// Writes over what it says of an attempt; for [`Plant::LineOverLedger`].
    pub(crate) fn overwrite(&self, id: &str, status: &str, invoice_id: &str) {
        let sql = "UPDATE OR IGNORE attempt SET status = $1, invoice_id = $2 WHERE id = $3";
        let values = [status.into(), invoice_id.into(), id.into()];
        let _ = self.execute(sql, &values);
    }

    /// The ids in the order in which the ledger came to know them; for [`Plant::LineByPlace`].
    pub(crate) fn ids_in_order(&self) -> Vec<String> {
        let rows = self.query("SELECT id FROM attempt ORDER BY seq", &[]);
        rows.unwrap().iter().map(|row| text(&row[0])).collect()
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(_) | Value::Null => String::new(),
    }
}

/// Polls once what never waits.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("SQLite does not wait"),
    }
}

/// A process's connection to a ledger.
pub(crate) struct Connection {
    database: Rc<Database>,
    /// Who is connected; `None` for who only looks, and has no bad luck.
    process: Option<Rc<Process>>,
    transaction: Option<Access>,
    /// Whether the transaction is one that begins an attempt.
    is_beginning: bool,
    /// The claim that the transaction makes: its id, its reference, and what it is meant to pay.
    claim: Option<(AttemptId, String, String)>,
    /// Nothing gets through until the transaction is given up.
    is_cut: Cell<bool>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.transaction.is_some() {
            self.database.with(|sqlite| at_once(sqlite.rollback()));
        }
        if let Some(process) = &self.process {
            let mut locks = self.database.locks.borrow_mut();
            locks.retain(|_, holder| *holder != process.number);
        }
    }
}

fn cut() -> EngineError {
    EngineError::Other("the connection is lost".to_owned())
}

impl Connection {
    pub(crate) fn new(database: &Rc<Database>, process: Option<&Rc<Process>>) -> Self {
        Self {
            database: Rc::clone(database),
            process: process.cloned(),
            transaction: None,
            is_beginning: false,
            claim: None,
            is_cut: Cell::new(false),
        }
    }

    fn world(&self) -> Option<&Rc<World>> {
        self.process.as_ref().map(|process| &process.world)
    }

    fn bad_luck(&self, n: usize) -> bool {
        self.world().is_some_and(|world| world.bad_luck(n))
    }

    fn plant(&self) -> Plant {
        self.world().map_or(Plant::Nothing, |world| world.plant)
    }

    fn fault(&self, what: &str) {
        let Some(process) = &self.process else { return };
        process.world.count(|it| &mut it.ledger_faults);
        process.tell(|| format!("the ledger: {what}"));
    }

    async fn step(&self) {
        if let Some(process) = &self.process {
            process.step().await;
        }
    }

    /// Whether the connection is lost, now or since before.
    fn check(&self, n: usize) -> Result<(), EngineError> {
        if !self.is_cut.get() && self.bad_luck(n) {
            self.fault("the connection is lost");
            self.database.with(|sqlite| at_once(sqlite.rollback()));
            self.is_cut.set(self.transaction.is_some());
            return Err(cut());
        }
        if self.is_cut.get() {
            Err(cut())
        } else {
            Ok(())
        }
    }

    /// Takes note of a claim, and of what was on record when it was made.
    fn note_claim(&mut self, values: &[Value]) {
        let id = AttemptId::parse(&text(&values[0])).unwrap();
        self.claim = Some((id, text(&values[7]), text(&values[9])));
    }

    fn claimed(&mut self) {
        let (Some((id, reference, intent)), Some(process)) = (self.claim.take(), &self.process)
        else {
            return;
        };
        let mut within_reach = self.database.of_intent(&intent);
        within_reach.remove(&id);
        let world = &process.world;
        let lies = world.lies.borrow();
        let claims = &mut *world.claims.borrow_mut();
        // What a ledger has from a false line alone it cannot know better.
        within_reach.retain(|id| {
            let is_own = claims
                .get(id)
                .is_some_and(|it| it.database == self.database.serial);
            is_own || !lies.contains(id)
        });
        let seen = process.seen.borrow();
        let of_intent = |id: &&AttemptId| claims.get(*id).is_some_and(|it| it.intent == intent);
        let seen = seen.iter().filter(of_intent);
        within_reach.extend(seen.filter(|id| !lies.contains(*id)).cloned());
        process.tell(|| format!("claims {id} for {intent}"));
        let database = self.database.serial;
        let claimed = Claimed {
            intent,
            reference,
            within_reach,
            database,
            at: Instant::now(),
        };
        claims.insert(id, claimed);
    }

    fn commit_now(&mut self) -> Result<(), CommitError> {
        let committed = if self.plant() == Plant::NoClaim && self.claim.is_some() {
            self.database.with(|sqlite| at_once(sqlite.rollback()));
            Ok(())
        } else {
            self.database.with(|sqlite| at_once(sqlite.commit()))
        };
        committed?;
        self.transaction = None;
        self.is_beginning = false;
        self.claimed();
        Ok(())
    }

    /// Whether the look-up is one that a planted fault leaves out.
    fn is_left_out(&self, by: LookUp) -> bool {
        match (self.plant(), by) {
            (Plant::NoIndexAndNoDecision, _) => self.is_beginning,
            (Plant::TwinsAtPlanOnly, LookUp::Content | LookUp::Reference) => self.is_beginning,
            (_, _) => false,
        }
    }
}

impl Engine for Connection {
    async fn begin(&mut self, access: Access) -> Result<(), EngineError> {
        self.step().await;
        if self.bad_luck(150) {
            self.fault("busy");
            return Err(EngineError::Busy);
        }
        self.is_cut.set(false);
        self.check(300)?;
        self.database.with(|sqlite| at_once(sqlite.begin(access)))?;
        self.transaction = Some(access);
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), CommitError> {
        if let Some(process) = &self.process
            && process.dies_here()
        {
            std::future::pending::<()>().await;
        }
        if self.is_cut.get() {
            return Err(CommitError::Unknown(cut()));
        }
        if self.bad_luck(60) {
            self.fault("a reader holds up the commit");
            return Err(CommitError::StillOpen(EngineError::Busy));
        }
        if self.bad_luck(60) {
            let world = Rc::clone(self.world().unwrap());
            world.count(|it| &mut it.lost_commits);
            if world.one_in(2) {
                self.commit_now()?;
                self.fault("committed, and the answer is lost");
            } else {
                self.database.with(|sqlite| at_once(sqlite.rollback()));
                self.fault("not committed, and the answer is lost");
            }
            self.is_cut.set(self.transaction.is_some());
            return Err(CommitError::Unknown(cut()));
        }
        self.commit_now()?;
        self.step().await;
        Ok(())
    }

    async fn rollback(&mut self) {
        self.database.with(|sqlite| at_once(sqlite.rollback()));
        self.transaction = None;
        self.is_beginning = false;
        self.claim = None;
        self.is_cut.set(false);
    }

    async fn is_empty(&mut self) -> Result<bool, EngineError> {
        self.database.with(|sqlite| at_once(sqlite.is_empty()))
    }

    async fn now(&mut self) -> Result<DateTime<Utc>, EngineError> {
        Ok(self.world().map_or_else(Utc::now, |world| world.now()))
    }

    async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        if self.transaction.is_none() {
            self.step().await;
        }
        self.check(2_000)?;
        self.is_beginning |= self.transaction.is_some() && sql.starts_with("SELECT moved_to");
        self.database
            .with(|sqlite| at_once(sqlite.each(sql, values, take)))
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        self.check(2_000)?;
        let changed = self.database.execute(sql, values)?;
        let is_claim = sql.starts_with("INSERT INTO attempt")
            && values.iter().any(|value| *value == "submitting".into());
        if is_claim {
            self.note_claim(values);
        }
        Ok(changed)
    }

    async fn look_up(
        &mut self,
        of: (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        if self.transaction.is_none() {
            self.step().await;
        }
        self.check(2_000)?;
        if self.is_left_out(of.1) {
            return Ok(());
        }
        self.database
            .with(|sqlite| at_once(sqlite.look_up(of, realm, wanted, take)))
    }

    async fn lock(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        self.step().await;
        let Some(process) = &self.process else {
            return Ok(true);
        };
        let mut locks = self.database.locks.borrow_mut();
        let holder = *locks.entry(*batch).or_insert(process.number);
        process.has_locked.set(holder == process.number);
        Ok(holder == process.number)
    }

    async fn unlock(&mut self, batch: &BatchId) {
        self.database.locks.borrow_mut().remove(batch);
        if let Some(process) = &self.process {
            process.has_locked.set(false);
            process.has_read.set(false);
        }
    }

    async fn is_locked_elsewhere(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        let number = self.process.as_ref().map_or(0, |process| process.number);
        let locks = self.database.locks.borrow();
        Ok(locks.get(batch).is_some_and(|holder| *holder != number))
    }

    async fn verify(&mut self) -> Result<(), EngineError> {
        let Some(process) = &self.process else {
            return Ok(());
        };
        if Rc::ptr_eq(&self.database, &process.world.home(process.home)) {
            Ok(())
        } else {
            let words = "the ledger was replaced during the run";
            Err(EngineError::Replaced(words.to_owned()))
        }
    }

    fn place(&self) -> String {
        format!("ledger {}", self.database.number)
    }
}
