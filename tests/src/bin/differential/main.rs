//! `make differential`: Port's dialect of jq as the plugin `mapping` speaks it, against libjq.
//!
//! Every program of `tests/differential` runs in the real plugin, by `portolan preview`, and in libjq as Port's own
//! engine calls it. Whatever differs is told; it must stand in `tests/differential/known.txt` with its reason.
#![expect(clippy::print_stdout, reason = "it speaks to a person")]

mod cases;
mod known;
mod libjq;
mod plugin;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use cases::Case;
use known::Known;

/// Beside the sources, where the programs and the judge are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/differential");

/// What became of a program.
#[derive(Debug, Clone)]
enum Outcome {
    Value(Value),
    Nothing,
    Error(String),
}

fn main() -> anyhow::Result<ExitCode> {
    let folder = Path::new(FOLDER);
    let cases = cases::read(folder)?;
    let mut known = Known::read(&folder.join("known.txt"))?;
    let (ours, theirs) = (plugin::run(&cases)?, libjq::run(folder, &cases)?);
    let (mut equal, mut unknown) = (0, 0);
    println!("\nWhat differs, and why:");
    for ((case, ours), theirs) in cases.iter().zip(&ours).zip(&theirs) {
        if same(ours, theirs) {
            equal += 1;
            continue;
        }
        let why = known.why(&case.program);
        unknown += usize::from(why.is_none());
        println!("  {case}");
        println!("    plugin: {ours}");
        println!("    libjq:  {theirs}");
        println!("    {}", why.unwrap_or("NOT KNOWN"));
    }
    let stale = known.unused();
    for program in &stale {
        println!("  `{program}` does not differ any more: take it out of known.txt");
    }
    let all = cases.len();
    println!(
        "\n{all} programs run: {equal} equal, {} differ for known reasons, {unknown} for none.",
        all - equal - unknown
    );
    Ok(match unknown + stale.len() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Errors are errors, in whatever words.
fn same(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours, theirs) {
        (Outcome::Value(ours), Outcome::Value(theirs)) => equal(ours, theirs),
        (Outcome::Nothing, Outcome::Nothing) | (Outcome::Error(_), Outcome::Error(_)) => true,
        _ => false,
    }
}

/// As JSON: 1 is 1.0, and the last digits of a fraction are nobody's.
fn equal(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(ours), Value::Number(theirs)) => {
            ours == theirs
                || ours.as_f64().zip(theirs.as_f64()).is_some_and(|(a, b)| {
                    a == b || (a.fract() != 0.0 && (a - b).abs() <= 1e-14 * a.abs())
                })
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| equal(a, b))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let has = |(name, value)| theirs.get(name).is_some_and(|theirs| equal(value, theirs));
            ours.len() == theirs.len() && ours.iter().all(has)
        }
        _ => ours == theirs,
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Nothing => f.write_str("nothing"),
            Self::Error(why) => write!(f, "error: {why}"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.program)
    }
}
