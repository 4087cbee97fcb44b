//! Adopting takes over from a results file what the ledger does not know: from another machine, or
//! from before the ledger was lost. It is pure.
//!
//! A line is the attempt of its id and nothing else. The file may have been saved by a spreadsheet:
//! fields that no longer fit the id's digest are taken from the attempt or the row of the input
//! that does.

use super::attempt::{Attempt, AttemptStatus, Counting, Ending, Repetition};
use super::content::Content;
use super::id::{AttemptId, BatchId};
use super::key::{PayoutKey, References};
use super::realm::Realm;
use super::rules::Known;
use crate::address;
use crate::domain::outcome::own_key;
use crate::domain::{Amount, Batch, Currency};
use chrono::{DateTime, TimeDelta, Utc};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

/// Ids that differ in more letters than these are not one that was damaged: ten are drawn by lot.
const MAX_DAMAGED_LETTERS: usize = 2;

/// What a line of a results file says, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line of the results file, as an editor shows it.
    pub at: u64,
    /// The attempt's id.
    pub id: AttemptId,
    /// The line of the input.
    pub input_line: Option<u64>,
    /// The payer's own id.
    pub reference: String,
    /// Who is paid.
    pub payee: String,
    /// The currency's code.
    pub currency_code: String,
    /// The recipient.
    pub to_address: String,
    /// The amount.
    pub amount: String,
    /// Which attempt of the payout it is.
    pub number: Option<u32>,
    /// The API's host, or `sandbox`.
    pub host: String,
    /// When the attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// What it came to.
    pub ending: LineEnding,
}

/// What a line says about the end of its attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEnding {
    /// The request may be on its way.
    InFlight,
    /// An answer, a verdict, or that none came.
    Is(Ending),
    /// The status is not one that this program writes.
    Unreadable {
        /// The invoice id beside it, which may be all that is known of a payment.
        invoice_id: String,
    },
}

/// What a results file is adopted into.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The batch.
    pub batch: &'a BatchId,
    /// Where its money moves.
    pub realm: Realm,
    /// How its references count.
    pub references: References,
    /// The rows of the input; empty where there is none.
    pub payouts: &'a dyn Batch,
}

/// What adopting changes in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An attempt that the ledger did not know.
    Insert(Attempt),
    /// An answer that the ledger did not know.
    Update(Attempt),
}

/// Why a results file is not adopted. Nothing of it is then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptError {
    /// The line of the results file.
    pub at: u64,
    /// What is wrong about it.
    pub reason: AdoptReason,
}

/// What is wrong about a line of a results file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptReason {
    /// Its fields do not fit its id, and nothing known does.
    Changed,
    /// It was paid through another API.
    OtherRealm {
        /// The column `api`.
        host: String,
    },
    /// Its invoice id is that of another payout.
    InvoiceIdTaken {
        /// The id.
        invoice_id: String,
        /// The payout that has it.
        owner: Box<Attempt>,
    },
}

impl AdoptReason {
    /// Whether an operator's verdict speaks against the line.
    #[must_use]
    pub fn is_by_a_verdict(&self) -> bool {
        match self {
            Self::InvoiceIdTaken { owner, .. } => owner.ending.is_verdict(),
            Self::Changed | Self::OtherRealm { .. } => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::InvoiceIdTaken { owner, .. } if owner.ending.is_verdict() => format!(
                "nothing was sent; an operator has recorded this id for that payout: if it is not the one that the dashboard shows, change the verdict (ccbatch resolve --id {}); else bring the line back as it was, from a copy of the file",
                owner.id
            )
            .into(),
            Self::Changed | Self::InvoiceIdTaken { .. } => {
                "nothing was sent; bring the line back as it was, from a copy of the file".into()
            }
            Self::OtherRealm { .. } => {
                "nothing was sent; use the --api-url that the batch was begun with".into()
            }
        }
    }
}

