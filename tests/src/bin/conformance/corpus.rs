//! Every payload of npm `@octokit/webhooks-examples`, signed by npm `@octokit/webhooks-methods`, posted to the host.

mod example;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use portolan_tests::github::{Event, FakeGitHub, Signed};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::journal::PATIENCE;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::node;
use crate::verdict::Verdict;
use example::{Example, differences};

const BLUEPRINTS: &str = include_str!("../../../fixtures/blueprints.json");

/// MiB by which the host may have grown from the first replay to the third.
const GROWTH: f64 = 5.0;

/// 2036: later than anything that was recorded.
const BEGIN: i64 = 2_082_758_400;

/// After so long without a word of the host's it is asked.
const SILENCE: Duration = Duration::from_secs(1);

/// Pull requests that may pass until it is idle.
const ROUNDS: usize = 1000;

pub(crate) async fn judge(verdict: &mut Verdict) -> anyhow::Result<()> {
    let github = FakeGitHub::start().await;
    let examples = example::all(github.webhook_secret())?;
    let port = FakePort::start().await;
    for blueprint in serde_json::from_str::<Vec<Value>>(BLUEPRINTS)? {
        port.blueprint(blueprint);
    }
    for example in &examples {
        let payload: Value = serde_json::from_str(&example.body)?;
        github.know(&payload);
        if let Some(name) = payload["repository"]["name"].as_str() {
            port.plant("service", &json!({"identifier": name}), "recorded");
        }
    }
    let host = TestHost::between(&github, &port)
        .plugin("pull-requests")
        .env("SYNC_ON_START", "false")
        // What became of each delivery is told on `debug`.
        .env("LOG_LEVEL", "debug")
        .env("LOG_FORMAT", "json");
    let host = host.start().await;
    let world = World {
        github,
        port,
        host,
        moments: AtomicI64::new(0),
    };
    world.host.wait_for_line("GitHub knows the App as").await;

    world.refused(&examples, verdict).await;
    world.the_judge_is_awake(&examples, verdict).await?;
    let mut memory = Vec::new();
    for replay in 1..=3 {
        world.replay(&examples, verdict).await?;
        memory.push(resident(world.host.pid())?);
        println!(
            "    replay {replay}: the host is idle and takes {:.1} MiB",
            memory[replay - 1]
        );
    }
    let grown = memory[2] - memory[0];
    println!("    third replay against the first: {grown:+.1} MiB (at most {GROWTH:+.1})");
    verdict.require(grown <= GROWTH, || {
        format!("the host grew by {grown:.1} MiB from the first replay of the corpus to the third")
    });
    let (status, said) = world.host.stop().await;
    verdict.require(status.success(), || format!("the host ended with {status}"));
    std::fs::write(node::folder()?.join("corpus.log"), said.join("\n"))?;
    for line in said
        .iter()
        .filter(|line| line.contains(r#""level":"ERROR""#))
    {
        verdict.violation(format!("the host said: {line}"));
    }
    Ok(())
}

struct World {
    github: FakeGitHub,
    port: FakePort,
    host: RunningHost,
    /// Seconds since [`BEGIN`].
    moments: AtomicI64,
}

impl World {
    /// With a wrong secret none comes in, and nothing comes of any.
    async fn refused(&self, examples: &[Example], verdict: &mut Verdict) {
        let (mark, mut refused) = (self.github.mark(), 0);
        for example in examples {
            let signed = self.signed(example, &example.body, &example.wrong);
            let (status, _) = self.github.forge(&self.host.url(), &signed).await;
            refused += usize::from((400..500).contains(&status));
            verdict.require((400..500).contains(&status), || {
                format!("{example} signed with a wrong secret was answered {status}")
            });
        }
        println!(
            "    wrong secret: {refused} of {} payloads refused",
            examples.len()
        );
        let asked = self.github.requests_since(mark).into_iter();
        let asked = asked
            .filter(|request| request.path.starts_with("/repo"))
            .count();
        verdict.require(asked == 0 && self.port.writes() == 0, || {
            "refused payloads led to requests".to_owned()
        });
    }

    /// What the judge must find wrong, it finds wrong.
    async fn the_judge_is_awake(
        &self,
        examples: &[Example],
        verdict: &mut Verdict,
    ) -> anyhow::Result<()> {
        let example = examples.first().context("there are examples")?;
        let altered = format!("{} ", example.body);
        let signed = self.signed(example, &altered, &example.right);
        let (status, text) = self.github.forge(&self.host.url(), &signed).await;
        verdict.require(!accepted(status), || {
            format!("a body with a blank more than what was signed was answered {status}: {text}")
        });
        let pull = examples
            .iter()
            .find(|example| example.event == "pull_request");
        let pull = pull.context("there are pull requests")?;
        let right = pull.entity()?;
        for field in [
            "title",
            "properties",
            "relations",
            "blueprint",
            "identifier",
        ] {
            let mut wrong = right.clone();
            wrong[field] = json!("something else");
            verdict.require(!differences(&right, &wrong).is_empty(), || {
                format!("a wrong {field} of an entity would not be noticed")
            });
        }
        println!(
            "    the judge is awake: an altered body was answered {status}, wrong fields are seen"
        );
        Ok(())
    }

    /// All of them once, until the host is idle.
    async fn replay(&self, examples: &[Example], verdict: &mut Verdict) -> anyhow::Result<()> {
        let said = self.host.said();
        let mut waiting = BTreeMap::new();
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        let mut entities = 0;
        for example in examples {
            let before = self.host.said();
            let pull = example.event == "pull_request";
            if pull {
                self.is_so_now(&example.body)?;
            }
            let (signed, (status, text)) = self.post(example, &example.body, &example.right).await;
            if !accepted(status) {
                verdict.violation(format!("{example} was answered {status}: {text}"));
                continue;
            }
            *taken.entry(&example.folder).or_default() += 1;
            if pull {
                let end = BTreeMap::from([(signed.guid, example.to_string())]);
                heard(&self.settled(before, end).await, verdict);
                let wrong = self.mapped(&example.entity()?);
                entities += usize::from(wrong.is_empty());
                for difference in wrong {
                    verdict.violation(format!("{example}: {difference}"));
                }
            } else if !example.event.starts_with("installation") {
                waiting.insert(signed.guid, example.to_string());
            }
        }
        let folders: Vec<_> = taken
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let total: usize = taken.values().sum();
        println!(
            "    right secret: {total} of {} payloads accepted ({})",
            examples.len(),
            folders.join(", ")
        );
        println!("    {entities} pull requests are entities in Port, every field as recorded");
        heard(&self.settled(said, waiting).await, verdict);
        self.idle(examples).await?;
        let lines = self.host.lines();
        for line in lines[said..]
            .iter()
            .filter(|line| line.contains("put aside"))
        {
            verdict.violation(format!("an event was put aside: {line}"));
        }
        Ok(())
    }

    /// The recordings go back in time, so that of most of them the host asks GitHub what holds now: what the recording
    /// says, and since a moment ago.
    fn is_so_now(&self, body: &str) -> anyhow::Result<()> {
        let payload: Value = serde_json::from_str(body)?;
        let (mut pull, repository) = (payload["pull_request"].clone(), &payload["repository"]);
        let moment = self.moments.fetch_add(1, Ordering::Relaxed);
        let now = jiff::Timestamp::from_second(BEGIN + moment)?;
        pull["updated_at"] = json!(now.to_string());
        let path = format!(
            "/repositories/{}/pulls/{}",
            repository["id"], pull["number"]
        );
        self.github.serve(&path, pull);
        Ok(())
    }

    async fn post(
        &self,
        example: &Example,
        body: &str,
        signature: &str,
    ) -> (Signed, (u16, String)) {
        let signed = self.signed(example, body, signature);
        let answer = self.github.post(&self.host.url(), &signed).await;
        (signed, answer)
    }

    fn signed(&self, example: &Example, body: &str, signature: &str) -> Signed {
        let mut signed = self.github.sign(&Event::new(&example.event, Value::Null));
        signed.body = body.to_owned().into();
        signed.signature = Some(signature.to_owned());
        signed
    }

    fn mapped(&self, expected: &Value) -> Vec<String> {
        let identifier = expected["identifier"].as_str().unwrap_or_default();
        match self.port.entity("githubPullRequest", identifier) {
            Some(is) => differences(expected, &is),
            None => vec![format!("there is no entity {identifier}")],
        }
    }

    /// Waits until the end of each of these deliveries has been told; gives those of which it never is.
    async fn settled(
        &self,
        said: usize,
        mut waiting: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let (mut looked, mut moved) = (said, Instant::now());
        loop {
            let lines = self.host.lines();
            for line in &lines[looked..] {
                if END.iter().any(|end| line.contains(end)) {
                    waiting.retain(|guid, _| !line.contains(guid.as_str()));
                }
            }
            looked = lines.len();
            if waiting.is_empty() || moved.elapsed() > PATIENCE {
                return waiting;
            }
            match tokio::time::timeout(SILENCE, self.host.wait_for_more(looked)).await {
                Ok(true) => moved = Instant::now(),
                Ok(false) => return waiting,
                // The log tells of the newest of those that were done together; of the others, the store does.
                Err(_) => waiting.retain(|guid, _| !self.is_done(guid)),
            }
        }
    }

    fn is_done(&self, guid: &str) -> bool {
        let shown = self.host.cli(&["deliveries", "show", guid, "--json"]);
        serde_json::from_slice::<Value>(&shown.stdout).is_ok_and(|shown| shown["state"] == "done")
    }

    /// What installations bring is told by no delivery: one more pull request passes twice
    /// and nobody says or asks anything else meanwhile.
    async fn idle(&self, examples: &[Example]) -> anyhow::Result<()> {
        let pull = examples.iter().find(|example| {
            example.event == "pull_request" && example.body.contains(r#""installation":"#)
        });
        let pull = pull.context("there are pull requests")?;
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            if quiet == 2 {
                return Ok(());
            }
            let (said, mark) = (self.host.said(), self.github.mark());
            let (signed, _) = self.post(pull, &pull.body, &pull.right).await;
            self.host.wait_for_line_after(said, &signed.guid).await;
            let lines = self.host.lines();
            let others = lines[said..]
                .iter()
                .filter(|line| !line.contains(&signed.guid));
            // The pull request itself is looked up, for nothing about it is new.
            let requests = self.github.requests_since(mark).into_iter();
            let asked = requests.filter(|request| {
                !request.path.contains("/pulls/") && !request.path.starts_with("/app/")
            });
            let busy = others.count() + asked.count();
            quiet = if busy == 0 { quiet + 1 } else { 0 };
        }
        bail!("the host does not come to rest after a replay of the corpus")
    }
}

/// The last that is said of a delivery.
const END: [&str; 5] = [
    "acknowledged ",
    "mapped ",
    "nothing to map",
    "put aside",
    "cannot be read",
];

fn heard(unsettled: &BTreeMap<String, String>, verdict: &mut Verdict) {
    for (guid, example) in unsettled {
        verdict.violation(format!("nobody heard the end of {guid}, {example}"));
    }
}

fn accepted(status: u16) -> bool {
    (200..300).contains(&status)
}

/// MiB of memory that a process takes up.
fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.context("the kernel tells VmRSS")?.parse()?;
    Ok(kib / 1024.0)
}
