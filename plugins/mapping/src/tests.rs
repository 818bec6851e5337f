//! What a user of `port-app-config.yml` may rely on, told with GitHub's own payloads.

mod configuration;
mod corpus;
mod documented;
mod explained;
mod files;
mod fitting;
mod folders;
mod hostile;
mod links;
mod lints;
mod rules;
mod slips;
mod trees;
mod unknown;

use portolan_sdk::test::{Done, Failure, Run};
use portolan_sdk::{Diagnostic, Entity, Mapper, Owner, Severity};
use serde_json::{Value, json};

use crate::Mapping;

const COMMIT: &str = "1111111111111111111111111111111111111111";

/// A payload that GitHub sent, by event and action.
fn payload(event: &str, action: &str) -> Value {
    let recorded = match event {
        "pull_request" => {
            include_str!("../../../tests/fixtures/webhooks/pull_request.jsonl")
        }
        "issues" => include_str!("../../../tests/fixtures/webhooks/issues.jsonl"),
        _ => include_str!("../../../tests/fixtures/webhooks/workflow_run.jsonl"),
    };
    let mut payloads = recorded
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("recorded JSON"));
    payloads
        .find(|payload| payload["action"] == action)
        .expect("a recorded action")
}

/// An event of that kind with a real payload of GitHub's: the repository `Codertocat/Hello-World`.
fn event(kind: &str) -> Run<Mapping> {
    let (mut payload, field) = match kind {
        "issue" => (payload("issues", "edited"), "issue"),
        "workflow-run" => (payload("workflow_run", "requested"), "workflow_run"),
        _ => (payload("pull_request", "opened"), "pull_request"),
    };
    let repository = payload["repository"].take();
    let subject = match kind {
        "repository" => repository.clone(),
        "tree" => json!({"branch": "master", "commit": COMMIT}),
        _ => payload[field].take(),
    };
    Run::of(kind).repository_json(repository).subject(subject)
}

/// That event, mapped by the organization's configuration.
fn configured(kind: &str, text: &str) -> Run<Mapping> {
    event(kind).configuration(Owner::Organization, "port-app-config.yml", text)
}

/// One resource of a kind with this selector, and these mappings below it.
fn resource(kind: &str, selector: &str, mappings: &str) -> String {
    let mappings = mappings
        .trim()
        .lines()
        .map(|line| format!("          {line}\n"));
    format!(
        "resources:\n  - kind: {kind}\n    selector: {selector}\n    port:\n      entity:\n        mappings:\n{}",
        mappings.collect::<String>()
    )
}

/// What became of a resource of that kind.
fn map(kind: &str, selector: &str, mappings: &str) -> Done {
    configured(kind, &resource(kind, selector, mappings)).map()
}

/// The only entity.
#[track_caller]
fn entity(done: &Done) -> &Entity {
    match done.entities() {
        [entity] => entity,
        other => panic!("one entity, not {other:#?}\n{:#?}", told(done.notes())),
    }
}

/// An entity as Port gets it.
fn sent(entity: &Entity) -> Value {
    let mut sent = json!({
        "blueprint": entity.blueprint,
        "identifier": entity.identifier.to_string(),
        "properties": entity.properties,
        "relations": entity.relations,
    });
    for (key, value) in [
        ("title", entity.title.clone().map(Value::from)),
        ("icon", entity.icon.clone().map(Value::from)),
        ("team", entity.team.clone()),
    ] {
        if let Some(value) = value {
            sent[key] = value;
        }
    }
    sent
}

/// Diagnostics as a person reads them.
fn told(notes: &[Diagnostic]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}

/// Those that say that the outcome is incomplete.
fn errors(done: &Done) -> Vec<String> {
    let errors = done.notes().iter();
    let errors = errors.filter(|note| note.severity == Severity::Error);
    told(&errors.cloned().collect::<Vec<_>>())
}

/// What is said about a configuration that opens.
#[track_caller]
fn opened(text: &str) -> Vec<String> {
    match configured("repository", text).open() {
        Ok(mapping) => told(&mapping.notes()),
        Err(failure) => panic!("{failure}"),
    }
}

/// What keeps a configuration from opening.
#[track_caller]
fn mistakes(text: &str) -> Vec<String> {
    match configured("repository", text).open() {
        Err(Failure::Configuration(mistakes)) => told(&mistakes),
        other => panic!("{text:?} opens: {:?}", other.map(|mapping| mapping.notes())),
    }
}
