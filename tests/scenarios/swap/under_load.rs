//! Two hundred signed deliveries a second while the plugin's file is replaced in every way.
//!
//! Twelve seconds and ten replacements; `SWAP_SECONDS=60` makes it a minute and fifty.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::github::FakeGitHub;
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

use super::versions::{mark, name, of_another_world, version};
use super::{catalog, volume};
use crate::load::{Load, Sent, issues, resident};

const PER_SECOND: u32 = 200;
/// Between replacements: fifty in a minute.
const PACE: Duration = Duration::from_millis(1_200);

#[derive(Debug, Clone, Copy)]
enum Way {
    Renamed,
    WrittenInPlace,
    Truncated,
    Garbage,
    WrongWorld,
    DeletedAndRestored,
}

const WAYS: [Way; 6] = [
    Way::Renamed,
    Way::Truncated,
    Way::WrittenInPlace,
    Way::Garbage,
    Way::DeletedAndRestored,
    Way::WrongWorld,
];

/// When each version was known to serve.
type Loaded = BTreeMap<usize, Instant>;

#[tokio::test(flavor = "multi_thread")]
async fn each_delivery_is_mapped_once_by_one_whole_version_while_the_file_is_replaced() {
    let seconds = std::env::var("SWAP_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(12);
    let rounds = Duration::from_secs(seconds).as_millis() / PACE.as_millis();
    let rounds = usize::try_from(rounds).expect("a few minutes at most");
    let github = Arc::new(FakeGitHub::start().await);
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&[])
        .env("LOG_FORMAT", "json")
        .with_own_compile_cache();
    let host = host.start().await;
    host.plugin_bytes("versioned", &version(0));
    host.wait_for_line(&format!("loaded plugin versioned {}", name(&version(0))))
        .await;
    let mut loaded = Loaded::from([(0, Instant::now())]);
    let before = resident(host.pid());

    let shop = github.repository("acme/shop");
    let load = Load::begin(&github, host.url(), PER_SECOND, issues(&shop));
    let mut pace = tokio::time::interval(PACE);
    for round in 1..=rounds {
        pace.tick().await;
        replace(&host, &port, round, &mut loaded).await;
    }
    let then = port.writes() + 100;
    port.wait_for("work of the last", |port| port.writes() >= then)
        .await;
    let sent = load.end().await;
    let accepted = u64::try_from(sent.len()).expect("few enough");
    port.wait_for("every accepted delivery", |port| port.writes() >= accepted)
        .await;
    let after = resident(host.pid());
    let (status, lines) = host.stop().await;

    assert!(status.success());
    assert!(sent.iter().all(|sent| sent.status == 202));
    assert_eq!(port.writes(), accepted, "something was written twice");
    let seen = mapped_once_each(&port, &sent, &lines, &loaded);
    assert_eq!(
        seen,
        loaded.keys().copied().collect(),
        "a version without work"
    );
    eprintln!(
        "{rounds} replacements in {seconds} s at {PER_SECOND}/s: {accepted} accepted, {} processed, {} versions seen; \
         resident {} MiB before, {} MiB after, {} MiB at most",
        port.writes(),
        seen.len(),
        before.0,
        after.0,
        after.1,
    );
}

/// Replaces the file in this round's way, and waits until the host has taken it or has said why not.
async fn replace(host: &RunningHost, port: &FakePort, round: usize, loaded: &mut Loaded) {
    let (new, file, said) = (version(round), host.plugin_path("versioned"), host.said());
    let way = WAYS[round % WAYS.len()];
    let refused = match way {
        Way::Renamed => {
            host.plugin_bytes("versioned", &new);
            None
        }
        Way::WrittenInPlace => {
            fs::write(&file, &new).expect("the folder is writable");
            None
        }
        Way::Truncated => {
            fs::write(&file, &new[..new.len() / 2]).expect("the folder is writable");
            Some("it is cut short or damaged at byte")
        }
        Way::Garbage => {
            let garbage = (0..round + 5_000).map(|nth| (nth * 31 % 251) as u8 | 0x80);
            fs::write(&file, garbage.collect::<Vec<_>>()).expect("the folder is writable");
            Some("it is not WebAssembly")
        }
        Way::WrongWorld => {
            host.plugin_bytes("versioned", &of_another_world(new.clone()));
            Some("it is built for version 0.9.0 of portolan:mapper, this host serves 0.1.0")
        }
        Way::DeletedAndRestored => {
            fs::remove_file(&file).expect("it was there");
            let then = port.writes() + 100;
            port.wait_for("work while the file is gone", |port| port.writes() >= then)
                .await;
            fs::write(&file, &new).expect("the folder is writable");
            None
        }
    };
    match refused {
        Some(words) => {
            let line = host.wait_for_line_after(said, words).await;
            let stays = "the version before it stays in force";
            assert!(line.contains("plugin versioned is not loaded: ") && line.contains(stays));
        }
        None => {
            let line = format!("loaded plugin versioned {}", name(&new));
            host.wait_for_line_after(said, &line).await;
            loaded.insert(round, Instant::now());
        }
    }
}

