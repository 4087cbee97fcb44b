//! An [`AttemptId`] names one attempt, in the ledger and in the results file alike.

use std::fmt;

/// Ten random letters and a digest of what is paid, letters only, so that a spreadsheet leaves it
/// alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub(super) String);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
