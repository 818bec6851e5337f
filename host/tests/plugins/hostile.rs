//! A plugin can hurt only itself, and is told why in words its author understands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::plugins::contract::{Configuration, Outcome};
use portolan::plugins::{Fault, Plugin};

use crate::guest::{Guest, configuration, event, event_of};

/// What becomes of an event in a guest that maps like this.
async fn fault(map: &str, more: &str) -> Fault {
    let guest = Guest {
        map,
        more,
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    plugin.map(&configuration(), &event()).await.unwrap_err()
}

#[tokio::test]
async fn an_endless_loop_is_stopped() {
    let fault = fault("(loop br 0)", "").await;
    assert!(matches!(fault, Fault::Deadline { .. }), "{fault}");
    assert!(
        fault.to_string().contains("did not finish within 1 s"),
        "{fault}"
    );
}

#[tokio::test]
async fn memory_ends_at_the_limit() {
    let hungry =
        "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let fault = fault(hungry, "").await;
    assert!(matches!(fault, Fault::Memory { .. }), "{fault}");
    assert!(fault.to_string().contains("asked for 65 MiB"), "{fault}");
}

#[tokio::test]
async fn a_recursion_without_end_is_a_stack_overflow() {
    let fault = fault("(call $again)", "(func $again (call $again) (call $again))").await;
    assert!(matches!(fault, Fault::Stack { .. }), "{fault}");
}

#[tokio::test]
async fn a_panic_is_told_with_its_place_and_its_text() {
    let said =
        r#"(data (i32.const 2048) "panicked at src/lib.rs:12:5:\0ano tier in \1b[31mport.yml")"#;
    let fault = fault(
        "(call $say (i32.const 3) (i32.const 2048) (i32.const 53)) unreachable",
        said,
    )
    .await;
    let words = fault.to_string();
    assert!(
        words.contains("panicked at src/lib.rs:12:5: no tier in  [31mport.yml"),
        "{words}"
    );
}

#[tokio::test]
async fn a_panic_of_ten_megabytes_is_cut() {
    let said = r#"(data (i32.const 2048) "panicked at src/lib.rs:1:1:\0aaaaaaaa")"#;
    // Grows to 11 MiB, fills it with `a`, and says it all.
    let shout = "(drop (memory.grow (i32.const 174)))
        (memory.fill (i32.const 2080) (i32.const 97) (i32.const 10485760))
        (call $say (i32.const 3) (i32.const 2048) (i32.const 10485760)) unreachable";
    let fault = fault(shout, said).await;
    assert!(matches!(fault, Fault::Panic { .. }), "{fault}");
    assert!(fault.to_string().len() < 1_500);
}

#[tokio::test]
async fn an_abort_without_a_word_names_the_function() {
    let fault = fault("(call $tiers::lookup)", "(func $tiers::lookup unreachable)").await;
    let words = fault.to_string();
    assert!(
        words.contains("aborted without a word") && words.contains("in tiers::lookup"),
        "{words}"
    );
}

#[tokio::test]
async fn an_output_beyond_the_limit_is_refused() {
    // ok(mapped) with a hundred thousand entities of nothing.
    let flood = "(i32.store (i32.const 260) (i32.const 0)) (i32.store (i32.const 264) (i32.const 65536)) (i32.store (i32.const 268) (i32.const 100000))
        (drop (memory.grow (i32.const 900)))";
    let fault = fault(flood, "").await;
    assert!(matches!(fault, Fault::Output { .. }), "{fault:?}");
    // ask: one question, naming all of memory: 2 MiB of zeros, which is UTF-8.
    let flood = "(drop (memory.grow (i32.const 40)))
        (i32.store (i32.const 260) (i32.const 1)) (i32.store (i32.const 264) (i32.const 300)) (i32.store (i32.const 268) (i32.const 1))
        (i32.store (i32.const 304) (i32.const 131072)) (i32.store (i32.const 308) (i32.const 2097152))";
    let words = self::fault(flood, "").await.to_string();
    assert!(words.contains("returned more than 1024 KiB"), "{words}");
}

#[tokio::test]
async fn text_that_is_not_utf_8_breaks_the_contract() {
    let fault = fault(
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 2048)) (i32.store (i32.const 264) (i32.const 4))",
        r#"(data (i32.const 2048) "\ff\fe\fd\fc")"#,
    )
    .await;
    assert!(matches!(fault, Fault::Invalid { .. }), "{fault:?}");
    assert!(fault.to_string().contains("utf-8"), "{fault}");
}

