//! The stand-ins as the benchmarks want them, and deliveries of one pull request after another.

use std::sync::Arc;

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

/// A `pull_request` delivery whose number is still to be filled in. All are as long as it is.
#[derive(Clone)]
pub(crate) struct Template {
    request: Vec<u8>,
    body: usize,
    signature: usize,
    guid: usize,
    numbers: Vec<usize>,
    secret: String,
}

/// Deliveries that were signed before they are sent: what is left to do for each is to fill its places.
#[derive(Clone)]
pub(crate) struct Signed {
    template: Arc<Template>,
    deliveries: Arc<[(usize, String)]>,
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
        let mut event = self.small_pull_request();
        let missing = PAYLOAD.saturating_sub(event.payload.to_string().len());
        let text = "It takes the money twice as fast, as was wished for. ";
        event.payload["pull_request"]["body"] = json!(text.repeat(missing / text.len() + 1));
        event
    }

    fn small_pull_request(&self) -> Event {
        self.repository
            .push_to("faster", &[("README.md", "# Faster\n")], "Be faster");
        let number = self
            .repository
            .open_pull_request("Take the money", "faster");
        self.repository.pull_request_event("opened", number)
    }

    pub(crate) fn template(&self) -> Template {
        Template::of(self.pull_request(), self.github.webhook_secret())
    }

    /// Of as few bytes as the stand-in makes it.
    pub(crate) fn small_template(&self) -> Template {
        Template::of(self.small_pull_request(), self.github.webhook_secret())
    }
}

impl Template {
    fn of(mut event: Event, secret: &str) -> Self {
        let pull = &mut event.payload["pull_request"];
        pull["id"] = json!(NUMBER.parse::<u64>().expect("digits"));
        pull["title"] = json!(format!("Change {NUMBER}"));
        let payload = event.payload.to_string();
        let (guid, signature) = (guid(0), sign(secret, b""));
        let head = head(&guid, &signature, payload.len());
        let place = |part: &str| head.find(part).expect("a part of it");
        let numbers = payload.match_indices(NUMBER);
        Self {
            body: head.len(),
            signature: place(&signature),
            guid: place(&guid),
            numbers: numbers.map(|(place, _)| head.len() + place).collect(),
            request: [head.as_bytes(), payload.as_bytes()].concat(),
            secret: secret.to_owned(),
        }
    }

    /// The request of the pull request with this number, head and body.
    pub(crate) fn request(&self, number: usize) -> Vec<u8> {
        let mut request = self.request.clone();
        let signature = self.sign(number, &mut request);
        self.fill_head(number, &signature, &mut request);
        request
    }

    pub(crate) fn signed(&self, numbers: impl IntoIterator<Item = usize>) -> Signed {
        let mut request = self.request.clone();
        let numbers = numbers.into_iter();
        Signed {
            deliveries: numbers
                .map(|number| (number, self.sign(number, &mut request)))
                .collect(),
            template: Arc::new(self.clone()),
        }
    }

    /// The head of one whose body is as long, and not what was signed.
    pub(crate) fn head(&self, length: usize) -> String {
        head(&guid(0), &sign(&self.secret, b""), length)
    }

    fn sign(&self, number: usize, request: &mut [u8]) -> String {
        self.fill_body(number, request);
        sign(&self.secret, &request[self.body..])
    }

    fn fill_body(&self, number: usize, request: &mut [u8]) {
        let digits = padded(number);
        for place in &self.numbers {
            put(request, *place, &digits);
        }
    }

    fn fill_head(&self, number: usize, signature: &str, request: &mut [u8]) {
        put(request, self.guid, &guid(number));
        put(request, self.signature, signature);
    }
}

impl Signed {
    pub(crate) fn len(&self) -> usize {
        self.deliveries.len()
    }

    pub(crate) fn number(&self, index: usize) -> usize {
        self.deliveries[index].0
    }

    /// To be filled, again and again.
    pub(crate) fn blank(&self) -> Vec<u8> {
        self.template.request.clone()
    }

    pub(crate) fn fill(&self, index: usize, request: &mut [u8]) {
        let (number, signature) = &self.deliveries[index];
        self.template.fill_body(*number, request);
        self.template.fill_head(*number, signature, request);
    }
}

fn put(request: &mut [u8], place: usize, text: &str) {
    request[place..place + text.len()].copy_from_slice(text.as_bytes());
}

/// In no order, as GitHub's are: what is kept under one lies anywhere among the others.
pub(crate) fn guid(number: usize) -> String {
    let scattered = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (high, low) = (scattered >> 32, (scattered >> 16) & 0xffff);
    format!("{high:08x}-{low:04x}-4000-8000-{number:012}")
}

fn head(guid: &str, signature: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: portolan\r\naccept: */*\r\ncontent-type: application/json\r\n\
         user-agent: GitHub-Hookshot/0cd5f3c\r\nx-github-delivery: {guid}\r\n\
         x-github-event: pull_request\r\nx-github-hook-id: 1\r\nx-hub-signature-256: {signature}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// As many digits as [`NUMBER`] has.
pub(crate) fn padded(number: usize) -> String {
    (1_000_000 + number).to_string()
}
