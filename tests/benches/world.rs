//! The stand-ins as the benchmarks want them, and deliveries of one pull request after another.

use portolan_tests::github::{Event, FakeGitHub, Repository, sign};
use portolan_tests::host::TestHost;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

const BLUEPRINTS: &str = include_str!("../fixtures/blueprints.json");
/// GitHub's `pull_request` payloads as they were measured elsewhere, in bytes.
const PAYLOAD: usize = 19_000;
/// Stands where each delivery has its own number: as long as those that take its place.
const NUMBER: &str = "7770777";

pub(crate) struct World {
    pub(crate) github: FakeGitHub,
    pub(crate) port: FakePort,
    pub(crate) repository: Repository,
}

/// A `pull_request` delivery whose id and title are still to be filled in.
#[derive(Clone)]
pub(crate) struct Template {
    payload: String,
    secret: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (github, port) = (FakeGitHub::start().await, FakePort::start().await);
        let blueprints: Vec<Value> = serde_json::from_str(BLUEPRINTS).expect("our own fixture");
        for blueprint in blueprints {
            port.blueprint(blueprint);
        }
        github.organization("acme");
        let repository = github.repository("acme/checkout");
        repository.push(&[("README.md", "# Checkout\n")], "Begin");
        Self {
            github,
            port,
            repository,
        }
    }

    pub(crate) fn host(&self) -> TestHost {
        TestHost::between(&self.github, &self.port)
    }

    /// An event as large as GitHub's are.
    pub(crate) fn pull_request(&self) -> Event {
        self.repository
            .push_to("faster", &[("README.md", "# Faster\n")], "Be faster");
        let number = self
            .repository
            .open_pull_request("Take the money", "faster");
        let mut event = self.repository.pull_request_event("opened", number);
        let missing = PAYLOAD.saturating_sub(event.payload.to_string().len());
        let text = "It takes the money twice as fast, as was wished for. ";
        event.payload["pull_request"]["body"] = json!(text.repeat(missing / text.len() + 1));
        event
    }

    pub(crate) fn template(&self) -> Template {
        let mut event = self.pull_request();
        let pull = &mut event.payload["pull_request"];
        pull["id"] = json!(NUMBER.parse::<u64>().expect("digits"));
        pull["title"] = json!(format!("Change {NUMBER}"));
        Template {
            payload: event.payload.to_string(),
            secret: self.github.webhook_secret().to_owned(),
        }
    }
}

impl Template {
    /// The request of the pull request with this number, head and body.
    pub(crate) fn request(&self, number: usize) -> Vec<u8> {
        let body = self.payload.replace(NUMBER, &padded(number));
        let signature = sign(&self.secret, body.as_bytes());
        let head = head(number, &signature, body.len());
        [head.into_bytes(), body.into_bytes()].concat()
    }

    /// The head of one whose body is as long, and not what was signed.
    pub(crate) fn head(&self, length: usize) -> String {
        head(0, &sign(&self.secret, b""), length)
    }
}

fn head(number: usize, signature: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: portolan\r\naccept: */*\r\ncontent-type: application/json\r\n\
         user-agent: GitHub-Hookshot/0cd5f3c\r\nx-github-delivery: 00000000-0000-4000-8000-{number:012}\r\n\
         x-github-event: pull_request\r\nx-github-hook-id: 1\r\nx-hub-signature-256: {signature}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// As many digits as [`NUMBER`] has.
pub(crate) fn padded(number: usize) -> String {
    (1_000_000 + number).to_string()
}
