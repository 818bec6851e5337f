//! Every payload of npm `@octokit/webhooks-examples`, signed by npm `@octokit/webhooks-methods`, posted to the host.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, ensure};
use portolan_tests::github::{Event, FakeGitHub, Signed};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::node;
use crate::verdict::Verdict;

const BLUEPRINTS: &str = include_str!("../../../fixtures/blueprints.json");

/// In version 7.6.1, all folders together.
const PUBLISHED: usize = 726;

/// MiB by which the host may have grown from the first replay to the third.
const GROWTH: f64 = 5.0;

struct Example {
    folder: String,
    event: String,
    body: String,
    right: String,
    wrong: String,
}

pub(crate) async fn judge(verdict: &mut Verdict) -> anyhow::Result<()> {
    let github = FakeGitHub::start().await;
    let examples = examples(github.webhook_secret())?;
    ensure!(
        examples.len() == PUBLISHED,
        "the corpus has {} payloads, not {PUBLISHED}: are the packages of package-lock.json installed?",
        examples.len()
    );
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
    let world = World { github, port, host };
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

fn examples(secret: &str) -> anyhow::Result<Vec<Example>> {
    let lines = node::lines(&["corpus.js", secret, "another secret"])?;
    let read = |line: &String| {
        let json: Value = serde_json::from_str(line)?;
        let text = |key: &str| json[key].as_str().map(str::to_owned).context("a text");
        anyhow::Ok(Example {
            folder: text("folder")?,
            event: text("event")?,
            body: text("body")?,
            right: text("right")?,
            wrong: text("wrong")?,
        })
    };
    lines.iter().map(read).collect()
}

struct World {
    github: FakeGitHub,
    port: FakePort,
    host: RunningHost,
}

impl World {
    /// With a wrong secret none comes in, and nothing comes of any.
    async fn refused(&self, examples: &[Example], verdict: &mut Verdict) {
        let (mark, mut refused) = (self.github.mark(), 0);
        for example in examples {
            let (status, _) = self.post(example, &example.body, &example.wrong).await.1;
            refused += usize::from((400..500).contains(&status));
            verdict.require((400..500).contains(&status), || {
                format!("{example} signed with a wrong secret was answered {status}")
            });
        }
        println!(
            "    wrong secret: {refused} of {} payloads refused",
            examples.len()
        );
        let asked = self.github.requests_since(mark).len();
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
        let (_, (status, text)) = self.post(example, &altered, &example.right).await;
        verdict.require(!accepted(status), || {
            format!("a body with a blank more than what was signed was answered {status}: {text}")
        });
        let pull = examples
            .iter()
            .find(|example| example.event == "pull_request");
        let pull = pull.context("there are pull requests")?;
        let right = expected(pull)?;
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
        let mut waiting = HashSet::new();
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        let mut entities = 0;
        for example in examples {
            let pull = example.event == "pull_request";
            if pull {
                self.forget(&expected(example)?);
            }
            let (signed, (status, text)) = self.post(example, &example.body, &example.right).await;
            if !accepted(status) {
                verdict.violation(format!("{example} was answered {status}: {text}"));
                continue;
            }
            *taken.entry(&example.folder).or_default() += 1;
            if pull {
                self.host.wait_for_line_after(said, &signed.guid).await;
                let wrong = self.mapped(&expected(example)?);
                entities += usize::from(wrong.is_empty());
                for difference in wrong {
                    verdict.violation(format!("{example}: {difference}"));
                }
            } else if !example.event.starts_with("installation") {
                waiting.insert(signed.guid);
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
        self.settled(said, waiting).await;
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

    async fn post(
        &self,
        example: &Example,
        body: &str,
        signature: &str,
    ) -> (Signed, (u16, String)) {
        let mut signed = self.github.sign(&Event::new(&example.event, Value::Null));
        signed.body = body.to_owned().into();
        signed.signature = Some(signature.to_owned());
        let answer = self.github.post(&self.host.url(), &signed).await;
        (signed, answer)
    }

    /// Several payloads tell of one pull request: each must bring its entity anew.
    fn forget(&self, expected: &Value) {
        let blank = json!({"identifier": expected["identifier"]});
        self.port.plant("githubPullRequest", &blank, "nobody");
    }

    fn mapped(&self, expected: &Value) -> Vec<String> {
        let identifier = expected["identifier"].as_str().unwrap_or_default();
        match self.port.entity("githubPullRequest", identifier) {
            Some(is) => differences(expected, &is),
            None => vec![format!("there is no entity {identifier}")],
        }
    }

    /// Each of these deliveries has been told the end of.
    async fn settled(&self, said: usize, mut waiting: HashSet<String>) {
        let mut looked = said;
        while !waiting.is_empty() {
            let lines = self.host.lines();
            for line in &lines[looked..] {
                if END.iter().any(|end| line.contains(end)) {
                    waiting.retain(|guid| !line.contains(guid.as_str()));
                }
            }
            looked = lines.len();
            if !waiting.is_empty() && !self.host.wait_for_more(looked).await {
                return;
            }
        }
    }

    /// What installations bring is told by no delivery: one more pull request passes twice
    /// and nobody says or asks anything else meanwhile.
    async fn idle(&self, examples: &[Example]) -> anyhow::Result<()> {
        let pull = examples.iter().find(|example| {
            example.event == "pull_request" && example.body.contains(r#""installation":"#)
        });
        let pull = pull.context("there are pull requests")?;
        let mut quiet = 0;
        while quiet < 2 {
            let (said, mark) = (self.host.said(), self.github.mark());
            let (signed, _) = self.post(pull, &pull.body, &pull.right).await;
            self.host.wait_for_line_after(said, &signed.guid).await;
            let lines = self.host.lines();
            let others = lines[said..]
                .iter()
                .filter(|line| !line.contains(&signed.guid));
            let busy = others.count() + self.github.requests_since(mark).len();
            quiet = if busy == 0 { quiet + 1 } else { 0 };
        }
        Ok(())
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

impl std::fmt::Display for Example {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let payload: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let action = payload["action"].as_str().unwrap_or("without action");
        write!(f, "{} of {} ({action})", self.event, self.folder)
    }
}

fn accepted(status: u16) -> bool {
    (200..300).contains(&status)
}

/// What the README's tutorial says that a pull request becomes.
fn expected(example: &Example) -> anyhow::Result<Value> {
    let payload: Value = serde_json::from_str(&example.body)?;
    let (pull, repository) = (&payload["pull_request"], &payload["repository"]["name"]);
    let name = repository.as_str().context("a repository has a name")?;
    let status = match &pull["merged_at"] {
        Value::Null => &pull["state"],
        _ => &json!("merged"),
    };
    Ok(json!({
        "blueprint": "githubPullRequest",
        "identifier": format!("{name}{}", pull["id"]),
        "title": pull["title"],
        "properties": {"status": status, "creator": pull["user"]["login"], "link": pull["html_url"]},
        "relations": {"service": name},
    }))
}

/// Field by field, of what is expected.
fn differences(expected: &Value, is: &Value) -> Vec<String> {
    let fields = expected.as_object().into_iter().flatten();
    let wrong = fields.filter(|(field, value)| is[field.as_str()] != **value);
    wrong
        .map(|(field, value)| format!("{field} is {}, not {value}", is[field.as_str()]))
        .collect()
}

/// MiB of memory that a process takes up.
fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = kib.context("the kernel tells VmRSS")?.parse()?;
    Ok(kib / 1024.0)
}
