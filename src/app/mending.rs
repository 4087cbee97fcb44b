//! Mending is what `--findings FILE` is for: the rows that have findings, each with what was found
//! in two columns more, to be put right in a spreadsheet.

use crate::config::Check;
use crate::domain::{Finding, Severity};
use crate::error::Error;
use crate::intake;
use crate::os::file::for_owner_only;
use crate::terminal::ui;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

/// The rows with findings on their way to a file, which is made for the first of them.
pub(super) struct Mending<'a> {
    path: Option<&'a PathBuf>,
    header: Option<Header>,
    writer: Option<csv::Writer<File>>,
    row: Option<Row>,
    failed: Option<io::Error>,
    written: u64,
}

/// The input's columns, and what separates them.
struct Header {
    columns: Vec<String>,
    delimiter: u8,
}

/// A row with all that was found in it.
struct Row {
    line: u64,
    text: String,
    severity: Severity,
    findings: Vec<String>,
}

impl<'a> Mending<'a> {
    /// Nothing to mend yet.
    pub(super) fn new(config: &'a Check, input: &File) -> Result<Self, Error> {
        let path = config.findings.as_ref();
        let header = match path {
            Some(_) => {
                read_header(input).map_err(|error| Error::input(&config.files.input, &error))?
            }
            None => None,
        };
        Ok(Self {
            path,
            header,
            writer: None,
            row: None,
            failed: None,
            written: 0,
        })
    }

    /// Takes a finding; those of one row follow each other.
    pub(super) fn add(&mut self, finding: &Finding) {
        let Some(line) = finding.line.filter(|_| self.header.is_some()) else {
            return;
        };
        let column = finding
            .column
            .map_or(String::new(), |column| format!("{}: ", column.name()));
        let hint = if finding.hint.is_empty() { "" } else { " - " };
        let words = format!("{column}{}{hint}{}", finding.message, finding.hint);
        match &mut self.row {
            Some(row) if row.line == line => {
                row.severity = row.severity.min(finding.severity);
                row.findings.push(words);
            }
            _ => {
                self.write_row();
                let (text, severity) = (finding.row.clone(), finding.severity);
                self.row = Some(Row {
                    line,
                    text,
                    severity,
                    findings: vec![words],
                });
            }
        }
    }

    /// Writes the last row, and tells where they are.
    pub(super) fn end(mut self) -> Result<(), Error> {
        self.write_row();
        let Some(path) = self.path else {
            return Ok(());
        };
        let flushed = self.writer.as_mut().map_or(Ok(()), csv::Writer::flush);
        match self.failed.map_or(flushed, Err) {
            Ok(()) if self.written == 0 => ui::say("No row has findings: none was written."),
            Ok(()) => ui::say(&format!(
                "{}: {} rows to mend",
                path.display(),
                self.written
            )),
            Err(error) => return Err(Error::findings_file(path, &error)),
        }
        Ok(())
    }

    fn write_row(&mut self) {
        let (Some(row), Some(path), None) = (self.row.take(), self.path, &self.failed) else {
            return;
        };
        match self.try_write(&row, path) {
            Ok(()) => self.written = self.written.saturating_add(1),
            Err(error) => self.failed = Some(error),
        }
    }

    fn try_write(&mut self, row: &Row, path: &Path) -> io::Result<()> {
        let Some(header) = &self.header else {
            return Ok(());
        };
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let mut options = OpenOptions::new();
                let options = options.write(true).create_new(true);
                let file = for_owner_only(options).open(path)?;
                let mut builder = csv::WriterBuilder::new();
                let mut writer = builder.delimiter(header.delimiter).from_writer(file);
                let more = ["severity".to_owned(), "finding".to_owned()];
                writer.write_record(header.columns.iter().chain(&more))?;
                empty.insert(writer)
            }
        };
        // A row with too few cells keeps its findings in their own columns.
        let mut fields = cells(&row.text, header.delimiter);
        fields.resize(header.columns.len(), String::new());
        fields.extend([row.severity.to_string(), row.findings.join("; ")]);
        writer.write_record(fields)?;
        Ok(())
    }
}

/// Reads the header, and leaves the file as if it had not been read.
fn read_header(mut input: &File) -> io::Result<Option<Header>> {
    let header = intake::header_line(input)?;
    input.rewind()?;
    Ok(header.map(|header| Header {
        columns: cells(&header.text, header.delimiter),
        delimiter: header.delimiter,
    }))
}

/// The cells of one line.
fn cells(line: &str, delimiter: u8) -> Vec<String> {
    let mut builder = csv::ReaderBuilder::new();
    let builder = builder
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true);
    let mut record = csv::StringRecord::new();
    match builder
        .from_reader(line.as_bytes())
        .read_record(&mut record)
    {
        Ok(true) => record
            .iter()
            .map(|cell| cell.trim_end_matches('\n').to_owned())
            .collect(),
        _ => Vec::new(),
    }
}
