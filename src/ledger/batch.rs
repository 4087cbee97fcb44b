//! A batch in the ledger is one results file: which one it is, where it was seen, and how its
//! references count.

use super::attempt::Attempt;
use super::engine::{Access, Engine, LookUp, Take, Value};
use super::id::{AttemptId, BatchId};
use super::key::References;
use super::realm::Realm;
use super::table::{self, Columns, decode_time, encode_time};
use super::{Ledger, LedgerError, Rows};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a batch, in the order in which [`read`] takes them.
const COLUMNS: &str =
    "batch.id, batch.realm, batch.reference_scope, batch.begun_at, batch.finished_at";

/// Where a results file is: a path counts with the machine that it is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchPath {
    /// The machine's name.
    pub host: String,
    /// The absolute path of the results file.
    pub path: String,
}

/// A batch, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// Its name.
    pub id: BatchId,
    /// Where its money moves.
    pub realm: Realm,
    /// How its references count.
    pub references: References,
    /// When its first run began.
    pub begun_at: DateTime<Utc>,
    /// When a run first left nothing to submit; `None` before.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Which batch a results file is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One that the ledger knows.
    Known(BatchRecord),
    /// None that it knows.
    New,
    /// Attempts of several batches stand in the file, none of which is that of its path.
    Several(Vec<BatchId>),
    /// An attempt of this other realm stands in the file.
    OtherRealm(Realm),
}