impl fmt::Display for AdoptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str(
                "this line was changed: it no longer fits its id, and no row of the input does",
            ),
            Self::OtherRealm { host } => write!(f, "this line was paid through {host}"),
            Self::InvoiceIdTaken { invoice_id, owner } => write!(
                f,
                "{invoice_id} is the invoice id of another payout: {} {} to {}, begun at {}",
                owner.amount,
                owner.content.currency_code(),
                owner.to_address,
                owner.started_at.format("%Y-%m-%d %H:%M:%S UTC")
            ),
        }
    }
}

/// Says what a results file adds to the ledger. `known` holds every attempt of the batch, those
/// with the ids and invoice ids of the lines, and those of the keys of their references. Who adopts
/// is told, and the ledger's time.
///
/// # Errors
/// The first line that cannot be what the program wrote.
pub fn adopt(
    lines: &[Line],
    known: Known,
    setting: Setting<'_>,
    (who, now): (&str, DateTime<Utc>),
) -> Result<Vec<Change>, AdoptError> {
    // A verdict may give way to its own line, and its invoice id be free for another payout then.
    let is_verdict = |line: &&Line| {
        let attempt = known.of_id(&line.id);
        attempt.is_some_and(|attempt| attempt.ending.is_verdict())
    };
    let (verdicts, others): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(is_verdict);
    let mut adoption = Adoption {
        known,
        setting,
        who,
        now,
        digests: None,
        of_batch: None,
        changes: Vec::new(),
    };
    for line in verdicts.into_iter().chain(others) {
        adoption.take(line).map_err(|reason| AdoptError {
            at: line.at,
            reason,
        })?;
    }
    Ok(adoption.changes)
}

/// Adopting under way.
struct Adoption<'a> {
    known: Known,
    setting: Setting<'a>,
    /// Who adopts.
    who: &'a str,
    /// The ledger's time.
    now: DateTime<Utc>,
    /// What is known to be paid, by the digest of its id; made for the first line that needs it.
    digests: Option<HashMap<String, Identity>>,
    /// The attempts of the batch; made for the first line that the ledger does not know.
    of_batch: Option<OfBatch>,
    changes: Vec<Change>,
}

/// The attempts of a batch, found by what a line without a known id still tells.
#[derive(Default)]
struct OfBatch {
    /// The first of those begun at this time, for this line of the input, and with this number.
    by_begin: HashMap<(DateTime<Utc>, u64, u32), AttemptId>,
    /// The key of the last without a reference that pays this, of this line of the input.
    by_line: HashMap<(Content, u64), PayoutKey>,
    /// The ordinals of those without a reference that pay this.
    ordinals: HashMap<Content, Taken>,
}

/// Ordinals that are taken.
#[derive(Default)]
struct Taken {
    all: HashSet<u32>,
    /// All up to this one are.
    up_to: u32,
}

impl Taken {
    fn first_free(&mut self) -> u32 {
        loop {
            let next = self.up_to.saturating_add(1);
            if !self.all.contains(&next) {
                return next;
            }
            self.up_to = next;
        }
    }
}

impl OfBatch {
    fn add(&mut self, attempt: &Attempt) {
        let begin = (attempt.started_at, attempt.line, attempt.number);
        let first = self.by_begin.entry(begin);
        first.or_insert_with(|| attempt.id);
        if let Some(ordinal) = attempt.key.ordinal(&attempt.batch, &attempt.content) {
            let of_line = (attempt.content.clone(), attempt.line);
            self.by_line.insert(of_line, attempt.key.clone());
            let taken = self.ordinals.entry(attempt.content.clone());
            taken.or_default().all.insert(ordinal);
        }
    }
}

/// What an attempt pays, and to whom.
#[derive(Clone, Debug)]
struct Identity {
    reference: String,
    payee: String,
    to_address: String,
    content: Content,
    amount: String,
}

