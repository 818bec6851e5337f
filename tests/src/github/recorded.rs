//! GitHub's own recorded payloads, and a world in which they could have happened.

use serde_json::{Value, json};

use super::FakeGitHub;
use super::delivery::Event;

const ISSUES: &str = include_str!("../../fixtures/webhooks/issues.jsonl");
const PULL_REQUEST: &str = include_str!("../../fixtures/webhooks/pull_request.jsonl");
const PUSH: &str = include_str!("../../fixtures/webhooks/push.jsonl");
const WORKFLOW_RUN: &str = include_str!("../../fixtures/webhooks/workflow_run.jsonl");

impl FakeGitHub {
    /// Recorded `issues`, `pull_request`, `push` or `workflow_run` payloads, one of each action.
    /// Their repositories exist from now on, empty and within the installation that the payloads name.
    pub fn recorded(&self, event: &str) -> Vec<Event> {
        let lines = match event {
            "issues" => ISSUES,
            "pull_request" => PULL_REQUEST,
            "push" => PUSH,
            "workflow_run" => WORKFLOW_RUN,
            other => panic!("there are no recorded payloads of {other}"),
        };
        let payloads = lines.lines().map(|line| {
            let mut payload: Value = serde_json::from_str(line).expect("the fixture is JSON");
            self.take_in(&mut payload);
            Event::new(event, payload)
        });
        payloads.collect()
    }

    /// Most were recorded by hooks of repositories, which tell no installation.
    fn take_in(&self, payload: &mut Value) {
        let repository = &payload["repository"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (owner, name) = (
            text(&repository["owner"]["login"]),
            text(&repository["name"]),
        );
        let branch = text(&repository["default_branch"]);
        let id = repository["id"].as_u64().unwrap_or_default();
        let mut world = self.world.lock();
        if world.repo(id).is_none() {
            // A second payload may tell of another repository by the same name; GitHub's id is what counts.
            let made = world.repository(&owner, &name);
            let repo = world.repo_mut(made);
            repo.id = id;
            repo.default_branch = branch;
        }
        let installation = world.organization(&owner).installation;
        payload["installation"] =
            json!({"id": installation, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ=="});
    }
}
