//! The programs and their inputs, as `tests/differential/cases/*.txt` have them.
//!
//! A line is a program. A line that begins with `< ` is the input of those below it: JSON, or a line of a recorded
//! payload and where in it to look, as `< webhooks/issues.jsonl 1 /issue`. `# ` begins a comment.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
}

pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) program: String,
    /// As JSON.
    pub(crate) input: String,
}

impl Case {
    /// The program for its first output, which is all that a mapping takes, and for all of them.
    pub(crate) fn runs(&self) -> [(String, &str); 2] {
        let all = format!("[\n{}\n]", self.program);
        [(self.program.clone(), &self.input), (all, &self.input)]
    }
}

/// `tests/`
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read() -> anyhow::Result<Vec<File>> {
    let cases = folder().join("differential/cases");
    let entries =
        std::fs::read_dir(&cases).with_context(|| format!("cannot read {}", cases.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<_>>()?;
    paths.sort();
    paths.iter().map(|path| file(path)).collect()
}

fn file(path: &Path) -> anyhow::Result<File> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut input = String::from("null");
    let mut cases = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let line_number = place + 1;
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        if let Some(wanted) = line.strip_prefix("< ") {
            input = read_input(wanted).with_context(|| format!("{name}:{line_number}"))?;
            continue;
        }
        cases.push(Case {
            file: name.clone(),
            line: line_number,
            program: line.to_owned(),
            input: input.clone(),
        });
    }
    Ok(File { name, cases })
}

fn read_input(wanted: &str) -> anyhow::Result<String> {
    if !wanted.starts_with("webhooks/") {
        serde_json::from_str::<serde::de::IgnoredAny>(wanted).context("the input is no JSON")?;
        return Ok(wanted.to_owned());
    }
    let mut words = wanted.split(' ');
    let (Some(path), Some(line)) = (words.next(), words.next()) else {
        bail!("an input of a payload names its file and line");
    };
    let line: usize = line.parse()?;
    let path = folder().join("fixtures").join(path);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let payload = text
        .lines()
        .nth(line.saturating_sub(1))
        .context("the file has fewer lines")?;
    let payload: Value = serde_json::from_str(payload)?;
    let part = payload.pointer(words.next().unwrap_or_default());
    Ok(part.context("the payload has nothing there")?.to_string())
}
