//! A [`Residue`] is what a spreadsheet leaves in a cell in place of a value: a formula, its text
//! mark, an error.

/// What a spreadsheet has left in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residue<'a> {
    /// `="abc"`: a text written as a formula, which keeps a spreadsheet from changing it. The text.
    TextFormula(&'a str),
    /// `'abc`: a text behind the mark that makes a spreadsheet take it for one. The text.
    TextMark(&'a str),
    /// `=A1*2`.
    Formula,
    /// `#REF!`, `####`.
    Error,
}

/// What spreadsheets write for a formula that failed, in the languages of this program's users.
const ERRORS: [&str; 25] = [
    "#N/A",
    "#REF!",
    "#VALUE!",
    "#NAME?",
    "#DIV/0!",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#CONNECT!",
    "#UNKNOWN!",
    "#ERROR!",
    "#GETTING_DATA",
    "#Н/Д",
    "#ССЫЛКА!",
    "#ЗНАЧ!",
    "#ИМЯ?",
    "#ДЕЛ/0!",
    "#ПУСТО!",
    "#ЧИСЛО!",
    "#ПЕРЕНОС!",
    "#WERT!",
    "#BEZUG!",
];

/// What a spreadsheet has left in this value; `None` for a value.
pub(super) fn of(text: &str) -> Option<Residue<'_>> {
    match text.as_bytes() {
        [b'=', ..] => Some(text_formula(text).map_or(Residue::Formula, Residue::TextFormula)),
        [b'\'', _, ..] => Some(Residue::TextMark(text.get(1..)?)),
        [b'#', ..] if is_error(text) => Some(Residue::Error),
        // LibreOffice's own: Err:502.
        [b'E', b'r', b'r', b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            Some(Residue::Error)
        }
        _ => None,
    }
}

/// The text in `="abc"`.
fn text_formula(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("=\"")?.strip_suffix('"')?;
    (!inner.contains('"')).then_some(inner)
}

fn is_error(text: &str) -> bool {
    let is_too_narrow = text.len() > 1 && text.bytes().all(|byte| byte == b'#');
    let upper = text.to_uppercase();
    is_too_narrow || ERRORS.contains(&upper.as_str())
}

/// The value that is meant, where that is plain.
pub(super) fn meant(text: &str) -> Option<&str> {
    match of(text)? {
        Residue::TextFormula(inner) | Residue::TextMark(inner) => {
            let inner = super::csv::trim(inner);
            (!inner.is_empty() && of(inner).is_none()).then_some(inner)
        }
        Residue::Formula | Residue::Error => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residues_are_told_from_values() {
        for (text, expected) in [
            ("=\"bc1q\"", Some(Residue::TextFormula("bc1q"))),
            ("'5", Some(Residue::TextMark("5"))),
            ("=A1*2", Some(Residue::Formula)),
            ("=\"a\"&\"b\"", Some(Residue::Formula)),
            ("#REF!", Some(Residue::Error)),
            ("#n/a", Some(Residue::Error)),
            ("#ЗНАЧ!", Some(Residue::Error)),
            ("####", Some(Residue::Error)),
            ("Err:502", Some(Residue::Error)),
            ("#12", None),
            ("'", None),
            ("", None),
            ("A-1", None),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert_eq!(meant("'5"), Some("5"));
        assert_eq!(meant("'=x"), None);
        assert_eq!(meant("=A1"), None);
    }
}
