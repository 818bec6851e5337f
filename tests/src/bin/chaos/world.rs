//! GitHub and Port as stand-ins, with repositories that describe themselves, and a host between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use portolan_tests::github::{Event, FakeGitHub, Repository, Signed};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Map, Value, json};

use crate::model::{Differences, Expected, Key, Model};

const BLUEPRINTS: &str = include_str!("../../../fixtures/blueprints.json");

/// How often the catalog is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) struct World {
    pub(crate) github: Arc<FakeGitHub>,
    pub(crate) port: Arc<FakePort>,
    pub(crate) model: Model,
}

/// A change in the world: the delivery that tells it, and the subject that it is about.
pub(crate) struct Change {
    pub(crate) subject: String,
    pub(crate) signed: Signed,
}

impl World {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::between(FakeGitHub::start().await, FakePort::start().await)
    }

    pub(crate) fn between(github: FakeGitHub, port: FakePort) -> anyhow::Result<Self> {
        for blueprint in serde_json::from_str::<Vec<Value>>(BLUEPRINTS)? {
            port.blueprint(blueprint);
        }
        github.organization("acme");
        Ok(Self {
            github: Arc::new(github),
            port: Arc::new(port),
            model: Model::default(),
        })
    }

    /// A host that learns of nothing but by webhooks.
    pub(crate) fn host(&self) -> TestHost {
        TestHost::between(&self.github, &self.port)
            .plugin("pull-requests")
            .env("SYNC_ON_START", "false")
    }

    /// A repository from which pull requests can be opened.
    pub(crate) fn repository(&self, name: &str) -> Repository {
        let repository = self.github.repository(&format!("acme/{name}"));
        repository.push(&[("README.md", "# Begun")], "Begin");
        repository.push_to("more", &[("README.md", "# More")], "Say more");
        repository
    }

    /// Pushes a `port.yml` that declares the repository as a service, and these parts of it.
    pub(crate) fn describe(&self, repository: &Repository, title: &str, parts: &[u64]) -> Change {
        let full_name = repository.full_name();
        let (_, name) = full_name.split_once('/').unwrap_or_default();
        let mut entities = BTreeMap::new();
        let mut port_yml = String::new();
        let parts = parts.iter().map(|part| format!("{name}-part-{part}"));
        for identifier in std::iter::once(name.to_owned()).chain(parts) {
            port_yml += &format!(
                "- identifier: {identifier}\n  blueprint: service\n  title: {title}\n  properties:\n    language: Rust\n"
            );
            let properties = Map::from_iter([("language".to_owned(), json!("Rust"))]);
            let title = title.to_owned();
            let expected = Expected { title, properties };
            entities.insert(("service", identifier), expected);
        }
        let commit = repository.push(&[("port.yml", &port_yml)], title);
        self.changed(
            format!("{name}/port.yml"),
            &repository.pushed(&commit),
            entities,
        )
    }

    /// The pull request as it stands now.
    pub(crate) fn pull_request(
        &self,
        repository: &Repository,
        action: &str,
        number: u64,
    ) -> Change {
        let event = repository.pull_request_event(action, number);
        let pull = &event.payload["pull_request"];
        let text = |name: &str| pull[name].as_str().unwrap_or_default().to_owned();
        let status = match pull["merged_at"].is_null() {
            true => text("state"),
            false => "merged".to_owned(),
        };
        let name = event.payload["repository"]["name"]
            .as_str()
            .unwrap_or_default();
        let key: Key = ("githubPullRequest", format!("{name}{}", pull["id"]));
        let expected = Expected {
            title: text("title"),
            properties: Map::from_iter([("status".to_owned(), json!(status))]),
        };
        self.changed(
            format!("{name}#{number}"),
            &event,
            BTreeMap::from([(key, expected)]),
        )
    }

    fn changed(&self, subject: String, event: &Event, entities: BTreeMap<Key, Expected>) -> Change {
        let signed = self.github.sign(event);
        self.model.changes(&subject, &signed.guid, entities);
        Change { subject, signed }
    }

    /// Delivers one change to a host that is well.
    pub(crate) async fn deliver(&self, host: &RunningHost, change: &Change) -> anyhow::Result<()> {
        let (status, text) = self.github.post(&host.url(), &change.signed).await;
        anyhow::ensure!(status / 100 == 2, "the host answered {status}: {text}");
        self.model
            .acknowledged(&change.subject, &change.signed.guid);
        Ok(())
    }

    /// Waits until `right` is true and Port was not written to for `rest`, or nothing at all moved for `quiet`.
    /// Gives how Port's catalog differs from the model then, and when it was last written to.
    pub(crate) async fn settle(
        &self,
        quiet: Duration,
        rest: Duration,
        right: impl Fn(&Differences) -> bool,
    ) -> (Differences, Instant) {
        let asked = || (self.github.mark(), self.port.mark());
        let (mut last, mut writes) = (asked(), self.port.writes());
        let (mut moved, mut written) = (Instant::now(), Instant::now());
        // A large catalog is not compared again before somebody asked for something.
        let mut compared = None;
        loop {
            let late = moved.elapsed() > quiet;
            if late || (written.elapsed() >= rest && compared != Some(last)) {
                let differences = self.model.differences(&self.port);
                if late || right(&differences) {
                    return (differences, written);
                }
                compared = Some(last);
            }
            tokio::time::sleep(LOOK).await;
            if self.port.writes() != writes {
                (writes, written) = (self.port.writes(), Instant::now());
            }
            if asked() != last {
                (last, moved) = (asked(), Instant::now());
            }
        }
    }
}

/// Starts a host; one that does not come up is an error with its log.
pub(crate) async fn start(host: TestHost) -> anyhow::Result<RunningHost> {
    // It panics with the log: here that is one more thing that went wrong.
    let started = tokio::spawn(host.start()).await;
    started.context("the host did not start")
}
