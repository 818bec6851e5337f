//! Strings: cut, trimmed, put together from code points.

use jaq_core::native::unary;
use jaq_core::{Error, ValR};

use super::values::text;
use super::{Row, one, row};
use crate::bounds;
use crate::value::operators::split;
use crate::value::{Value, error, shortened};

pub(super) const ROWS: &[Row] = &[
    row("utf8bytelength", "", |cv| {
        one(only(&cv.1, "only strings have UTF-8 byte length").map(|text| text.len().into()))
    }),
    row("explode", "", |cv| one(explode(&cv.1))),
    row("implode", "", |cv| one(implode(&cv.1))),
    row("ascii_downcase", "", |cv| {
        one(text(&cv.1, "ascii_downcase input must be a string")
            .and_then(|text| made(text.to_ascii_lowercase())))
    }),
    row("ascii_upcase", "", |cv| {
        one(text(&cv.1, "ascii_upcase input must be a string")
            .and_then(|text| made(text.to_ascii_uppercase())))
    }),
    row("startswith", "v", |cv| {
        unary(cv, |value, part| {
            const WANTED: &str = "startswith() requires string inputs";
            let (text, part) = (text(&value, WANTED)?, text(&part, WANTED)?);
            bounds::text(part.len())?;
            Ok(text.starts_with(part).into())
        })
    }),
    row("endswith", "v", |cv| {
        unary(cv, |value, part| {
            const WANTED: &str = "endswith() requires string inputs";
            let (text, part) = (text(&value, WANTED)?, text(&part, WANTED)?);
            bounds::text(part.len())?;
            Ok(text.ends_with(part).into())
        })
    }),
    // What is no string is left alone, as in jq up to 1.7; 1.8 fails.
    row("ltrimstr", "v", |cv| {
        unary(cv, |value, part| trimmed(value, &part, true, false))
    }),
    row("rtrimstr", "v", |cv| {
        unary(cv, |value, part| trimmed(value, &part, false, true))
    }),
    row("trimstr", "v", |cv| {
        unary(cv, |value, part| trimmed(value, &part, true, true))
    }),
    row("trim", "", |cv| {
        one(blanks(&cv.1, |text| text.trim_matches(is_blank)))
    }),
    row("ltrim", "", |cv| {
        one(blanks(&cv.1, |text| text.trim_start_matches(is_blank)))
    }),
    row("rtrim", "", |cv| {
        one(blanks(&cv.1, |text| text.trim_end_matches(is_blank)))
    }),
    row("split", "v", |cv| {
        unary(cv, |value, separator| {
            const WANTED: &str = "split input and separator must be strings";
            split(text(&value, WANTED)?, text(&separator, WANTED)?)
        })
    }),
];

/// A string that was made, metered.
pub(super) fn made(text: String) -> ValR<Value> {
    bounds::string(text.len())?;
    bounds::step(text.len() as u64 / 256)?;
    Ok(text.into())
}

fn only<'v>(value: &'v Value, complaint: &str) -> Result<&'v str, Error<Value>> {
    value.as_str().ok_or_else(|| {
        error(format!(
            "{} ({}) {complaint}",
            value.kind(),
            shortened(value)
        ))
    })
}

fn explode(value: &Value) -> ValR<Value> {
    let text = only(value, "cannot be exploded")?;
    bounds::step(text.len() as u64 / 8)?;
    Ok(text
        .chars()
        .map(|char| Value::from(i64::from(u32::from(char))))
        .collect())
}

fn implode(value: &Value) -> ValR<Value> {
    let Some(points) = value.as_array() else {
        return Err(error("implode input must be an array"));
    };
    bounds::step(points.len() as u64 / 8)?;
    let mut text = String::new();
    for point in points {
        let Some(point) = point.as_number() else {
            return Err(error("Unicode codepoint must be numeric"));
        };
        let char = point
            .as_i64()
            .and_then(|point| char::from_u32(u32::try_from(point).ok()?));
        text.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    made(text)
}

fn trimmed(value: Value, part: &Value, left: bool, right: bool) -> ValR<Value> {
    let (Some(text), Some(part)) = (value.as_str(), part.as_str()) else {
        return Ok(value);
    };
    bounds::text(part.len())?;
    let mut rest = text;
    if left {
        rest = rest.strip_prefix(part).unwrap_or(rest);
    }
    if right {
        rest = rest.strip_suffix(part).unwrap_or(rest);
    }
    if rest.len() == text.len() {
        Ok(value)
    } else {
        made(rest.to_owned())
    }
}

/// What jq trims: ASCII's blanks.
pub(super) fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t'..='\r')
}

fn blanks(value: &Value, trim: fn(&str) -> &str) -> ValR<Value> {
    let text = text(value, "trim input must be a string")?;
    bounds::text(text.len())?;
    let rest = trim(text);
    if rest.len() == text.len() {
        Ok(value.clone())
    } else {
        made(rest.to_owned())
    }
}
