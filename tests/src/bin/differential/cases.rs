//! The programs: a line each, below the `= ` line with their input.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

const FILES: [&str; 3] = ["manual.txt", "dates.txt", "mappings.txt"];

pub(super) struct Case {
    pub(super) program: String,
    pub(super) input: Value,
    pub(super) file: &'static str,
    /// From 1.
    pub(super) line: usize,
}

pub(super) fn read(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for file in FILES {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut input = Value::Null;
        for (line, text) in (1..).zip(text.lines()) {
            if let Some(json) = text.strip_prefix("= ") {
                input = serde_json::from_str(json).with_context(|| format!("{file}:{line}"))?;
            } else if !text.is_empty() && !text.starts_with('#') {
                cases.push(Case {
                    program: text.to_owned(),
                    input: input.clone(),
                    file,
                    line,
                });
            }
        }
    }
    Ok(cases)
}
