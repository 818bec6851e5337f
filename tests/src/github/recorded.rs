//! GitHub's own recorded payloads, and a world in which they could have happened.

use serde_json::{Value, json};

use super::FakeGitHub;
use super::delivery::Event;
use super::world::World;

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

    /// Makes this a world in which the payload could have happened as it stands: the repositories that it names exist
    /// with a file each, within the installation that it names.
    pub fn know(&self, payload: &Value) {
        let mut world = self.world.lock();
        let installation = payload["installation"]["id"].as_u64();
        let lists = ["repositories", "repositories_added"].map(|list| &payload[list]);
        let listed = lists.into_iter().filter_map(Value::as_array).flatten();
        let named = listed.chain([&payload["repository"]]);
        let named: Vec<u64> = named.filter_map(|json| world.recorded(json)).collect();
        let owners = named.iter().filter_map(|id| world.repo(*id));
        let mut owners: Vec<_> = owners.map(|repo| repo.owner.clone()).collect();
        let account = &payload["installation"]["account"]["login"];
        owners.extend(account.as_str().map(str::to_owned));
        for owner in owners {
            world.organization(&owner);
            if let Some(installation) = installation {
                world.installed_as(&owner, installation);
            }
        }
        for id in named {
            let now = world.now();
            let repo = world.repo_mut(id);
            let branch = repo.default_branch.clone();
            if repo.objects.head(&branch).is_none() {
                let files: &[(&str, &[u8])] = &[("README.md", b"# Recorded\n")];
                repo.objects.commit(&branch, None, files, &[], "Begin", now);
            }
        }
    }

    /// Most were recorded by hooks of repositories, which tell no installation.
    fn take_in(&self, payload: &mut Value) {
        let mut world = self.world.lock();
        world.recorded(&payload["repository"]);
        let owner = payload["repository"]["owner"]["login"].as_str();
        let installation = world.organization(owner.unwrap_or_default()).installation;
        payload["installation"] =
            json!({"id": installation, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ=="});
    }
}

impl World {
    /// The repository of a payload, empty if it is new; `None` if this is none.
    fn recorded(&mut self, json: &Value) -> Option<u64> {
        let id = json["id"].as_u64()?;
        let (owner, name) = json["full_name"].as_str()?.split_once('/')?;
        if self.repo(id).is_none() {
            // A second payload may tell of another repository by the same name; GitHub's id is what counts.
            let made = self.repository(owner, &format!("{name}#{id}"));
            let repo = self.repo_mut(made);
            (repo.id, repo.name) = (id, name.to_owned());
        }
        if let Some(branch) = json["default_branch"].as_str() {
            self.repo_mut(id).default_branch = branch.to_owned();
        }
        Some(id)
    }
}
