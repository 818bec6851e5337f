//! Our side: the crate that the plugin `mapping` runs programs with.

use port_jq::{Bounds, Program, Value};

use crate::outcome::Outcome;

/// When the event was, as far as programs ask: `now`.
const EVENT: f64 = 1_767_225_600.0;

pub(crate) fn outcome(program: &str, input: &str) -> Outcome {
    let program = match Program::compile(program) {
        Ok(program) => program,
        Err(mistake) => return Outcome::Failure(mistake.to_string()),
    };
    let input: Value = match serde_json::from_str(input) {
        Ok(input) => input,
        Err(error) => return Outcome::Failure(error.to_string()),
    };
    let bounds = Bounds {
        now: EVENT,
        ..Bounds::default()
    };
    match program.first(&input, &bounds) {
        Ok(Some(output)) => Outcome::Output(output.into()),
        Ok(None) => Outcome::Nothing,
        Err(failure) => Outcome::Failure(failure.to_string()),
    }
}
