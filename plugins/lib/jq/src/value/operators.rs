//! Arithmetic: what `+`, `-`, `*`, `/` and `%` do to values of each kind.
//!
//! "Addition" to "Modulo" in jq's manual.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use jaq_core::Error;

use super::{Array, Number, Object, Text, Value, error, shortened};
use crate::bounds::{self, Metered};

type Result = std::result::Result<Value, Error<Value>>;

impl Add for Value {
    type Output = Result;

    fn add(self, other: Self) -> Result {
        Ok(match (self, other) {
            (Self::Null, value) | (value, Self::Null) => value,
            (Self::Number(left), Self::Number(right)) => Self::Number(left.add(right)),
            (Self::String(left), Self::String(right)) => Self::String(left.append(right.as_str())?),
            (Self::Array(left), Self::Array(right)) if left.as_slice().is_empty() => {
                Self::Array(right)
            }
            (Self::Array(mut left), Self::Array(right)) => {
                left.extend(right.as_slice())?;
                Self::Array(left)
            }
            (Self::Object(left), Self::Object(right)) if left.is_empty() => Self::Object(right),
            (Self::Object(mut left), Self::Object(right)) => {
                copying(&left)?;
                Rc::make_mut(&mut left).merge(&right)?;
                Self::Object(left)
            }
            (left, right) => return Err(refused(&left, &right, "added")),
        })
    }
}

impl Sub for Value {
    type Output = Result;

    fn sub(self, other: Self) -> Result {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Ok(Self::Number(left.sub(right))),
            (Self::Array(left), Self::Array(right)) => {
                let right = right.as_slice();
                bounds::step((left.as_slice().len() * right.len()) as u64 / 4)?;
                Ok(left
                    .into_vec()
                    .into_iter()
                    .filter(|item| !right.contains(item))
                    .collect())
            }
            (left, right) => Err(refused(&left, &right, "subtracted")),
        }
    }
}

impl Mul for Value {
    type Output = Result;

    fn mul(self, other: Self) -> Result {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Ok(Self::Number(left.mul(right))),
            (Self::String(text), Self::Number(times))
            | (Self::Number(times), Self::String(text)) => repeat(&text, times.as_f64()),
            (Self::Object(left), Self::Object(right)) => Ok(Self::Object(merge(left, &right)?)),
            (left, right) => Err(refused(&left, &right, "multiplied")),
        }
    }
}

impl Div for Value {
    type Output = Result;

    fn div(self, other: Self) -> Result {
        match (self, other) {
            (left @ Self::Number(_), right @ Self::Number(_)) => match (&left, &right) {
                (Self::Number(dividend), Self::Number(divisor)) if divisor.as_f64() != 0.0 => {
                    Ok(Self::Number(dividend.clone().div(divisor.clone())))
                }
                _ => Err(refused(
                    &left,
                    &right,
                    "divided because the divisor is zero",
                )),
            },
            (Self::String(text), Self::String(separator)) => {
                split(text.as_str(), separator.as_str())
            }
            (left, right) => Err(refused(&left, &right, "divided")),
        }
    }
}

impl Rem for Value {
    type Output = Result;

    fn rem(self, other: Self) -> Result {
        match (&self, &other) {
            (Self::Number(left), Self::Number(right)) => match left.clone().rem(right.clone()) {
                Some(rest) => Ok(Self::Number(rest)),
                None => Err(refused(
                    &self,
                    &other,
                    "divided (remainder) because the divisor is zero",
                )),
            },
            _ => Err(refused(&self, &other, "divided (remainder)")),
        }
    }
}

impl Neg for Value {
    type Output = Result;

    fn neg(self) -> Result {
        match self {
            Self::Number(number) => Ok(Self::Number(number.neg())),
            other => Err(error(format!(
                "{} ({}) cannot be negated",
                other.kind(),
                shortened(&other)
            ))),
        }
    }
}

/// Text cut at each separator; characters where that is empty.
pub(crate) fn split(text: &str, separator: &str) -> Result {
    bounds::step(text.len() as u64 / 32)?;
    let pieces: Metered<Vec<Value>> = if text.is_empty() {
        Ok(Vec::new())
    } else if separator.is_empty() {
        text.split_inclusive(|_| true).map(piece).collect()
    } else {
        text.split(separator).map(piece).collect()
    };
    Ok(Value::Array(Array::new(pieces?)?))
}

fn piece(text: &str) -> Metered<Value> {
    bounds::string(text.len() + size_of::<Value>())?;
    Ok(Value::from(text))
}

fn repeat(text: &Text, times: f64) -> Result {
    if times.is_nan() || times < 0.0 {
        return Ok(Value::Null);
    }
    // As much as fits an address at most: the meter refuses what is too long.
    let times = times as usize;
    let length = text.as_str().len().saturating_mul(times);
    bounds::string(length)?;
    Ok(Value::from(text.as_str().repeat(times)))
}

/// Objects merged at every depth: `*`.
fn merge(mut left: Rc<Object>, right: &Object) -> Metered<Rc<Object>> {
    copying(&left)?;
    let into = Rc::make_mut(&mut left);
    for (name, value) in right.iter() {
        bounds::step(1)?;
        bounds::members(1)?;
        let merged = match (into.get(name), value) {
            (Some(Value::Object(inner)), Value::Object(other)) => {
                Value::Object(merge(inner.clone(), other)?)
            }
            _ => value.clone(),
        };
        into.insert(name.clone(), merged);
    }
    Ok(left)
}

/// Accounts for the copy that is made of what others share.
pub(crate) fn copying(object: &Rc<Object>) -> Metered {
    if Rc::strong_count(object) > 1 {
        bounds::step(object.len() as u64 / 8)?;
        bounds::members(object.len())?;
    }
    Ok(())
}

#[cold]
fn refused(left: &Value, right: &Value, verb: &str) -> Error<Value> {
    let (left_kind, right_kind) = (left.kind(), right.kind());
    error(format!(
        "{left_kind} ({}) and {right_kind} ({}) cannot be {verb}",
        shortened(left),
        shortened(right)
    ))
}

impl Value {
    /// The number that this is, or an error in jq's words.
    pub(crate) fn number(&self) -> std::result::Result<&Number, Error<Value>> {
        self.as_number().ok_or_else(|| {
            error(format!(
                "{} ({}) number required",
                self.kind(),
                shortened(self)
            ))
        })
    }
}
