//! What cargo makes of Rust mappers on the SDK: `make guests` builds them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::plugins::contract::{Configuration, Event, File, Identifier, Outcome, Owner};
use portolan::plugins::{Fault, Plugin, Plugins};

use crate::guest::{configuration, event};

/// `GUESTS_DIR`, or where make puts them: below the target folder.
fn guest(name: &str) -> PathBuf {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .with_file_name("guests")
        .join("wasm32-unknown-unknown/guest");
    let dir = std::env::var_os("GUESTS_DIR").map_or(made, PathBuf::from);
    let file = dir.join(name).with_extension("wasm");
    assert!(
        file.exists(),
        "there is no {}: run `make guests` first",
        file.display()
    );
    file
}

/// All tests share one cache: each guest is compiled once.
async fn load(name: &str) -> Arc<Plugin> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Plugins::load(&guest(name), &cache).await.unwrap()
}

fn issue(title: &str) -> Event {
    Event {
        kind: "issue".to_owned(),
        subject: Some(format!(r#"{{"id":7,"title":"{title}","state":"open"}}"#)),
        ..event()
    }
}

/// A pull request as large as GitHub's are.
fn pull_request(id: u32) -> Event {
    let (padding, repository) = (
        "x".repeat(18_000),
        r#"{"id":1,"name":"cart","full_name":"acme/cart","owner":{"login":"acme"}}"#,
    );
    let subject = format!(
        r#"{{"id":{id},"number":{id},"title":"Mend it","state":"open","merged_at":null,"body":"{padding}","user":{{"login":"ada"}},"html_url":"https://github.com/acme/cart/pull/{id}"}}"#
    );
    Event {
        repository: Some(repository.to_owned()),
        subject: Some(subject),
        ..event()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_misdeed_is_named_and_the_next_event_is_mapped() {
    let plugin = load("misbehaving").await;
    let acme = configuration();
    for (misdeed, words) in [
        ("loop", "did not finish within 1 s"),
        ("memory", "an instance may have 64 MiB"),
        ("stack", "stack"),
        ("panic", "panicked at tests/guests/misbehaving/src/lib.rs:"),
        ("output 100", "an instance may have 64 MiB"),
        ("output 5", "returned more than 1024 KiB"),
        ("many-entities", "returned more than 1024 KiB"),
        ("many-notes", "returned more than 1024 KiB"),
        ("many-questions", "returned more than 1024 KiB"),
        ("invalid-utf8", "invalid utf-8"),
        ("refuse", "I will not map this issue"),
    ] {
        let fault = plugin.map(&acme, &issue(misdeed)).await;
        let fault = fault.expect_err(misdeed).to_string();
        assert!(fault.contains(words), "{misdeed}: {fault}");
        assert!(fault.len() < 2_000, "{misdeed}: {fault}");
        let healthy = plugin.map(&acme, &issue("healthy")).await;
        assert!(matches!(healthy, Ok(Outcome::Mapped(_))), "after {misdeed}");
    }
    for harmless in ["log-flood 100000", "log-long", "unchanged", "invalid-json"] {
        plugin.map(&acme, &issue(harmless)).await.expect(harmless);
    }
}

#[tokio::test]
async fn a_configuration_that_does_not_open_says_where() {
    let plugin = load("misbehaving").await;
    let misbehave = |text: &str| {
        let (owner, path, text) = (Owner::Repository, "misbehave".into(), text.into());
        Configuration::new("acme", vec![File { owner, path, text }])
    };
    let fault = plugin.open(&misbehave("diagnostic")).await.unwrap_err();
    assert!(matches!(fault, Fault::Configuration(_)), "{fault}");
    assert!(
        fault.to_string().contains("misbehave:1:1: `diagnostic`"),
        "{fault}"
    );
    let fault = plugin.open(&misbehave("panic")).await.unwrap_err();
    assert!(fault.to_string().contains("panic in open"), "{fault}");
    let fault = plugin.open(&misbehave("loop")).await.unwrap_err();
    assert!(matches!(fault, Fault::Deadline { .. }), "{fault}");
}

#[tokio::test]
async fn fresh_and_reused_instances_give_equal_outcomes() {
    let reused = load("pull_requests").await;
    for id in 0..20 {
        let fresh = load("pull_requests").await;
        let event = pull_request(id);
        let outcome = reused.map(&configuration(), &event).await;
        assert_eq!(outcome, fresh.map(&configuration(), &event).await);
        let Ok(Outcome::Mapped(mapped)) = outcome else {
            panic!("{outcome:?}");
        };
        let exact = Identifier::Exact(format!("cart{id}"));
        assert_eq!(mapped.entities[0].identifier, exact);
    }
}

/// Not a benchmark, but a bound so wide that only a mistake crosses it, such as opening for every event.
#[tokio::test]
async fn the_sandbox_is_nearly_free() {
    let plugin = load("pull_requests").await;
    let (acme, event) = (configuration(), pull_request(1));
    plugin.map(&acme, &event).await.unwrap();
    let mut times = BTreeMap::new();
    for round in 0..500 {
        let began = Instant::now();
        plugin.map(&acme, &event).await.unwrap();
        times.insert((began.elapsed(), round), ());
        let other = Configuration::new(&round.to_string(), Vec::new());
        plugin.map(&other, &event).await.unwrap();
    }
    let ((median, _), ()) = times.iter().nth(250).unwrap();
    eprintln!("one event of 18 KB, median: {median:?}");
    assert!(*median < Duration::from_millis(5), "{median:?}");
}

/// From the copy to the first event mapped by it. Bounded widely: an unoptimised host on a busy machine.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_maps_soon_after_it_was_copied() {
    let dir = tempfile::tempdir().unwrap();
    let plugins = crate::swapping::start(dir.path()).await;
    let bytes = std::fs::read(guest("pull_requests")).unwrap();
    let mut times = Vec::new();
    for round in 0..7_u8 {
        let mut changed = plugins.changed();
        changed.borrow_and_update();
        // A custom section makes it another plugin, which no cache knows.
        let version = [bytes.as_slice(), &[0, 2, 1, round]].concat();
        let began = Instant::now();
        std::fs::write(dir.path().join("pull_requests.wasm"), version).unwrap();
        changed.changed().await.unwrap();
        let set = plugins.current();
        let plugin = set.iter().next().unwrap();
        let outcome = plugin.map(&configuration(), &pull_request(1)).await;
        times.push(began.elapsed());
        assert!(matches!(outcome, Ok(Outcome::Mapped(_))));
    }
    times.sort();
    eprintln!("copy to first use, median: {:?}", times[3]);
    assert!(times[3] < Duration::from_secs(3), "{times:?}");
}
