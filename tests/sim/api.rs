//! An [`Api`] is the other side: it creates payouts, keeps a ledger of them, and answers, or not,
//! with every row of the table of outcomes. The answers are read by the real classification.

use crate::file::{Lock, OpenError, SimFile};
use crate::plant::Plant;
use crate::session::INTERVAL;
use crate::world::World;
use ccbatch::cryptocloud::classify::{self, Answer, Fault};
use ccbatch::domain::{Outcome, Payout, Status};
use ccbatch::payout::gateway::Gateway;
use ccbatch::payout::stop::Stop;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

/// What the other side knows.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) ledger: Vec<Created>,
    latest_arrival: Option<Duration>,
}

/// A payout that was created, as the dashboard shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) payout: Payout,
    pub(crate) invoice_id: String,
}

impl Api {
    pub(crate) fn created(&self, line: u64) -> impl Iterator<Item = &Created> {
        self.ledger
            .iter()
            .filter(move |created| created.payout.line == line)
    }
}

/// What becomes of a request.
enum Fate {
    ConnectFailed,
    Refused(u16, String),
    Limited(Option<Duration>),
    Created {
        http_status: u16,
        payload: &'static str,
    },
    /// Created or not, and the answer does not say.
    Muddled {
        is_created: bool,
        http_status: u16,
        body: &'static str,
    },
    /// Created or not, and no whole answer comes.
    Lost {
        is_created: bool,
        fault: Fault,
    },
}

/// A request on its way through a [`World`].
pub(crate) struct Wire<'w> {
    pub(crate) world: &'w Rc<World>,
    pub(crate) stop: &'w Stop,
}

impl Gateway for Wire<'_> {
    async fn submit(&self, payout: &Payout) -> Outcome {
        self.intent_is_durable(payout);
        self.second_process();
        self.or_die().await; // Before the request leaves.
        let fate = self.fate();
        self.world.figures.borrow_mut().requests += 1;
        if let Fate::ConnectFailed = fate {
            sleep(self.millis(10_000)).await;
            return classify::no_answer(Fault::ConnectFailed, None, self.words());
        }
        sleep(self.millis(900)).await;
        self.arrive();
        let invoice_id = fate.is_created().then(|| self.create(payout));
        self.or_die().await; // The request has arrived.
        if self.world.bad_luck(30) {
            self.world.tell(|| "a stop is asked for".to_owned());
            self.stop.raise();
        }
        let outcome = self.answer(payout, fate, invoice_id.as_deref()).await;
        let outcome = match (self.world.plant, outcome.status()) {
            (Plant::CreatedForgotten, Status::Created) if self.world.one_in(4) => {
                classify::no_answer(Fault::ConnectFailed, None, String::new())
            }
            _ => outcome,
        };
        self.world
            .tell(|| format!("line {}: {outcome:?}", payout.line));
        self.or_die().await; // The answer is in.
        outcome
    }
}

impl Fate {
    fn is_created(&self) -> bool {
        match self {
            Self::Created { .. } => true,
            Self::Muddled { is_created, .. } | Self::Lost { is_created, .. } => *is_created,
            _ => false,
        }
    }
}

