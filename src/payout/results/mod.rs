//! The results file is a copy of a batch's attempts for people, and a second record of them. The
//! ledger decides; this file is published from it, and grows a line for each request.

pub mod disk;
pub mod line;
pub mod read;

use crate::ledger::{Attempt, AttemptId};
use chrono::{DateTime, Utc};
use line::{HEADER, encode, encode_all};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, Cursor, Read};

/// Where a results file is kept. Everything that is written is durable when a method returns.
pub trait Storage {
    /// All of the file; `None` if there is none.
    ///
    /// # Errors
    /// Any.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>>;

    /// The same, to be read a part at a time.
    ///
    /// # Errors
    /// Any.
    fn reader(&mut self) -> io::Result<Option<Box<dyn Read + Send>>> {
        let bytes = self.read()?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn Read + Send>))
    }

    /// Puts these bytes in the place of the whole file, or leaves it as it is.
    ///
    /// # Errors
    /// Any.
    fn publish(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes these bytes beside the file, under a name that tells when; gives the name.
    ///
    /// # Errors
    /// Any.
    fn keep(&mut self, bytes: &[u8], now: DateTime<Utc>) -> io::Result<String>;

    /// Writes these bytes at this place, which is where the last line begins or the file ends, and
    /// ends the file behind them.
    ///
    /// # Errors
    /// Any; whether the bytes are there is not known then.
    fn write_last(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Whether nobody else has written to the file that was published last, which has this many bytes,
    /// wherever it is now.
    ///
    /// # Errors
    /// Any.
    fn is_untouched(&mut self, _bytes: u64) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether the file that was published last still is where it was, untouched, with this many
    /// bytes.
    ///
    /// # Errors
    /// Any.
    fn is_intact(&mut self, bytes: u64) -> io::Result<bool>;
}

/// A results file.
#[derive(Debug)]
pub struct Results<S> {
    storage: S,
    /// How many bytes it has; `None` where that is not known, and it has to be published first.
    bytes: Option<u64>,
    /// Where the line of the attempt under way begins.
    last_line: u64,
    /// What the file is known to have said, while it was what the ledger said.
    agreed: Option<Digest>,
}

/// What is wrong where somebody else writes at the same moment.
const WRITTEN_TO: &str = "another program has written to the results file just now";

/// How many lines are made at a time to be compared with a file.
const PART: usize = 1_000;

/// How many of these parts are in memory at once.
const PARTS_AT_ONCE: usize = 16;

/// Stands for all bytes of a file.
type Digest = [u8; 32];

fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

impl<S: Storage> Results<S> {
    /// A results file that was not looked at yet.
    pub fn new(storage: S) -> Self {
        Self {
            storage,
            bytes: None,
            last_line: 0,
            agreed: None,
        }
    }

    /// All of the file; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.storage.read()
    }

    /// Where it is kept.
    pub fn storage(&mut self) -> &mut S {
        &mut self.storage
    }

    /// What the file is to say by these attempts of the ledger, beside what it says now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn draft(&mut self, attempts: &[Attempt]) -> io::Result<Draft> {
        let changed = match self.storage.read()? {
            // It lags behind the ledger, which has changed since, as by a verdict.
            Some(found) if self.agreed == Some(digest(&found)) => None,
            Some(found) if is_changed(&found, attempts) => Some(found),
            Some(_) | None => None,
        };
        Ok(Draft {
            text: text_of(attempts),
            changed,
        })
    }

    /// Makes the file say what is drafted. What somebody has changed in it is kept beside it;
    /// gives the name of that copy.
    ///
    /// # Errors
    /// The file cannot be written, or the copy cannot: the file is as it was then.
    pub fn publish(&mut self, draft: &Draft, now: DateTime<Utc>) -> io::Result<Option<String>> {
        let Draft { text, changed } = draft;
        let changed = changed.as_ref();
        let kept = changed.map(|found| self.storage.keep(found, now));
        let kept = kept.transpose()?;
        // Also when it says so already: only a file that was published is held open.
        self.storage.publish(text.as_bytes())?;
        self.agreed = Some(digest(text.as_bytes()));
        self.bytes = Some(length(text));
        Ok(kept)
    }

    /// Whether the file says what the ledger says.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn agrees_with(&mut self, attempts: &[Attempt]) -> io::Result<bool> {
        let mut comparison = self.compare()?;
        comparison.take(attempts)?;
        self.agrees(comparison)
    }

    /// Begins to compare the file with what the ledger says.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn compare(&mut self) -> io::Result<Comparison> {
        let mut comparison = Comparison {
            file: self.storage.reader()?,
            hash: Sha256::new(),
            agrees: true,
        };
        if comparison.file.is_some() {
            comparison.expect(HEADER.as_bytes())?;
        }
        Ok(comparison)
    }

    /// Whether the file says what the ledger says, all of which was compared.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn agrees(&mut self, mut comparison: Comparison) -> io::Result<bool> {
        if let Some(file) = &mut comparison.file {
            let is_at_end = comparison.agrees && file.read(&mut [0])? == 0;
            self.agreed = is_at_end.then(|| comparison.hash.finalize().into());
            return Ok(is_at_end);
        }
        Ok(comparison.agrees)
    }

    /// Whether nobody else has touched the file since it was published.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn is_intact(&mut self) -> io::Result<bool> {
        match self.bytes {
            Some(bytes) => self.storage.is_intact(bytes),
            None => Ok(false),
        }
    }

    /// Adds the line of an attempt whose request is about to leave.
    ///
    /// # Errors
    /// Whether the line is durable is not known: the request must not leave.
    pub fn begin(&mut self, attempt: &Attempt) -> io::Result<()> {
        let end = self.bytes.ok_or_else(|| io::Error::other(WRITTEN_TO))?;
        if !self.storage.is_untouched(end)? {
            return Err(io::Error::other(WRITTEN_TO));
        }
        self.last_line = end;
        self.write(attempt, end)?;
        // A run with another ledger that replaces the file from now on has read this line before.
        if !self.is_intact()? {
            return Err(io::Error::other(WRITTEN_TO));
        }
        Ok(())
    }

    /// Replaces the line of the attempt under way by what it came to. A file that somebody else has
    /// written to meanwhile is left to them: it is no longer intact, and is to be published anew.
    ///
    /// # Errors
    /// Whether the line is durable is not known.
    pub fn finish(&mut self, attempt: &Attempt) -> io::Result<()> {
        if let Some(bytes) = self.bytes
            && !self.storage.is_untouched(bytes)?
        {
            self.bytes = None;
            return Ok(());
        }
        self.write(attempt, self.last_line)
    }

    fn write(&mut self, attempt: &Attempt, offset: u64) -> io::Result<()> {
        let text = encode(attempt);
        self.bytes = None;
        self.storage.write_last(text.as_bytes(), offset)?;
        self.bytes = Some(offset.saturating_add(length(&text)));
        Ok(())
    }
}