#[tokio::test]
async fn a_refused_event_carries_the_mappers_words() {
    let fault = fault(
        "(i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 2048)) (i32.store (i32.const 264) (i32.const 7))",
        r#"(data (i32.const 2048) "no tier")"#,
    )
    .await;
    assert_eq!(fault, Fault::Refused("no tier".to_owned()));
}

#[tokio::test]
async fn a_log_flood_does_no_harm() {
    let flood = "(local $n i32) (loop (call $say (i32.const 1) (i32.const 0) (i32.const 1000))
        (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000))))";
    // Locals are declared at a function's head.
    let guest = Guest {
        map: "(call $flood)",
        more: &format!("(func $flood {flood})"),
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    let outcome = plugin.map(&configuration(), &event()).await;
    assert_eq!(outcome, Ok(Outcome::Unchanged));
}

#[tokio::test]
async fn what_fails_in_a_used_instance_is_tried_in_a_fresh_one() {
    let guest = Guest {
        map: "(if (i32.eq (global.get $calls) (i32.const 2)) (then unreachable))",
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    for _ in 1..=6 {
        let outcome = plugin.map(&configuration(), &event()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}

#[tokio::test]
async fn a_plugin_that_fails_five_times_in_a_row_rests_for_that_repository() {
    let guest = Guest {
        map: "unreachable",
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    let fails = async |plugin: &Arc<Plugin>, organization: &str, repository: u64| {
        let configuration = Configuration::new(organization, Vec::new());
        let fault = plugin.map(&configuration, &event_of(repository)).await;
        fault.unwrap_err()
    };
    for _ in 0..5 {
        let fault = fails(&plugin, "acme", 1).await;
        assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
    }
    let fault = fails(&plugin, "acme", 1).await;
    assert!(fault.is_transient(), "{fault:?}");
    let words = fault.to_string();
    for said in [
        "failed 5 times in a row for this repository and configuration, last:",
        "aborted without a word",
        "it rests for 60 s more",
    ] {
        assert!(words.contains(said), "{words}");
    }
    // It is tried with another configuration, for other repositories, and in another version.
    let fault = fails(&plugin, "acme-again", 1).await;
    assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
    for repository in 2..=6 {
        let fault = fails(&plugin, "acme", repository).await;
        assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
    }
    // Whom it failed for waits then, however often that was.
    let words = fails(&plugin, "acme", 5).await.to_string();
    let said = "failed for 5 repositories in a row, last:";
    assert!(words.contains(said), "{words}");
    let another = guest.load().await.unwrap();
    let fault = fails(&another, "acme", 1).await;
    assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
}

#[tokio::test]
async fn an_open_that_never_ends_is_not_tried_for_every_event() {
    let guest = Guest {
        open: "(loop br 0)",
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    let first = plugin.open(&configuration()).await.unwrap_err();
    assert!(matches!(first, Fault::Deadline { .. }), "{first}");
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(plugin.open(&configuration()).await, Err(first.clone()));
    }
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_loops_leaves_the_others_room() {
    let looping = Guest {
        map: "(loop br 0)",
        ..Guest::default()
    };
    let dir = tempfile::tempdir().unwrap();
    looping.write(&dir.path().join("looping.wasm"));
    Guest::default().write(&dir.path().join("healthy.wasm"));
    let plugins = crate::swapping::start(dir.path()).await;
    let set = plugins.current();
    let [healthy, looping] = set.iter().collect::<Vec<_>>()[..] else {
        panic!("two plugins are there");
    };
    let loops: Vec<_> = (0..100)
        .map(|_| {
            let looping = looping.clone();
            tokio::spawn(async move { looping.map(&configuration(), &event()).await })
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(
            healthy.map(&configuration(), &event()).await,
            Ok(Outcome::Unchanged)
        );
    }
    // A hundred loops of a second on a handful of places would have taken far longer.
    assert!(loops.iter().any(|looping| !looping.is_finished()));
    loops.into_iter().for_each(|looping| looping.abort());
}
