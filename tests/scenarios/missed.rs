//! What GitHub sent while nobody took it is read from GitHub's own log of deliveries.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use portolan_tests::fault::Fault;
use portolan_tests::github::{Event, Repository};
use portolan_tests::host::RunningHost;
use portolan_tests::journal::Recorded;
use serde_json::Value;

use crate::acme::Acme;

const LOG: &str = "/app/hook/deliveries";
/// What the issue promises; far more than it takes.
const TWO_MINUTES: Duration = Duration::from_secs(120);

/// Pull requests of one repository, which need nothing fetched to be mapped.
struct Pulls {
    acme: Acme,
    shop: Repository,
    /// The entities that they become.
    entities: BTreeSet<String>,
}

impl Pulls {
    async fn new() -> Self {
        let acme = Acme::new().await;
        let shop = acme.github.repository("acme/shop");
        shop.push_to("fast", &[("a.txt", "a")], "Begin");
        Self {
            acme,
            shop,
            entities: BTreeSet::new(),
        }
    }

    /// A host that has been up once, so that what is lost from now on is missed.
    async fn host(&self) -> RunningHost {
        let host = self.acme.host().plugin("pull-requests").start().await;
        host.wait_for_line("GitHub's log of deliveries is read from now on")
            .await;
        host
    }

    fn opened(&mut self, title: &str) -> Event {
        let number = self.shop.open_pull_request(title, "fast");
        let opened = self.shop.pull_request_event("opened", number);
        let id = &opened.payload["pull_request"]["id"];
        self.entities.insert(format!("shop{id}"));
        opened
    }

    /// Opens so many pull requests, of which nobody is told.
    fn lose(&mut self, count: usize) {
        for number in 0..count {
            let opened = self.opened(&format!("Number {number}"));
            self.acme.github.lose(&opened);
        }
    }

    /// Waits until every pull request is in the catalog, and shows that each was written once.
    async fn arrive_once(&self) {
        self.arrive(0).await;
    }

    /// The same; so many may be written twice: those that were in hand when the host was killed.
    async fn arrive(&self, in_hand: usize) {
        let arrived = |port: &portolan_tests::port::FakePort| {
            let missing = |entity: &&String| port.entity("githubPullRequest", entity).is_none();
            self.entities.iter().find(missing).is_none()
        };
        let port = &self.acme.port;
        port.wait_for_within(TWO_MINUTES, "all pull requests", arrived)
            .await;
        let mut written = BTreeMap::<String, usize>::new();
        for call in port.requests() {
            let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
            for entity in body["entities"].as_array().into_iter().flatten() {
                let identifier = entity["identifier"].as_str().unwrap_or_default();
                *written.entry(identifier.to_owned()).or_default() += 1;
            }
        }
        let twice: Vec<_> = written.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.len() <= in_hand, "{twice:?}");
        assert!(written.values().all(|times| *times <= 2), "{twice:?}");
    }

    /// How often each delivery's payload was fetched.
    fn fetched(&self) -> BTreeMap<String, usize> {
        let mut fetched = BTreeMap::new();
        for request in self.acme.github.requests().into_iter().filter(is_payload) {
            *fetched.entry(request.path).or_default() += 1;
        }
        fetched
    }
}

fn is_payload(request: &Recorded) -> bool {
    request
        .path
        .strip_prefix(LOG)
        .is_some_and(|id| id.len() > 1)
}

#[tokio::test]
async fn a_thousand_deliveries_that_were_missed_are_recovered_once_each() {
    let mut pulls = Pulls::new().await;
    let host = pulls.host().await;
    let again = host.again();
    host.stop().await;
    pulls.lose(1_000);

    let host = again.start().await;

    pulls.arrive_once().await;
    let line = host.wait_for_line("the host was away from").await;
    assert!(
        line.contains("1000 deliveries recovered, 0 were of no concern"),
        "{line}"
    );
    let again = host.again();
    host.stop().await;
    let host = again.start().await;
    let line = host.wait_for_line("the host was away from").await;
    assert!(line.contains(": 0 deliveries recovered"), "{line}");
    assert_eq!(pulls.fetched().values().sum::<usize>(), 1_000);
}

