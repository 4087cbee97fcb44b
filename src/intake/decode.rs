//! Decoding is how the bytes of a file become text: in UTF-8, in UTF-16 with its mark, or in an
//! older encoding, which is named by the operator or else detected as browsers do it.
//!
//! A file in UTF-8 is read as UTF-8 whatever is named: saved in UTF-8 by another program, it must not
//! have other references than before.
//!
//! What was detected is told, because a guess can be wrong: it never changes an address, a code or
//! an amount, which are ASCII, but it decides how a reference is read.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Encoding, IBM866, ISO_8859_2, ISO_8859_4, ISO_8859_5, KOI8_U, UTF_8, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1254, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
    X_MAC_CYRILLIC, mem,
};
use rayon::prelude::*;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::{fmt, iter};

/// What old programs write at the end of a file (Ctrl-Z).
const END_OF_FILE: char = '\u{1a}';

/// The encodings of Latin scripts that the detection may find.
const LATIN: [&Encoding; 7] = [
    WINDOWS_1252,
    WINDOWS_1250,
    WINDOWS_1254,
    WINDOWS_1257,
    WINDOWS_1258,
    ISO_8859_2,
    ISO_8859_4,
];

/// The encodings that Russian files are in. That of an old Mac is never detected: a file is told from one in
/// windows-1251 by its capitals only, and could be read as the other when it has grown.
const CYRILLIC: [&Encoding; 4] = [WINDOWS_1251, X_MAC_CYRILLIC, IBM866, KOI8_U];

/// Encodings that one short Russian word many times is taken for.
const LIKE_RUSSIAN: [&Encoding; 2] = [WINDOWS_1256, ISO_8859_5];

/// So few bytes beyond ASCII say nothing sure.
const FEW_BYTES: usize = 16;

/// Encodings in which programs read UTF-8 by mistake, each with what it makes of the bytes that Russian
/// letters begin with, and of bytes that they never end with.
const MISREAD: [(&Encoding, [char; 2], RangeInclusive<char>); 3] = [
    (WINDOWS_1251, ['Р', 'С'], 'А'..='я'),
    (WINDOWS_1252, ['Ð', 'Ñ'], 'À'..='ÿ'),
    (IBM866, ['╨', '╤'], 'р'..='я'),
];

/// Signs beyond ASCII that stand beside Russian words.
const SIGNS: [char; 8] = ['№', '«', '»', '–', '—', '“', '”', '\u{a0}'];

/// Signs in windows-1251 whose bytes are capitals on an old Mac: `„оговор` is `Договор` there.
const LIKE_CAPITALS: [char; 8] = ['–', '—', '…', '„', '“', '”', '‘', '’'];

/// How much of a file is looked at to detect its encoding, from a little before the first byte that
/// says anything about it.
const EVIDENCE_BYTES: usize = 1 << 20;
const EVIDENCE_BEFORE_BYTES: usize = 64;

/// How much of a file one thread looks through at a time.
const PART_BYTES: usize = 1 << 20;

/// How much of the beginning is looked at to tell what a file with NUL bytes is.
const HEAD_BYTES: usize = 64;

/// A text, and how it was written in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Without a byte order mark, and without a Ctrl-Z at the end.
    pub text: String,
    /// How it was written.
    pub encoding: TextEncoding,
    /// How that is known.
    pub source: EncodingSource,
}

/// How a text is written in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

/// How an encoding is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodingSource {
    /// Every byte is valid UTF-8.
    Valid,
    /// The byte order mark says so.
    Mark,
    /// The operator says so.
    Given,
    /// It is the most likely one.
    Detected,
}

