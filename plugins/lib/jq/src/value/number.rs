//! Numbers: jq computes with doubles, but an integer that nobody computed with keeps all its digits.
//!
//! "Numbers" in jq's manual: a literal is kept as it is written until something is done to it.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

/// A number as jq has them.
#[derive(Clone)]
pub enum Number {
    /// An integer as it was read, or one that a double holds exactly.
    Int(i64),
    Float(f64),
    /// A number as it was read that neither of the others can hold: its digits.
    Literal(Rc<str>),
}

/// How many digits are kept at most: with more, no double is near.
const DIGITS: usize = 400;

/// Integers up to here are exact as doubles.
const EXACT: i64 = 1 << 53;

impl Number {
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Float(float) => *float,
            Self::Literal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Float(float) if float.fract() == 0.0 && float.abs() < i64::MAX as f64 => {
                Some(*float as i64)
            }
            _ => None,
        }
    }

    /// The integer as it was read, where it is beyond an `i64`.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Literal(text) => text.parse().ok(),
            _ => self.as_i64()?.try_into().ok(),
        }
    }

    pub(crate) fn is_nan(&self) -> bool {
        matches!(self, Self::Float(float) if float.is_nan())
    }

    /// What was read as text: an integer keeps its digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i64>() {
            return Some(Self::Int(int));
        }
        let float: f64 = text.parse().ok()?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        if (2..=DIGITS).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
        {
            return Some(Self::Literal(text.into()));
        }
        Some(float.into())
    }

    /// Computed with integers where that is what doubles give, else with doubles.
    #[inline]
    fn compute(
        self,
        other: Self,
        ints: fn(i64, i64) -> Option<i64>,
        floats: fn(f64, f64) -> f64,
    ) -> Self {
        if let (Self::Int(left), Self::Int(right)) = (&self, &other)
            && left.abs() <= EXACT
            && right.abs() <= EXACT
            && let Some(result) = ints(*left, *right)
            && result.abs() <= EXACT
        {
            return Self::Int(result);
        }
        floats(self.as_f64(), other.as_f64()).into()
    }

    pub(crate) fn add(self, other: Self) -> Self {
        self.compute(other, i64::checked_add, |left, right| left + right)
    }

    pub(crate) fn sub(self, other: Self) -> Self {
        self.compute(other, i64::checked_sub, |left, right| left - right)
    }

    pub(crate) fn mul(self, other: Self) -> Self {
        self.compute(other, i64::checked_mul, |left, right| left * right)
    }

    pub(crate) fn div(self, other: Self) -> Self {
        (self.as_f64() / other.as_f64()).into()
    }

    /// `%`: of the integer parts, with the sign of the left. Nothing where the right one is 0.
    pub(crate) fn rem(self, other: Self) -> Option<Self> {
        let (left, right) = (self.as_f64(), other.as_f64());
        if left.is_nan() || right.is_nan() {
            return Some(f64::NAN.into());
        }
        // As casts in C saturate on the platforms that jq is built for.
        let (left, right) = (left as i64, right as i64);
        let right = right.unsigned_abs();
        if right == 0 {
            return None;
        }
        let rest = (left.unsigned_abs() % right) as i64;
        Some(Self::from_i64(if left < 0 { -rest } else { rest }))
    }

    pub(crate) fn neg(self) -> Self {
        match self {
            Self::Int(int) if int != i64::MIN => Self::Int(-int),
            _ => Self::from(-self.as_f64()),
        }
    }

    fn from_i64(int: i64) -> Self {
        if int.abs() <= EXACT {
            Self::Int(int)
        } else {
            Self::from(int as f64)
        }
    }

    /// jq's order: `nan` is less than any number.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.cmp(right),
            (Self::Literal(left), Self::Literal(right)) if left == right => Ordering::Equal,
            _ => {
                let (left, right) = (self.as_f64(), other.as_f64());
                let nans = || right.is_nan().cmp(&left.is_nan());
                left.partial_cmp(&right).unwrap_or_else(nans)
            }
        }
    }
}

impl From<f64> for Number {
    fn from(float: f64) -> Self {
        if float.fract() == 0.0 && float.abs() <= EXACT as f64 {
            Self::Int(float as i64)
        } else {
            Self::Float(float)
        }
    }
}

/// As JSON: `nan` is null, the infinite are the largest there are.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            Self::Literal(text) => f.write_str(text),
            Self::Float(float) if float.is_nan() => f.write_str("null"),
            Self::Float(float) => write_float(float.clamp(f64::MIN, f64::MAX), f),
        }
    }
}

/// The shortest digits that read back the same, laid out as jq does: exponents where more than 15 zeros would follow
/// them, or more than three precede.
fn write_float(float: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let scientific = format!("{:e}", float.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if float < 0.0 {
        f.write_str("-")?;
    }
    let point = exponent + 1;
    let count = digits.len() as i32;
    if point <= -4 || point > count + 15 {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { '-' } else { '+' };
        return write!(f, "{first}{dot}{rest}e{sign}{:02}", exponent.abs());
    }
    if point <= 0 {
        return write!(f, "0.{}{digits}", "0".repeat(-point as usize));
    }
    if point >= count {
        return write!(f, "{digits}{}", "0".repeat((point - count) as usize));
    }
    let (whole, fraction) = digits.split_at(point as usize);
    write!(f, "{whole}.{fraction}")
}
