//! `make demo`: the real host between a stand-in GitHub and a stand-in Port, told step by step.
#![expect(clippy::print_stdout, reason = "the demo speaks to a person")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use portolan_tests::github::{Event, FakeGitHub};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::Value;

const PORT_YML: &str = include_str!("../../../fixtures/checkout/port.yml");
const README: &str = include_str!("../../../fixtures/checkout/README.md");
const BLUEPRINTS: &str = include_str!("../../../fixtures/blueprints.json");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let github = FakeGitHub::start().await;
    let port = FakePort::start().await;
    for blueprint in serde_json::from_str::<Vec<Value>>(BLUEPRINTS)? {
        port.blueprint(blueprint);
    }
    github.organization("acme");
    let checkout = github.repository("acme/checkout");

    step("Start the host between a stand-in GitHub and a stand-in Port");
    let began = Instant::now();
    let host = TestHost::between(&github, &port).start().await;
    told(&host.wait_for_line("loaded plugin gitops").await);
    println!("    healthy after {} ms", began.elapsed().as_millis());

    step("Push a port.yml to acme/checkout");
    let commit = checkout.push(
        &[("port.yml", PORT_YML), ("README.md", README)],
        "Describe the service",
    );
    println!("{}", indented(PORT_YML));
    let line = deliver(&github, &host, &checkout.pushed(&commit), "mapped tree").await;
    told(&line);
    for (blueprint, identifier) in [("service", "checkout"), ("system", "shop")] {
        show(&port, blueprint, identifier).await?;
    }

    step("Drop a plugin into the running host: pull-requests, the mapper of the README's tutorial");
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
    told(&deliver(&github, &host, &opened, "mapped pull-request").await);
    let found = port.entities("githubPullRequest");
    for entity in &found {
        println!("{}", indented(&serde_json::to_string_pretty(entity)?));
    }

    if std::env::var_os("DEMO_ONCE").is_some() {
        let (status, _) = host.stop().await;
        println!("\nDone: the host drained and ended with {status}.");
        anyhow::ensure!(status.success(), "the host did not end well");
        return Ok(());
    }
    let here = link_here(&host);
    step("Your turn");
    println!(
        "    The host listens at {url} with the webhook secret {secret:?}; Port's entities are at\n    \
         {port}/v1/blueprints/service/entities/checkout (any request with the token that the stand-in gave).\n\n    \
         See a plugin swapped: edit tests/guests/pull-requests/src/lib.rs, say its title, then\n\n      \
         make guests && cp target/guests/wasm32-unknown-unknown/guest/pull_requests.wasm {plugins}/pull-requests.wasm\n\n    \
         The next pull request runs it; one is sent every ten seconds. Ctrl-C ends the demo.\n",
        url = host.url(),
        secret = github.webhook_secret(),
        port = port.url(),
        plugins = here.display(),
    );
    let mut said = host.said();
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(10));
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => break,
            _ = ticks.tick() => {}
        }
        let again = checkout.pull_request_event("edited", number);
        let (status, body) = github.deliver(&host.url(), &again).await;
        if status != 202 {
            println!("    refused with {status}: {body}");
        }
        let line = host.wait_for_line_after(said, "mapped pull-request").await;
        for line in host
            .lines()
            .iter()
            .skip(said)
            .filter(|other| **other != line)
        {
            told(line);
        }
        told(&line);
        for entity in port.entities("githubPullRequest") {
            println!("    {}", entity["title"]);
        }
        said = host.said();
    }
    host.stop().await;
    Ok(())
}

fn step(what: &str) {
    println!("\n==> {what}");
}

fn told(line: &str) {
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

/// A path that is easier to type than that of a temporary folder.
fn link_here(host: &RunningHost) -> PathBuf {
    let link = Path::new("target/demo-plugins");
    let _ = std::fs::remove_file(link);
    match std::os::unix::fs::symlink(host.plugin_dir(), link) {
        Ok(()) => link.to_owned(),
        Err(_) => host.plugin_dir(),
    }
}