/// Why bytes are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A zip archive, which an Excel workbook is.
    Workbook,
    /// The older binary workbook of Excel.
    OldWorkbook,
    /// A PDF document.
    Pdf,
    /// UTF-16 without its mark.
    UnmarkedUtf16,
    /// NUL bytes, which no text has.
    Binary,
    /// UTF-8, but for the byte here.
    DamagedUtf8 {
        /// The line, as an editor shows it.
        line: u64,
        /// The byte that is not UTF-8.
        byte: u8,
    },
    /// In an older encoding, but for a part in UTF-8: two files were put together as they were.
    Mixed {
        /// The first line in UTF-8, as an editor shows it.
        line: u64,
    },
    /// Not in the encoding that the operator or the mark says: the first line where that shows.
    Malformed {
        /// That encoding.
        encoding: TextEncoding,
        /// The line, as an editor shows it.
        line: u64,
    },
}

/// A text is not the name of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownEncoding;

impl TextEncoding {
    /// UTF-8.
    pub const UTF_8: Self = Self(UTF_8);

    /// Its name, `windows-1251`, which [`FromStr`] takes.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TextEncoding {
    type Err = UnknownEncoding;

    /// Takes the names of the WHATWG Encoding Standard: `windows-1251`, `cp1251`, `koi8-r`.
    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        Encoding::for_label_no_replacement(name.as_bytes())
            .map(Self)
            .ok_or(UnknownEncoding)
    }
}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is not the name of an encoding; write it like utf-8 or windows-1251")
    }
}

impl std::error::Error for UnknownEncoding {}

/// Decodes a file, in the given encoding or else in the one that fits. UTF-8, which almost every
/// file is in, is not copied.
///
/// # Errors
/// Says what the bytes are if they are not text.
pub fn decode(bytes: Vec<u8>, given: Option<TextEncoding>) -> Result<Decoded, DecodeError> {
    if let Some(error) = other_kind(&bytes) {
        return Err(error);
    }
    let mut decoded = match (Encoding::for_bom(&bytes), given) {
        (Some((marked, length)), _) => marked_text(bytes, TextEncoding(marked), length)?,
        (None, Some(given)) if given.0.is_ascii_compatible() && is_utf_8(&bytes) => {
            given_text(bytes, TextEncoding::UTF_8)?
        }
        (None, Some(given)) => {
            refuse_mixed(&bytes, given)?;
            given_text(bytes, given)?
        }
        (None, None) => detected_text(bytes)?,
    };
    let text = decoded.text.trim_end_matches(['\r', '\n']);
    if text.ends_with(END_OF_FILE) {
        let length = text.trim_end_matches(END_OF_FILE).len();
        decoded.text.truncate(length);
    }
    let bytes = decoded.text.as_bytes();
    let has_nul = |part: &[u8]| memchr::memchr(0, part).is_some();
    if bytes.par_chunks(PART_BYTES).any(has_nul) {
        return Err(kind_with_nuls(bytes));
    }
    Ok(decoded)
}

/// What a file is that is not text, by its first bytes.
fn other_kind(bytes: &[u8]) -> Option<DecodeError> {
    match bytes {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(DecodeError::Workbook),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Some(DecodeError::OldWorkbook),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(DecodeError::Pdf),
        _ => None,
    }
}

/// The mark does not belong to the text.
fn marked_text(
    mut bytes: Vec<u8>,
    encoding: TextEncoding,
    length: usize,
) -> Result<Decoded, DecodeError> {
    bytes.drain(..length);
    Ok(Decoded {
        source: EncodingSource::Mark,
        ..given_text(bytes, encoding)?
    })
}

fn given_text(bytes: Vec<u8>, encoding: TextEncoding) -> Result<Decoded, DecodeError> {
    let text = if encoding == TextEncoding::UTF_8 {
        String::from_utf8(bytes).map_err(|error| damage(error.as_bytes()))?
    } else {
        let (text, had_errors) = encoding.0.decode_without_bom_handling(&bytes);
        if had_errors {
            let before = text.split(char::REPLACEMENT_CHARACTER).next();
            let line = line_at_end(before.unwrap_or_default().as_bytes());
            return Err(DecodeError::Malformed { encoding, line });
        }
        text.into_owned()
    };
    Ok(Decoded {
        text,
        encoding,
        source: EncodingSource::Given,
    })
}

