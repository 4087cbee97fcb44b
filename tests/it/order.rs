//! The order of things as the system saw it: for every request, the ledger's claim and the line of
//! the results file were durable before its first byte left, and so was all that came before.

use crate::harness::RESULTS;
use crate::operator::{PAYOUTS, RUN, three_payouts};
use crate::strace;

/// What of the records is not durable yet, by the calls seen so far.
#[derive(Default)]
struct Records {
    /// Lines written to the results file since the last request.
    lines: Vec<String>,
    /// Pages written to the ledger since the last request.
    pages: Vec<String>,
    is_results_dirty: bool,
    is_results_folder_dirty: bool,
    is_temporary_dirty: bool,
    is_ledger_dirty: bool,
    /// Whether a journal stands that would undo what was written to the ledger.
    is_journal_there: bool,
    is_journal_dirty: bool,
    is_ledger_folder_dirty: bool,
}

/// The file whose descriptor is the first argument of a call: `fsync(7</tmp/x>)`.
fn file_of(call: &str) -> &str {
    let rest = call.split_once('<').map_or("", |(_, rest)| rest);
    rest.split_once('>').map_or("", |(file, _)| file)
}

impl Records {
    fn see(&mut self, call: &str) -> Result<(), String> {
        let name = call.split('(').next().unwrap_or_default();
        let file = file_of(call);
        match name {
            "write" | "pwrite64" | "ftruncate" => self.see_write(call, file),
            "fsync" | "fdatasync" => {
                self.see_sync(file);
                Ok(())
            }
            "unlink" if call.contains("ledger.db-journal") => {
                if self.is_ledger_dirty {
                    return Err("the journal went before the ledger was durable".to_owned());
                }
                self.is_journal_there = false;
                self.is_ledger_folder_dirty = true;
                Ok(())
            }
            "rename" if call.contains(RESULTS) => {
                if self.is_temporary_dirty {
                    return Err("the results were published before they were durable".to_owned());
                }
                self.is_results_folder_dirty = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn see_write(&mut self, call: &str, file: &str) -> Result<(), String> {
        if file.ends_with(&format!("/{RESULTS}")) {
            self.is_results_dirty = true;
            self.lines.push(call.to_owned());
        } else if file.ends_with(".tmp") {
            self.is_temporary_dirty = true;
        } else if file.ends_with("/ledger.db-journal") {
            if !self.is_journal_there {
                self.is_ledger_folder_dirty = true;
            }
            self.is_journal_there = true;
            self.is_journal_dirty = true;
        } else if file.ends_with("/ledger.db") {
            if self.is_journal_there && (self.is_journal_dirty || self.is_ledger_folder_dirty) {
                return Err("the ledger was written before its journal was durable".to_owned());
            }
            self.is_ledger_dirty = true;
            self.pages.push(call.to_owned());
        }
        Ok(())
    }

    fn see_sync(&mut self, file: &str) {
        if file.ends_with(&format!("/{RESULTS}")) {
            self.is_results_dirty = false;
        } else if file.ends_with(".tmp") {
            self.is_temporary_dirty = false;
        } else if file.ends_with("/ledger.db-journal") {
            self.is_journal_dirty = false;
        } else if file.ends_with("/ledger.db") {
            self.is_ledger_dirty = false;
        } else if file.ends_with("/ccbatch") {
            self.is_ledger_folder_dirty = false;
        } else {
            self.is_results_folder_dirty = false;
        }
    }

    /// A request leaves, to this address.
    fn see_request(&mut self, address: &str) -> Result<(), String> {
        let line = self.lines.last().ok_or("no line was written")?;
        if !line.contains(&format!(",{address},")) || !line.contains(",unknown,,,in_flight,,,") {
            return Err(format!("the last line is another: {line}"));
        }
        let id = line.split(",in_flight,,,,").nth(1).unwrap_or_default();
        let id = id.split('\\').next().unwrap_or_default();
        if id.len() != 20 || !self.pages.iter().any(|page| page.contains(id)) {
            return Err(format!("the claim {id} is not in the ledger"));
        }
        let faults = [
            (self.is_results_dirty, "the line is not durable"),
            (
                self.is_results_folder_dirty,
                "the results file's name is not durable",
            ),
            (self.is_ledger_dirty, "the claim is not durable"),
            (self.is_journal_there, "the claim is not committed"),
            (self.is_ledger_folder_dirty, "the commit is not durable"),
        ];
        if let Some((_, fault)) = faults.into_iter().find(|(is_so, _)| *is_so) {
            return Err(fault.to_owned());
        }
        self.lines.clear();
        self.pages.clear();
        Ok(())
    }
}

/// Checks the traced calls of a run; gives the number of requests.
fn check_order(calls: &[String]) -> Result<usize, String> {
    let mut records = Records::default();
    let mut requests = 0;
    for call in calls {
        if call.contains("INJECTED") || call.contains(" = -1 ") {
            continue;
        }
        if call.contains("<TCP:[") && call.contains("POST /") {
            let address = call.split("to_address\\\":\\\"").nth(1).ok_or(call)?;
            let address = address.split('\\').next().ok_or(call)?;
            records.see_request(address)?;
            requests += 1;
        } else {
            records.see(call)?;
        }
    }
    Ok(requests)
}

fn calls_of_a_run(inject: Option<&str>) -> Vec<String> {
    strace::trace(&three_payouts(""), RUN, inject, &[]).calls
}

#[test]
fn claim_and_line_are_durable_before_the_first_byte_of_every_request() {
    if !strace::is_available("order of records and requests") {
        return;
    }
    let calls = calls_of_a_run(None);
    assert_eq!(check_order(&calls), Ok(PAYOUTS), "{calls:#?}");
}

/// The check itself must fail when a sync or an unlink does nothing.
#[test]
fn the_check_of_the_order_finds_calls_that_do_nothing() {
    if !strace::is_available("planted calls that do nothing") {
        return;
    }
    let clean = calls_of_a_run(None);
    let before_the_first = clean.iter().take_while(|call| !call.contains("POST /"));
    let unlinks = before_the_first.filter(|call| call.starts_with("unlink("));
    // Only that of the first claim: an earlier one would leave no ledger to claim in.
    let of_the_claim = format!("unlink:retval=0:when={}", unlinks.count());
    for (inject, words) in [
        ("fdatasync:retval=0", "the line is not durable"),
        ("fsync:retval=0", "before its journal was durable"),
        (&of_the_claim, "is not committed"),
    ] {
        let fault = check_order(&calls_of_a_run(Some(inject))).unwrap_err();
        assert!(fault.contains(words), "{inject}: {fault}");
    }
}

/// The check must fail when a request leaves earlier than it did.
#[test]
fn the_check_of_the_order_finds_a_request_that_leaves_too_early() {
    if !strace::is_available("planted disorder") {
        return;
    }
    let calls = calls_of_a_run(None);
    let is_request = |call: &String| call.contains("POST /");
    let second = calls.iter().rposition(is_request).unwrap();
    let first = calls.iter().position(is_request).unwrap();
    let between: Vec<usize> = (first + 1..second)
        .filter(|at| {
            let call = &calls[*at];
            let is_record = call.contains(RESULTS) || call.contains("/ccbatch");
            let is_done = ["fdatasync(", "fsync(", "pwrite64(", "unlink("];
            is_record && is_done.iter().any(|name| call.starts_with(name))
        })
        .collect();
    assert!(between.len() > 50, "{calls:#?}");
    for at in between {
        let mut early = calls.clone();
        let request = early.remove(second);
        early.insert(at, request);
        assert!(check_order(&early).is_err(), "sent before {}", calls[at]);
    }
}
