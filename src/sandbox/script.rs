//! A script is what the sandbox does wrong, and when: its n-th step meets the n-th request.
//!
//! A step answers three questions that have nothing to do with each other: is the request carried
//! out (that is the money), what is the answer, and how does the answer travel. Whoever pays must
//! not confuse them, and the steps are there to try.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue, LOCATION};
use thiserror::Error;

use super::answer::Answer;
use super::rules::is_number;
use crate::api::{CREATE_PATH, error_key, field};

/// How each step is written, and what it does, in words for a help text.
///
/// The steps of the first part, up to `reset-after`, carry the request out by the rules, so that a
/// good one is paid, and then tamper with the answer. Those of the second part create nothing,
/// whatever they answer; with `-after` behind its name (`status-after:500`, `html-after:502`) a
/// step from `reject` on carries the request out first.
pub const STEPS: &[(&str, &str)] = &[
    ("ok", "carry the request out and answer as documented"),
    ("result", "the same, with the payload in `result`"),
    ("amount:NUMBER", "the same, naming another amount"),
    ("no-id", "the same, without the invoice id"),
    (
        "delay:TIME",
        "carry it out at once, answer after TIME (500ms, 5s)",
    ),
    (
        "delay-before:TIME",
        "carry it out after TIME, if the client is still there",
    ),
    (
        "info:CODE",
        "carry it out, send an interim answer (100 to 199) and the answer",
    ),
    (
        "half",
        "carry it out, close in the middle of the answer's body",
    ),
    (
        "cut:BYTES",
        "carry it out, close after that many bytes of the answer",
    ),
    (
        "slow[:TIME]",
        "carry it out, send the body byte by byte, TIME apart (20ms)",
    ),
    (
        "endless",
        "carry it out, send a success whose body never ends",
    ),
    ("drop-after", "carry it out, close without an answer"),
    ("reset-after", "carry it out, reset the connection"),
    ("drop-before", "create nothing, close without an answer"),
    ("reset-before", "create nothing, reset the connection"),
    (
        "reject:KEY[@CODE]",
        "refuse with this error key, documented or not, and HTTP 400 or CODE",
    ),
    (
        "reject-in:FIELD:KEY[@CODE]",
        "the same, with the key as the text of result, error, error_key, errors, data, message or detail",
    ),
    (
        "rate-limit[:SECONDS]",
        "refuse with HTTP 429, and Retry-After the interval or SECONDS",
    ),
    ("unauthorized", "refuse the key with HTTP 401"),
    (
        "detail",
        "refuse with `detail` instead of the envelope and HTTP 403",
    ),
    (
        "status:CODE",
        "answer with this status (100 to 999) and no body",
    ),
    (
        "html[:CODE]",
        "answer with a page of HTML and HTTP 200 or CODE",
    ),
    ("garbage", "answer with bytes that are not HTTP"),
    (
        "garbage-json",
        "answer with HTTP 200 and text that is not JSON",
    ),
    (
        "redirect:CODE[:LOCATION]",
        "send the client to LOCATION, or here again (300 to 399)",
    ),
    (
        "body:CODE:TEXT",
        "answer with this JSON, percent-encoded (`%2C` for a comma)",
    ),
];

/// How far apart the bytes of a `slow` body are when the step does not say.
const SLOW_PAUSE: Duration = Duration::from_millis(20);

/// The fields in which error keys have been seen, or are feared.
const KEY_FIELDS: [&str; 7] = [
    field::RESULT,
    field::DATA,
    "error",
    "error_key",
    "errors",
    "message",
    "detail",
];

/// Steps, one for each POST to the endpoint in order of arrival; after the last all is normal.
///
/// As text they are separated by commas. `step*3` stands for three of them, `step*` for all that
/// follow. [`STEPS`] lists them.
#[derive(Clone, Debug, Default)]
pub struct Script(Vec<Run>);

/// The same step, so many times.
#[derive(Clone, Debug)]
struct Run {
    step: Step,
    times: Times,
}