fn detected_text(bytes: Vec<u8>) -> Result<Decoded, DecodeError> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => {
            return Ok(Decoded {
                text,
                encoding: TextEncoding::UTF_8,
                source: EncodingSource::Valid,
            });
        }
        Err(error) => error.into_bytes(),
    };
    if bytes.contains(&0) {
        return Err(kind_with_nuls(&bytes));
    }
    if is_utf_8(&bytes) {
        return Err(damage(&bytes));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let first = bytes.iter().position(|byte| !byte.is_ascii());
    let first = first
        .unwrap_or_default()
        .saturating_sub(EVIDENCE_BEFORE_BYTES);
    let end = first.saturating_add(EVIDENCE_BYTES).min(bytes.len());
    let evidence = &bytes[first..end];
    detector.feed(evidence, true);
    let mut encoding = detector.guess(Some(b"ru"), Utf8Detection::Deny);
    // Of a few short words the guess can be any, and it would be another one when the file has grown.
    // A word that is beyond ASCII as a whole is not in a Latin script, and Russian is what most of this
    // program's users write.
    let words = words_beyond_ascii(evidence);
    // `ЗП` many times reads as `го` does in KOI8-U, but then other words make no sense.
    let is_like_russian = LIKE_RUSSIAN.contains(&encoding)
        || (encoding == KOI8_U && !has_only_russian_words(&words, KOI8_U));
    if has_few_russian_words(&words)
        || (are_mostly_whole(&words) && LATIN.contains(&encoding))
        || (is_like_russian && has_only_russian_words(&words, WINDOWS_1251))
    {
        encoding = WINDOWS_1251;
    }
    refuse_mixed(&bytes, TextEncoding(encoding))?;
    let (text, _) = encoding.decode_without_bom_handling(&bytes);
    Ok(Decoded {
        text: text.into_owned(),
        encoding: TextEncoding(encoding),
        source: EncodingSource::Detected,
    })
}

/// A stretch of bytes beyond ASCII.
struct Word<'a> {
    bytes: &'a [u8],
    /// Whether no ASCII letter stands beside it, as one does beside most accented letters.
    is_whole: bool,
}

impl Word<'_> {
    fn text_in(&self, encoding: &'static Encoding) -> String {
        let (text, _) = encoding.decode_without_bom_handling(self.bytes);
        text.into_owned()
    }
}

/// All stretches of bytes beyond ASCII.
fn words_beyond_ascii(bytes: &[u8]) -> Vec<Word<'_>> {
    let is_alike = |a: &u8, b: &u8| a.is_ascii() == b.is_ascii();
    let runs: Vec<&[u8]> = bytes.chunk_by(is_alike).collect();
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
    let before = iter::once(&[][..]).chain(runs.iter().copied());
    let after = runs.iter().copied().skip(1).chain(iter::once(&[][..]));
    let words = runs.iter().zip(before.zip(after));
    let words = words.filter(|(run, _)| !run.is_ascii());
    let words = words.map(|(run, (before, after))| Word {
        bytes: run,
        is_whole: !is_letter(before.last()) && !is_letter(after.first()),
    });
    words.collect()
}

