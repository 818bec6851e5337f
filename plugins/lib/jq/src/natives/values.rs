//! What values are, and what is asked of them.

use jaq_core::native::unary;
use jaq_core::{Error, ValR};

use super::strings::is_blank;
use super::{Row, one, row};
use crate::bounds::{self, Metered};
use crate::value::{Number, Value, error, shortened};

pub(super) const ROWS: &[Row] = &[
    row("type", "", |cv| one(Ok(cv.1.kind().into()))),
    row("length", "", |cv| one(length(cv.1))),
    row("not", "", |cv| one(Ok((!cv.1.truthy()).into()))),
    row("has", "v", |cv| unary(cv, |value, name| has(&value, &name))),
    row("contains", "v", |cv| {
        unary(cv, |value, part| contains(&value, &part).map(Value::from))
    }),
    row("tonumber", "", |cv| one(to_number(cv.1))),
    row("toboolean", "", |cv| one(to_boolean(cv.1))),
    row("now", "", |cv| one(Ok(cv.0.data().now.into()))),
    row("nan", "", |_| one(Ok(f64::NAN.into()))),
    row("infinite", "", |_| one(Ok(f64::INFINITY.into()))),
    row("isnan", "", |cv| {
        one(cv.1.number().map(|number| number.is_nan().into()))
    }),
    row("isinfinite", "", |cv| {
        one(cv
            .1
            .number()
            .map(|number| number.as_f64().is_infinite().into()))
    }),
    row("isnormal", "", |cv| {
        one(cv
            .1
            .number()
            .map(|number| number.as_f64().is_normal().into()))
    }),
    row("abs", "", |cv| one(abs(cv.1))),
];

fn length(value: Value) -> ValR<Value> {
    Ok(match value {
        Value::Null => Value::from(0_i64),
        Value::Bool(_) => {
            return Err(error(format!(
                "boolean ({}) has no length",
                shortened(&value)
            )));
        }
        Value::Number(_) => abs(value)?,
        Value::String(text) => {
            bounds::text(text.as_str().len())?;
            text.as_str().chars().count().into()
        }
        Value::Array(items) => items.as_slice().len().into(),
        Value::Object(members) => members.len().into(),
    })
}

fn abs(value: Value) -> ValR<Value> {
    match &value {
        Value::Number(number) if number.as_f64() < 0.0 => -value,
        Value::Number(_) => Ok(value),
        _ => Err(error(format!(
            "{} ({}) has no absolute value",
            value.kind(),
            shortened(&value)
        ))),
    }
}

fn has(value: &Value, name: &Value) -> ValR<Value> {
    match (value, name) {
        (Value::Object(members), Value::String(name)) => {
            Ok(members.get(name.as_str()).is_some().into())
        }
        (Value::Array(items), Value::Number(place)) => {
            let place = place.as_f64();
            Ok((place >= 0.0 && place < items.as_slice().len() as f64).into())
        }
        _ => Err(error(format!(
            "Cannot check whether {} has a {} key",
            value.kind(),
            name.kind()
        ))),
    }
}

fn contains(value: &Value, part: &Value) -> Metered<bool> {
    bounds::step(1)?;
    match (value, part) {
        (Value::Object(members), Value::Object(parts)) => {
            for (name, part) in parts.iter() {
                match members.get(name) {
                    Some(value) if contains(value, part)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Value::Array(items), Value::Array(parts)) => {
            for part in parts.as_slice() {
                let mut found = false;
                for item in items.as_slice() {
                    // Of another kind is no part, and no mistake either.
                    if item.kind() == part.kind() && contains(item, part)? {
                        found = true;
                        break;
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::String(text), Value::String(part)) => {
            bounds::step(text.as_str().len() as u64 / 64)?;
            Ok(text.as_str().contains(part.as_str()))
        }
        _ if value.kind() == part.kind() => Ok(value == part),
        _ => {
            let (left, right) = (shortened(value), shortened(part));
            let (value, part) = (value.kind(), part.kind());
            Err(error(format!(
                "{value} ({left}) and {part} ({right}) cannot have their containment checked"
            )))
        }
    }
}

fn to_number(value: Value) -> ValR<Value> {
    match &value {
        Value::Number(_) => Ok(value),
        Value::String(text) => {
            bounds::text(text.as_str().len() * 8)?;
            read_number(text.as_str())
                .map(Value::Number)
                .ok_or_else(|| {
                    error(format!(
                        "string ({}) cannot be parsed as a number",
                        shortened(&value)
                    ))
                })
        }
        _ => Err(error(format!(
            "{} ({}) cannot be parsed as a number",
            value.kind(),
            shortened(&value)
        ))),
    }
}

/// A number as jq reads one from text: without names or hexadecimal digits. Blanks may stand around it, as in jq 1.6.
pub(super) fn read_number(text: &str) -> Option<Number> {
    let text = text.trim_matches(is_blank);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.eq_ignore_ascii_case("nan") {
        return Some(f64::NAN.into());
    }
    if !digits.starts_with(|char: char| char.is_ascii_digit() || char == '.') {
        return None;
    }
    Number::read(text)
}

fn to_boolean(value: Value) -> ValR<Value> {
    match value.as_str() {
        Some("true") => Ok(true.into()),
        Some("false") => Ok(false.into()),
        _ if matches!(value, Value::Bool(_)) => Ok(value),
        _ => Err(error(format!(
            "{} ({}) cannot be parsed as a boolean",
            value.kind(),
            shortened(&value)
        ))),
    }
}

/// The text that a value is, or an error that says what it was wanted for.
pub(super) fn text<'v>(value: &'v Value, wanted: &str) -> Result<&'v str, Error<Value>> {
    value.as_str().ok_or_else(|| error(wanted))
}