#[derive(Clone, Copy, Debug)]
enum Times {
    Count(u64),
    Forever,
}

/// What happens to one request.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// As it was written.
    pub(super) text: String,
    pub(super) effect: Effect,
    pub(super) content: Content,
    pub(super) transport: Transport,
}

/// Whether the request is carried out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// By the rules: created, or refused.
    Apply,
    /// The same, so much later.
    ApplyAfter(Duration),
    /// Nothing is created, however good the request.
    Nothing,
}

/// What is answered. All but [`Content::RateLimit`] and [`Content::Fixed`] leave a refusal as it is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Documented,
    NewerEdition,
    OtherAmount(String),
    WithoutId,
    /// With these seconds, or the interval.
    RateLimit(Option<u64>),
    Fixed(Answer),
}

/// How the answer travels.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Whole,
    Late(Duration),
    AfterInterim(StatusCode),
    /// Only the first half of the body arrives.
    Half,
    /// Only so many bytes arrive.
    Cut(usize),
    /// A byte of the body at a time.
    Slow(Duration),
    Endless,
    Garbage,
    Drop,
    Reset,
}

/// Why a text is not a script.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// No step has this name.
    #[error("unknown step `{step}`; the steps are {}", forms())]
    Unknown {
        /// The step as it was written.
        step: String,
    },
    /// The step's values are not what it needs.
    #[error("step `{step}` is not of the form `{form}`: {meaning}")]
    Malformed {
        /// The step as it was written.
        step: String,
        /// How it should be written.
        form: &'static str,
        /// What it would do.
        meaning: &'static str,
    },
    /// What follows `*` is not a number.
    #[error("step `{step}`: after `*` comes a number from 1 up, or nothing for ever")]
    Times {
        /// The step as it was written.
        step: String,
    },
    /// The step before goes on for ever.
    #[error("step `{step}` is never reached: the one before is repeated for ever")]
    Unreachable {
        /// The step as it was written.
        step: String,
    },
}

