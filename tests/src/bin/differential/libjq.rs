//! libjq, by Python's binding of it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::Outcome;
use super::cases::Case;

pub(super) fn run(folder: &Path, cases: &[Case]) -> anyhow::Result<Vec<Outcome>> {
    let mut python = Command::new("python3")
        .arg(folder.join("libjq.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3 cannot be run")?;
    let cases: Value = (cases.iter())
        .map(|case| json!([case.program, case.input.to_string()]))
        .collect();
    let mut stdin = python.stdin.take().context("it was piped")?;
    stdin.write_all(cases.to_string().as_bytes())?;
    drop(stdin);
    let output = python.wait_with_output()?;
    ensure!(
        output.status.success(),
        "libjq.py ended with {}",
        output.status
    );
    let outcomes: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    Ok(outcomes.into_iter().map(outcome).collect())
}

fn outcome(mut outcome: Value) -> Outcome {
    if outcome["none"] == true {
        return Outcome::Nothing;
    }
    match outcome["error"].take() {
        Value::String(why) => Outcome::Error(why),
        _ => Outcome::Value(outcome["value"].take()),
    }
}
