//! What became of a program.

use std::fmt;

use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Output(Value),
    /// No output, as for `empty`.
    Nothing,
    /// It does not compile, or fails: to Port both are null. The words differ, and those who see them are people.
    Failure(String),
}

impl Outcome {
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Output(ours), Self::Output(theirs)) => equal(ours, theirs),
            (Self::Nothing, Self::Nothing) | (Self::Failure(_), Self::Failure(_)) => true,
            _ => false,
        }
    }
}

/// Of one value, however a number is written: `1.0` is 1.
fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => match (ours.as_i64(), theirs.as_i64()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => ours.as_f64() == theirs.as_f64(),
        },
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| equal(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(name, ours)| theirs.get(name).is_some_and(|theirs| equal(ours, theirs)))
        }
        _ => ours == theirs,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output(value) => value.fmt(f),
            Self::Nothing => f.write_str("(no output)"),
            Self::Failure(message) => write!(f, "fails: {}", message.replace('\n', " ")),
        }
    }
}
