//! jq's order of values: null, false, true, numbers, strings, arrays, objects.
//!
//! "sort, sort_by" in jq's manual: strings by code points, arrays word by word, objects by their sorted names first.

use std::cmp::Ordering;

use super::{Number, Value};
use crate::bounds;

impl Value {
    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Number(_) => 3,
            Self::String(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.order(right),
            (Self::String(left), Self::String(right)) => {
                let (left, right) = (left.as_str(), right.as_str());
                if !may_read(left, right) {
                    return Ordering::Equal;
                }
                left.cmp(right)
            }
            (Self::Array(left), Self::Array(right)) => {
                if left.shares(right) {
                    return Ordering::Equal;
                }
                let (left, right) = (left.as_slice(), right.as_slice());
                // What is beyond a bound compares as it likes: nobody will see it.
                if bounds::step(1 + left.len().min(right.len()) as u64 / 8).is_err() {
                    return Ordering::Equal;
                }
                left.cmp(right)
            }
            (Self::Object(left), Self::Object(right)) => {
                if std::rc::Rc::ptr_eq(left, right) {
                    return Ordering::Equal;
                }
                if bounds::step(1 + (left.len() + right.len()) as u64 / 4).is_err() {
                    return Ordering::Equal;
                }
                let (left, right) = (left.sorted(), right.sorted());
                let names = left
                    .iter()
                    .map(|(name, _)| name)
                    .cmp(right.iter().map(|(name, _)| name));
                names.then_with(|| {
                    left.iter()
                        .map(|(_, value)| value)
                        .cmp(right.iter().map(|(_, value)| value))
                })
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

#[expect(
    clippy::non_canonical_partial_ord_impl,
    reason = "to operators `nan` is less than itself, but sorting needs a place for it"
)]
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(match self.cmp(other) {
            Ordering::Equal if self != other => Ordering::Less,
            order => order,
        })
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(Number::Int(left)), Self::Number(Number::Int(right))) => left == right,
            (Self::Number(left), Self::Number(right)) => {
                !left.is_nan() && left.order(right) == Ordering::Equal
            }
            (Self::String(left), Self::String(right)) => {
                let (left, right) = (left.as_str(), right.as_str());
                left.len() == right.len() && (!may_read(left, right) || left == right)
            }
            (Self::Array(left), Self::Array(right)) => {
                if left.shares(right) {
                    return true;
                }
                let (left, right) = (left.as_slice(), right.as_slice());
                left.len() == right.len()
                    && (bounds::step(1 + left.len() as u64 / 8).is_err() || left == right)
            }
            (Self::Object(left), Self::Object(right)) => {
                if std::rc::Rc::ptr_eq(left, right) {
                    return true;
                }
                left.len() == right.len()
                    && (bounds::step(1 + left.len() as u64 / 2).is_err()
                        || left
                            .iter()
                            .all(|(name, value)| right.get(name) == Some(value)))
            }
            _ => self.rank() == other.rank(),
        }
    }
}

impl Eq for Value {}

/// May both be read, as far as they may agree?
fn may_read(left: &str, right: &str) -> bool {
    bounds::text(left.len().min(right.len())).is_ok()
}
