//! What can happen next: every step of a run, a crash between any two, people, and an operator who
//! tells the truth. What a row is, which key it has, what a results file adds and what a run plans is
//! decided by the program's own rules.

use crate::scenes::{Rule, Scene};
use crate::state::{Att, Book, End, Ln, Names, Phase, Row, Run, State, now};
use ccbatch::domain::Payout;
use ccbatch::ledger::adopt::{Change, Setting, adopt};
use ccbatch::ledger::attempt::Repetition;
use ccbatch::ledger::row_keys::{Keys, RowKeys};
use ccbatch::ledger::rules::{
    Circumstances, Known, RefusalReason, RejectedPolicy, RowState, judge,
};
use ccbatch::ledger::{Attempt, BatchId, BatchRecord, PaidBefore, PayoutKey, Realm, References};
use ccbatch::payout::plan::{Facts, Plan, Selection};
use std::collections::{BTreeSet, HashSet};

/// A step, and where it leads.
pub(crate) type Next = (String, State);

/// The steps of a scene, with some rules turned off.
pub(crate) struct Steps<'s> {
    pub(crate) scene: &'s Scene,
    pub(crate) names: Names,
    pub(crate) off: &'s [Rule],
}

/// What stands in the way of a run; nothing is sent.
struct Stop(&'static str);

/// The keys of a run's rows, as it has noted them.
#[derive(Debug)]
struct KeysOfRun(Vec<PayoutKey>);

impl Keys for KeysOfRun {
    fn contains(&self, key: &PayoutKey) -> bool {
        self.0.contains(key)
    }
}

impl Steps<'_> {
    fn is_on(&self, rule: Rule) -> bool {
        !self.off.contains(&rule)
    }

    /// Everything that can happen next.
    pub(crate) fn after(&self, state: &State) -> Vec<Next> {
        let mut next = Vec::new();
        if state.runs_left > 0 && state.runs.len() < self.scene.runs_at_once {
            self.starts(state, &mut next);
        }
        for at in 0..state.runs.len() {
            self.run_steps(state, at, &mut next);
        }
        if state.runs.iter().all(|run| run.phase != Phase::Read) {
            self.verdicts(state, &mut next);
        }
        if state.edits_left > 0 && state.runs.is_empty() {
            for (what, mut edited) in (self.scene.people)(state) {
                edited.edits_left -= 1;
                next.push((what, edited));
            }
        }
        next
    }

    fn starts(&self, state: &State, next: &mut Vec<Next>) {
        for home in 0..state.books.len() {
            for place in 0..state.inputs.len() {
                for is_per_file in self.scene.modes {
                    for retries in [false, true] {
                        if !retries || self.scene.retries {
                            self.start(state, (home, place), (*is_per_file, retries), next);
                        }
                    }
                }
            }
        }
    }

    fn start(
        &self,
        state: &State,
        (home, place): (usize, usize),
        (is_per_file, retries): (bool, bool),
        next: &mut Vec<Next>,
    ) {
        let Some(rows) = &state.inputs[place] else {
            return;
        };
        let mut after = state.clone();
        after.runs_left -= 1;
        let run = Run {
            number: state.runs_left,
            home: u8::try_from(home).unwrap(),
            place: u8::try_from(place).unwrap(),
            phase: Phase::Read,
            batch: 0,
            is_per_file,
            read: state.results[place].clone(),
            on_record: Vec::new(),
            rows: rows.clone(),
            keys: Vec::new(),
            steps: Vec::new(),
            current: None,
            is_known: false,
            has_lock: false,
            is_late: false,
            retries,
        };
        let what = format!("run {} at home {home}, place {place}", run.number);
        if self.scene.reads_early && !self.is_on(Rule::ReadBehindLock) {
            after.runs.push(run);
            next.push((format!("{what} reads"), after));
        } else {
            next.push(self.open(after, run, &what));
        }
    }

    /// Opens a batch: chooses, locks, adopts, settles, publishes, plans.
    fn open(&self, mut state: State, mut run: Run, what: &str) -> Next {
        let end = match self.try_open(&mut state, &mut run) {
            Ok(()) => {
                state.runs.push(run);
                "begins"
            }
            Err(Stop(why)) => why,
        };
        (format!("{what}: {end}"), state)
    }

    fn try_open(&self, state: &mut State, run: &mut Run) -> Result<(), Stop> {
        let (home, place) = (usize::from(run.home), usize::from(run.place));
        let is_same_input = |other: &Run| other.place == run.place && other.has_lock;
        if self.is_on(Rule::InputLock) && state.runs.iter().any(is_same_input) {
            return Err(Stop("the input is locked"));
        }
        let lines = run.read.take().unwrap_or_default();
        let there = state.results[place].iter().flatten();
        let live = there.filter(|it| it.end.is_live());
        run.on_record = live.map(|it| (it.serial, it.row.intent)).collect();
        run.batch = self.choose(state, home, place, &lines)?;
        let is_same_batch = |other: &Run| (other.home, other.batch) == (run.home, run.batch);
        let is_held = |other: &Run| is_same_batch(other) && other.has_lock;
        if self.is_on(Rule::BatchLock) && state.runs.iter().any(is_held) {
            return Err(Stop("the batch is locked"));
        }
        let book = &mut state.books[home];
        self.set_references(book, run)?;
        self.adopt(book, run.batch, &lines, &run.rows)?;
        for it in &mut book.attempts {
            if it.batch == run.batch && it.end == End::Submitting {
                it.end = End::Interrupted;
            }
        }
        book.paths.retain(|(at, _)| *at != run.place);
        book.paths.push((run.place, run.batch));
        book.paths.sort_unstable();
        run.has_lock = true;
        run.phase = Phase::Claim;
        self.publish(state, home, place, run.batch);
        self.plan(state, run)
    }

    /// As the ledger chooses: by the ids that stand in the file, and else by its path.
    fn choose(
        &self,
        state: &mut State,
        home: usize,
        place: usize,
        lines: &[Ln],
    ) -> Result<u8, Stop> {
        let book = &state.books[home];
        let mut paths = book.paths.iter();
        let of_path = paths
            .find(|(at, _)| usize::from(*at) == place)
            .map(|it| it.1);
        let mut batches: BTreeSet<u8> = BTreeSet::new();
        if self.is_on(Rule::IdsSayWhichBatch) {
            let known = lines.iter().flat_map(|line| {
                let mut attempts = book.attempts.iter();
                attempts.find(|it| it.serial == line.serial)
            });
            batches.extend(known.map(|it| it.batch));
        }
        if let Some(batch) = of_path.filter(|it| batches.is_empty() || batches.contains(it)) {
            return Ok(batch);
        }
        match batches.len() {
            0 => {
                state.next_batch += 1;
                Ok(state.next_batch - 1)
            }
            1 => Ok(*batches.first().unwrap()),
            _ => Err(Stop("the results are of several batches")),
        }
    }

    fn set_references(&self, book: &mut Book, run: &Run) -> Result<(), Stop> {
        let was = book.per_file.contains(&run.batch);
        let is_live = |it: &Att| it.batch == run.batch && it.end.is_live();
        if was == run.is_per_file || self.scene.modes.len() < 2 {
            return Ok(());
        }
        if self.is_on(Rule::ReferencesFixed) && book.attempts.iter().any(is_live) {
            return Err(Stop("how references count is fixed"));
        }
        book.per_file.retain(|batch| *batch != run.batch);
        if run.is_per_file {
            book.per_file.push(run.batch);
            book.per_file.sort_unstable();
        }
        Ok(())
    }

    /// By the program's own rules.
    fn adopt(&self, book: &mut Book, batch: u8, lines: &[Ln], rows: &[Row]) -> Result<(), Stop> {
        if lines.is_empty() || !self.is_on(Rule::Adopting) {
            return Ok(());
        }
        let names = &self.names;
        let lines = self.lines_as_taken(book, batch, lines);
        let read: Vec<_> = (0..)
            .zip(&lines)
            .map(|(at, line)| names.line(at, line))
            .collect();
        let payouts = names.payouts(rows);
        let wanted: HashSet<PayoutKey> = read
            .iter()
            .map(|line| line.reference.as_str())
            .chain(payouts.iter().map(|payout| payout.reference.as_str()))
            .filter(|reference| !reference.is_empty())
            .map(PayoutKey::shared)
            .collect();
        // As much as the ledger is asked for.
        let is_asked_for = |it: &&Att| {
            it.batch == batch
                || lines.iter().any(|line| line.serial == it.serial)
                || wanted.contains(&names.key(it.key))
        };
        let known = names.known(book.attempts.iter().filter(is_asked_for));
        let setting = Setting {
            batch: &names.batches[usize::from(batch)],
            realm: Realm::Live,
            references: references(book, batch),
            payouts: &payouts,
        };
        let changes =
            adopt(&read, known, setting, ("", now())).map_err(|_| Stop("a line cannot be ours"))?;
        for change in changes {
            self.take(book, batch, &lines, &change);
        }
        Ok(())
    }

    /// The lines, or with a rule turned off what they would be taken for.
    fn lines_as_taken(&self, book: &Book, batch: u8, lines: &[Ln]) -> Vec<Ln> {
        let mut lines = lines.to_vec();
        let of_batch = book.attempts.iter().filter(|it| it.batch == batch);
        let places: Vec<&Att> = of_batch.collect();
        for (at, line) in lines.iter_mut().enumerate() {
            if !self.is_on(Rule::Digest) {
                line.row = line.cells;
            }
            if let Some(other) = places.get(at).filter(|_| !self.is_on(Rule::LineById)) {
                (line.serial, line.row) = (other.serial, other.row);
            }
        }
        lines
    }

    fn take(&self, book: &mut Book, batch: u8, lines: &[Ln], change: &Change) {
        let id_of = |it: &Att| self.names.id(it.serial, it.row);
        match change {
            Change::Insert(attempt) => {
                let is_its = |line: &&Ln| self.names.id(line.serial, line.row) == attempt.id;
                let att = self.names.att(attempt, lines.iter().find(is_its), batch);
                book.attempts.push(att);
            }
            Change::Update(attempt) => {
                let mut attempts = book.attempts.iter_mut();
                if let Some(it) = attempts.find(|it| id_of(it) == attempt.id) {
                    it.end = Names::end_of(attempt);
                }
            }
        }
    }

    fn publish(&self, state: &mut State, home: usize, place: usize, batch: u8) {
        let attempts = state.books[home].attempts.iter();
        let of_batch = attempts.filter(|it| it.batch == batch);
        let lines: Vec<Ln> = of_batch.map(line_of).collect();
        if !lines.is_empty() || state.results[place].is_some() {
            state.results[place] = Some(lines);
        }
    }

    fn plan(&self, state: &State, run: &mut Run) -> Result<(), Stop> {
        let book = &state.books[usize::from(run.home)];
        let of_batch: Vec<Attempt> = self
            .names
            .attempts(book.attempts.iter().filter(|it| it.batch == run.batch));
        let known = self.names.known(&book.attempts);
        let batch = self.names.batches[usize::from(run.batch)];
        let payouts = self.names.payouts(&run.rows);
        let references = references(book, run.batch);
        let rows = RowKeys::new(&payouts, (&batch, references), &of_batch);
        let keys = rows.rows().map(|(_, key)| self.names.key_number(&key));
        run.keys = keys.collect();
        let record = BatchRecord {
            id: batch,
            realm: Realm::Live,
            references,
            begun_at: now(),
            finished_at: None,
        };
        self.judged(state, run, |around| {
            let facts = Facts {
                known: &known,
                attempts: &of_batch,
                paid: &PaidBefore::default(),
                creators: &[],
            };
            let plan = Plan::new(&rows, facts, &record, around, &Selection::default());
            self.steps_of(&plan)
        })
        .map(|steps| run.steps = steps)
    }

    fn steps_of(&self, plan: &Plan<'_>) -> Result<Vec<u8>, Stop> {
        let mut steps: BTreeSet<u8> = plan
            .steps
            .iter()
            .map(|it| u8::try_from(*it).unwrap())
            .collect();
        for (at, state) in (0u8..).zip(plan.states.iter()) {
            let Some(RowState::Refused(refusal)) = state else {
                continue;
            };
            match self.is_passed_over(refusal.reason) {
                true => drop(steps.insert(at)),
                false => return Err(Stop("a row is refused")),
            }
        }
        if !plan.missing.is_empty() && self.is_on(Rule::MissingRows) {
            return Err(Stop("a row is missing"));
        }
        if plan.closed.is_some() {
            return Err(Stop("the batch is closed"));
        }
        if plan.counts().in_doubt > 0 && !self.scene.keeps_going {
            return Err(Stop("a payout is in doubt"));
        }
        match steps.is_empty() {
            true => Err(Stop("nothing is left to send")),
            false => Ok(steps.into_iter().collect()),
        }
    }

    /// Whether a refusal is one that a rule turned off would not make.
    fn is_passed_over(&self, reason: RefusalReason) -> bool {
        match reason {
            RefusalReason::Twin | RefusalReason::SpellingOfReference => !self.is_on(Rule::Twins),
            RefusalReason::ReferenceUsed => !self.is_on(Rule::ReferenceUsed),
            RefusalReason::InDoubtElsewhere => !self.is_on(Rule::InDoubtElsewhere),
        }
    }

    /// Judges by all that a run knows.
    fn judged<T>(
        &self,
        state: &State,
        run: &Run,
        judge: impl FnOnce(&Circumstances<'_>) -> T,
    ) -> T {
        let keys = run.keys.iter().map(|key| self.names.key(*key));
        let keys = KeysOfRun(keys.collect());
        let others = state
            .runs
            .iter()
            .filter(|other| other.home == run.home && other.has_lock);
        let others = others.filter(|other| other.batch != run.batch);
        let at_work: HashSet<BatchId> = others
            .map(|other| self.names.batches[usize::from(other.batch)])
            .collect();
        judge(&Circumstances {
            batch: &self.names.batches[usize::from(run.batch)],
            references: references(&state.books[usize::from(run.home)], run.batch),
            keys: &keys,
            at_work: &at_work,
            rejected: match run.retries {
                true => RejectedPolicy::Retry,
                false => RejectedPolicy::Leave,
            },
            repetition: Repetition::Refused,
            now: now(),
        })
    }

    /// The steps of one run, and its death before any of them.
    fn run_steps(&self, state: &State, at: usize, next: &mut Vec<Next>) {
        let run = &state.runs[at];
        let mut rest = state.clone();
        rest.runs.remove(at);
        let tell = |what: &str| format!("[{}] {what}", run.number);
        if run.phase == Phase::Read {
            next.push(self.open(rest, run.clone(), &tell("opens")));
            return;
        }
        if self.scene.kills {
            next.push((tell("is killed"), rest.clone()));
        }
        if self.scene.loses_locks && run.has_lock {
            let mut without = state.clone();
            without.runs[at].has_lock = false;
            next.push((tell("loses its lock"), without));
        }
        let with = |rest: &State, run: Run| {
            let mut after = rest.clone();
            after.runs.insert(at, run);
            after
        };
        match run.phase {
            Phase::Read => {}
            Phase::Claim => self.claim(state, at, next),
            Phase::WriteLine => {
                let line = run.current.as_ref().map(line_of);
                let mut after = with(
                    &rest,
                    Run {
                        phase: Phase::Send,
                        ..run.clone()
                    },
                );
                let results = after.results[usize::from(run.place)].get_or_insert_default();
                results.extend(line);
                next.push((tell("writes its line"), after));
                if !self.scene.answers_all {
                    let mut after = rest;
                    self.set_end(&mut after, run, End::NotCreated);
                    next.push((tell("cannot write its line, and voids the claim"), after));
                }
            }
            Phase::Send => self.send(&rest, at, run, next),
            Phase::Answer(end) => {
                let mut again = run.clone();
                again.phase = Phase::Finish(end);
                let mut after = with(&rest, again);
                self.set_line(&mut after, run, end);
                next.push((tell(&format!("writes {end:?} to the file")), after));
            }
            Phase::Finish(end) => {
                let is_over = end == End::Unknown && !self.scene.keeps_going;
                let again = Run {
                    phase: Phase::Claim,
                    current: None,
                    is_late: false,
                    steps: run.steps[1..].to_vec(),
                    ..run.clone()
                };
                let mut after = if is_over { rest } else { with(&rest, again) };
                self.set_end(&mut after, run, end);
                next.push((tell(&format!("writes {end:?} to the ledger")), after));
            }
        }
    }

    fn send(&self, rest: &State, at: usize, run: &Run, next: &mut Vec<Next>) {
        let tell = |what: &str| format!("[{}] {what}", run.number);
        if run.is_late && self.is_on(Rule::LateClaims) {
            let mut after = rest.clone();
            self.set_end(&mut after, run, End::NotCreated);
            self.set_line(&mut after, run, End::NotCreated);
            next.push((tell("is too late, and does not send"), after));
            return;
        }
        let att = run.current.unwrap();
        let mut answers = vec![(End::Created, true)];
        if !self.scene.answers_all {
            answers.extend([(End::Unknown, true), (End::NotCreated, false)]);
        }
        if self.scene.rejects {
            answers.push((End::Rejected, false));
        }
        for (end, is_created) in answers {
            let mut after = rest.clone();
            let phase = Phase::Answer(end);
            after.runs.insert(
                at,
                Run {
                    phase,
                    ..run.clone()
                },
            );
            if is_created {
                after
                    .created
                    .push((att.serial, att.row.intent, run.is_known));
            }
            next.push((tell(&format!("sends {}: {end:?}", att.serial)), after));
        }
    }

    /// Decides again, and claims.
    fn claim(&self, state: &State, at: usize, next: &mut Vec<Next>) {
        let run = &state.runs[at];
        let home = usize::from(run.home);
        let tell = |what: &str| format!("[{}] {what}", run.number);
        let mut without = state.clone();
        without.runs.remove(at);
        let Some(step) = run.steps.first().copied() else {
            next.push((tell("is done"), without));
            return;
        };
        if !run.has_lock && self.is_on(Rule::LockStillHeld) {
            next.push((tell("does not hold the batch any more"), without));
            return;
        }
        let row = run.rows[usize::from(step)];
        let key = run.keys[usize::from(step)];
        let attempts = &state.books[home].attempts;
        let is_live = |it: &&Att| it.key == key && it.end.is_live() && !it.is_extra;
        let is_taken = attempts.iter().any(|it| is_live(&it));
        match self.decide(state, run, (step, row, key)) {
            Decision::Claim if is_taken && self.is_on(Rule::OneLiveAttempt) => {
                next.push((tell("is refused by the index"), without));
            }
            Decision::Claim => self.claim_now(state, at, (step, row, key), next),
            Decision::Next => {
                let mut after = state.clone();
                after.runs[at].steps.remove(0);
                next.push((tell("finds the row settled"), after));
            }
            Decision::Wait => {}
            Decision::End => next.push((tell("finds the row refused"), without)),
        }
    }

    fn decide(&self, state: &State, run: &Run, (step, row, key): (u8, Row, u8)) -> Decision {
        if !self.is_on(Rule::DecidedAgain) {
            return Decision::Claim;
        }
        let known: Known = self
            .names
            .known(&state.books[usize::from(run.home)].attempts);
        let payout = Payout {
            line: u64::from(step) + 2,
            ..self.names.payout(row)
        };
        let key = self.names.key(key);
        let row = ccbatch::ledger::rules::Row {
            payout: &payout,
            key: &key,
        };
        self.judged(state, run, |around| match judge(row, &known, around) {
            RowState::Pending { .. } => Decision::Claim,
            RowState::Created(_) | RowState::Rejected(_) => Decision::Next,
            RowState::UnderWay(_) => Decision::Wait,
            RowState::InDoubt(_) => Decision::End,
            RowState::Refused(refusal) => match self.is_passed_over(refusal.reason) {
                true => Decision::Claim,
                false => Decision::End,
            },
        })
    }

    fn claim_now(
        &self,
        state: &State,
        at: usize,
        (step, row, key): (u8, Row, u8),
        next: &mut Vec<Next>,
    ) {
        let run = &state.runs[at];
        let home = usize::from(run.home);
        let numbers = state.books[home].attempts.iter().filter(|it| it.key == key);
        let att = Att {
            serial: state.next_attempt,
            row,
            line: step + 2,
            batch: run.batch,
            key,
            number: numbers.map(|it| it.number).max().unwrap_or(0) + 1,
            end: End::Submitting,
            is_extra: false,
            is_old: false,
        };
        let mut after = state.clone();
        after.next_attempt += 1;
        after.books[home].attempts.push(att);
        let mut lost = after.clone();
        after.runs[at] = Run {
            phase: Phase::WriteLine,
            current: Some(att),
            is_known: self.is_on_record(state, run, row.intent),
            ..run.clone()
        };
        next.push((format!("[{}] claims {}", run.number, att.serial), after));
        if self.scene.loses_commits {
            lost.runs.remove(at);
            next.push((
                format!(
                    "[{}] claims {}, hears nothing and ends",
                    run.number, att.serial
                ),
                lost,
            ));
        }
    }

    /// Whether as many payouts as are meant are on record within reach of a run.
    fn is_on_record(&self, state: &State, run: &Run, intent: u8) -> bool {
        let book = &state.books[usize::from(run.home)].attempts;
        let is_past = |it: &Att| self.scene.is_monthly && it.is_old;
        let mut serials: BTreeSet<u8> = book
            .iter()
            .filter(|it| it.row.intent == intent && it.end.is_live() && !is_past(it))
            .map(|it| it.serial)
            .collect();
        let read = run.on_record.iter().filter(|it| it.1 == intent);
        serials.extend(read.map(|it| it.0));
        let lines = state.results[usize::from(run.place)].iter().flatten();
        let of_intent = lines.filter(|it| it.row.intent == intent && it.end.is_live());
        serials.extend(of_intent.map(|it| it.serial));
        serials.len() >= self.scene.allowed
    }

    fn set_end(&self, state: &mut State, run: &Run, end: End) {
        let serial = run.current.unwrap().serial;
        let attempts = &mut state.books[usize::from(run.home)].attempts;
        for it in attempts.iter_mut().filter(|it| it.serial == serial) {
            it.end = end;
        }
    }

    fn set_line(&self, state: &mut State, run: &Run, end: End) {
        let serial = run.current.unwrap().serial;
        let lines = state.results[usize::from(run.place)].iter_mut().flatten();
        for line in lines.filter(|it| it.serial == serial) {
            line.end = end;
        }
    }

    /// An operator settles what is in doubt, by what is true: ten minutes go by.
    fn verdicts(&self, state: &State, next: &mut Vec<Next>) {
        for home in 0..state.books.len() {
            let doubts = state.books[home]
                .attempts
                .iter()
                .filter(|it| it.end.is_in_doubt());
            for doubt in doubts {
                let is_held = |run: &Run| {
                    usize::from(run.home) == home && run.batch == doubt.batch && run.has_lock
                };
                if !state.runs.iter().any(is_held) {
                    next.extend(self.verdict(state, home, *doubt));
                }
            }
        }
    }

    fn verdict(&self, state: &State, home: usize, doubt: Att) -> Option<Next> {
        let mut after = state.clone();
        let places = after.books[home].paths.clone().into_iter();
        let mut places = places
            .filter(|(_, batch)| *batch == doubt.batch)
            .map(|it| usize::from(it.0));
        let here = places.find(|place| state.results[*place].is_some());
        if let Some(place) = here.filter(|_| self.is_on(Rule::ResolveAdopts)) {
            let lines = state.results[place].clone().unwrap_or_default();
            let adopted = self.adopt(&mut after.books[home], doubt.batch, &lines, &[]);
            adopted.ok()?;
        }
        let book = &mut after.books[home].attempts;
        let it = book
            .iter_mut()
            .find(|it| it.serial == doubt.serial && it.end.is_in_doubt())?;
        let is_created = state.created.iter().any(|it| it.0 == doubt.serial);
        it.end = match is_created {
            true => End::VerdictCreated,
            false => End::VerdictNotCreated,
        };
        if let Some(place) = here {
            self.publish(&mut after, home, place, doubt.batch);
        }
        for run in after
            .runs
            .iter_mut()
            .filter(|run| usize::from(run.home) == home)
        {
            run.is_late = run.current.is_some();
        }
        Some((
            format!("resolve {}: created {is_created}", doubt.serial),
            after,
        ))
    }
}

/// What `begin` comes to.
enum Decision {
    Claim,
    Next,
    Wait,
    End,
}

fn references(book: &Book, batch: u8) -> References {
    match book.per_file.contains(&batch) {
        true => References::PerFile,
        false => References::Shared,
    }
}

fn line_of(it: &Att) -> Ln {
    Ln {
        serial: it.serial,
        row: it.row,
        cells: it.row,
        line: it.line,
        number: it.number,
        end: it.end,
        is_old: it.is_old,
    }
}
