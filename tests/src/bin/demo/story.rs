//! What the demo tells, from a host's start to a mapped pull request.

use std::time::Instant;

use portolan_tests::github::{Event, FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::Value;

const PORT_YML: &str = include_str!("../../../fixtures/checkout/port.yml");
const README: &str = include_str!("../../../fixtures/checkout/README.md");
const BLUEPRINTS: &str = include_str!("../../../fixtures/blueprints.json");

/// The world it happens in.
pub(super) struct Story {
    pub(super) github: FakeGitHub,
    pub(super) port: FakePort,
    pub(super) checkout: Repository,
}

impl Story {
    pub(super) fn between(github: FakeGitHub, port: FakePort) -> anyhow::Result<Self> {
        for blueprint in serde_json::from_str::<Vec<Value>>(BLUEPRINTS)? {
            port.blueprint(blueprint);
        }
        github.organization("acme");
        let checkout = github.repository("acme/checkout");
        Ok(Self {
            github,
            port,
            checkout,
        })
    }

    /// Tells it with the host made ready like this; gives the host and the pull request's number.
    pub(super) async fn tell(
        &self,
        ready: impl FnOnce(TestHost) -> TestHost,
    ) -> anyhow::Result<(RunningHost, u64)> {
        let Self {
            github,
            port,
            checkout,
        } = self;
        step("Start the host between a stand-in GitHub and a stand-in Port");
        let began = Instant::now();
        let host = ready(TestHost::between(github, port)).apart().start().await;
        told(&host.wait_for_line("loaded plugin gitops").await);
        println!("    healthy after {} ms", began.elapsed().as_millis());

        step("Push a port.yml to acme/checkout");
        let commit = checkout.push(
            &[("port.yml", PORT_YML), ("README.md", README)],
            "Describe the service",
        );
        println!("{}", indented(PORT_YML));
        let line = deliver(github, &host, &checkout.pushed(&commit), "mapped tree").await;
        told(&line);
        for (blueprint, identifier) in [("service", "checkout"), ("system", "shop")] {
            show(port, blueprint, identifier).await?;
        }

        step(
            "Drop a plugin into the running host: pull-requests, the mapper of the README's tutorial",
        );
        let began = Instant::now();
        host.plugin("pull-requests");
        told(&host.wait_for_line("loaded plugin pull-requests").await);
        println!("    {} ms after the copy", began.elapsed().as_millis());

        step("Open a pull request");
        checkout.push_to(
            "faster",
            &[(
                "README.md",
                "# Checkout\n\nTakes the money twice as fast.\n",
            )],
            "Be faster",
        );
        let number = checkout.open_pull_request("Take the money twice as fast", "faster");
        let opened = checkout.pull_request_event("opened", number);
        told(&deliver(github, &host, &opened, "mapped pull-request").await);
        let found = port.entities("githubPullRequest");
        for entity in &found {
            println!("{}", indented(&serde_json::to_string_pretty(entity)?));
        }
        Ok((host, number))
    }
}

/// Ends the host as a deployment does.
pub(super) async fn end(host: RunningHost) -> anyhow::Result<()> {
    let (status, _) = host.stop().await;
    println!("\nDone: the host drained and ended with {status}.");
    anyhow::ensure!(status.success(), "the host did not end well");
    Ok(())
}

pub(super) fn step(what: &str) {
    println!("\n==> {what}");
}

pub(super) fn told(line: &str) {
    println!("    host: {line}");
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}\n")).collect()
}

async fn deliver(github: &FakeGitHub, host: &RunningHost, event: &Event, until: &str) -> String {
    let said = host.said();
    let began = Instant::now();
    let (status, body) = github.deliver(&host.url(), event).await;
    let accepted = began.elapsed();
    assert_eq!(status, 202, "{body}");
    let line = host.wait_for_line_after(said, until).await;
    println!(
        "    delivered and accepted with {status} in {:.1} ms, in Port after {:.1} ms",
        accepted.as_secs_f64() * 1e3,
        began.elapsed().as_secs_f64() * 1e3
    );
    line
}

async fn show(port: &FakePort, blueprint: &str, identifier: &str) -> anyhow::Result<()> {
    let entity = port.wait_for_entity(blueprint, identifier).await;
    println!("{}", indented(&serde_json::to_string_pretty(&entity)?));
    Ok(())
}
