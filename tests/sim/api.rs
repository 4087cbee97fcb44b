//! An [`Api`] is the other side: it creates payouts, keeps a book of them, and answers, or not,
//! with every row of the table of outcomes. The answers are read by the real classification.

use crate::disk::SimFile;
use crate::engine::Database;
use crate::plant::Plant;
use crate::world::{Process, World};
use ccbatch::cryptocloud::classify::{self, Answer};
use ccbatch::domain::{Outcome, Payout, Verdict};
use ccbatch::ledger::{AttemptId, Claim, MAX_AGE};
use ccbatch::payout::gateway::{Exchange, Gateway};
use ccbatch::payout::pacer::API_INTERVAL;
use ccbatch::payout::stop::Stop;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The longest time for which a request stays on its way after its sender has given up.
const LONGEST_WAY: Duration = Duration::from_secs(300);

/// What the other side knows.
#[derive(Debug, Default)]
pub(crate) struct Api {
    /// The book: what was created, by the attempt that asked for it.
    pub(crate) book: BTreeMap<AttemptId, Created>,
    /// Requests that are still on their way.
    on_the_way: Vec<(Instant, AttemptId)>,
    sent: BTreeSet<AttemptId>,
    /// When the last request arrived that was claimed in each ledger.
    latest: BTreeMap<u64, Instant>,
}

/// A payout that was created, as the dashboard shows it.
#[derive(Clone, Debug)]
pub(crate) struct Created {
    pub(crate) intent: String,
    pub(crate) invoice_id: String,
}

impl World {
    /// What the dashboard shows of an attempt.
    pub(crate) fn look_up(&self, id: &AttemptId) -> Option<String> {
        self.deliver();
        let api = self.api.borrow();
        api.book.get(id).map(|created| created.invoice_id.clone())
    }

    /// How many payouts were created for an intent.
    pub(crate) fn created(&self, intent: &str) -> usize {
        let api = self.api.borrow();
        let of_intent = api.book.values().filter(|it| it.intent == intent);
        of_intent.count()
    }

    /// Lets arrive what was on its way until now.
    pub(crate) fn deliver(&self) {
        let now = Instant::now();
        let due = |(at, _): &mut (Instant, AttemptId)| *at <= now;
        let arrived: Vec<_> = self
            .api
            .borrow_mut()
            .on_the_way
            .extract_if(.., due)
            .collect();
        for (_, id) in arrived {
            self.count(|it| &mut it.late_arrivals);
            self.create(&id);
        }
    }

    fn create(&self, id: &AttemptId) -> String {
        let intent = match self.claims.borrow().get(id) {
            Some(claimed) => claimed.intent.clone(),
            None => "nothing".to_owned(),
        };
        let number = self.number();
        let padding = if self.one_in(60) { self.below(900) } else { 0 };
        let invoice_id = format!("INV-{}{number:06}", "X".repeat(padding));
        let created = Created {
            intent: intent.clone(),
            invoice_id: invoice_id.clone(),
        };
        let before = self.api.borrow_mut().book.insert(*id, created);
        self.count(|it| &mut it.created);
        self.tell(|| format!("{id} is created as {invoice_id} for {intent}"));
        if before.is_some() {
            self.violate(format!("created twice: {id} was sent twice"));
        }
        self.nobody_is_paid_twice(&intent);
        invoice_id
    }

    /// No payout is created beside one of its reference, or beside as many as its intent allows, if
    /// those were on record within reach when it was claimed. What was paid twice under one
    /// reference was one of them: the others may still be due.
    fn nobody_is_paid_twice(&self, intent: &str) {
        if self.misled.borrow().contains(intent) {
            return;
        }
        let allowed = self.allowed.borrow().get(intent).copied().unwrap_or(0);
        let of_intent: Vec<AttemptId> = {
            let api = self.api.borrow();
            let of_intent = api.book.iter().filter(|(_, it)| it.intent == intent);
            of_intent.map(|(id, _)| *id).collect()
        };
        let is_too_often = of_intent.len() > allowed;
        let is_double = |id: &&AttemptId| {
            let [own, on_record] = self.created_within_reach_of(id);
            !own.is_disjoint(&on_record) || is_too_often && on_record.len() >= allowed
        };
        if let Some(id) = of_intent.iter().find(is_double) {
            self.violate(format!(
                "created twice: {intent}, by {id} although it was on record"
            ));
        } else if is_too_often {
            self.count(|it| &mut it.both_lost);
            self.tell(|| format!("{intent} is created twice: both records were lost"));
            self.misled.borrow_mut().insert(intent.to_owned());
        }
    }