/// Whether most bytes beyond ASCII are in words that are so as a whole.
fn are_mostly_whole(words: &[Word<'_>]) -> bool {
    let count = |is_whole: bool| {
        let words = words.iter().filter(|word| word.is_whole == is_whole);
        words
            .map(|word| word.bytes.len())
            .fold(0, usize::saturating_add)
    };
    count(true) > count(false)
}

/// Whether the words are few, and are Cyrillic words when they are read as windows-1251. Words in another
/// encoding hardly ever are: read so, they have signs in them, or capitals behind small letters.
fn has_few_russian_words(words: &[Word<'_>]) -> bool {
    let count = words.iter().map(|word| word.bytes.len());
    let is_russian = |word: &Word<'_>| {
        let text = word.text_in(WINDOWS_1251);
        word.is_whole && text.split(SIGNS).all(is_cyrillic_word)
    };
    count.fold(0, usize::saturating_add) <= FEW_BYTES && words.iter().all(is_russian)
}

/// Whether all words are Russian ones when they are read in this encoding.
fn has_only_russian_words(words: &[Word<'_>], encoding: &'static Encoding) -> bool {
    let is_russian = |word: &Word<'_>| word.is_whole && are_russian_words(&word.text_in(encoding));
    words.iter().all(is_russian)
}

/// The encoding in which a text makes sense that makes none in the one that was detected, and how it reads
/// there: `ЗП-1` on an old Mac for `‡Џ-1`.
pub(super) fn more_sensible(text: &str, detected: TextEncoding) -> Option<(TextEncoding, String)> {
    if text.is_ascii() || !detected.0.is_single_byte() || LATIN.contains(&detected.0) {
        return None;
    }
    let (bytes, ..) = detected.0.encode(text);
    let words = words_beyond_ascii(&bytes);
    let all = |encoding: &'static Encoding, is_word: fn(&str) -> bool| {
        let mut words = words.iter();
        words.all(|word| word.is_whole && is_word(&word.text_in(encoding)))
    };
    let is_sensible = |text: &str| !has_sign_like_capital(text) && are_russian_words(text);
    // So windows-1251 reads a dash that an old Mac has saved.
    let has_lone_dash = text.contains(" Р ") || text.contains(" С ");
    if !has_lone_dash && has_quotes_closed(text) && all(detected.0, is_sensible) {
        return None;
    }
    let others = CYRILLIC.into_iter().filter(|it| *it != detected.0);
    let others = others.filter(|encoding| all(encoding, is_russian_word_in_signs));
    let mut texts = others.map(|encoding| {
        let (text, _) = encoding.decode_without_bom_handling(&bytes);
        (TextEncoding(encoding), text.into_owned())
    });
    texts.find(|(_, text)| has_quotes_closed(text))
}

/// Whether as many quotation marks are closed in a text as are opened, in German style („“) too.
fn has_quotes_closed(text: &str) -> bool {
    let count = |signs: &[char]| text.chars().filter(|c| signs.contains(c)).count();
    if text.contains('„') {
        count(&['„', '«']) == count(&['“', '”', '»'])
    } else {
        count(&['“', '«']) == count(&['”', '»'])
    }
}

/// Whether this is a Russian word, or one between signs that may stand there.
fn is_russian_word_in_signs(text: &str) -> bool {
    let is_led_wrongly = text.starts_with(['–', '—', '»', '”']) && !matches!(text, "–" | "—");
    let word = text.trim_matches(|c| c == '…' || SIGNS.contains(&c));
    !is_led_wrongly && is_russian_word(word)
}

/// Whether a sign that is a capital on an old Mac stands where one would: before a word, or alone, or
/// as a quotation mark that opens within a word. A dash may be alone.
fn has_sign_like_capital(text: &str) -> bool {
    let opens_within = text
        .trim_end_matches(LIKE_CAPITALS)
        .contains(['„', '“', '‘']);
    opens_within || (text.starts_with(LIKE_CAPITALS) && !matches!(text, "–" | "—"))
}

/// Whether these are Russian words with signs between them.
fn are_russian_words(text: &str) -> bool {
    let mut words = text.split(|c| SIGNS.contains(&c) || LIKE_CAPITALS.contains(&c));
    words.all(is_russian_word)
}

/// Whether this is a word in letters of Russian, Ukrainian or Belarusian that begins as a word can. An
/// empty text is one too.
fn is_russian_word(word: &str) -> bool {
    let is_letter = |c: char| matches!(c, 'А'..='я') || "ЁёІіЇїЄєҐґЎў".contains(c);
    let is_beginning = !word.starts_with(['ъ', 'ы', 'ь', 'Ъ', 'Ы', 'Ь']);
    is_beginning && word.chars().all(is_letter) && is_cyrillic_word(word)
}

/// Whether these are Cyrillic letters, with a capital at the beginning, everywhere or nowhere.
fn is_cyrillic_word(word: &str) -> bool {
    let rest = || word.chars().skip(1);
    let are_cyrillic = word
        .chars()
        .all(|c| matches!(c, '\u{400}'..='\u{45f}' | 'Ґ' | 'ґ'));
    are_cyrillic && (rest().all(char::is_lowercase) || word.chars().all(char::is_uppercase))
}

/// Whether bytes are UTF-8, if damaged. Text in another encoding hardly ever has even one character
/// beyond ASCII that is right in UTF-8 as well. So a file that has more of them than wrong stretches was
/// damaged, and another encoding would change every name in it.
fn is_utf_8(bytes: &[u8]) -> bool {
    let mut right = 0usize;
    let mut wrong = 0usize;
    for chunk in bytes.utf8_chunks() {
        let beyond_ascii = chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        right = right.saturating_add(beyond_ascii);
        wrong = wrong.saturating_add(usize::from(!chunk.invalid().is_empty()));
    }
    right > wrong
}

/// Refuses text in which a word beyond ASCII is right in UTF-8, and has letters of the rest of the file
/// or Russian ones there: that is UTF-8, and what stands there would be read as something else. In an
/// encoding with several bytes to a letter it may be chance.
fn refuse_mixed(bytes: &[u8], encoding: TextEncoding) -> Result<(), DecodeError> {
    if encoding == TextEncoding::UTF_8 || !encoding.0.is_single_byte() {
        return Ok(());
    }
    let mut start = 0usize;
    for word in bytes.split(u8::is_ascii) {
        let has_word = |word| has_word_in(encoding.0, word) || has_word_in(WINDOWS_1251, word);
        if !word.is_empty() && std::str::from_utf8(word).is_ok_and(has_word) {
            let line = line_at_end(&bytes[..start]);
            return Err(DecodeError::Mixed { line });
        }
        start = start.saturating_add(word.len()).saturating_add(1);
    }
    Ok(())
}

/// Whether two characters side by side are in an older encoding, beyond ASCII. Words that are right in
/// UTF-8 by chance, like `МІНІ` in windows-1251, have no two in one alphabet there.
fn has_word_in(encoding: &'static Encoding, text: &str) -> bool {
    let (bytes, ..) = encoding.encode(text); // With `&#1202;` for what is not in it.
    let mut words = bytes.split(u8::is_ascii);
    words.any(|word| word.len() > 1)
}

/// What a text was before another program read its UTF-8 in an older encoding, and saved what it saw:
/// `ЗП-1` for `Р—Рџ-1`. Russian words of two letters or more are known again.
pub(super) fn before_misreading(text: &str) -> Option<String> {
    let misread = MISREAD.iter().filter(|(_, begin, never)| {
        let mut pairs = text.chars().zip(text.chars().skip(1));
        text.contains(*begin) && !pairs.any(|(a, b)| begin.contains(&a) && never.contains(&b))
    });
    let bytes = misread.filter_map(|(encoding, ..)| {
        if *encoding == WINDOWS_1252 && mem::is_str_latin1(text) {
            return Some(mem::encode_latin1_lossy(text)); // Its controls are windows-1252's signs.
        }
        let (bytes, _, is_lossy) = encoding.encode(text);
        (!is_lossy).then_some(bytes)
    });
    let mut texts = bytes.filter_map(|bytes| String::from_utf8(bytes.into_owned()).ok());
    texts.find(|text| has_word_in(WINDOWS_1251, text))
}

/// Where bytes stop being UTF-8.
fn damage(bytes: &[u8]) -> DecodeError {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    };
    DecodeError::DamagedUtf8 {
        line: line_at_end(&bytes[..valid]),
        byte: bytes.get(valid).copied().unwrap_or_default(),
    }
}