/// That each delivery was mapped once, by the version whose mark its entity carries, and by none that was
/// replaced before it was sent. Gives the versions that made something.
fn mapped_once_each(
    port: &FakePort,
    sent: &[Sent],
    lines: &[String],
    loaded: &Loaded,
) -> BTreeSet<usize> {
    let mut by_delivery: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let line: Value = serde_json::from_str(line).expect("a log line is JSON");
        if line["plugin"] == "versioned" && line["kind"] == "issue" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let done = by_delivery.entry(text(&line["span"]["delivery"]));
            done.or_default().push(text(&line["version"]));
        }
    }
    let marks: BTreeMap<_, _> = loaded
        .keys()
        .map(|number| (mark(*number), *number))
        .collect();
    let names: BTreeMap<_, _> = (loaded.keys())
        .map(|number| (*number, name(&version(*number))))
        .collect();
    let mut seen = BTreeSet::new();
    for delivery in sent {
        let stored = port.stored("marked", &delivery.id.to_string());
        let stored = stored.expect("what was accepted was processed");
        assert_eq!(stored.writes, 1);
        let made_by = stored.properties["madeBy"].as_str().unwrap_or_default();
        let number = *marks.get(made_by).expect("a version that never loaded ran");
        assert_eq!(
            by_delivery.get(&delivery.guid).map(Vec::as_slice),
            Some(&[names[&number].clone()][..]),
            "the log tells another story than the entity"
        );
        let serving = loaded
            .iter()
            .rev()
            .find(|(_, since)| **since <= delivery.at);
        let (serving, _) = serving.expect("the first one was there before");
        assert!(number >= *serving, "{number} ran after {serving} had come");
        seen.insert(number);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_swapped_by_kubernetes_swaps_the_plugin_and_its_file_together() {
    let github = Arc::new(FakeGitHub::start().await);
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&[])
        .with_own_compile_cache();
    let host = host.start().await;
    let swap = async |number: usize| {
        let said = host.said();
        let (plugin, note) = (version(number), mark(number));
        let files = [
            ("versioned.wasm", &plugin[..]),
            ("versioned.txt", note.as_bytes()),
        ];
        volume(&host.plugin_dir(), number, &files);
        let line = format!("loaded plugin versioned {}", name(&plugin));
        host.wait_for_line_after(said, &line).await;
    };
    swap(0).await;

    let shop = github.repository("acme/shop");
    let load = Load::begin(&github, host.url(), PER_SECOND, issues(&shop));
    for number in 1..=4 {
        let then = port.writes() + 100;
        port.wait_for("some work in between", |port| port.writes() >= then)
            .await;
        swap(number).await;
    }
    let then = port.writes() + 100;
    port.wait_for("work of the last", |port| port.writes() >= then)
        .await;
    let sent = load.end().await;
    let accepted = u64::try_from(sent.len()).expect("few enough");
    port.wait_for("every accepted delivery", |port| port.writes() >= accepted)
        .await;

    assert!(sent.iter().all(|sent| sent.status == 202));
    assert_eq!(port.writes(), accepted);
    let mut seen = BTreeSet::new();
    for entity in port.entities("marked") {
        let properties = &entity["properties"];
        // Of one volume, never the plugin of one and the file of another.
        assert_eq!(properties["madeBy"], properties["note"]);
        seen.insert(properties["madeBy"].to_string());
    }
    let all = (0..=4).map(|number| json!(mark(number)).to_string());
    assert_eq!(seen, all.collect());
}