impl Wire<'_> {
    fn fate(&self) -> Fate {
        if !self.world.bad_luck(2) {
            let payload = *self.world.rng.borrow_mut().pick(&["data", "result"]);
            return Fate::Created {
                http_status: 200,
                payload,
            };
        }
        let is_created = self.world.one_in(2);
        let rng = &mut *self.world.rng.borrow_mut();
        match rng.below(12) {
            0 | 1 => Fate::ConnectFailed,
            2 => Fate::Limited(None),
            3 => Fate::Limited(Some(Duration::from_secs(*rng.pick(&[1, 30, 601])))),
            4..=6 => {
                let key = *rng.pick(&["network", "uncorrected_amount", "validate_error", "limits"]);
                Fate::Refused(*rng.pick(&[400, 403, 422]), key.to_owned())
            }
            7 => Fate::Refused(*rng.pick(&[400, 401]), "authorization".to_owned()),
            8 | 9 => {
                let (http_status, body) = *rng.pick(&[
                    (200, ""),
                    (200, "<html>"),
                    (200, r#"{"status":"success"}"#),
                    (302, ""),
                    (307, ""),
                    (408, ""),
                    (409, r#"{"message":"Conflict."}"#),
                    (500, r#"{"message":"Server Error"}"#),
                    (502, "<html><h1>Bad gateway</h1>"),
                    (101, ""),
                ]);
                Fate::Muddled {
                    is_created,
                    http_status,
                    body,
                }
            }
            _ => {
                let fault = *rng.pick(&[Fault::NoAnswer, Fault::BrokenAnswer]);
                Fate::Lost { is_created, fault }
            }
        }
    }

    async fn answer(&self, payout: &Payout, fate: Fate, invoice_id: Option<&str>) -> Outcome {
        let words = self.words();
        let (http_status, retry_after, body) = match fate {
            Fate::Created {
                http_status,
                payload,
            } => {
                let id = invoice_id.unwrap();
                let body = format!(
                    r#"{{"status":"success","{payload}":{{"invoice_id":"{id}","status":"created","currency":"{}","amount":{}}}}}"#,
                    payout.currency, payout.amount
                );
                (http_status, None, body)
            }
            Fate::Refused(http_status, key) => {
                let result = serde_json::json!({ key: words });
                let body = serde_json::json!({ "status": "error", "result": result });
                (http_status, None, body.to_string())
            }
            Fate::Limited(retry_after) => (429, retry_after, words),
            Fate::Muddled {
                http_status, body, ..
            } => (http_status, None, body.to_owned()),
            Fate::Lost { fault, .. } => {
                sleep(self.millis(120_000)).await;
                return classify::no_answer(fault, None, words);
            }
            Fate::ConnectFailed => unreachable!("nothing arrived"),
        };
        sleep(self.millis(5_000)).await;
        let answer = Answer {
            http_status,
            retry_after,
            body: body.as_bytes(),
        };
        classify::answer(payout, &answer)
    }

    fn create(&self, payout: &Payout) -> String {
        let ledger = &mut self.world.api.borrow_mut().ledger;
        let padding = if self.world.one_in(60) {
            self.world.below(2000)
        } else {
            0
        };
        let invoice_id = format!("INV-{}{:04}", "X".repeat(padding), ledger.len());
        ledger.push(Created {
            payout: payout.clone(),
            invoice_id: invoice_id.clone(),
        });
        self.world.figures.borrow_mut().created += 1;
        self.world
            .tell(|| format!("line {} is created as {invoice_id}", payout.line));
        invoice_id
    }

    /// Two requests never arrive closer together than the interval.
    fn arrive(&self) {
        let now = self.world.elapsed();
        let latest = self.world.api.borrow_mut().latest_arrival.replace(now);
        if latest.is_some_and(|latest| now - latest < INTERVAL) {
            self.world
                .violate("a request arrived before the interval was over");
        }
    }

    /// What may be paid is on disk before the request leaves: the file ends in this payout's
    /// whole intent, and would after a power loss.
    fn intent_is_durable(&self, payout: &Payout) {
        let disk = self.world.disk.borrow();
        let line = std::str::from_utf8(disk.last_line()).unwrap_or_default();
        let is_whole = line.starts_with(&format!("{},", payout.line))
            && line.contains(&format!(",{},{},", payout.to_address, payout.amount))
            && line.ends_with("Z,");
        if !is_whole || !disk.is_durable(line.as_bytes()) {
            self.world.violate(format!(
                "the request for line {} leaves before its whole intent is durable",
                payout.line
            ));
        }
    }

    /// A second process that wants the same batch, or another input with the same results file.
    fn second_process(&self) {
        if !self.world.one_in(10) {
            return;
        }
        let input = Lock::take(&self.world.input_lock);
        let results = SimFile::open(self.world);
        if input.is_some() || !matches!(results, Err(OpenError::Locked)) {
            self.world.violate("a second process was let in");
        }
        self.world.figures.borrow_mut().locked_out += 1;
    }

    /// Goes on, or never again.
    async fn or_die(&self) {
        if self.world.dies_here() {
            std::future::pending::<()>().await;
        }
    }

    fn millis(&self, most: usize) -> Duration {
        Duration::from_millis(self.world.below(most) as u64)
    }

    /// Text from outside: short, long, or made to be awkward.
    fn words(&self) -> String {
        let rng = &mut *self.world.rng.borrow_mut();
        match rng.below(10) {
            0 => "the \"amount\", too small\r\n\0=1+1".to_owned(),
            1 => "\u{202e}é".repeat(rng.below(150)),
            2 | 3 => "no ".repeat(rng.below(80)),
            _ => String::new(),
        }
    }
}
