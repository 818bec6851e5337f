//! The judge: libjq under Python, out of the folder into which make installs it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::cases;
use crate::outcome::Outcome;

/// What libjq makes of each program and input, in their order. One that ends libjq itself fails alone.
pub(crate) fn outcomes(runs: &[(String, &str)]) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(runs.len());
    while outcomes.len() < runs.len() {
        let before = outcomes.len();
        ask(&runs[before..], &mut outcomes)?;
        if outcomes.len() < runs.len() {
            ensure!(
                before > 0 || !outcomes.is_empty(),
                "python3 ended before it answered: is its output above?"
            );
            outcomes.push(Outcome::Failure("libjq itself ended".into()));
        }
    }
    Ok(outcomes)
}

fn ask(runs: &[(String, &str)], outcomes: &mut Vec<Outcome>) -> anyhow::Result<()> {
    let mut python = Command::new("python3")
        .arg(cases::folder().join("differential/judge.py"))
        .env("PYTHONPATH", folder()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3 cannot be run")?;
    let mut stdin = python.stdin.take().context("piped a moment ago")?;
    let stdout = python.stdout.take().context("piped a moment ago")?;
    let lines: Vec<String> = runs.iter().map(|run| json!(run).to_string()).collect();
    let writer = std::thread::spawn(move || {
        for line in lines {
            // It may have ended: then its answers end, and that says more.
            if writeln!(stdin, "{line}").is_err() {
                return;
            }
        }
    });
    for line in BufReader::new(stdout).lines() {
        let mut answer: Value = serde_json::from_str(&line?).context("an answer is no JSON")?;
        outcomes.push(if let Some(output) = answer.get_mut("output") {
            Outcome::Output(output.take())
        } else if let Some(message) = answer.get("failure").and_then(Value::as_str) {
            Outcome::Failure(message.to_owned())
        } else {
            Outcome::Nothing
        });
    }
    python.wait()?;
    let _ = writer.join();
    Ok(())
}

/// `target/tools/jq`, beside the folder that this program lies in.
fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(|profile| profile.parent());
    let folder = target
        .context("this program lies in no target folder")?
        .join("tools/jq");
    ensure!(
        folder.is_dir(),
        "{} holds no libjq: run `make differential`, which installs it",
        folder.display()
    );
    Ok(folder)
}
