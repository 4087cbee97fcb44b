//! A table as CSV, in the dialect of the program that is to read it.

use crate::domain::Dialect;

/// A header and its rows. The cells are taken as they are.
pub(super) fn csv<R>(header: &[&str], rows: impl IntoIterator<Item = R>, dialect: Dialect) -> String
where
    R: IntoIterator<Item = String>,
{
    let start = dialect.start.as_str();
    let header = lines([header], dialect);
    format!("{start}{header}{}", lines(rows, dialect))
}

/// Rows without a header.
pub(super) fn lines<R, C>(rows: impl IntoIterator<Item = R>, dialect: Dialect) -> String
where
    R: IntoIterator<Item = C>,
    C: AsRef<[u8]>,
{
    let mut writer = csv::WriterBuilder::new()
        .delimiter(dialect.delimiter)
        .from_writer(Vec::new());
    for row in rows {
        // Writing to memory cannot fail.
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}