#[tokio::test]
async fn a_kill_in_the_middle_of_it_costs_nothing_and_repeats_nothing() {
    let mut pulls = Pulls::new().await;
    let host = pulls.host().await;
    let again = host.again();
    host.kill().await;
    pulls.lose(300);

    let host = again.start().await;
    let payloads = || pulls.fetched().len();
    let far = |_: &Recorded| payloads() >= 100;
    pulls
        .acme
        .github
        .wait_for_request("a hundred payloads", far)
        .await;
    let again = host.again();
    host.kill().await;
    assert!(payloads() < 300, "it was over before the kill");
    let _host = again.start().await;

    pulls.arrive(64).await;
    let twice = pulls
        .fetched()
        .into_values()
        .filter(|times| *times > 1)
        .count();
    assert!(twice <= 8, "{twice} that were on disk were fetched again");
}

#[tokio::test]
async fn what_nobody_maps_is_not_even_fetched() {
    let mut pulls = Pulls::new().await;
    let host = pulls.host().await;
    let again = host.again();
    host.stop().await;
    for _ in 0..20 {
        pulls.acme.github.lose(&pulls.shop.star());
    }
    pulls.lose(1);

    let host = again.start().await;

    pulls.arrive_once().await;
    let line = host.wait_for_line("the host was away from").await;
    assert!(
        line.contains("1 deliveries recovered, 20 were of no concern"),
        "{line}"
    );
    assert_eq!(pulls.fetched().len(), 1);
}

#[tokio::test]
async fn what_was_refused_for_a_wrong_secret_is_recovered_too() {
    let mut pulls = Pulls::new().await;
    let host = pulls.host().await;
    let opened = pulls.opened("Be fast");
    let github = &pulls.acme.github;
    let spoiled = github
        .sign(&opened)
        .signed_with("a secret that was mistyped");
    let (status, _) = github.post(&host.url(), &spoiled).await;
    assert!((400..500).contains(&status), "{status}");
    let arrived = pulls.opened("Be faster");
    pulls.acme.deliver(&host, &arrived).await;
    let again = host.again();
    host.stop().await;

    let _host = again.start().await;

    pulls.arrive_once().await;
    assert_eq!(pulls.fetched().len(), 1, "only the refused one");
}

#[tokio::test]
async fn what_ends_while_github_limits_the_host_goes_on_when_it_may() {
    let mut pulls = Pulls::new().await;
    let host = pulls.host().await;
    let again = host.again();
    host.stop().await;
    pulls.lose(20);
    let limit = Fault::status(429).header("retry-after", "3");
    pulls.acme.github.fail(limit.on("/app/hook/deliveries/"));

    let host = again.start().await;

    host.wait_for_line("missed deliveries could not be recovered, next try in")
        .await;
    pulls.arrive_once().await;
}

#[tokio::test]
async fn a_host_that_nothing_can_reach_pulls_all_there_is() {
    let mut pulls = Pulls::new().await;
    pulls.lose(3);
    let host = pulls.acme.host().plugin("pull-requests");
    let host = host.env("WEBHOOK_MODE", "pull").without("WEBHOOK_SECRET");
    let host = host.start().await;
    pulls.arrive_once().await;

    // GitHub's hook leads anywhere: whoever answers there is not the host.
    pulls.lose(2);
    let elsewhere = portolan_tests::stranger::Stranger::start().await;
    let taken = pulls.opened("Taken by somebody else");
    pulls.acme.github.deliver(&elsewhere.url(), &taken).await;
    pulls.arrive_once().await;

    let again = host.again();
    host.kill().await;
    pulls.lose(2);
    let host = again.start().await;
    // What had arrived and was not yet on record when it was killed is written again.
    pulls.arrive(3).await;
    let forged = pulls.opened("Nobody is believed");
    let (status, _) = pulls.acme.github.deliver(&host.url(), &forged).await;
    assert!((400..500).contains(&status), "{status}");
}