impl Adoption<'_> {
    fn take(&mut self, line: &Line) -> Result<(), AdoptReason> {
        if let Some(attempt) = self.known.of_id(&line.id) {
            let attempt = attempt.clone();
            return self.update(line, attempt);
        }
        if let Some(attempt) = self.with_damaged_id(line) {
            return self.update(line, attempt);
        }
        let identity = self.identity(line)?;
        let invoice_id = line.ending.invoice_id();
        if !invoice_id.is_empty()
            && let Some(owner) = self.known.of_invoice_id(invoice_id)
        {
            return if is_same_payout(owner, &identity, &self.setting) {
                Ok(())
            } else {
                Err(taken(invoice_id, owner))
            };
        }
        self.insert(line, identity);
        Ok(())
    }

    /// The attempt of a line whose id was damaged: it was begun at the same time for the same line of
    /// the input, pays the same, and its id differs in a letter or two.
    fn with_damaged_id(&mut self, line: &Line) -> Option<Attempt> {
        let begin = (line.started_at?, line.input_line?, line.number?);
        let id = *self.of_batch().by_begin.get(&begin)?;
        if differing_letters(&id, &line.id) > MAX_DAMAGED_LETTERS {
            return None;
        }
        let attempt = self.known.of_id(&id)?;
        let own = identity_of_fields(line)?;
        let is_same = attempt.content == own.content && attempt.reference == own.reference;
        is_same.then(|| attempt.clone())
    }

    fn of_batch(&mut self) -> &mut OfBatch {
        let (known, batch) = (&self.known, self.setting.batch);
        self.of_batch.get_or_insert_with(|| {
            let mut of_batch = OfBatch::default();
            let attempts = known.all().iter().filter(|it| it.batch == *batch);
            attempts.for_each(|attempt| of_batch.add(attempt));
            of_batch
        })
    }

    /// Takes the answer of a line for an attempt that is known.
    fn update(&mut self, line: &Line, mut attempt: Attempt) -> Result<(), AdoptReason> {
        let ending = match &line.ending {
            LineEnding::Is(ending) if is_better(ending, &attempt) => ending.clone(),
            // It may be all that is known of a payment.
            LineEnding::Unreadable { invoice_id }
                if !invoice_id.is_empty() && attempt.ending.is_interrupted() =>
            {
                unreadable(invoice_id, self.now)
            }
            LineEnding::InFlight | LineEnding::Is(_) | LineEnding::Unreadable { .. } => {
                return Ok(());
            }
        };
        if !ending.invoice_id.is_empty()
            && let Some(owner) = self.known.of_invoice_id(&ending.invoice_id)
            && owner.id != attempt.id
        {
            return Err(taken(&ending.invoice_id, owner));
        }
        if !attempt.is_live() && ending.status.is_live() && self.has_live(&attempt.key) {
            attempt.counting = Counting::Extra;
        }
        attempt.resolved = self.resolved(&ending);
        attempt.ending = ending;
        self.known.replace(attempt.clone());
        self.changes.push(Change::Update(attempt));
        Ok(())
    }

    fn insert(&mut self, line: &Line, identity: Identity) {
        let setting = self.setting;
        let ending = match &line.ending {
            LineEnding::InFlight => Ending::interrupted(self.now),
            LineEnding::Is(ending) => ending.clone(),
            LineEnding::Unreadable { invoice_id } => unreadable(invoice_id, self.now),
        };
        let key = self.key(line, &identity);
        let counting = if ending.status.is_live() && self.has_live(&key) {
            Counting::Extra
        } else {
            Counting::Counts
        };
        let numbers = self.known.of_key(&key).map(|it| it.number);
        let last = numbers.max();
        let attempt = Attempt {
            id: line.id,
            batch: *setting.batch,
            realm: setting.realm,
            host: line.host.as_str().into(),
            key,
            line: line.input_line.unwrap_or_default(),
            reference: identity.reference,
            payee: identity.payee,
            to_address: identity.to_address,
            content: identity.content,
            amount: identity.amount,
            number: line
                .number
                .unwrap_or_else(|| last.unwrap_or_default().saturating_add(1)),
            started_at: line.started_at.unwrap_or(self.now),
            counting,
            resolved: self.resolved(&ending),
            ending,
            repetition: Repetition::Refused,
            who: self.who.into(),
        };
        self.of_batch().add(&attempt);
        self.known.extend([attempt.clone()]);
        self.changes.push(Change::Insert(attempt));
    }

    /// Whether an attempt of a key is live and counts.
    fn has_live(&self, key: &PayoutKey) -> bool {
        let mut of_key = self.known.of_key(key);
        of_key.any(|attempt| attempt.is_live() && attempt.counting == Counting::Counts)
    }

    /// Who has settled an attempt, as far as its line tells: a wrong verdict can still be changed.
    fn resolved(&self, ending: &Ending) -> Option<(String, DateTime<Utc>)> {
        let at = ending.finished_at.unwrap_or(self.now);
        ending.is_verdict().then(|| (self.who.to_owned(), at))
    }

    /// What a line's attempt pays: what its own fields say if its id was made for them, else the
    /// row or the attempt that its id was made for.
    fn identity(&mut self, line: &Line) -> Result<Identity, AdoptReason> {
        let own = identity_of_fields(line);
        let fits = |own: &Identity, realm| line.id.is_of(realm, &own.reference, &own.content);
        if let Some(own) = own.clone().filter(|own| fits(own, self.setting.realm)) {
            return Ok(own);
        }
        let realm = Realm::of_host(&line.host);
        if own.is_some_and(|own| fits(&own, realm)) {
            let host = line.host.clone();
            return Err(AdoptReason::OtherRealm { host });
        }
        let digests = match self.digests.take() {
            Some(digests) => digests,
            None => digests_of(&self.known, &self.setting),
        };
        let found = digests.get(line.id.digest()).cloned();
        self.digests = Some(digests);
        found.ok_or(AdoptReason::Changed)
    }

    /// The key of a line whose attempt is not known.
    fn key(&mut self, line: &Line, identity: &Identity) -> PayoutKey {
        let batch = self.setting.batch;
        match (identity.reference.as_str(), self.setting.references) {
            ("", References::Shared | References::PerFile) => self.nth(line, &identity.content),
            (reference, References::Shared) => PayoutKey::shared(reference),
            (reference, References::PerFile) => PayoutKey::per_file(batch, reference),
        }
    }

    /// The key of a line without a reference: that of the earlier attempts of the same line of the
    /// input if they created nothing, else one of its own.
    fn nth(&mut self, line: &Line, content: &Content) -> PayoutKey {
        let of_batch = self.of_batch();
        let taken = of_batch.ordinals.entry(content.clone());
        let ordinal = taken.or_default().first_free();
        let earlier = line.input_line.and_then(|line| {
            let of_line = (content.clone(), line);
            of_batch.by_line.get(&of_line).cloned()
        });
        let is_live = |key: &PayoutKey| self.known.of_key(key).any(|it| it.is_live());
        match earlier {
            Some(key) if !is_live(&key) => key,
            Some(_) | None => PayoutKey::nth(self.setting.batch, content, ordinal),
        }
    }
}

