//! The world that a story may begin in: an organization, Port with the fixtures' blueprints, and services to describe.

use portolan_tests::github::{Event, FakeGitHub};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::Value;

const BLUEPRINTS: &str = include_str!("../fixtures/blueprints.json");

pub(crate) struct Acme {
    pub(crate) github: FakeGitHub,
    pub(crate) port: FakePort,
}

impl Acme {
    pub(crate) async fn new() -> Self {
        Self::between(FakeGitHub::start().await, FakePort::start().await)
    }

    /// The same between stand-ins that are found elsewhere.
    pub(crate) fn between(github: FakeGitHub, port: FakePort) -> Self {
        let blueprints: Vec<Value> = serde_json::from_str(BLUEPRINTS).expect("the fixture is JSON");
        for blueprint in blueprints {
            port.blueprint(blueprint);
        }
        github.organization("acme");
        Self { github, port }
    }

    /// A host with `gitops`, not started yet, that learns of nothing but by webhooks.
    pub(crate) fn host(&self) -> TestHost {
        self.host_at_first_start().env("SYNC_ON_START", "false")
    }

    /// One that takes in what is there, as the default is.
    pub(crate) fn host_at_first_start(&self) -> TestHost {
        TestHost::between(&self.github, &self.port)
    }

    /// A repository that describes itself as a service of the same name, and the push that brought it.
    pub(crate) fn service(&self, name: &str) -> Event {
        self.pushes(name, &described(name))
    }

    /// A push of this `port.yml` to a repository, made if need be.
    pub(crate) fn pushes(&self, name: &str, port_yml: &str) -> Event {
        let repository = self.github.repository(&format!("acme/{name}"));
        let commit = repository.push(&[("port.yml", port_yml)], "Describe it");
        repository.pushed(&commit)
    }

    pub(crate) async fn deliver(&self, host: &RunningHost, event: &Event) {
        let (status, text) = self.github.deliver(&host.url(), event).await;
        assert_eq!(status, 202, "{text}");
    }

    /// Shows that the host is well: what is pushed now arrives.
    pub(crate) async fn arrives(&self, host: &RunningHost, name: &str) {
        self.deliver(host, &self.service(name)).await;
        self.port.wait_for_entity("service", name).await;
    }

    /// Nothing that must stay secret is among what was said.
    pub(crate) fn assert_no_secret_in(&self, said: &str) {
        let key = self.github.private_key_pem();
        let key_line = key.lines().nth(1).expect("a PEM has a body");
        let secrets = [
            self.github.webhook_secret(),
            self.port.client_secret(),
            key_line,
            "ghs_",
            "port-token-",
            "Bearer ",
        ];
        for secret in secrets {
            assert!(!said.contains(secret), "{secret} was said:\n{said}");
        }
    }
}

/// The smallest `port.yml`.
pub(crate) fn described(name: &str) -> String {
    format!("identifier: {name}\nblueprint: service\n")
}
