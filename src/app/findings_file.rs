//! The findings file is what `--findings FILE` is for: the rows that have findings, each with its
//! line and what was found, to be looked through in a spreadsheet and mended in the input.

use crate::config::Check;
use crate::domain::escape::escape_cell;
use crate::domain::{Finding, Severity};
use crate::error::{Error, PathError};
use crate::intake::Intake;
use crate::intake::csv::Splitter;
use crate::intake::header::Header;
use crate::os::file::for_owner_only;
use crate::terminal::report::counted;
use crate::terminal::ui;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The rows with findings on their way to a file, which is made for the first of them.
pub(super) struct FindingsFile<'a> {
    path: &'a Path,
    header: &'a Header,
    writer: Option<csv::Writer<File>>,
    row: Option<Row>,
    failed: Option<io::Error>,
    written: u64,
}

/// A row with all that was found in it.
struct Row {
    line: u64,
    text: String,
    severity: Severity,
    findings: Vec<String>,
}

impl FindingsFile<'_> {
    /// Writes the rows with findings, if the operator wants them, and tells where they are.
    pub(super) fn write(config: &Check, intake: &Intake) -> Result<(), Error> {
        let (Some(path), Some(header)) = (&config.findings, intake.header()) else {
            return Ok(());
        };
        let mut file = FindingsFile {
            path,
            header,
            writer: None,
            row: None,
            failed: None,
            written: 0,
        };
        let word = |told: &mut Vec<_>, finding| told.push(finding);
        intake.tell(u64::MAX, &word, &mut |told| {
            told.drain(..).for_each(|finding| file.add(finding));
        });
        file.end()
    }

    /// Takes a finding; those of one row follow each other.
    fn add(&mut self, finding: Finding) {
        let Some(line) = finding.line.filter(|line| *line != self.header.line) else {
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
                self.row = Some(Row {
                    line,
                    text: finding.row,
                    severity: finding.severity,
                    findings: vec![words],
                });
            }
        }
    }

    /// Writes the last row, and tells where they are.
    fn end(mut self) -> Result<(), Error> {
        self.write_row();
        let flushed = self.writer.as_mut().map_or(Ok(()), csv::Writer::flush);
        match self.failed.map_or(flushed, Err) {
            Ok(()) if self.written == 0 => ui::say("No row has findings: no file was written."),
            Ok(()) => ui::say(&format!(
                "{}: {} with findings",
                self.path.display(),
                counted(self.written, "row", "rows")
            )),
            Err(error) => return Err(Error::at(self.path.display(), PathError::Rows(error))),
        }
        Ok(())
    }

    fn write_row(&mut self) {
        let (Some(row), None) = (self.row.take(), &self.failed) else {
            return;
        };
        match self.try_write(&row) {
            Ok(()) => self.written = self.written.saturating_add(1),
            Err(error) => self.failed = Some(error),
        }
    }

    fn try_write(&mut self, row: &Row) -> io::Result<()> {
        let header = self.header;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            empty => {
                let mut options = OpenOptions::new();
                let options = options.write(true).create_new(true);
                let file = for_owner_only(options).open(self.path)?;
                let mut builder = csv::WriterBuilder::new();
                let mut writer = builder.delimiter(header.delimiter).from_writer(file);
                let (line, more) = (
                    "line".to_owned(),
                    ["severity", "finding"].map(str::to_owned),
                );
                let mut names = header.names.clone();
                names.resize(header.cells, String::new());
                writer.write_record(std::iter::once(&line).chain(&names).chain(&more))?;
                empty.insert(writer)
            }
        };
        let mut splitter = Splitter::new(header.delimiter, &row.text);
        let mut cells = splitter.split(&row.text).values();
        // A row with too few cells keeps its findings in their own columns.
        cells.resize(header.cells, String::new());
        cells.insert(0, row.line.to_string());
        let findings = escape_cell(&row.findings.join("; "));
        cells.extend([row.severity.to_string(), findings]);
        writer.write_record(cells)?;
        Ok(())
    }
}