    /// The reference of an attempt, if it has one, and the payouts of the same intent that were
    /// created and on record within reach of its claim: by reference, or by id without one.
    fn created_within_reach_of(&self, id: &AttemptId) -> [BTreeSet<String>; 2] {
        let api = self.api.borrow();
        let claims = self.claims.borrow();
        let Some(claimed) = claims.get(id) else {
            return Default::default();
        };
        let created = claimed.within_reach.iter();
        let created = created.filter(|id| api.book.contains_key(*id));
        let payouts = created.map(|id| match claims.get(id) {
            Some(claimed) if !claimed.reference.is_empty() => claimed.reference.clone(),
            Some(_) | None => id.to_string(),
        });
        let own = Some(claimed.reference.clone()).filter(|it| !it.is_empty());
        [own.into_iter().collect(), payouts.collect()]
    }
}

/// What becomes of a request.
enum Fate {
    TooLate,
    ConnectFailed,
    Refused(u16, String),
    Limited(Option<Duration>),
    Created(&'static str),
    /// Created or not, and the answer does not say.
    Muddled(bool, u16, &'static str),
    /// Created or not, and no whole answer comes: none, or the beginning of one with this status.
    Lost(bool, Option<u16>),
}

/// A request on its way through a [`World`].
pub(crate) struct Wire {
    pub(crate) process: Rc<Process>,
    pub(crate) database: Rc<Database>,
    pub(crate) stop: Stop,
}

impl Gateway for Wire {
    async fn submit(&self, payout: &Payout, claim: &Claim) -> Exchange {
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
        self.both_are_durable(payout, claim.id());
        let world = Rc::clone(&self.process.world);
        self.process.step().await; // Before the request leaves.
        let mut exchange = self.send(payout, claim.id()).await;
        let is_unknown = exchange.outcome.verdict == Verdict::Unknown;
        if world.plant == Plant::ClaimReused && is_unknown {
            exchange = self.send(payout, claim.id()).await;
        }
        self.process
            .tell(|| format!("{payout:?}: {:?}", exchange.outcome));
        self.process.step().await; // The answer is in.
        exchange
    }

    async fn reach(&self) -> Result<(), String> {
        self.process.step().await;
        match self.process.world.bad_luck(3) {
            true => Err("there is no connection".to_owned()),
            false => Ok(()),
        }
    }
}

impl Fate {
    fn is_created(&self) -> bool {
        match self {
            Self::Created(_) => true,
            Self::Muddled(is_created, _, _) | Self::Lost(is_created, _) => *is_created,
            Self::TooLate | Self::ConnectFailed | Self::Refused(..) | Self::Limited(_) => false,
        }
    }
}

impl Wire {
    async fn send(&self, payout: &Payout, id: &AttemptId) -> Exchange {
        let world = Rc::clone(&self.process.world);
        let claimed_at = world.claims.borrow().get(id).map(|it| it.at);
        let fate = match claimed_at {
            Some(at) if at.elapsed() > MAX_AGE => Fate::TooLate,
            Some(_) | None => self.fate(),
        };
        if let Fate::TooLate = fate {
            return exchange(Outcome::not_sent("the claim is too old"), None);
        }
        if let Fate::ConnectFailed = fate {
            sleep(self.millis(10_000)).await;
            return exchange(classify::not_connected(String::new()), None);
        }
        world.count(|it| &mut it.requests);
        let is_reused = !world.api.borrow_mut().sent.insert(*id);
        if is_reused {
            world.violate(format!("created twice: a second request on the claim {id}"));
        }
        let connected_at = Instant::now();
        sleep(self.millis(900)).await;
        self.arrive();
        let is_lost = matches!(fate, Fate::Lost(..));
        let is_slow = fate.is_created() && (is_lost || self.process.dies_here());
        let mut invoice_id = None;
        if is_slow && world.one_in(2) {
            let most = usize::try_from(LONGEST_WAY.as_millis()).unwrap();
            let at = Instant::now() + self.millis(most);
            world.api.borrow_mut().on_the_way.push((at, *id));
        } else if fate.is_created() {
            invoice_id = Some(world.create(id));
        }
        self.process.step().await; // The request has arrived.
        if world.bad_luck(30) {
            self.process.tell(|| "a stop is asked for".to_owned());
            self.stop.raise();
        }
        let outcome = self.answer(payout, fate, invoice_id.as_deref()).await;
        exchange(outcome, Some(connected_at))
    }

    /// Two requests that are claimed in one ledger never arrive closer together than the interval.
    fn arrive(&self) {
        let now = Instant::now();
        let latest = &mut self.process.world.api.borrow_mut().latest;
        let before = latest.insert(self.database.serial, now);
        let is_too_soon = before.is_some_and(|before| now - before < API_INTERVAL);
        if is_too_soon && self.process.world.plant == Plant::Nothing {
            let world = &self.process.world;
            world.violate("a request arrived before the interval was over");
        }
    }

    fn fate(&self) -> Fate {
        let world = &self.process.world;
        if !world.bad_luck(2) {
            return Fate::Created(world.pick(&["data", "result"]));
        }
        let is_created = world.one_in(2);
        match world.below(13) {
            0 => Fate::ConnectFailed,
            1 => Fate::TooLate,
            2 => Fate::Limited(None),
            3 => Fate::Limited(Some(Duration::from_secs(world.pick(&[1, 30, 601])))),
            4..=6 => {
                let key =
                    world.pick(&["network", "uncorrected_amount", "validate_error", "limits"]);
                Fate::Refused(world.pick(&[400, 403, 422]), key.to_owned())
            }
            7 => Fate::Refused(world.pick(&[400, 401]), "authorization".to_owned()),
            8 | 9 => {
                let (http_status, body) = world.pick(&[
                    (200, ""),
                    (200, r#"{"status":"success"}"#),
                    (307, ""),
                    (409, r#"{"message":"Conflict."}"#),
                    (500, r#"{"message":"Server Error"}"#),
                    (502, "<html><h1>Bad gateway</h1>"),
                ]);
                Fate::Muddled(is_created, http_status, body)
            }
            _ => Fate::Lost(is_created, world.pick(&[None, Some(200), Some(400)])),
        }
    }

    async fn answer(&self, payout: &Payout, fate: Fate, invoice_id: Option<&str>) -> Outcome {
        let (http_status, retry_after, body) = match fate {
            Fate::Created(payload) => {
                let id = invoice_id.unwrap_or("INV-LATE");
                let body = format!(
                    r#"{{"status":"success","{payload}":{{"invoice_id":"{id}","status":"created","currency":"{}","amount":{}}}}}"#,
                    payout.currency, payout.amount
                );
                (200, None, body)
            }
            Fate::Refused(http_status, key) => {
                let result = serde_json::json!({ key: "no" });
                let body = serde_json::json!({ "status": "error", "result": result });
                (http_status, None, body.to_string())
            }
            Fate::Limited(retry_after) => (429, retry_after, String::new()),
            Fate::Muddled(_, http_status, body) => (http_status, None, body.to_owned()),
            Fate::Lost(_, begun) => {
                sleep(self.millis(120_000)).await;
                return match begun {
                    None => classify::no_answer(String::new()),
                    Some(http_status) => classify::broken_answer(http_status, b"", ""),
                };
            }
            Fate::ConnectFailed | Fate::TooLate => unreachable!("nothing left"),
        };
        sleep(self.millis(5_000)).await;
        let answer = Answer {
            http_status,
            retry_after,
            body: body.as_bytes(),
        };
        classify::answer(payout, &answer)
    }

    /// What may be paid is on record before the request leaves: in the ledger, and in the results
    /// file, where it would be after a power loss.
    fn both_are_durable(&self, payout: &Payout, id: &AttemptId) {
        let world = &self.process.world;
        if self.database.status_of(id).as_deref() != Some("submitting") {
            world.violate(format!("the request for {payout:?} leaves without a claim"));
        }
        let inode = self.process.inode.borrow().clone();
        if !inode.is_some_and(|inode| SimFile::is_last_line_durable(&inode, id)) {
            world.violate(format!(
                "the request for {payout:?} leaves before its line is durable"
            ));
        }
    }

    fn millis(&self, most: usize) -> Duration {
        Duration::from_millis(self.process.world.below(most) as u64)
    }
}

fn exchange(outcome: Outcome, connected_at: Option<Instant>) -> Exchange {
    Exchange {
        outcome,
        connected_at,
    }
}
