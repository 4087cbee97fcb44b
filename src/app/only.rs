//! `--only`: the lines of the rows that are paid now.

use crate::cli::Only;
use crate::domain::Batch;
use crate::error::{Error, UsageError};
use std::collections::HashSet;

/// The lines of the rows that are named; `None` if all are.
pub(super) fn lines_of(only: &[Only], payouts: &dyn Batch) -> Result<Option<HashSet<u64>>, Error> {
    if only.is_empty() {
        return Ok(None);
    }
    let mut lines = HashSet::new();
    for item in only {
        match item {
            Only::Lines { first, last, bare } => {
                refuse_ambiguous(bare.as_deref(), payouts)?;
                let named = payouts.all().map(|payout| payout.line);
                let named: Vec<u64> = named
                    .filter(|line| (first..=last).contains(&line))
                    .collect();
                if named.is_empty() {
                    return Err(Error::at("--only", UsageError::OnlyLine(*first)));
                }
                lines.extend(named);
            }
            Only::Reference(reference) => {
                let named = payouts.all().find(|it| it.reference == *reference);
                let Some(named) = named else {
                    let error = UsageError::OnlyReference(reference.clone());
                    return Err(Error::at("--only", error));
                };
                lines.insert(named.line);
            }
        }
    }
    Ok(Some(lines))
}

/// A number that is also a reference may mean either.
fn refuse_ambiguous(bare: Option<&str>, payouts: &dyn Batch) -> Result<(), Error> {
    let Some(bare) = bare else { return Ok(()) };
    match payouts.all().find(|payout| payout.reference == bare) {
        None => Ok(()),
        Some(_) => Err(Error::at("--only", UsageError::OnlyEither(bare.to_owned()))),
    }
}
