//! The published payloads, and what becomes of those that are about pull requests.

use std::fmt;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::node;

/// In version 7.6.1, all folders together.
const PUBLISHED: usize = 726;

/// One payload, signed.
pub(crate) struct Example {
    pub(crate) folder: String,
    pub(crate) event: String,
    pub(crate) body: String,
    /// With the secret that the host has.
    pub(crate) right: String,
    pub(crate) wrong: String,
}

/// Every one, signed with this secret and with another one.
pub(crate) fn all(secret: &str) -> anyhow::Result<Vec<Example>> {
    let lines = node::lines(&["corpus.js", secret, "another secret"])?;
    let read = |line: &String| {
        let json: Value = serde_json::from_str(line)?;
        let text = |key: &str| json[key].as_str().map(str::to_owned).context("a text");
        anyhow::Ok(Example {
            folder: text("folder")?,
            event: text("event")?,
            body: text("body")?,
            right: text("right")?,
            wrong: text("wrong")?,
        })
    };
    let examples: Vec<_> = lines.iter().map(read).collect::<Result<_, _>>()?;
    ensure!(
        examples.len() == PUBLISHED,
        "the corpus has {} payloads, not {PUBLISHED}: are the packages of package-lock.json installed?",
        examples.len()
    );
    Ok(examples)
}

impl Example {
    /// What the README's tutorial says that a pull request becomes.
    pub(crate) fn entity(&self) -> anyhow::Result<Value> {
        let payload: Value = serde_json::from_str(&self.body)?;
        let (pull, repository) = (&payload["pull_request"], &payload["repository"]["name"]);
        let name = repository.as_str().context("a repository has a name")?;
        let status = match &pull["merged_at"] {
            Value::Null => &pull["state"],
            _ => &json!("merged"),
        };
        Ok(json!({
            "blueprint": "githubPullRequest",
            "identifier": format!("{name}{}", pull["id"]),
            "title": pull["title"],
            "properties": {"status": status, "creator": pull["user"]["login"], "link": pull["html_url"]},
            "relations": {"service": name},
        }))
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let action = payload["action"].as_str().unwrap_or("without action");
        write!(f, "{} of {} ({action})", self.event, self.folder)
    }
}

/// Field by field, of what is expected.
pub(crate) fn differences(expected: &Value, is: &Value) -> Vec<String> {
    let fields = expected.as_object().into_iter().flatten();
    let wrong = fields.filter(|(field, value)| is[field.as_str()] != **value);
    wrong
        .map(|(field, value)| format!("{field} is {}, not {value}", is[field.as_str()]))
        .collect()
}