/// What a results file is to say.
#[derive(Debug)]
pub struct Draft {
    text: String,
    /// What the file says now, where somebody has changed it.
    changed: Option<Vec<u8>>,
}

impl Draft {
    /// The ids of the lines that would be replaced.
    #[must_use]
    pub fn replaced(&self) -> Vec<AttemptId> {
        let reading = self.changed.as_deref().map(read::read);
        let reading = reading.and_then(Result::ok).unwrap_or_default();
        reading.lines.iter().map(|line| line.id).collect()
    }
}

/// The whole file.
fn text_of(attempts: &[Attempt]) -> String {
    let mut text = HEADER.to_owned();
    text.push_str(&encode_all(attempts));
    text
}

/// A file that is compared with what the ledger says, from its beginning on.
pub struct Comparison {
    /// What is left of it; `None` if there is none.
    file: Option<Box<dyn Read + Send>>,
    hash: Sha256,
    agrees: bool,
}

impl Comparison {
    /// The next lines of the file should be those of these attempts.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn take(&mut self, attempts: &[Attempt]) -> io::Result<()> {
        let mut made = Vec::new();
        for group in attempts.chunks(PARTS_AT_ONCE.saturating_mul(PART)) {
            let make = || group.par_chunks(PART).map(encode_all).collect();
            let (next, compared) = rayon::join(make, || self.expect_all(&made));
            compared?;
            if !self.agrees {
                return Ok(());
            }
            made = next;
        }
        self.expect_all(&made)
    }

    fn expect_all(&mut self, parts: &[String]) -> io::Result<()> {
        parts
            .iter()
            .try_for_each(|part| self.expect(part.as_bytes()))
    }

    fn expect(&mut self, wanted: &[u8]) -> io::Result<()> {
        let mut found = Vec::with_capacity(wanted.len());
        if let Some(file) = &mut self.file {
            let length = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
            file.take(length).read_to_end(&mut found)?;
        }
        self.agrees = self.agrees && found == wanted;
        self.hash.update(&found);
        Ok(())
    }
}

/// Whether a line stands in the file that the program has not written: what it wrote is in the
/// ledger, and a line that only lags behind it tells nothing new.
fn is_changed(found: &[u8], attempts: &[Attempt]) -> bool {
    let Ok(found) = std::str::from_utf8(found) else {
        return true;
    };
    let mut ours: HashSet<String> = HashSet::new();
    let mut ids: HashSet<&str> = HashSet::new();
    for attempt in attempts {
        ours.insert(encode(attempt));
        ids.insert(attempt.id.as_str());
    }
    found.split_inclusive('\n').any(|line| {
        let is_ours = line == HEADER
            || ours.contains(line)
            || line::is_in_flight(line).is_some_and(|id| ids.contains(id));
        !is_ours
    })
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
