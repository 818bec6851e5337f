//! Values to and from their text.
//!
//! "Convert to/from JSON" in jq's manual.

use std::borrow::Cow;

use jaq_core::ValR;

use super::values::read_number;
use super::{Row, one, row};
use crate::bounds;
use crate::value::{Value, error, quoted, shortened};

pub(super) const ROWS: &[Row] = &[
    row("tojson", "", |cv| one(cv.1.to_json().map(Value::from))),
    row("fromjson", "", |cv| one(from_json(&cv.1))),
];

fn from_json(value: &Value) -> ValR<Value> {
    let Some(text) = value.as_str() else {
        return Err(error(format!(
            "{} ({}) only strings can be parsed",
            value.kind(),
            shortened(value)
        )));
    };
    bounds::step(text.len() as u64 / 32)?;
    // A value takes several times its text: a member of an object some 40 bytes more.
    bounds::memory(text.len() * 4)?;
    if text.trim().eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN.into());
    }
    serde_json::from_str(text).or_else(|cause| {
        bounds::step(text.len() as u64 / 16)?;
        bounds::string(text.len())?;
        serde_json::from_str(&strict(text))
            .map_err(|_| error(format!("{cause} (while parsing '{}')", quoted(text))))
    })
}

/// The text with each number as JSON has it: jq reads `01`, `+1`, `.5` and `NaN` as well.
fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            _ if is_of_word(first) => rest.find(|char| !is_of_word(char)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        let number = read_number(piece).filter(|_| is_of_word(first));
        let piece = number.map_or(Cow::from(piece), |number| number.to_string().into());
        strict.push_str(&piece);
        rest = after;
    }
    strict
}

fn is_of_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.')
}

/// How long the string is that a text begins with, quotes and all.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let ends = |char| {
        let ends = char == '"' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        ends
    };
    text[1..].find(ends).map_or(text.len(), |end| end + 2)
}