impl LineEnding {
    /// Whether money may have moved or may still move.
    #[must_use]
    pub fn is_live(&self) -> bool {
        match self {
            Self::InFlight | Self::Unreadable { .. } => true,
            Self::Is(ending) => ending.status.is_live(),
        }
    }

    /// The invoice id; empty where there is none.
    #[must_use]
    pub fn invoice_id(&self) -> &str {
        match self {
            Self::InFlight => "",
            Self::Is(ending) => &ending.invoice_id,
            Self::Unreadable { invoice_id } => invoice_id,
        }
    }
}

fn differing_letters(one: &AttemptId, other: &AttemptId) -> usize {
    let letters = one.as_str().bytes().zip(other.as_str().bytes());
    letters.filter(|(one, other)| one != other).count()
}

/// Whether what a file says about an attempt is worth more than what the ledger knows. An answer
/// that the ledger lacks is; a status that somebody typed over a recorded doubt is not, unless it
/// names an invoice id; what the API said is worth more than what an operator decided; and an
/// operator's word that it was created more than an earlier verdict.
fn is_better(said: &Ending, attempt: &Attempt) -> bool {
    let known = &attempt.ending;
    if known.is_interrupted() {
        return !said.is_interrupted();
    }
    match known.status {
        AttemptStatus::Submitting | AttemptStatus::Unknown => said.status == AttemptStatus::Created,
        AttemptStatus::Created | AttemptStatus::NotCreated | AttemptStatus::Rejected => {
            let is_worth_more = match said.status {
                AttemptStatus::Created => !said.is_verdict() || is_later_verdict(said, known),
                AttemptStatus::Rejected => !said.is_verdict(),
                AttemptStatus::Submitting | AttemptStatus::NotCreated | AttemptStatus::Unknown => {
                    false
                }
            };
            known.is_verdict() && is_worth_more
        }
    }
}