/// The line that comes after these bytes, as an editor counts.
fn line_at_end(bytes: &[u8]) -> u64 {
    let feeds = memchr::memchr_iter(b'\n', bytes).count();
    let breaks = if feeds == 0 {
        memchr::memchr_iter(b'\r', bytes).count()
    } else {
        feeds
    };
    (breaks as u64).saturating_add(1)
}

/// What a file with NUL bytes is. Latin text in UTF-16 has one in every second place.
fn kind_with_nuls(bytes: &[u8]) -> DecodeError {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let nuls = head.iter().filter(|byte| **byte == 0).count();
    let others = head.len().saturating_sub(nuls);
    if nuls > 2 && nuls.abs_diff(others) <= 8 {
        DecodeError::UnmarkedUtf16
    } else {
        DecodeError::Binary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(bytes: &[u8]) -> Decoded {
        decode(bytes.to_vec(), None).unwrap()
    }

    fn in_encoding(name: &str, text: &str) -> Vec<u8> {
        let encoding: TextEncoding = name.parse().unwrap();
        encoding.0.encode(text).0.into_owned()
    }

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        for (bytes, name) in [
            (&b"\xEF\xBB\xBFa\xC3\xA9"[..], "UTF-8"),
            (b"\xFF\xFEa\0\xE9\0", "UTF-16LE"),
            (b"\xFE\xFF\0a\0\xE9", "UTF-16BE"),
        ] {
            let decoded = decoded(bytes);
            assert_eq!(
                (decoded.text.as_str(), decoded.encoding.name()),
                ("aé", name)
            );
            assert_eq!(decoded.source, EncodingSource::Mark);
        }
    }

    #[test]
    fn an_older_encoding_is_detected() {
        for (name, text) in [
            ("windows-1251", "ЗАРПЛАТА-11;USDT_TRC20;150,25\r\n"),
            (
                "windows-1251",
                "Получатель;Валюта;Адрес;Сумма\r\nРаботник 1;BTC;x;1",
            ),
            ("windows-1251", "reference,amount\nИван,1\n"),
            (
                "windows-1251",
                "reference,payee\nA,Анна Щукина\nB,ООО «Ромашка» №5\n",
            ),
            ("windows-1251", "ФИО;Сумма\nЁжиков;1\n"),
            (
                "windows-1251",
                "ФИО;Сумма\nПётр Лёшин;1\nООО «СТРОЙ» – Фёдор;2\n",
            ),
            (
                "windows-1251",
                "ФИО;Отдел\nГІННІ КОВАЛЬ;МІНІ-ПЕКАРНЯ\nЛЄВІ;РІМІНІ\nОЛЬГА ШЕВЧУК;ЦІНИ\n",
            ),
            (
                "IBM866",
                "ФИО;Отдел\nПётр Смирнов;шанхай, фонтан\nОльга Орлова;сварка\n",
            ),
            ("windows-1251", "reference\nЗп-115\n"),
            ("windows-1251", "reference\nзп-1\nЗП-2\n№ 3\n"),
            ("windows-1251", "reference\nЮ\nА-1\n"),
            ("windows-1251", "payee\n«Ёж»\n"),
            ("windows-1251", "reference\nСтрИт\n…да\nТ-1\n"),
            ("windows-1251", "ФИО;Вид\nООО “Ромашка”;ЗпИт\n"),
            ("windows-1251", "reference\nPay – 1\nPay – 2\nPay – 3\n"),
            ("windows-1251", "reference\n–май\n…да\n„и” не\nT “на” 5\n"),
            ("windows-1251", "payee\nЇжак – Ґава\n"),
            ("IBM866", "reference\nЗп-115\n"),
            ("KOI8-U", "reference\nИванов\n"),
            (
                "IBM866",
                "Получатель;Валюта;Адрес;Сумма\nРаботник 1;BTC;x;1",
            ),
            ("windows-1252", "reference,amount\nPrämie für Noël,1\n"),
            (
                "windows-1252",
                "reference,amount\nJosé García,1\nMüller,2\n",
            ),
        ] {
            let decoded = decoded(&in_encoding(name, text));
            assert_eq!(
                (decoded.text.as_str(), decoded.encoding.name()),
                (text, name)
            );
            assert_eq!(decoded.source, EncodingSource::Detected);
        }
    }

    #[test]
    fn a_short_word_many_times_is_russian_too() {
        let header = "Сумма (Amount),Код валюты,Адрес кошелька,ref,E-mail\n";
        let text = format!("{header}{}", "1,BTC,x,ЗП-2026/1,a@b.ru\n".repeat(12));
        let decoded = decoded(&in_encoding("windows-1251", &text));
        assert_eq!(decoded.encoding.name(), "windows-1251");
        let text = format!("reference;Валюта\n{}", "ЗП-1;BTC\n".repeat(6));
        let decoded = self::decoded(&in_encoding("windows-1251", &text));
        assert_eq!(decoded.encoding.name(), "windows-1251");
        let text = text.replace("ЗП-1", "Зарплата за ноябрь: ИВАНОВ");
        let decoded = self::decoded(&in_encoding("KOI8-U", &text));
        assert_eq!(decoded.encoding.name(), "KOI8-U");
        let decoded = self::decoded(&in_encoding("windows-874", &"สมชาย,1\n".repeat(12)));
        assert_eq!(decoded.encoding.name(), "windows-874");
    }

    #[test]
    fn the_operator_s_word_counts() {
        let bytes = in_encoding("koi8-r", "Иван");
        let given = "koi8-r".parse().ok();
        assert_eq!(decode(bytes.clone(), given).unwrap().text, "Иван");
        let utf_8 = Some(TextEncoding::UTF_8);
        assert!(matches!(
            decode(bytes, utf_8),
            Err(DecodeError::DamagedUtf8 {
                line: 1,
                byte: 0xE9
            })
        ));
        let name = |bytes: &[u8], given| decode(bytes.to_vec(), given).map(|it| it.encoding.name());
        assert_eq!(name("reference\nЗП-1\n".as_bytes(), given), Ok("UTF-8"));
        let damaged = b"\xD0\x97\xD0\x9F-1\n\xD0\n";
        let error = DecodeError::DamagedUtf8 {
            line: 2,
            byte: 0xD0,
        };
        assert_eq!(name(damaged, given), Err(error));
        let utf_16 = "utf-16le".parse().ok();
        assert_eq!(name(b"\xC3\xA9", utf_16), Ok("UTF-16LE"));
        assert_eq!("utf8".parse(), Ok(TextEncoding::UTF_8));
        assert_eq!("replacement".parse::<TextEncoding>(), Err(UnknownEncoding));
    }

    #[test]
    fn what_was_read_in_another_encoding_is_known_again() {
        for text in ["ЗП-1", "Иванов, май", "№ 7/Оля", "счёт Ї"] {
            for encoding in [WINDOWS_1251, WINDOWS_1252, IBM866] {
                let (misread, _) = encoding.decode_without_bom_handling(text.as_bytes());
                assert_eq!(
                    before_misreading(&misread).as_deref(),
                    Some(text),
                    "{misread}"
                );
            }
            let latin_1: String = text.bytes().map(char::from).collect();
            assert_eq!(
                before_misreading(&latin_1).as_deref(),
                Some(text),
                "{latin_1}"
            );
            assert_eq!(before_misreading(text), None);
        }
        for text in ["Р-1", "СЧЁТ №5", "РОССИЯ", "«Рё» Сё", "Ñandú", "Ð-7", "╨┤"]
            .into_iter()
            .chain(["РІМІНІ", "КІСІ", "СЁСЁ", "МІСІСІПІ-1", "№ С\u{a0}Р\u{a0}5"])
        {
            assert_eq!(before_misreading(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_that_makes_sense_in_another_encoding_is_told() {
        let other = |text: &str, detected: &str| {
            let found = more_sensible(text, detected.parse().unwrap())?;
            Some((found.0.name(), found.1))
        };
        for (text, detected) in [
            ("‡Џ-1", "windows-1251"),
            ("‡р-1", "windows-1251"),
            ("„оговор 5", "windows-1251"),
            ("Т„У 5", "windows-1251"),
            ("Ь 5", "windows-1251"),
            ("Pay Р 5", "windows-1251"),
            ("5ЙЊай", "windows-1251"),
            ("«1", "windows-1251"),
            ("ا‚ڈب", "windows-1256"),
        ] {
            assert!(other(text, detected).is_some(), "{text}");
        }
        let mac = Some(("x-mac-cyrillic", "ЗП-1".to_owned()));
        assert_eq!(other("‡Џ-1", "windows-1251"), mac);
        let dos = Some(("IBM866", "№ 1".to_owned()));
        assert_eq!(other("ь 1", "windows-1251"), dos);
        for (text, detected) in [
            ("ЗП-1", "windows-1251"),
            ("СтрИт", "windows-1251"),
            ("“июнь” – “май”", "windows-1251"),
            ("„Жанна“ «Ли» – И С Юн", "windows-1251"),
            ("П’ять «да", "windows-1251"),
            ("Їжак №5…", "windows-1251"),
            ("Salary – May", "windows-1251"),
            ("Сумма, €", "windows-1251"),
            ("Зарплата Июль €", "windows-1251"),
            ("Зп-1", "IBM866"),
            ("«Ёлка» №5", "x-mac-cyrillic"),
            ("à Noël", "windows-1252"),
            ("給与 7", "Shift_JIS"),
        ] {
            assert_eq!(other(text, detected), None, "{text}");
        }
    }

    #[test]
    fn damaged_utf_8_is_not_taken_for_another_encoding() {
        let mut bytes = "reference\nИван\nПётр\n".as_bytes().to_vec();
        bytes.extend_from_slice(b"\xD0\n");
        assert_eq!(
            decode(bytes, None),
            Err(DecodeError::DamagedUtf8 {
                line: 4,
                byte: 0xD0
            })
        );
    }

    #[test]
    fn damaged_utf_16_is_told() {
        let mut bytes = b"\xFF\xFEa\0\n\0".to_vec();
        bytes.extend_from_slice(b"\x00\xD8b\0");
        assert_eq!(
            decode(bytes, None),
            Err(DecodeError::Malformed {
                encoding: TextEncoding(encoding_rs::UTF_16LE),
                line: 2
            })
        );
    }

    #[test]
    fn a_ctrl_z_at_the_end_is_the_end() {
        for bytes in ["a\n\u{1a}", "a\n\u{1a}\u{1a}\r\n", "a\n"] {
            assert_eq!(decoded(bytes.as_bytes()).text, "a\n");
        }
        assert_eq!(decoded(b"a\x1Ab").text, "a\u{1a}b");
    }

    #[test]
    fn what_is_no_text_is_told() {
        for (bytes, error) in [
            (&b"PK\x03\x04...."[..], DecodeError::Workbook),
            (b"\xD0\xCF\x11\xE0", DecodeError::OldWorkbook),
            (b"%PDF-1.7", DecodeError::Pdf),
            (b"a,\0b", DecodeError::Binary),
            (b"a\0m\0o\0u\0n\0t\0", DecodeError::UnmarkedUtf16),
        ] {
            assert_eq!(decode(bytes.to_vec(), None), Err(error));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(bytes, None);
        }

        #[test]
        fn text_is_read_as_it_was_written(text in "[ -~а-яё\n]{0,80}") {
            prop_assert_eq!(&decoded(text.as_bytes()).text, &text);
            let marked = format!("\u{feff}{text}");
            prop_assert_eq!(&decoded(marked.as_bytes()).text, &text);
            let utf_16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(&decoded(&utf_16).text, &text);
        }
    }
}
