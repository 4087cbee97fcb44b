//! The text of a results file both ways: what is written is read back, and what a crash, a knife
//! or chance makes of it is never taken for anything else.

use super::*;
use crate::domain::{Amount, Cause, Currency, Totals, Verdict};
use proptest::prelude::*;
use std::time::Duration;

const API: &str = "api.cryptocloud.plus";

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_341_600_000 + millis).unwrap()
}

fn payout(line: u64, reference: &str) -> Payout {
    Payout {
        line,
        reference: reference.to_owned(),
        payee: String::new(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
        account: String::new(),
        amount: Amount::parse("0.050", 8).unwrap(),
        minor_units: 5_000_000,
    }
}

fn batch(references: &[&str]) -> Batch {
    let payouts = references.iter().zip(2..);
    Batch {
        payouts: payouts
            .map(|(reference, line)| payout(line, reference))
            .collect(),
        totals: Totals::default(),
    }
}

fn outcome(verdict: Verdict) -> Outcome {
    Outcome {
        verdict,
        error_key: String::new(),
        detail: String::new(),
        http_status: Some(200),
    }
}

fn created() -> Outcome {
    outcome(Verdict::Created {
        invoice_id: "INV-12345678".to_owned(),
        accepted_amount: None,
    })
}

fn attempt(payout: &Payout, number: u32, outcome: &Outcome) -> Attempt {
    Attempt {
        intent: Intent::new(payout, number, API, time(0)),
        ending: Ending::new(outcome, time(500)),
    }
}

fn text(attempts: &[Attempt]) -> String {
    let lines = attempts.iter().map(Attempt::encode);
    HEADER.to_owned() + &lines.collect::<String>()
}

/// Three payouts with what makes a line hard to read: quotes, commas, letters of several bytes,
/// and a second attempt.
fn three() -> (Batch, Vec<Attempt>) {
    let batch = batch(&["Müller, \"Söhne\"", "", "R,3"]);
    let [first, second, third] = &batch.payouts[..] else {
        unreachable!()
    };
    let refused = Outcome {
        error_key: "network".to_owned(),
        detail: "wrong, \"very\" wrong – 日本".to_owned(),
        http_status: Some(400),
        ..outcome(Verdict::Rejected)
    };
    let attempts = vec![
        attempt(first, 1, &created()),
        attempt(second, 1, &refused),
        attempt(second, 2, &created()),
        attempt(third, 1, &outcome(Verdict::Unknown)),
    ];
    (batch, attempts)
}

#[test]
fn a_line_is_these_bytes() {
    let (_, attempts) = three();
    let address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    assert_eq!(
        attempts[1].encode(),
        format!(
            "3,,BTC,{address},0.050,1,{API},2026-11-22T10:00:00.000Z,\
             rejected,,,network,\"wrong, \"\"very\"\" wrong – 日本\",400,2026-11-22T10:00:00.500Z\n"
        )
    );
    assert!(
        attempts[0]
            .encode()
            .starts_with("2,\"Müller, \"\"Söhne\"\"\",BTC,")
    );
}

#[test]
fn what_is_written_is_read_back() {
    let (batch, attempts) = three();
    let text = text(&attempts);
    let record = parse(text.as_bytes()).unwrap();
    assert_eq!(record.attempts, attempts);
    assert_eq!(record.tail, Tail::Nothing);
    assert_eq!(record.whole_bytes, text.len() as u64);
    assert_eq!(record.api(), Some(API));
    let standings = fold(&record, &batch, Some(API)).unwrap();
    let told: Vec<_> = standings.iter().map(|s| (s.state, s.attempts)).collect();
    let expected = [
        (State::Created, 1),
        (State::Created, 2),
        (State::InDoubt, 1),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_latest_intent_of_a_payout_is_that_of_its_last_line_whole_or_half() {
    let (_, attempts) = three();
    let half = text(&attempts[..3]) + &attempts[3].intent.encode();
    let record = parse(half.as_bytes()).unwrap();
    let latest = [2, 3, 4, 5].map(|line| record.latest_intent(line));
    let [first, _, second, third] = [0, 1, 2, 3].map(|at| Some(&attempts[at].intent));
    assert_eq!(latest, [first, second, third, None]);
}

/// What may stand at the end of a file that was cut after `kept` bytes of its last line.
fn tail_of(last: &Attempt, kept: usize) -> Tail {
    let intent = last.intent.encode().len();
    if kept == 0 {
        Tail::Nothing
    } else if kept < intent {
        Tail::Fragment
    } else {
        let line = last.encode();
        Tail::InDoubt {
            intent: last.intent.clone(),
            remains: String::from_utf8_lossy(&line.as_bytes()[intent..kept]).into_owned(),
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_is_the_same_record_or_a_fragment_or_the_right_payout_in_doubt() {
    let (_, attempts) = three();
    let whole = text(&attempts);
    let mut start = HEADER.len();
    for (index, last) in attempts.iter().enumerate() {
        let length = last.encode().len();
        for kept in 0..length {
            let record = parse(&whole.as_bytes()[..start + kept]).unwrap();
            assert_eq!(record.attempts, attempts[..index], "{kept}");
            assert_eq!(record.whole_bytes, start as u64, "{kept}");
            assert_eq!(record.tail, tail_of(last, kept), "{kept}");
        }
        start += length;
    }
    assert_eq!(start, whole.len());
}

#[test]
fn a_file_that_goes_on_with_nul_bytes_is_read_as_if_it_were_cut_there() {
    let (_, attempts) = three();
    let whole = text(&attempts);
    let last = attempts.last().unwrap();
    let length = last.encode().len();
    let start = whole.len() - length;
    for kept in 0..length {
        let mut damaged = whole.clone().into_bytes();
        damaged[start + kept..].fill(0);
        let record = parse(&damaged).unwrap();
        assert_eq!(record.attempts, attempts[..attempts.len() - 1], "{kept}");
        let expected = match tail_of(last, kept) {
            Tail::Nothing => Tail::Fragment,
            tail => tail,
        };
        assert_eq!(record.tail, expected, "{kept}");
    }
}

#[test]
fn a_nul_byte_anywhere_in_an_ending_leaves_the_payout_in_doubt() {
    let (batch, attempts) = three();
    let whole = text(&attempts);
    let last = attempts.last().unwrap();
    let ending = whole.len() - last.ending.encode().len();
    for at in ending..whole.len() {
        let mut damaged = whole.clone().into_bytes();
        damaged[at] = 0;
        let record = parse(&damaged).unwrap();
        assert_eq!(record.tail.intent(), Some(&last.intent), "{at}");
        let standings = fold(&record, &batch, Some(API)).unwrap();
        assert_eq!(standings[2].state, State::InDoubt, "{at}");
    }
}

#[test]
fn an_ending_that_is_damaged_before_the_last_line_is_refused() {
    let (_, attempts) = three();
    let whole = text(&attempts).into_bytes();
    let end = text(&attempts[..1]).len();
    for at in end - attempts[0].ending.encode().len()..end - 1 {
        let mut damaged = whole.clone();
        damaged[at] = b'\x03';
        let refused = Err(Mismatch {
            line: 2,
            reason: Reason::Foreign,
        });
        assert_eq!(parse(&damaged), refused, "{at}");
    }
}

#[test]
fn a_half_line_that_was_saved_by_another_program() {
    let (_, attempts) = three();
    let half = text(&attempts[..1]) + &attempts[1].intent.encode();
    // A spreadsheet adds the fields that are missing.
    for added in [",,,,,,\n", ",,,,,,\r\n", "\"\",,,,,,\n", "\r\n"] {
        let refused = parse((half.clone() + added).as_bytes()).unwrap_err();
        assert_eq!(refused.reason, Reason::Foreign, "{added:?}");
    }
    // An editor adds nothing but the end of the line, which changes no meaning.
    let record = parse((half + "\n").as_bytes()).unwrap();
    assert_eq!(record.tail.intent(), Some(&attempts[1].intent));
}

#[test]
fn a_torn_header_is_a_fragment_and_another_header_is_refused() {
    for kept in 1..HEADER.len() {
        let mut torn = HEADER.as_bytes()[..kept].to_vec();
        assert_eq!(parse(&torn).unwrap().tail, Tail::Fragment);
        torn.resize(HEADER.len(), 0);
        assert_eq!(parse(&torn).unwrap().tail, Tail::Fragment);
        assert_eq!(parse(&torn).unwrap().whole_bytes, 0);
    }
    assert_eq!(parse(b"").unwrap(), Record::default());
    for other in [
        "\n",
        "line\n",
        "x",
        "line,reference;",
        &HEADER.to_uppercase(),
    ] {
        let mismatch = parse(other.as_bytes()).unwrap_err();
        assert_eq!(
            (mismatch.line, mismatch.reason),
            (1, Reason::Header),
            "{other}"
        );
    }
}

#[test]
fn a_verdict_follows_a_doubt_and_nothing_else() {
    let batch = batch(&["R1"]);
    let of = |status| attempt(&batch.payouts[0], 1, &outcome(status));
    let verdict = |id| Attempt {
        ending: Ending::verdict(id, time(900)),
        ..of(Verdict::Unknown)
    };
    let fold_all = |attempts: &[Attempt]| {
        let record = parse(text(attempts).as_bytes()).unwrap();
        fold(&record, &batch, None).map(|standings| standings[0].state)
    };
    let doubt = of(Verdict::Unknown);
    let is = |id, state| assert_eq!(fold_all(&[doubt.clone(), verdict(id)]), Ok(state));
    is(Some("INV-1"), State::Created);
    is(None, State::NotCreated);

    let refused = Err(Mismatch {
        line: 3,
        reason: Reason::Sequence { input_line: 2 },
    });
    let again = Attempt {
        intent: Intent::new(&batch.payouts[0], 2, API, time(0)),
        ..doubt.clone()
    };
    let created = attempt(&batch.payouts[0], 1, &created());
    let rejected = of(Verdict::Rejected);
    let created_again = Attempt {
        intent: again.intent.clone(),
        ..created.clone()
    };
    for (first, second) in [
        (&created, created_again),
        (&created, verdict(None)),
        (&rejected, verdict(Some("INV-1"))),
        (&doubt, again),
        (&doubt, created.clone()),
        (&doubt, doubt.clone()),
        (&created, created.clone()),
        (&rejected, rejected.clone()),
    ] {
        assert_eq!(fold_all(&[first.clone(), second]), refused);
    }
    assert!(fold_all(&[verdict(None)]).is_err(), "a verdict on nothing");
}

#[test]
fn a_torn_verdict_leaves_the_payout_in_doubt_as_it_was() {
    let batch = batch(&["R1"]);
    let doubt = attempt(&batch.payouts[0], 1, &outcome(Verdict::Unknown));
    let verdict = Attempt {
        ending: Ending::verdict(Some("INV-1"), time(900)),
        ..doubt.clone()
    };
    let interrupted = Attempt {
        ending: Ending::interrupted("created,INV-1", time(950)),
        ..doubt.clone()
    };
    let before = text(std::slice::from_ref(&doubt));
    let standings_of = |text: String| {
        let record = parse(text.as_bytes()).unwrap();
        fold(&record, &batch, Some(API)).unwrap()
    };
    let torn = verdict.encode();
    for kept in 1..torn.len() {
        let standings = standings_of(before.clone() + &torn[..kept]);
        assert_eq!(standings, [doubt.standing()], "{kept}");
    }
    let finished = text(&[doubt.clone(), interrupted.clone()]);
    assert_eq!(standings_of(finished), [doubt.standing()]);
    let settled = text(&[doubt, interrupted, verdict.clone()]);
    assert_eq!(standings_of(settled), [verdict.standing()]);
}

#[test]
fn half_a_line_tells_which_attempt_is_in_doubt_since_when() {
    let batch = batch(&["R1"]);
    let intent = Intent::new(&batch.payouts[0], 1, API, time(70));
    let record = Record {
        tail: Tail::InDoubt {
            intent,
            remains: String::new(),
        },
        ..Record::default()
    };
    let standing = Standing {
        state: State::InDoubt,
        attempts: 1,
        started_at: Some(time(70)),
        error_key: INTERRUPTED.to_owned(),
        ..Standing::default()
    };
    assert_eq!(fold(&record, &batch, Some(API)), Ok(vec![standing]));
}

#[test]
fn what_remains_of_an_ending_is_told_in_a_detail_of_usual_length() {
    let ending = Ending::interrupted(&"x".repeat(MAX_DETAIL_CHARS * 2), time(0));
    assert!(ending.detail.ends_with("xxx"), "{}", ending.detail);
    assert!(ending.detail.chars().count() <= MAX_DETAIL_CHARS);
}

#[test]
fn an_answer_that_reads_like_a_line_is_not_taken_for_one() {
    let (_, attempts) = three();
    let [first, second] = [&attempts[0], &attempts[1]];
    let hostile = Outcome {
        detail: second.intent.encode(),
        ..outcome(Verdict::Unknown)
    };
    let ending = Ending::new(&hostile, time(0)).encode();
    let torn = &ending[..ending.len() - 9];
    let record = parse((HEADER.to_owned() + &first.intent.encode() + torn).as_bytes());
    assert_eq!(record.unwrap().tail.intent(), Some(&first.intent));
}

#[test]
fn a_line_behind_a_gap_is_never_removed_with_the_half_line_before_it() {
    let (_, attempts) = three();
    let [first, second] = [&attempts[0], &attempts[1]];
    let half = HEADER.to_owned() + &first.intent.encode();
    let gap = "\0".repeat(first.ending.encode().len());
    for next in [second.intent.encode(), second.encode()] {
        let refused = parse((half.clone() + &gap + &next).as_bytes());
        assert_eq!(refused.unwrap_err().reason, Reason::Foreign);
    }
}

#[test]
fn a_half_line_whose_intent_is_damaged_is_never_removed() {
    let (batch, attempts) = three();
    let before = text(&attempts[..3]);
    let last = attempts[3].encode().into_bytes();
    let intent = attempts[3].intent.encode().len();
    // Where a quote is lost, nothing tells where the intent ends.
    for at in (0..intent).filter(|at| last[*at] != b'"') {
        for damage in *b"\0\x03\r\n;" {
            let mut line = last.clone();
            line[at] = damage;
            for end in [intent + 1, intent + 9, line.len() - 1, line.len()] {
                let bytes = [before.as_bytes(), &line[..end]].concat();
                let Ok(record) = parse(&bytes) else { continue };
                assert_ne!(record.tail, Tail::Fragment, "{at} {damage} {end}");
                let is_refused = fold(&record, &batch, Some(API)).is_err();
                assert!(is_refused, "{at} {damage} {end}");
            }
        }
    }
}

#[test]
fn a_beginning_that_no_crash_can_have_left_is_never_removed() {
    let (_, attempts) = three();
    let before = text(&attempts[..2]);
    for beginning in ["R3", "x3,R3,BTC", "3,R3\x03", "3,R3,BTC\r", "-3,R3"] {
        let refused = parse((before.clone() + beginning).as_bytes());
        assert_eq!(
            refused.unwrap_err().reason,
            Reason::Foreign,
            "{beginning:?}"
        );
    }
}

#[test]
fn an_intent_that_was_not_durable_yet_is_a_fragment_whatever_sector_of_it_is_missing() {
    let (_, attempts) = three();
    let before = text(&attempts[..2]);
    let intent = attempts[2].intent.encode();
    for start in 0..intent.len() {
        for (from, to) in [(0, start), (start, intent.len())] {
            let mut bytes = (before.clone() + &intent).into_bytes();
            bytes[before.len() + from..before.len() + to].fill(0);
            let is_whole = from == to;
            let tail = parse(&bytes).unwrap().tail;
            assert_eq!(tail == Tail::Fragment, !is_whole, "{from}..{to}");
        }
    }
}

#[test]
fn a_half_line_that_repeats_a_settled_intent_is_refused() {
    let batch = batch(&["R1"]);
    for settled in [created(), outcome(Verdict::Rejected)] {
        let settled = attempt(&batch.payouts[0], 1, &settled);
        let repeated = text(std::slice::from_ref(&settled)) + &settled.intent.encode();
        let record = parse(repeated.as_bytes()).unwrap();
        assert!(fold(&record, &batch, Some(API)).is_err());
    }
}

#[test]
fn the_latest_arrival_is_a_second_after_the_start_or_the_end_whichever_is_earlier() {
    let line = |outcome: &Outcome, finished| Attempt {
        intent: Intent::new(&payout(2, ""), 1, API, time(0)),
        ending: Ending::new(outcome, time(finished)),
    };
    let latest = |attempts: &[Attempt]| {
        parse(text(attempts).as_bytes())
            .unwrap()
            .latest_arrival(time(99_000))
    };
    let unknown = outcome(Verdict::Unknown);
    let limited = outcome(Verdict::NotCreated(Cause::RateLimited {
        retry_after: None,
    }));
    assert_eq!(latest(&[]), None);
    assert_eq!(latest(&[line(&created(), 200)]), Some(time(200)));
    assert_eq!(latest(&[line(&created(), 5_000)]), Some(time(1_000)));
    assert_eq!(latest(&[line(&limited, 5_000)]), Some(time(1_000)));
    assert_eq!(latest(&[line(&unknown, 5_000)]), Some(time(5_000)));
    let verdict = Attempt {
        ending: Ending::verdict(None, time(80_000)),
        ..line(&unknown, 0)
    };
    assert_eq!(latest(&[line(&unknown, 5_000), verdict]), Some(time(5_000)));
    let verdict = Attempt {
        ending: Ending::verdict(None, time(80_000)),
        ..line(&unknown, 0)
    };
    let no_request = [line(&unknown, 200), verdict];
    assert_eq!(latest(&no_request), Some(time(200)));
    let half = text(&[]) + &line(&created(), 0).intent.encode();
    let record = parse(half.as_bytes()).unwrap();
    assert_eq!(record.latest_arrival(time(99_000)), Some(time(99_000)));
}

#[test]
fn what_does_not_fit_is_told_in_words() {
    let order = |expected| Reason::Order {
        attempted: 3,
        expected,
    };
    let changed = |reference| Reason::Changed {
        input_line: 2,
        was: Box::new(Intent::new(&payout(2, reference), 1, API, time(0))),
    };
    let other_api = Reason::Api {
        begun_with: "sandbox".to_owned(),
        now: API.to_owned(),
    };
    for (reason, words) in [
        (Reason::Header, "the header is not that of a results file"),
        (Reason::Foreign, "this line is not as it was written"),
        (other_api, "begun with sandbox, and this run would pay"),
        (order(Some(2)), "here, where line 2 comes next"),
        (
            order(None),
            "line 3 of the input was submitted, and is no longer",
        ),
        (
            changed("R1"),
            "submitted as 0.050 BTC to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa (reference R1)",
        ),
        (changed(""), "DivfNa, and has been changed since"),
        (
            Reason::Sequence { input_line: 2 },
            "cannot follow the one before",
        ),
    ] {
        let told = reason.to_string();
        assert!(told.contains(words), "{told}");
    }
}

/// Any outcome at all, with whatever texts.
fn any_outcome() -> impl Strategy<Value = Outcome> {
    let verdict = prop_oneof![
        ("\\PC{1,80}", any::<bool>()).prop_map(|(invoice_id, differs)| Verdict::Created {
            invoice_id,
            accepted_amount: differs.then(|| Amount::parse("0.0029", 8).unwrap().decimal()),
        }),
        Just(Verdict::Rejected),
        Just(Verdict::Unknown),
        Just(Verdict::NotCreated(Cause::ConnectFailed)),
        Just(Verdict::NotCreated(Cause::RateLimited {
            retry_after: Some(Duration::from_secs(1))
        })),
    ];
    let text = || prop_oneof![any::<String>(), "[=+@\t\r\n\0,\"ä-]{0,9}"];
    let texts = (text(), text(), any::<Option<u16>>());
    (verdict, texts).prop_map(|(verdict, (error_key, detail, http_status))| Outcome {
        verdict,
        error_key,
        detail,
        http_status,
    })
}

proptest! {
    #[test]
    fn any_outcome_is_read_back_and_steers_nothing(
        outcome in any_outcome(),
        reference in "[A-Za-zäж\", .'(]{0,64}",
    ) {
        let attempt = attempt(&payout(7, &reference), 3, &outcome);
        let line = attempt.encode();
        prop_assert!(!line.trim_end_matches('\n').contains(char::is_control));
        prop_assert_eq!(line.matches('\n').count(), 1);
        let parsed = parse(text(std::slice::from_ref(&attempt)).as_bytes());
        let record = parsed.unwrap();
        prop_assert_eq!(&record.attempts, std::slice::from_ref(&attempt));
        let ending = &attempt.ending;
        for cell in [&ending.detail, &ending.error_key, &ending.invoice_id] {
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{cell}");
        }
        prop_assert!(!attempt.is_verdict());
    }

    #[test]
    fn any_bytes_are_a_record_or_a_mismatch(bytes in any::<Vec<u8>>(), after_header: bool) {
        let header = if after_header { HEADER.as_bytes() } else { b"" };
        read_without_a_panic(&[header, &bytes].concat());
    }

    #[test]
    fn a_file_with_a_few_wrong_bytes_is_a_record_or_a_mismatch(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = text(&three().1).into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 2));
        read_without_a_panic(&bytes);
    }
}

/// Reads the bytes; whatever was read must stand there as it would be written.
fn read_without_a_panic(bytes: &[u8]) {
    let Ok(record) = parse(bytes) else { return };
    if record.whole_bytes > 0 {
        let written = text(&record.attempts);
        assert_eq!(&bytes[..written.len()], written.as_bytes());
        assert_eq!(record.whole_bytes, written.len() as u64);
    }
    let rest = &bytes[usize::try_from(record.whole_bytes).unwrap()..];
    match &record.tail {
        Tail::Nothing => assert_eq!(rest, b""),
        Tail::Fragment => assert_ne!(rest, b""),
        Tail::InDoubt { intent, .. } => assert!(rest.starts_with(intent.encode().as_bytes())),
    }
    let _ = fold(&record, &three().0, None);
}