/// Whether a verdict is another than the one that the ledger knows, and later, as far as its time
/// tells: a spreadsheet may leave nothing of it but the minute.
fn is_later_verdict(said: &Ending, known: &Ending) -> bool {
    let is_same = (said.status, &said.invoice_id) == (known.status, &known.invoice_id);
    let is_later = |(said, known): (DateTime<Utc>, DateTime<Utc>)| {
        let is_whole = said.timestamp_subsec_millis() > 0;
        let lost = TimeDelta::minutes(if is_whole { 0 } else { 1 });
        known.signed_duration_since(said) <= lost
    };
    let times = said.finished_at.zip(known.finished_at);
    !is_same && times.is_none_or(is_later)
}

/// Of an attempt whose line names an invoice id, if any, and no status that can be read.
fn unreadable(invoice_id: &str, now: DateTime<Utc>) -> Ending {
    let ending = Ending::interrupted(now);
    let why = "the status of its line in the results file cannot be read";
    if invoice_id.is_empty() {
        return Ending {
            detail: why.to_owned(),
            ..ending
        };
    }
    Ending {
        error_key: own_key::INVOICE_IN_DOUBT.to_owned(),
        detail: format!("{invoice_id}; {why}"),
        ..ending
    }
}

fn taken(invoice_id: &str, owner: &Attempt) -> AdoptReason {
    AdoptReason::InvoiceIdTaken {
        invoice_id: invoice_id.to_owned(),
        owner: Box::new(owner.clone()),
    }
}

/// Whether an attempt is of the payout that a line is of.
fn is_same_payout(owner: &Attempt, identity: &Identity, setting: &Setting<'_>) -> bool {
    owner.content == identity.content
        && owner.reference == identity.reference
        && (owner.key.is_shared() || owner.batch == *setting.batch)
}

/// What a line's own fields say, if they say what could be paid.
fn identity_of_fields(line: &Line) -> Option<Identity> {
    let currency = Currency::from_code(&line.currency_code)?;
    let address = address::check(currency.network(), &line.to_address).ok()?;
    // A spreadsheet may have written the mark of its own language.
    let literal = line.amount.replace(',', ".");
    let amount = Amount::parse(&literal, currency.decimals()).ok()?;
    let units = amount.minor_units(currency.decimals())?;
    Some(Identity {
        reference: line.reference.clone(),
        payee: line.payee.clone(),
        to_address: line.to_address.clone(),
        content: Content::new(currency.code(), &address.account().to_string(), units),
        amount: literal,
    })
}

/// All that is known to be paid or to be paid next, by the digest that its ids carry.
fn digests_of(known: &Known, setting: &Setting<'_>) -> HashMap<String, Identity> {
    let rows = setting.payouts.all().map(|payout| Identity {
        content: Content::of(&payout),
        amount: payout.amount.to_string(),
        reference: payout.reference,
        payee: payout.payee,
        to_address: payout.to_address,
    });
    let attempts = known.all().iter().map(|attempt| Identity {
        reference: attempt.reference.clone(),
        payee: attempt.payee.clone(),
        to_address: attempt.to_address.clone(),
        content: attempt.content.clone(),
        amount: attempt.amount.clone(),
    });
    rows.chain(attempts)
        .map(|it| {
            let digest = AttemptId::digest_of(setting.realm, &it.reference, &it.content);
            (digest, it)
        })
        .collect()
}
