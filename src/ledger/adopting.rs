//! Adopting in the ledger: what is known of the lines is loaded, [`adopt`] decides, and its changes
//! are written, in one transaction.

use super::adopt::{AdoptError, Change, Line, Setting, adopt};
use super::engine::{Access, Engine, LookUp};
use super::key::PayoutKey;
use super::rules::Known;
use super::{BatchPath, Ledger, LedgerError};

/// Why nothing of a results file was adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptingError {
    /// The ledger says why.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// A line cannot be what the program wrote.
    #[error("line {} cannot be adopted", .0.at)]
    Line(AdoptError),
}

impl<E: Engine> Ledger<E> {
    /// Takes over what a results file says and the ledger does not know, and notes that the file was
    /// seen at a path and how the batch's references count: the keys that are made here depend on
    /// it. `None`, and nothing is written, when the attempts of the file have become known as those
    /// of other batches since the batch was chosen.
    ///
    /// # Errors
    /// The ledger cannot be written, or a line cannot be what the program wrote. Nothing is adopted
    /// then.
    pub async fn adopt(
        &mut self,
        lines: &[Line],
        into: Setting<'_>,
        path: &BatchPath,
    ) -> Result<Option<Vec<Change>>, AdoptingError> {
        self.engine
            .begin(Access::Write)
            .await
            .map_err(LedgerError::from)?;
        let adopted = self.adopt_inside(lines, into, path).await;
        self.end(adopted).await
    }

    /// What [`Ledger::adopt`] would change. Nothing is written.
    ///
    /// # Errors
    /// The ledger cannot be read, or a line cannot be what the program wrote.
    pub async fn would_adopt(
        &mut self,
        lines: &[Line],
        into: Setting<'_>,
    ) -> Result<Vec<Change>, AdoptingError> {
        let known = self.known_of_lines(lines, into).await?;
        self.changes(lines, known, into).await
    }

    async fn adopt_inside(
        &mut self,
        lines: &[Line],
        into: Setting<'_>,
        path: &BatchPath,
    ) -> Result<Option<Vec<Change>>, AdoptingError> {
        let known = self.known_of_lines(lines, into).await?;
        let mut batches = lines
            .iter()
            .filter_map(|line| known.of_id(&line.id))
            .map(|attempt| &attempt.batch)
            .peekable();
        if batches.peek().is_some() && !batches.any(|batch| batch == into.batch) {
            return Ok(None);
        }
        let changes = self.changes(lines, known, into).await?;
        for change in &changes {
            match change {
                Change::Insert(attempt) => self.insert(attempt).await?,
                Change::Update(attempt) => drop(self.update(attempt).await?),
            }
        }
        let batch = (into.batch, into.realm, into.references);
        self.see_inside(batch, path).await?;
        Ok(Some(changes))
    }

    async fn changes(
        &mut self,
        lines: &[Line],
        known: Known,
        into: Setting<'_>,
    ) -> Result<Vec<Change>, AdoptingError> {
        let now = self.engine.now().await.map_err(LedgerError::from)?;
        let who = format!("adopted by {}", self.who);
        adopt(lines, known, into, (&who, now)).map_err(AdoptingError::Line)
    }

    /// Every attempt of the batch, those with the ids and the invoice ids of the lines, and those of
    /// the keys that the lines' references or the input's make.
    async fn known_of_lines(
        &mut self,
        lines: &[Line],
        into: Setting<'_>,
    ) -> Result<Known, LedgerError> {
        let mut known = Known::from(self.attempts_of(into.batch).await?);
        let unknown = || lines.iter().filter(|line| known.of_id(&line.id).is_none());
        let ids: Vec<String> = unknown().map(|line| line.id.to_string()).collect();
        let invoice_ids: Vec<String> = lines
            .iter()
            .map(|line| line.ending.invoice_id().to_owned())
            .filter(|id| !id.is_empty() && known.of_invoice_id(id).is_none())
            .collect();
        let keys: Vec<String> = if unknown().next().is_none() {
            Vec::new()
        } else {
            let of_lines = unknown().map(|line| line.reference.clone());
            let of_input = into.payouts.all().map(|payout| payout.reference);
            of_lines
                .chain(of_input)
                .filter(|reference| !reference.is_empty())
                .map(|reference| PayoutKey::shared(&reference).as_str().to_owned())
                .collect()
        };
        for (by, wanted) in [
            (LookUp::Id, ids),
            (LookUp::InvoiceId, invoice_ids),
            (LookUp::Key, keys),
        ] {
            known.extend(self.look_up(by, into.realm, wanted).await?);
        }
        Ok(known)
    }
}