impl Script {
    /// One step that answers this and creates nothing, for what has no name as a step.
    ///
    /// # Errors
    ///
    /// The status is not between 100 and 999, or a header is not valid.
    pub fn answer(
        status: u16,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<Self, hyper::http::Error> {
        let mut answer = Answer::empty(StatusCode::from_u16(status)?).body(body.into());
        for (name, value) in headers {
            answer = answer.header(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        let mut step = Step::own(Content::Fixed(answer));
        step.text = format!("answer:{status}");
        let times = Times::Count(1);
        Ok(Self(vec![Run { step, times }]))
    }

    /// This script, and then that one.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.0.extend(next.0);
        self
    }

    /// The step for the request of this number, counted from 0; `None` is as normal.
    pub(super) fn step(&self, mut number: u64) -> Option<&Step> {
        for run in &self.0 {
            match run.times {
                Times::Forever => return Some(&run.step),
                Times::Count(times) => match number.checked_sub(times) {
                    Some(left) => number = left,
                    None => return Some(&run.step),
                },
            }
        }
        None
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        if text.trim().is_empty() {
            return Ok(script);
        }
        for text in text.split(',').map(str::trim) {
            let last = script.0.last();
            if last.is_some_and(|last| matches!(last.times, Times::Forever)) {
                let step = text.to_owned();
                return Err(ScriptError::Unreachable { step });
            }
            script.0.push(text.parse()?);
        }
        Ok(script)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{}", run.step.text)?;
            match run.times {
                Times::Count(1) => {}
                Times::Count(times) => write!(formatter, "*{times}")?,
                Times::Forever => write!(formatter, "*")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Run {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let (step, times) = match text.split_once('*') {
            None => (text, Times::Count(1)),
            Some((step, "")) => (step, Times::Forever),
            Some((step, times)) => {
                let times = times.parse().ok().filter(|times| *times > 0);
                let step_text = || text.to_owned();
                let times = times.ok_or_else(|| ScriptError::Times { step: step_text() })?;
                (step, Times::Count(times))
            }
        };
        let step = step.parse()?;
        Ok(Self { step, times })
    }
}

impl FromStr for Step {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut parts = text.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let values = (parts.next(), parts.next());
        let step = carried_out(name, values).or_else(|| {
            let before = own_answer(name, values);
            before.or_else(|| {
                let mut after = own_answer(name.strip_suffix("-after")?, values)?;
                after.effect = Effect::Apply;
                Some(after)
            })
        });
        match step {
            Some(step) => Ok(Self {
                text: text.to_owned(),
                ..step
            }),
            None => Err(complaint(text, name)),
        }
    }
}

impl Step {
    /// What happens when the script says nothing.
    pub(super) fn normal() -> Self {
        Self::tampered(Content::Documented, Transport::Whole)
    }

    /// The request is carried out, then this becomes of the answer.
    fn tampered(content: Content, transport: Transport) -> Self {
        Self {
            text: "ok".to_owned(),
            effect: Effect::Apply,
            content,
            transport,
        }
    }

    /// Nothing is created, and this is answered.
    fn own(content: Content) -> Self {
        Self {
            effect: Effect::Nothing,
            ..Self::tampered(content, Transport::Whole)
        }
    }

    /// Nothing is created, and this is all that can be seen.
    fn ignored(transport: Transport) -> Self {
        Self {
            effect: Effect::Nothing,
            ..Self::tampered(Content::Documented, transport)
        }
    }

    /// The request is carried out, the answer is the documented one, and travels like this.
    fn sent(transport: Transport) -> Self {
        Self::tampered(Content::Documented, transport)
    }
}

impl Transport {
    /// How this is told in the book.
    pub(super) fn words(self, status: StatusCode) -> String {
        let status = status.as_u16();
        match self {
            Self::Whole => format!("{status}"),
            Self::Late(time) => format!("{status} after {time:?}"),
            Self::AfterInterim(interim) => format!("{} and {status}", interim.as_u16()),
            Self::Half => format!("half of a {status}"),
            Self::Cut(bytes) => format!("{bytes} bytes of a {status}"),
            Self::Slow(_) => format!("{status} byte by byte"),
            Self::Endless => format!("{status} without an end"),
            Self::Garbage => "garbage".to_owned(),
            Self::Drop => "dropped".to_owned(),
            Self::Reset => "reset".to_owned(),
        }
    }
}

type Values<'a> = (Option<&'a str>, Option<&'a str>);

/// The steps that carry the request out, and those that answer nothing at all.
fn carried_out(name: &str, values: Values<'_>) -> Option<Step> {
    let answered = |content| Step::tampered(content, Transport::Whole);
    Some(match (name, values) {
        ("ok", (None, None)) => Step::normal(),
        ("result", (None, None)) => answered(Content::NewerEdition),
        ("amount", (Some(number), None)) => answered(Content::OtherAmount(
            is_number(number).then(|| number.to_owned())?,
        )),
        ("no-id", (None, None)) => answered(Content::WithoutId),
        ("delay", (Some(time), None)) => Step::sent(Transport::Late(duration(time)?)),
        ("delay-before", (Some(time), None)) => Step {
            effect: Effect::ApplyAfter(duration(time)?),
            ..Step::normal()
        },
        ("info", (Some(code), None)) => {
            let code = status(code).filter(StatusCode::is_informational)?;
            Step::sent(Transport::AfterInterim(code))
        }
        ("half", (None, None)) => Step::sent(Transport::Half),
        ("cut", (Some(bytes), None)) => Step::sent(Transport::Cut(bytes.parse().ok()?)),
        ("slow", (None, None)) => Step::sent(Transport::Slow(SLOW_PAUSE)),
        ("slow", (Some(time), None)) => Step::sent(Transport::Slow(duration(time)?)),
        ("endless", (None, None)) => Step::sent(Transport::Endless),
        ("drop-after", (None, None)) => Step::sent(Transport::Drop),
        ("reset-after", (None, None)) => Step::sent(Transport::Reset),
        ("drop-before", (None, None)) => Step::ignored(Transport::Drop),
        ("reset-before", (None, None)) => Step::ignored(Transport::Reset),
        _ => return None,
    })
}

/// The steps that have an answer of their own; as they stand here they create nothing.
fn own_answer(name: &str, values: Values<'_>) -> Option<Step> {
    let fixed = |answer| Content::Fixed(answer);
    let content = match (name, values) {
        ("reject", (Some(key), None)) => {
            let (key, status) = key_and_status(key)?;
            fixed(Answer::error(status, key, "Refused by the script."))
        }
        ("reject-in", (Some(place), Some(key))) => {
            let place = KEY_FIELDS.into_iter().find(|it| *it == place)?;
            let (key, status) = key_and_status(key)?;
            fixed(Answer::error_in(status, place, key))
        }
        ("rate-limit", (None, None)) => Content::RateLimit(None),
        ("rate-limit", (Some(seconds), None)) => Content::RateLimit(Some(seconds.parse().ok()?)),
        ("unauthorized", (None, None)) => fixed(Answer::error(
            StatusCode::UNAUTHORIZED,
            error_key::AUTHORIZATION,
            "Unauthorized request.",
        )),
        ("detail", (None, None)) => {
            let text = "Signature verification failed";
            fixed(Answer::detail(StatusCode::FORBIDDEN, text))
        }
        ("status", (Some(code), None)) => fixed(Answer::empty(status(code)?)),
        ("html", (None, None)) => fixed(Answer::html(StatusCode::OK)),
        ("html", (Some(code), None)) => fixed(Answer::html(status(code)?)),
        ("garbage", (None, None)) => return Some(Step::ignored(Transport::Garbage)),
        ("garbage-json", (None, None)) => fixed(Answer::json(StatusCode::OK, "{\"status\": succ")),
        ("redirect", (Some(code), location)) => {
            let code = status(code).filter(StatusCode::is_redirection)?;
            let location = HeaderValue::from_str(location.unwrap_or(CREATE_PATH)).ok()?;
            fixed(Answer::empty(code).header(LOCATION, location))
        }
        ("body", (Some(code), Some(text))) => {
            fixed(Answer::json(status(code)?, percent_decoded(text)?))
        }
        _ => return None,
    };
    Some(Step::own(content))
}

/// Says what is wrong with a step that could not be read.
fn complaint(text: &str, name: &str) -> ScriptError {
    let step = text.to_owned();
    let named = |name: &str| STEPS.iter().find(|(form, _)| name_of(form) == name);
    let known = named(name).or_else(|| named(name.strip_suffix("-after")?));
    match known {
        Some((form, meaning)) => ScriptError::Malformed {
            step,
            form,
            meaning,
        },
        None => ScriptError::Unknown { step },
    }
}

fn name_of(form: &str) -> &str {
    form.split([':', '[']).next().unwrap_or_default()
}

fn forms() -> String {
    let forms: Vec<&str> = STEPS.iter().map(|(form, _)| *form).collect();
    forms.join(", ")
}

fn duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

fn status(text: &str) -> Option<StatusCode> {
    StatusCode::from_bytes(text.as_bytes()).ok()
}

/// `KEY` or `KEY@STATUS`.
fn key_and_status(text: &str) -> Option<(&str, StatusCode)> {
    let (key, code) = match text.split_once('@') {
        Some((key, code)) => (key, status(code)?),
        None => (text, StatusCode::BAD_REQUEST),
    };
    (!key.is_empty()).then_some((key, code))
}

fn percent_decoded(text: &str) -> Option<Bytes> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        let is_code = code.bytes().all(|digit| digit.is_ascii_hexdigit());
        bytes.push(u8::from_str_radix(code, 16).ok().filter(|_| is_code)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint_about(text: &str) -> String {
        text.parse::<Script>().unwrap_err().to_string()
    }

    fn texts(script: &str, requests: u64) -> Vec<String> {
        let script: Script = script.parse().unwrap();
        let steps = (0..requests).map(|number| script.step(number));
        steps
            .map(|step| step.map_or_else(|| "normal".to_owned(), |step| step.text.clone()))
            .collect()
    }

    #[test]
    fn every_documented_form_can_be_written() {
        for (form, _) in STEPS {
            let filled = form
                .replace("NUMBER", "0.5")
                .replace("TIME", "1s")
                .replace("BYTES", "10")
                .replace("FIELD", "message")
                .replace("KEY", "network")
                .replace("SECONDS", "3")
                .replace("LOCATION", "http://127.0.0.1:9/x?y=:")
                .replace("TEXT", "%7B%7d");
            let code = match name_of(form) {
                "info" => "103",
                "redirect" => "307",
                _ => "418",
            };
            let filled = filled.replace("CODE", code);
            let full = filled.replace(['[', ']'], "");
            let short = filled.split('[').next().unwrap();
            for text in [full.as_str(), short] {
                let script: Script = text.parse().unwrap();
                assert_eq!(script.to_string(), text);
                let own = own_answer(name_of(form), (None, None)).is_some()
                    || STEPS.iter().position(|(it, _)| it == form)
                        >= STEPS.iter().position(|(it, _)| it.starts_with("reject"));
                let after = text.replacen(name_of(form), &format!("{}-after", name_of(form)), 1);
                assert_eq!(after.parse::<Script>().is_ok(), own, "{after}");
            }
        }
    }

    #[test]
    fn each_request_meets_its_step() {
        assert_eq!(
            texts("half, ok*2,drop-after", 5),
            ["half", "ok", "ok", "drop-after", "normal"]
        );
        assert_eq!(texts("half,slow*", 4), ["half", "slow", "slow", "slow"]);
        assert_eq!(texts(" ", 1), ["normal"]);
    }

    #[test]
    fn scripts_are_written_as_they_are_read() {
        for text in ["", "ok", "ok*3,half,reject:network@422*"] {
            assert_eq!(text.parse::<Script>().unwrap().to_string(), text);
        }
        let custom = Script::answer(200, &[("x-a", "b")], "{}").unwrap();
        let script = "half".parse::<Script>().unwrap().then(custom);
        assert_eq!(script.to_string(), "half,answer:200");
    }

    #[test]
    fn money_is_in_the_name() {
        let created = |text: &str| {
            let step: Step = text.parse().unwrap();
            matches!(step.effect, Effect::Apply)
        };
        for text in [
            "half",
            "drop-after",
            "reset-after",
            "status-after:500",
            "garbage-after",
            "garbage-json-after",
            "rate-limit-after",
            "redirect-after:307",
        ] {
            assert!(created(text), "{text}");
        }
        for text in [
            "drop-before",
            "reset-before",
            "status:500",
            "garbage",
            "redirect:302",
            "body:200:{}",
        ] {
            assert!(!created(text), "{text}");
        }
    }

    #[test]
    fn complaints_name_the_step_and_the_remedy() {
        let unknown = complaint_about("ok,dorp");
        assert!(
            unknown.starts_with("unknown step `dorp`; the steps are ok, result, amount:NUMBER")
        );
        assert!(unknown.ends_with("body:CODE:TEXT"));
        assert_eq!(
            complaint_about("delay:soon"),
            "step `delay:soon` is not of the form `delay:TIME`: \
             carry it out at once, answer after TIME (500ms, 5s)"
        );
        assert_eq!(
            complaint_about("ok*0"),
            "step `ok*0`: after `*` comes a number from 1 up, or nothing for ever"
        );
        assert_eq!(
            complaint_about("ok*,half"),
            "step `half` is never reached: the one before is repeated for ever"
        );
        for text in [
            "ok,",
            ",",
            "*",
            "ok:1",
            "amount:x",
            "amount",
            "info:200",
            "redirect:200",
            "status:99",
            "status:1000",
            "status",
            "reject:",
            "reject:@400",
            "reject-in:nowhere:network",
            "body:200:%4",
            "body:200:%+1",
            "cut:-1",
            "ok-after",
            "drop",
            "drop-after-after",
            "slow:",
        ] {
            assert!(text.parse::<Script>().is_err(), "{text}");
        }
    }
}
