//! A crash is a kill -9 at any system call: whatever the moment, going on pays nobody twice and
//! forgets nobody.

use crate::harness::{RESULTS, Scene};
use crate::operator::{
    RUN, SECOND_RECIPIENT, assert_each_is_paid_once, four_payouts, go_on_until_done, results_text,
    verdict,
};
use crate::strace::{self, Tracing};
use std::os::unix::process::ExitStatusExt;

/// Kills the program at every n-th call of one kind, until it lives to its end, and goes on each
/// time.
fn crash_at_every(
    call: &str,
    script: &str,
    arrange: fn(&Scene),
    victim: fn(&Scene) -> Vec<String>,
) {
    if !strace::is_available(&format!("crash at every {call}")) {
        return;
    }
    for n in 1.. {
        let batch = four_payouts(script);
        arrange(&batch);
        let args = victim(&batch);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let tracing = Tracing {
            inject: Some(format!("{call}:signal=KILL:when={n}")),
            path: None,
        };
        let killed = strace::trace(&batch, &args, &tracing)
            .output
            .status
            .signal()
            == Some(9);
        go_on_until_done(&batch);
        assert_each_is_paid_once(&batch);
        if !killed {
            assert!(n > 1 || call == "ftruncate", "no {call} was ever reached");
            break;
        }
    }
}

fn crash_run_at_every(call: &str) {
    let victim = |_: &Scene| RUN.iter().map(|arg| (*arg).to_owned()).collect();
    crash_at_every(call, "", |_| {}, victim);
}

#[test]
fn run_killed_at_every_write() {
    crash_run_at_every("write");
}

#[test]
fn run_killed_at_every_sync() {
    crash_run_at_every("fdatasync");
    crash_run_at_every("fsync");
}

#[test]
fn run_killed_at_every_open_and_lock() {
    crash_run_at_every("openat");
    crash_run_at_every("flock");
}

#[test]
fn run_killed_at_every_close() {
    crash_run_at_every("close");
}

#[test]
fn run_killed_at_every_step_of_a_request() {
    crash_run_at_every("connect");
    crash_run_at_every("writev");
    crash_run_at_every("recvfrom");
}

/// A half line in the file: the run was killed when it had the second answer and was about to
/// write the ending, which is the fifth write of the file.
fn leave_half_a_line(batch: &Scene) {
    let results = batch.path(RESULTS);
    let inject = Some("write:signal=KILL:when=5".to_owned());
    let tracing = Tracing {
        inject,
        path: Some(&results),
    };
    strace::trace(batch, RUN, &tracing);
    let results = results_text(batch);
    assert!(
        !results.ends_with('\n') && results.lines().count() == 3,
        "{results}"
    );
}

/// The command that settles line 3 as the dashboard has it.
fn resolve_line_3(batch: &Scene) -> Vec<String> {
    let mut args = ["resolve", "payouts.csv", "--yes", "--line", "3"]
        .map(str::to_owned)
        .to_vec();
    args.extend(verdict(batch, SECOND_RECIPIENT));
    args
}

#[test]
fn resolve_killed_at_every_call() {
    for call in [
        "write",
        "fdatasync",
        "fsync",
        "openat",
        "close",
        "ftruncate",
        "flock",
    ] {
        crash_at_every(call, "ok,drop-after", leave_half_a_line, resolve_line_3);
    }
}

#[test]
fn resume_killed_at_every_call() {
    let keep_going = |_: &Scene| {
        RUN.iter()
            .chain(&["--keep-going"])
            .map(|arg| (*arg).to_owned())
            .collect()
    };
    for call in ["write", "fdatasync", "fsync", "ftruncate"] {
        crash_at_every(call, "ok,drop-before", leave_half_a_line, keep_going);
    }
}

/// The traced order of one run: for every request, its whole intent was durable before its first
/// byte was written to the socket. Gives the number of requests.
fn check_order(calls: &[String]) -> Result<usize, String> {
    let (mut file, mut durable, mut requests) = (String::new(), 0, 0);
    for call in calls {
        let succeeded = !call.contains("INJECTED") && !call.contains(" = -1 ");
        let is_results = call.contains("payouts.results.csv>");
        if call.starts_with("write(") && is_results {
            let text = call
                .split_once(", \"")
                .and_then(|(_, rest)| rest.rsplit_once("\", "));
            file.push_str(
                &text
                    .ok_or(call)?
                    .0
                    .replace("\\n", "\n")
                    .replace("\\\"", "\""),
            );
        } else if (call.starts_with("fdatasync(") || call.starts_with("fsync(")) && is_results {
            if succeeded {
                durable = file.len();
            }
        } else if call.contains("<TCP:[") && call.contains("POST /") {
            let intent = file[..durable].rsplit('\n').next().unwrap_or_default();
            let address = call.split("to_address\\\":\\\"").nth(1).ok_or(call)?;
            let address = address.split('\\').next().ok_or(call)?;
            let is_whole = intent.ends_with("Z,") && intent.contains(&format!(",{address},"));
            if !is_whole {
                return Err(format!(
                    "sent without a durable intent: {call}\ndurable: {intent:?}"
                ));
            }
            requests += 1;
        }
    }
    Ok(requests)
}

#[test]
fn the_intent_is_durable_before_the_request_leaves() {
    if !strace::is_available("order of intent and request") {
        return;
    }
    let batch = four_payouts("");
    let traced = strace::trace(
        &batch,
        RUN,
        &Tracing {
            inject: None,
            path: None,
        },
    );
    assert_eq!(check_order(&traced.calls), Ok(4), "{:#?}", traced.calls);
}

/// The check itself must fail when a sync does nothing, and when the intent is written late.
#[test]
fn the_check_of_the_order_finds_planted_faults() {
    if !strace::is_available("planted faults") {
        return;
    }
    let no_sync = Tracing {
        inject: Some("fdatasync:retval=0".into()),
        path: None,
    };
    let traced = strace::trace(&four_payouts(""), RUN, &no_sync);
    assert!(
        check_order(&traced.calls)
            .unwrap_err()
            .contains("without a durable intent")
    );

    let mut late = strace::trace(
        &four_payouts(""),
        RUN,
        &Tracing {
            inject: None,
            path: None,
        },
    )
    .calls;
    let request = late
        .iter()
        .position(|call| call.contains("POST /"))
        .unwrap();
    let is_intent = |call: &String| call.starts_with("write(") && call.contains(".results.csv>");
    let intent = late[..request].iter().rposition(is_intent).unwrap();
    let request = late.remove(request);
    late.insert(intent, request);
    assert!(
        check_order(&late)
            .unwrap_err()
            .contains("without a durable intent")
    );
}
