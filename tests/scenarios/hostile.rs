//! A hostile plugin hurts itself alone: beside it a healthy one maps every event, and what went wrong is said
//! in words that a mapper's author understands.

mod configured;

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::github::{FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use crate::load::{Load, pull_requests, resident};

/// Of healthy deliveries: enough to find each misdeed at work, few enough for a debug build on two cores.
const PER_SECOND: u32 = 40;

/// What an issue's title makes the guest do, and what the log must say of it.
const MISDEEDS: [(&str, &[&str]); 15] = [
    (
        "loop",
        &[
            "did not finish within 1 s",
            "look for a loop that does not end",
        ],
    ),
    (
        "memory",
        &["asked for 65 MiB of memory", "an instance may have 64 MiB"],
    ),
    ("stack", &["look for", "recursion"]),
    (
        "panic",
        &[
            "panicked at tests/guests/misbehaving/src/lib.rs:",
            ": xxxx",
            "[…]",
        ],
    ),
    ("output 100", &["of memory; an instance may have 64 MiB"]),
    (
        "output 30",
        &[
            "returned more than 1024 KiB",
            "return fewer entities or less text",
        ],
    ),
    ("many-entities 100000", &["returned more than 1024 KiB"]),
    ("many-notes 100000", &["returned more than 1024 KiB"]),
    ("invalid-utf8", &["broke the contract", "utf-8"]),
    (
        "endless-questions",
        &["the mapper asks without end", "more than 32 rounds"],
    ),
    (
        "many-questions 1000",
        &["the mapper asks without end", "more than 256 questions"],
    ),
    ("many-questions 100000", &["returned more than 1024 KiB"]),
    (
        "forbidden-question",
        &["`../../etc/passwd`", "leaves its folder"],
    ),
    ("refuse", &["I will not map this issue"]),
    ("loop again", &["did not finish within 1 s"]),
];

/// What is mapped, but for the part that is wrong.
const NONSENSE: [(&str, &[&str]); 4] = [
    ("invalid-json", &["properties", "JSON"]),
    (
        "deep-json",
        &["properties", "nested more than 100 levels deep"],
    ),
    ("bad-identifier", &["identifier"]),
    ("bad-blueprint", &["blueprint"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_plugin_does_the_others_map_every_event_and_its_author_learns_why() {
    let world = World::begin().await;
    let World {
        github,
        port,
        host,
        shop,
    } = &world;
    let before = resident(host.pid());
    let load = Load::begin(github, host.url(), PER_SECOND, pull_requests(shop));

    for (title, words) in MISDEEDS {
        let line = world.open(title, "put aside: misbehaving").await;
        for word in words {
            assert!(line.contains(word), "{title}: no \"{word}\" in: {line}");
        }
        assert!(line.len() < 3_000, "{title}: {} bytes", line.len());
        world.is_well().await;
    }
    // Whatever the dead ones held is given back.
    for _ in 0..20 {
        world.open("memory", "put aside: misbehaving").await;
        world.is_well().await;
    }
    for (title, words) in NONSENSE {
        let line = world.open(title, "mapped issue").await;
        assert!(line.contains("1 refused"), "{title}: {line}");
        let lines = host.lines();
        let told = lines.iter().rev().find(|line| line.contains("WARN"));
        let told = told.expect("what is refused is warned about");
        for word in words {
            assert!(told.contains(word), "{title}: no \"{word}\" in: {told}");
        }
        world.is_well().await;
    }
    let sent = load.end().await;

    assert!(sent.iter().all(|sent| sent.status == 202));
    port.wait_for("every healthy event", |port| {
        port.entities("githubPullRequest").len() >= sent.len()
    })
    .await;
    for sent in &sent {
        let identifier = format!("shop{}", sent.id);
        let stored = port.stored("githubPullRequest", &identifier);
        assert_eq!(stored.map(|stored| stored.writes), Some(1));
    }
    let after = resident(host.pid());
    eprintln!(
        "{} misdeeds beside {} healthy events; resident {} MiB before, {} MiB after, {} MiB at most",
        MISDEEDS.len() + NONSENSE.len(),
        sent.len(),
        before.0,
        after.0,
        after.1,
    );
    // Kept instances hold 64 MiB at most, and each that runs as much again: two of a hostile plugin on two cores.
    let running = 64 * std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    assert!(after.0 < before.0 + 100, "{after:?}");
    assert!(after.1 < before.0 + 150 + running, "{after:?}");
    world.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_always_loops_rests_and_loses_nothing() {
    let world = World::begin().await;
    let (github, port, host) = (&world.github, &world.port, &world.host);
    let number = world.shop.open_issue("loop");
    let like = world.shop.issue_event("opened", number);
    // More than there are workers: each would wait for its turn to loop.
    for id in 1..=100 {
        let mut event = like.clone();
        event.payload["issue"]["id"] = json!(id);
        let (status, _) = github.deliver(&host.url(), &event).await;
        assert_eq!(status, 202);
    }
    let began = Instant::now();
    let load = Load::begin(github, host.url(), PER_SECOND, pull_requests(&world.shop));
    let line = host
        .wait_for_line("failed 5 times in a row for this repository and configuration and rests")
        .await;
    assert!(line.contains("did not finish within 1 s"), "{line}");
    host.wait_for_line("it rests for").await;
    let sent = load.end().await;
    port.wait_for("every healthy event", |port| {
        port.entities("githubPullRequest").len() >= sent.len()
    })
    .await;
    // A hundred loops of a second on a handful of places would have taken far longer.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");

    // Nothing of what met the rest is lost: the next version maps it.
    port.blueprint(marked());
    host.plugin_as("versioned", "misbehaving");
    let aside = || {
        let lines = host.lines();
        let aside = lines
            .iter()
            .filter(|line| line.contains("put aside: misbehaving"));
        aside.count()
    };
    port.wait_for("what waited", |port| {
        port.entities("marked").len() + aside() >= 100
    })
    .await;
    assert!(aside() < 20, "{}", aside());
    world.is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_lines_is_cut_counted_and_cleaned() {
    let world = World::begin().await;
    let before = world.host.said();
    for title in [
        "log-flood 1000000",
        "log-long",
        "many-notes 100",
        "log-flood 100000",
    ] {
        world.open(title, "misbehaving").await;
    }
    world.is_well().await;

    world.host.wait_for_line("log lines dropped").await;
    let lines = world.host.lines().split_off(before);
    let bytes: usize = lines.iter().map(String::len).sum();
    assert!(bytes < 300_000, "{bytes} bytes of log");
    let flood = lines.iter().find(|line| line.contains("[31mline 0"));
    let flood = flood.expect("the first lines of the flood are shown");
    assert!(
        flood.contains("plugin=") && flood.contains("misbehaving"),
        "{flood}"
    );
    // What pretends to be a line of its own stays within its line.
    assert!(!lines.iter().any(|line| line.starts_with("fake:")));
    world.is_clean();
}

#[tokio::test]
async fn what_cannot_be_a_plugin_is_refused_by_a_sentence() {
    let world = World::begin().await;
    let module = |text: &str| wat::parse_str(text).expect("the scenario's module is one");
    let refusals = [
        (
            "wasi",
            module(
                r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#,
            ),
            "it imports wasi_snapshot_preview1; Portolan links no WASI, a mapper has no files, clocks or network: build with --target wasm32-unknown-unknown",
        ),
        (
            "wasi-component",
            module(r#"(component (import "wasi:sockets/tcp@0.2.6" (instance)))"#),
            "it imports wasi:sockets/tcp@0.2.6; Portolan links no WASI",
        ),
        (
            "env",
            module(r#"(module (import "env" "system" (func (param i32) (result i32))))"#),
            "it imports env; a plugin may import portolan:mapper/log and nothing else",
        ),
        (
            "other-interface",
            module(r#"(module (import "portolan:secrets/read@0.1.0" "all" (func)))"#),
            "it imports portolan:secrets/read@0.1.0; a plugin may import",
        ),
        (
            "browser",
            module(r#"(module (import "__wbindgen_placeholder__" "now" (func)))"#),
            "some crate in it expects a browser",
        ),
        (
            "no-mapper",
            module(r#"(module (func (export "main")))"#),
            "so it is no mapper; a Rust crate exports it by portolan_sdk::export_mapper!",
        ),
        ("empty", Vec::new(), "it is empty"),
        (
            "native",
            b"\x7fELF\x02\x01\x01\0\0\0\0".to_vec(),
            "it is a native program",
        ),
        ("huge", vec![0; (32 << 20) + 1], "it is larger than 32 MiB"),
    ];
    for (name, bytes, words) in refusals {
        world.host.plugin_bytes(name, &bytes);
        let line = world
            .host
            .wait_for_line(&format!("plugin {name} is not loaded"))
            .await;
        assert!(line.contains(words), "{line}");
    }
    world.host.plugin("traps-in-describe");
    let line = world
        .host
        .wait_for_line("plugin traps-in-describe is not loaded")
        .await;
    assert!(
        line.contains("it fails when asked to describe itself")
            && line.contains("panicked at tests/guests/traps-in-describe/src/lib.rs:")
            && line.contains("this plugin cannot describe itself"),
        "{line}"
    );
    world.is_well().await;
    world.is_clean();
}

/// What `versioned` writes.
fn marked() -> Value {
    json!({
        "identifier": "marked", "title": "Marked", "relations": {},
        "schema": { "properties": { "madeBy": { "type": "string" }, "note": { "type": "string" } }, "required": [] },
    })
}

/// `misbehaving` and `pull-requests` side by side.
struct World {
    github: Arc<FakeGitHub>,
    port: FakePort,
    host: RunningHost,
    shop: Repository,
}

impl World {
    async fn begin() -> Self {
        let github = Arc::new(FakeGitHub::start().await);
        let port = FakePort::start().await;
        for blueprint in
            serde_json::from_str::<Vec<Value>>(include_str!("../fixtures/blueprints.json"))
                .expect("the fixture is JSON")
        {
            port.blueprint(blueprint);
        }
        let text = json!({ "type": "string" });
        port.blueprint(json!({
            "identifier": "issue", "title": "Issue", "relations": {},
            "schema": { "properties": { "state": text }, "required": [] },
        }));
        port.plant("service", &json!({ "identifier": "shop" }), "somebody");
        let host = TestHost::between(&github, &port)
            .bundled(&[])
            .plugin("misbehaving")
            .plugin("pull-requests")
            .start()
            .await;
        let shop = github.repository("acme/shop");
        Self {
            github,
            port,
            host,
            shop,
        }
    }

    /// Opens an issue with this title; gives the line that the host ends it with.
    async fn open(&self, title: &str, line: &str) -> String {
        let said = self.host.said();
        let number = self.shop.open_issue(title);
        let event = self.shop.issue_event("opened", number);
        let (status, text) = self.github.deliver(&self.host.url(), &event).await;
        assert_eq!(status, 202, "{text}");
        self.host.wait_for_line_after(said, line).await
    }

    /// The hostile plugin itself maps the next honest issue.
    async fn is_well(&self) {
        let said = self.host.said();
        let number = self.shop.open_issue("An honest issue");
        let event = self.shop.issue_event("opened", number);
        let (status, text) = self.github.deliver(&self.host.url(), &event).await;
        assert_eq!(status, 202, "{text}");
        let id = event.payload["issue"]["id"].to_string();
        self.port.wait_for_entity("issue", &id).await;
        // Its line comes after, and must not be taken for that of the next.
        self.host.wait_for_line_after(said, "mapped issue").await;
    }

    /// Nothing that a guest said can drive a terminal or forge a line.
    fn is_clean(&self) {
        for line in self.host.lines() {
            let wrong = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!line.contains(wrong), "{line:?}");
        }
    }
}