impl<E: Engine> Ledger<E> {
    /// Says which batch a results file is of, by the ids that stand in it and else by its path.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn choose_batch(
        &mut self,
        realm: Realm,
        path: &BatchPath,
        ids: &[AttemptId],
    ) -> Result<Choice, LedgerError> {
        let known = self.batches_of(ids).await?;
        if let Some((other, _)) = known.iter().find(|(of, _)| *of != realm) {
            return Ok(Choice::OtherRealm(*other));
        }
        let of_path = self.batch_at(realm, path).await?;
        let batches: BTreeSet<BatchId> = known.into_iter().map(|(_, batch)| batch).collect();
        if let Some(record) = of_path.filter(|it| batches.is_empty() || batches.contains(&it.id)) {
            return Ok(Choice::Known(record));
        }
        let mut batches = batches.into_iter();
        match (batches.next(), batches.next()) {
            (None, _) => Ok(Choice::New),
            (Some(only), None) => Ok(self.batch(&only).await?.map_or(Choice::New, Choice::Known)),
            (Some(one), Some(other)) => Ok(Choice::Several(
                [one, other].into_iter().chain(batches).collect(),
            )),
        }
    }

    /// What stands for a batch that the ledger does not know, where nothing is to be written.
    ///
    /// # Errors
    /// The ledger cannot tell the time.
    pub async fn record_of_none(
        &mut self,
        realm: Realm,
        references: Option<References>,
    ) -> Result<BatchRecord, LedgerError> {
        Ok(BatchRecord {
            id: BatchId::new()?,
            realm,
            references: references.unwrap_or_default(),
            begun_at: self.engine.now().await?,
            finished_at: None,
        })
    }

    /// A batch by its name.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn batch(&mut self, id: &BatchId) -> Result<Option<BatchRecord>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM batch WHERE batch.id = $1");
        self.read_first(&sql, &[id.as_str().into()], read).await
    }

    /// The batch whose results file was seen at a path.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn batch_at(
        &mut self,
        realm: Realm,
        path: &BatchPath,
    ) -> Result<Option<BatchRecord>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM batch JOIN batch_path ON batch_path.batch = batch.id \
             WHERE batch_path.realm = $1 AND batch_path.host = $2 AND batch_path.path = $3"
        );
        let values = [
            realm.to_string().into(),
            path.host.as_str().into(),
            path.path.as_str().into(),
        ];
        self.read_first(&sql, &values, read).await
    }

    /// The realms in which a results file at this path was seen, the latest first.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn realms_at(&mut self, path: &BatchPath) -> Result<Vec<Realm>, LedgerError> {
        let sql = "SELECT realm FROM batch_path WHERE host = $1 AND path = $2 \
                   ORDER BY seen_at DESC";
        let values = [path.host.as_str().into(), path.path.as_str().into()];
        self.read(sql, &values, |it| Realm::parse(it.text()?)).await
    }

    /// The realms of the attempts with these ids.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn realms_of(&mut self, ids: &[AttemptId]) -> Result<Vec<Realm>, LedgerError> {
        let mut realms: Vec<Realm> = Vec::new();
        for (realm, _) in self.batches_of(ids).await? {
            if !realms.contains(&realm) {
                realms.push(realm);
            }
        }
        Ok(realms)
    }

    /// Whether the ledger has the attempts with these ids, whatever batch they are of.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn has_all(&mut self, ids: &[AttemptId]) -> Result<bool, LedgerError> {
        let wanted = super::sorted(ids.iter().map(|id| id.as_str().to_owned()));
        let mut found = Rows::new(|it| it.string());
        self.engine
            .look_up(("attempt.id", LookUp::Id), None, &wanted, &mut |row| {
                found.take(row);
            })
            .await?;
        Ok(found.all()?.len() == wanted.len())
    }

    /// The realms and the batches of the attempts with these ids.
    async fn batches_of(
        &mut self,
        ids: &[AttemptId],
    ) -> Result<Vec<(Realm, BatchId)>, LedgerError> {
        let wanted = super::sorted(ids.iter().map(|id| id.as_str().to_owned()));
        let columns = ("DISTINCT attempt.realm, attempt.batch", LookUp::Id);
        let read =
            |it: &mut Columns<'_>| Realm::parse(it.text()?).zip(it.text().and_then(BatchId::parse));
        let mut batches = Rows::new(read);
        self.engine
            .look_up(columns, None, &wanted, &mut |row| batches.take(row))
            .await?;
        batches.all()
    }

    /// Adds a batch, or gives the one that another process has added for the same path meanwhile.
    ///
    /// # Errors
    /// The ledger cannot be written, or was moved.
    pub async fn add_batch(
        &mut self,
        realm: Realm,
        path: &BatchPath,
        references: References,
    ) -> Result<BatchRecord, LedgerError> {
        self.engine.begin(Access::Write).await?;
        let added = self.add_batch_inside(realm, path, references).await;
        self.end(added).await
    }

    async fn add_batch_inside(
        &mut self,
        realm: Realm,
        path: &BatchPath,
        references: References,
    ) -> Result<BatchRecord, LedgerError> {
        self.refuse_unless_current().await?;
        if let Some(record) = self.batch_at(realm, path).await? {
            return Ok(record);
        }
        let now = self.engine.now().await?;
        let record = BatchRecord {
            id: BatchId::new()?,
            realm,
            references,
            begun_at: now,
            finished_at: None,
        };
        let sql = "INSERT INTO batch (id, realm, reference_scope, begun_at, finished_at) \
                   VALUES ($1, $2, $3, $4, '')";
        let values = [
            record.id.as_str().into(),
            realm.to_string().into(),
            references.as_str().into(),
            encode_time(now).into(),
        ];
        self.engine.execute(sql, &values).await?;
        self.count_write().await?;
        self.see_inside((&record.id, realm, references), path)
            .await?;
        Ok(record)
    }

    /// Notes that a batch's results file was seen at a path, and how its references count.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn see(&mut self, record: &BatchRecord, path: &BatchPath) -> Result<(), LedgerError> {
        self.engine.begin(Access::Write).await?;
        let batch = (&record.id, record.realm, record.references);
        let seen = self.see_inside(batch, path).await;
        self.end(seen).await
    }

    pub(super) async fn see_inside(
        &mut self,
        (batch, realm, references): (&BatchId, Realm, References),
        path: &BatchPath,
    ) -> Result<(), LedgerError> {
        let now = self.engine.now().await?;
        let sql = "INSERT INTO batch_path (realm, host, path, batch, seen_at) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm, host, path) DO UPDATE \
                   SET batch = excluded.batch, seen_at = excluded.seen_at";
        let values = [
            realm.to_string().into(),
            path.host.as_str().into(),
            path.path.as_str().into(),
            batch.as_str().into(),
            encode_time(now).into(),
        ];
        self.engine.execute(sql, &values).await?;
        let sql = "UPDATE batch SET reference_scope = $1 WHERE id = $2";
        let values = [references.as_str().into(), batch.as_str().into()];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    /// Notes that a run has left nothing of a batch to submit.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn mark_finished(&mut self, id: &BatchId) -> Result<(), LedgerError> {
        self.engine.begin(Access::Write).await?;
        let marked = self.mark_finished_inside(id).await;
        self.end(marked).await
    }

    async fn mark_finished_inside(&mut self, id: &BatchId) -> Result<(), LedgerError> {
        let now = self.engine.now().await?;
        let sql = "UPDATE batch SET finished_at = $1 WHERE id = $2 AND finished_at = ''";
        let values = [encode_time(now).into(), id.as_str().into()];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    /// Every attempt of a batch, in the order in which the ledger came to know them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn attempts_of(&mut self, batch: &BatchId) -> Result<Vec<Attempt>, LedgerError> {
        let (mut first, mut rest) = (Rows::new(table::read), Rows::new(table::read));
        let take: [Take<'_>; 2] = [&mut |row| first.take(row), &mut |row| rest.take(row)];
        let columns = table::COLUMNS;
        self.engine.each_of_batch(columns, batch, take).await?;
        let mut attempts = first.all()?;
        attempts.append(&mut rest.all()?);
        Ok(attempts)
    }

    /// One path of each of these batches, on this machine if it was seen there.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn paths_of(
        &mut self,
        batches: impl IntoIterator<Item = BatchId>,
    ) -> Result<BTreeMap<BatchId, BatchPath>, LedgerError> {
        let mut paths = BTreeMap::new();
        for batch in batches.into_iter().collect::<BTreeSet<_>>() {
            let sql = "SELECT host, path FROM batch_path WHERE batch = $1 \
                       ORDER BY (host = $2) DESC, seen_at DESC LIMIT 1";
            let values: [Value; 2] = [batch.as_str().into(), self.who.host.as_str().into()];
            let path = self.read_first(sql, &values, read_path).await?;
            paths.extend(path.map(|path| (batch, path)));
        }
        Ok(paths)
    }

    /// Locks a batch for as long as the ledger is open; `false` if another run has it.
    ///
    /// # Errors
    /// The lock cannot be taken or asked for.
    pub async fn lock(&mut self, batch: &BatchId) -> Result<bool, LedgerError> {
        Ok(self.engine.lock(batch).await?)
    }

    /// Gives a batch back.
    pub async fn unlock(&mut self, batch: &BatchId) {
        self.engine.unlock(batch).await;
    }

    /// Whether another run is at work on a batch.
    ///
    /// # Errors
    /// The lock cannot be asked for.
    pub async fn is_at_work(&mut self, batch: &BatchId) -> Result<bool, LedgerError> {
        Ok(self.engine.is_locked_elsewhere(batch).await?)
    }
}

fn read_path(columns: &mut Columns<'_>) -> Option<BatchPath> {
    Some(BatchPath {
        host: columns.string()?,
        path: columns.string()?,
    })
}

fn read(columns: &mut Columns<'_>) -> Option<BatchRecord> {
    Some(BatchRecord {
        id: BatchId::parse(columns.text()?)?,
        realm: Realm::parse(columns.text()?)?,
        references: References::parse(columns.text()?)?,
        begun_at: decode_time(columns.text()?)?,
        finished_at: decode_time(columns.text()?),
    })
}
