//! A mapper's outcome depends on nothing but what it is given: an instance that mapped other events before
//! gives what a fresh one gives.

use std::path::Path;
use std::sync::Arc;

use portolan::plugins::contract::{
    Answer, AnswerValue, Configuration, Event, File, Outcome, Owner, Question, Webhook,
};
use portolan::plugins::{Fault, Plugin, Plugins};
use portolan_tests::host::guest;
use serde_json::{Value, json};

const PORT_YML: &str = include_str!("../fixtures/checkout/port.yml");
/// What GitHub sent, and where in it the subject stands; a push means the tree.
const CORPUS: [(&str, &str, &str); 4] = [
    (
        "pull_request",
        "pull-request",
        include_str!("../fixtures/webhooks/pull_request.jsonl"),
    ),
    (
        "issue",
        "issue",
        include_str!("../fixtures/webhooks/issues.jsonl"),
    ),
    (
        "workflow_run",
        "workflow-run",
        include_str!("../fixtures/webhooks/workflow_run.jsonl"),
    ),
    ("", "tree", include_str!("../fixtures/webhooks/push.jsonl")),
];
const PLUGINS: [&str; 4] = ["gitops", "pull-requests", "misbehaving", "versioned"];

#[tokio::test(flavor = "multi_thread")]
async fn a_used_instance_maps_as_a_fresh_one_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let configuration = Configuration::new("acme", Vec::new());
    let (mut compared, mut mapped) = (0, 0);
    for name in PLUGINS {
        let file = folder.path().join(format!("{name}.wasm"));
        std::fs::write(&file, guest(name)).expect("the folder is writable");
        let used = load(&file).await;
        let kinds = &used.description.kinds;
        let corpus: Vec<_> = corpus()
            .into_iter()
            .filter(|event| kinds.contains(&event.kind))
            .collect();
        let mut fresh = Vec::new();
        for event in &corpus {
            // Loaded anew it has no instance yet; compiled it is already.
            fresh.push(map(&load(&file).await, &configuration, event).await);
        }
        // Twice over, so that every event is mapped after every other.
        for (event, fresh) in corpus.iter().zip(&fresh).chain(corpus.iter().zip(&fresh)) {
            let used = map(&used, &configuration, event).await;
            assert_eq!(used, *fresh, "{name}: {:?}", event.subject);
            compared += 1;
            mapped += usize::from(matches!(used, Ok(Outcome::Mapped(_))));
        }
    }
    assert!(mapped > 90, "only {mapped} of {compared} were mapped");
}

async fn load(file: &Path) -> Arc<Plugin> {
    let compiled = file.with_file_name("compiled");
    let loaded = Plugins::load(file, &compiled).await;
    loaded.unwrap_or_else(|error| panic!("{}: {error:#}", file.display()))
}

/// Until nothing more is asked.
async fn map(
    plugin: &Arc<Plugin>,
    configuration: &Configuration,
    event: &Event,
) -> Result<Outcome, Fault> {
    let mut event = event.clone();
    loop {
        match plugin.map(configuration, &event).await? {
            Outcome::Ask(questions) => event.answers.extend(questions.into_iter().map(answer)),
            outcome => return Ok(outcome),
        }
    }
}

fn answer(question: Question) -> Answer {
    let value = match &question {
        Question::Files(_) => AnswerValue::Files(vec![File {
            owner: Owner::Repository,
            path: "port.yml".to_owned(),
            text: PORT_YML.to_owned(),
        }]),
        Question::File(_) => AnswerValue::Text("# Checkout".to_owned()),
        Question::Api(_) | Question::Blueprint(_) => AnswerValue::Missing,
    };
    Answer { question, value }
}

fn corpus() -> Vec<Event> {
    let events = CORPUS.iter().flat_map(|(key, kind, lines)| {
        let payloads = lines.lines().map(|line| {
            let payload: Value = serde_json::from_str(line).expect("a recorded payload is JSON");
            payload
        });
        payloads.map(move |payload| event(key, kind, &payload))
    });
    events.collect()
}

fn event(key: &str, kind: &str, payload: &Value) -> Event {
    let subject = match payload.get(key) {
        Some(subject) => subject.clone(),
        None => json!({ "branch": "main", "commit": payload["after"] }),
    };
    Event {
        kind: kind.to_owned(),
        time: "2026-11-22T12:00:00Z".to_owned(),
        organization: json!({ "login": "acme", "id": 1 }).to_string(),
        repository: Some(payload["repository"].to_string()),
        subject: Some(subject.to_string()),
        webhook: Some(Webhook {
            delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958".to_owned(),
            name: kind.to_owned(),
            action: payload["action"].as_str().map(str::to_owned),
            payload: payload.to_string(),
        }),
        answers: Vec::new(),
        explain: false,
    }
}
