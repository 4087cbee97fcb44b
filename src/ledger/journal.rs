//! SQLite's rollback journal, which a crash leaves beside the database
//! (<https://www.sqlite.org/fileformat.html#the_rollback_journal>). SQLite puts the pages in it back
//! into whatever lies beside it, also into a backup that was brought back since, and mixes the two.

use crate::os::file;
use rusqlite::Connection;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a journal, and each further part of it, begins with.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// What a database begins with.
const HEADER_BYTES: usize = 100;

/// Where in it the counter of its changes is, and how many pages it has.
const CHANGES: usize = 24;
const PAGES: usize = 28;

/// Where the number is that [`mark`] gives it.
const MARK: usize = 60;

/// How often to look, and how long between: the journal of a transaction that is under way belongs to
/// the database a moment later, or is gone.
const LOOKS: u32 = 25;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Whether beside a database lies the journal of another state of it. Asked before SQLite opens the
/// database: to close a file gives up all locks that the process has on it.
///
/// # Errors
/// One of the two cannot be read.
pub(super) fn is_of_another(database: &Path) -> io::Result<bool> {
    let mut journal = database.as_os_str().to_owned();
    journal.push("-journal");
    let journal = PathBuf::from(journal);
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let file = match File::open(&journal) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        let Some(before) = Before::in_journal(&file)? else {
            return Ok(false);
        };
        let mut header = [0; HEADER_BYTES];
        match File::open(database)?.read_exact(&mut header) {
            // SQLite puts nothing back into an empty file.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if before.can_become(&header) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives a ledger that is still empty, or a copy, a number of its own, which SQLite keeps for its users
/// in the first page: so each transaction's journal tells whose it is. Of two young ledgers, and of
/// all copies, the counters of changes are alike.
///
/// # Errors
/// It cannot be written.
pub(super) fn mark(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT abs(random() % 0x7fffffff)";
    let random: u32 = connection.query_row(sql, [], |row| row.get(0))?;
    connection.execute_batch(&format!("PRAGMA user_version = {random}"))
}

/// What the database was before the transaction of a journal.
struct Before {
    /// How many pages it had.
    pages: u32,
    /// What it began with, if the journal has its first page.
    header: Option<[u8; HEADER_BYTES]>,
}

impl Before {
    /// `None` if the file is not a journal, which SQLite leaves alone.
    fn in_journal(journal: &File) -> io::Result<Option<Self>> {
        let mut before: Option<Self> = None;
        let mut start = 0;
        while let Some(part) = Part::at(journal, start)? {
            let before = before.get_or_insert(Self {
                pages: part.pages_before,
                header: None,
            });
            before.header = part.first_page(journal)?.or(before.header);
            start = part.end();
        }
        Ok(before)
    }

    /// Whether the transaction, cut off anywhere, leaves a database with this header.
    fn can_become(&self, header: &[u8; HEADER_BYTES]) -> bool {
        let Some(before) = &self.header else {
            // One that was empty has no first page to be put back, and gets its mark alone at first.
            let pages = number(header, PAGES);
            return pages == Some(self.pages) || (self.pages == 0 && pages == Some(1));
        };
        let changes = number(before, CHANGES);
        let next = changes.and_then(|it| it.checked_add(1));
        number(before, MARK) == number(header, MARK)
            && [changes, next].contains(&number(header, CHANGES))
    }
}

/// A part of a journal: a header of a sector's length, and pages with their numbers and checksums.
struct Part {
    start: u64,
    records: u64,
    pages_before: u32,
    sector: u64,
    page: u64,
}

impl Part {
    fn at(journal: &File, start: u64) -> io::Result<Option<Self>> {
        let mut header = [0; 28];
        match file::read_exact_at(journal, &mut header, start) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let part = || {
            Some(Self {
                start,
                records: number(&header, 8)?.into(),
                pages_before: number(&header, 16)?,
                sector: number(&header, 20)?.into(),
                page: number(&header, 24)?.into(),
            })
        };
        let is_one = header.starts_with(&MAGIC);
        Ok(part().filter(|part| is_one && part.sector > 0 && part.page >= HEADER_BYTES as u64))
    }

    /// Where a record begins: the number of a page, the page, and a checksum.
    fn record(&self, index: u64) -> u64 {
        let before = index.saturating_mul(self.page.saturating_add(8));
        let first = self.start.saturating_add(self.sector);
        first.saturating_add(before)
    }

    /// What the database began with.
    fn first_page(&self, journal: &File) -> io::Result<Option<[u8; HEADER_BYTES]>> {
        for index in 0..self.records {
            let mut record = [0; 4 + HEADER_BYTES];
            match file::read_exact_at(journal, &mut record, self.record(index)) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                read => read?,
            }
            if number(&record, 0) == Some(1) {
                return Ok(record.last_chunk().copied());
            }
        }
        Ok(None)
    }

    /// Where the next part begins, if there is one.
    fn end(&self) -> u64 {
        let sectors = self.record(self.records).div_ceil(self.sector);
        sectors.saturating_mul(self.sector)
    }
}

/// A number of four bytes, the greatest first.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}
