//! The kinds that live in a repository and whose state the webhook carries: one row each.

use serde::Deserialize;
use serde_json::Value;

use super::payload::Origin;
use super::{Subject, payload};
use crate::delivery::Delivery;

/// How a GitHub event becomes a subject.
pub(super) struct Row {
    /// `X-GitHub-Event`
    event: &'static str,
    pub(super) kind: &'static str,
    /// The payload's field that holds the object, in the shape in which the list endpoint gives it.
    field: &'static str,
    /// What the API names it by in its repository.
    number: fn(&Object) -> Option<u64>,
    version: fn(&Object) -> Option<String>,
    /// Actions after which the subject is no longer there under its id.
    gone: &'static [&'static str],
    /// Field and value of an object to which nothing more is expected to happen.
    finished: fn(&Object) -> bool,
}

const ROWS: [Row; 3] = [
    Row {
        event: "pull_request",
        kind: "pull-request",
        field: "pull_request",
        number,
        version: updated_at,
        gone: &[],
        finished: closed,
    },
    Row {
        event: "issues",
        kind: "issue",
        field: "issue",
        number,
        version: updated_at,
        gone: &["deleted", "transferred"],
        finished: closed,
    },
    Row {
        event: "workflow_run",
        kind: "workflow-run",
        field: "workflow_run",
        number: id,
        version: attempt_then_updated_at,
        gone: &["deleted"],
        finished: completed,
    },
];

pub(super) fn row(event: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.event == event)
}

/// Whether it is one of these rows' kinds.
pub(super) fn is_kind(kind: &str) -> bool {
    ROWS.iter().any(|row| row.kind == kind)
}

/// The kinds whose subjects are objects of GitHub's.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    ["repository"]
        .into_iter()
        .chain(ROWS.iter().map(|row| row.kind))
}

/// The version of an object that was fetched or listed, by the rule that holds for the webhook's.
/// `None`: it has none, or the kind's state is no object of GitHub's (`tree`).
pub fn version_of(kind: &str, json: &str) -> Option<String> {
    if kind == "repository" {
        return payload::updated_at(json);
    }
    let row = ROWS.iter().find(|row| row.kind == kind)?;
    (row.version)(&serde_json::from_str(json).ok()?)
}

/// What the rows look at.
#[derive(Deserialize)]
struct Object {
    id: u64,
    number: Option<u64>,
    updated_at: Option<Value>,
    run_attempt: Option<u64>,
    state: Option<String>,
    status: Option<String>,
}

impl Row {
    pub(super) fn subject(&self, delivery: &Delivery, origin: Origin) -> Result<Subject, String> {
        let repository = origin.repository()?.id;
        let json = delivery
            .field(self.field)
            .ok_or_else(|| format!("`{}` is missing", self.field))?;
        let object: Object =
            serde_json::from_str(json).map_err(|error| format!("`{}`: {error}", self.field))?;
        Ok(Subject {
            kind: self.kind.to_owned(),
            key: format!("{}/{repository}/{}", self.kind, object.id),
            installation: origin.installation,
            organization: origin.organization,
            repository: origin.repository,
            number: (self.number)(&object),
            object: Some(json.into()),
            version: (self.version)(&object),
            gone: delivery
                .action()
                .is_some_and(|action| self.gone.contains(&action)),
            finished: (self.finished)(&object),
        })
    }
}

fn number(object: &Object) -> Option<u64> {
    object.number
}

fn id(object: &Object) -> Option<u64> {
    Some(object.id)
}

fn updated_at(object: &Object) -> Option<String> {
    payload::instant(object.updated_at.clone()?)
}

/// A second attempt of a run is later than anything of the first.
fn attempt_then_updated_at(object: &Object) -> Option<String> {
    Some(format!(
        "{:06}/{}",
        object.run_attempt.unwrap_or(1),
        updated_at(object)?
    ))
}

fn closed(object: &Object) -> bool {
    object.state.as_deref() == Some("closed")
}

fn completed(object: &Object) -> bool {
    object.status.as_deref() == Some("completed")
}
