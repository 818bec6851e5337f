//! `make demo`: the real host between a stand-in GitHub and a stand-in Port, told step by step.
#![expect(clippy::print_stdout, reason = "the demo speaks to a person")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use portolan_tests::github::{Event, FakeGitHub};
use portolan_tests::host::RunningHost;
use portolan_tests::port::FakePort;
use serde_json::Value;

mod empty_root;
mod story;

use story::{Story, end, step, told};

/// Between two pull requests: time enough to read what became of the last one.
const EVERY: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => on_this_machine().await,
        Some("empty-root") => empty_root::run().await,
        Some(other) => anyhow::bail!("`{other}` is not known: `empty-root`, or nothing"),
    }
}

async fn on_this_machine() -> anyhow::Result<()> {
    let story = Story::between(FakeGitHub::start().await, FakePort::start().await)?;
    let (host, number) = story.tell(|host| host).await?;
    if std::env::var_os("DEMO_ONCE").is_some() {
        return end(host).await;
    }
    let Story {
        github,
        port,
        checkout,
    } = &story;
    your_turn(github, port, &host).await?;
    let edited = || checkout.pull_request_event("edited", number);
    go_on(github, port, &host, edited).await;
    let (status, _) = host.stop().await;
    println!("\nThe host ended with {status}.");
    Ok(())
}

/// Says what a person can do now, in commands that work as they stand.
async fn your_turn(github: &FakeGitHub, port: &FakePort, host: &RunningHost) -> anyhow::Result<()> {
    // The repositories of GitHub's recorded payloads, so that these can be posted too.
    for event in ["pull_request", "push", "issues", "workflow_run"] {
        github.recorded(event);
    }
    let target = target_folder()?;
    let plugin = target.join("guests/wasm32-unknown-unknown/guest/pull_requests.wasm");
    step("Your turn");
    println!(
        "    See a plugin swapped: edit tests/guests/pull-requests/src/lib.rs, say its title, then\n\n      \
         make guests && cp {plugin} {folder}/pull-requests.wasm\n\n    \
         A pull request is sent as soon as it is loaded, and one every {seconds} seconds.\n",
        plugin = shown(&plugin).display(),
        folder = shown(&link_here(host, &target)).display(),
        seconds = EVERY.as_secs(),
    );
    println!(
        "    Read an entity as Port has it:\n\n      \
         curl -H 'authorization: Bearer {token}' {url}/v1/blueprints/service/entities/checkout\n",
        token = token(port).await?,
        url = port.url(),
    );
    println!(
        "    Post any webhook of GitHub's, such as a line of tests/fixtures/webhooks/pull_request.jsonl in payload.json,\n    \
         to {url}, signed with the secret {secret:?}:\n\n      \
         SIGNATURE=$(openssl dgst -sha256 -hmac {secret:?} -r payload.json | cut -d' ' -f1)\n      \
         curl {url} --data-binary @payload.json -H 'content-type: application/json' \\\n        \
         -H 'x-github-event: pull_request' -H \"x-github-delivery: $(date +%s%N)\" -H \"x-hub-signature-256: sha256=$SIGNATURE\"\n\n    \
         Ctrl-C ends the demo.\n",
        url = host.url(),
        secret = github.webhook_secret(),
    );
    Ok(())
}

/// Sends pull requests and tells whatever the host says, well or ill, until Ctrl-C or the host's end.
async fn go_on(github: &FakeGitHub, port: &FakePort, host: &RunningHost, next: impl Fn() -> Event) {
    let mut said = host.said();
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    // One for the whole loop: what is pressed while a delivery is under way counts as well.
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            _ = &mut interrupt => return,
            _ = ticks.tick() => {
                let (status, body) = github.deliver(&host.url(), &next()).await;
                if status != 202 {
                    println!("    the pull request was answered {status}: {body}");
                }
            }
            more = host.wait_for_more(said) => {
                if !more {
                    return;
                }
                for line in &host.lines()[said..] {
                    said += 1;
                    told(line);
                    if line.contains("loaded plugin") {
                        ticks.reset_immediately();
                    }
                    if line.contains("mapped pull-request") {
                        for entity in port.entities("githubPullRequest") {
                            println!("    in Port: {} {}", entity["identifier"], entity["title"]);
                        }
                    }
                }
            }
        }
    }
}

/// What Port gives for the credentials; good for three hours.
async fn token(port: &FakePort) -> anyhow::Result<String> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let credentials = serde_json::json!({
        "clientId": port.client_id(), "clientSecret": port.client_secret(),
    });
    let url = format!("{}/v1/auth/access_token", port.url());
    let answer = http.post(url).json(&credentials).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let token = answer["accessToken"].as_str();
    Ok(token.context("Port gave no token")?.to_owned())
}

/// Where this program was built, whatever CARGO_TARGET_DIR says now: two folders above it.
fn target_folder() -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?;
    let folder = binary.parent().and_then(Path::parent);
    Ok(folder
        .context("the demo lies in no target folder")?
        .to_owned())
}

/// A path that is easier to type than that of a temporary folder.
fn link_here(host: &RunningHost, target: &Path) -> PathBuf {
    let link = target.join("demo-plugins");
    let _ = std::fs::remove_file(&link);
    match std::os::unix::fs::symlink(host.plugin_dir(), &link) {
        Ok(()) => link,
        Err(_) => host.plugin_dir(),
    }
}

/// Seen from here, where that is shorter.
fn shown(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}
