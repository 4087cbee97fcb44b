//! `--only`: the lines of the rows that are paid now.

use crate::cli::Only;
use crate::domain::Batch;
use crate::error::{Error, UsageError};
use std::collections::{HashMap, HashSet};

/// The lines of the rows that are named; `None` if all are.
pub(super) fn lines_of(only: &[Only], payouts: &dyn Batch) -> Result<Option<HashSet<u64>>, Error> {
    if only.is_empty() {
        return Ok(None);
    }
    let rows = Rows::among(payouts, only);
    let mut lines = HashSet::new();
    for item in only {
        let named = rows.named(item);
        lines.extend(named.map_err(|error| Error::at("--only", error))?);
    }
    Ok(Some(lines))
}

/// Where the rows stand, all of which are looked at once.
struct Rows<'a> {
    /// In order.
    lines: Vec<u64>,
    /// The lines of the references that may be meant.
    by_reference: HashMap<&'a str, u64>,
}

impl<'a> Rows<'a> {
    fn among(payouts: &dyn Batch, only: &'a [Only]) -> Self {
        let references = only.iter().filter_map(|item| match item {
            Only::Lines { bare, .. } => bare.as_deref(),
            Only::Reference(reference) => Some(reference.as_str()),
        });
        let references: HashSet<&str> = references.collect();
        let mut rows = Self {
            lines: Vec::with_capacity(payouts.count()),
            by_reference: HashMap::new(),
        };
        for payout in payouts.all() {
            rows.lines.push(payout.line);
            if let Some(reference) = references.get(payout.reference.as_str()) {
                rows.by_reference.insert(reference, payout.line);
            }
        }
        rows
    }

    /// The lines of the rows that an item names.
    fn named(&self, item: &Only) -> Result<Vec<u64>, UsageError> {
        match item {
            Only::Lines { first, last, bare } => {
                // A number that is also a reference may mean either.
                let bare = bare.as_deref();
                if let Some(bare) = bare.filter(|bare| self.by_reference.contains_key(bare)) {
                    return Err(UsageError::OnlyEither(bare.to_owned()));
                }
                let start = self.lines.partition_point(|line| line < first);
                let end = self.lines.partition_point(|line| line <= last);
                let named = self.lines.get(start..end).unwrap_or_default();
                match named {
                    [] => Err(UsageError::OnlyLine(*first)),
                    named => Ok(named.to_vec()),
                }
            }
            Only::Reference(reference) => match self.by_reference.get(reference.as_str()) {
                Some(line) => Ok(vec![*line]),
                None => Err(UsageError::OnlyReference(reference.clone())),
            },
        }
    }
}
