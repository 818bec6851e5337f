//! What was answered 202 is done, whatever happens to the host, to Port, to a plugin or to the disk.

mod alone;
mod disk;
mod folder;
mod order;

use std::time::Duration;

use portolan_tests::fault::Fault;
use portolan_tests::journal::PATIENCE;
use portolan_tests::port::FakePort;

use crate::acme::Acme;
use crate::world::{Told, World, services};

fn named(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("shop-{number}")).collect()
}

async fn all_arrive(port: &FakePort, names: &[String]) {
    let missing = |port: &FakePort| {
        let missing = names
            .iter()
            .filter(|name| port.entity("service", name).is_none());
        missing.count()
    };
    port.wait_for("everything that was accepted", |port| missing(port) == 0)
        .await;
}

/// Nothing was given up, as the host itself counts at its end.
async fn nothing_in_quarantine(host: portolan_tests::host::RunningHost) {
    let (status, lines) = host.stop().await;
    assert_eq!(status.code(), Some(0), "{lines:#?}");
    let last = lines.last().map(String::as_str).unwrap_or_default();
    assert!(
        last.contains("everything accepted was done; 0 in quarantine"),
        "{last}"
    );
    let aside = lines.iter().find(|line| line.contains("put aside"));
    assert_eq!(aside, None);
}

#[tokio::test]
async fn what_was_accepted_survives_a_kill() {
    let acme = Acme::new().await;
    let mut host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let names = named(50);
    acme.port.go_down();
    // A kill while some are under way, and one while they wait.
    for half in names.chunks(25) {
        for name in half {
            acme.deliver(&host, &acme.service(name)).await;
        }
        let again = host.again();
        host.kill().await;
        host = again.start().await;
    }
    acme.port.go_up();

    all_arrive(&acme.port, &names).await;
    let began = Told::by(&acme.port, Default::default());
    assert!(began.deleted.is_empty(), "{began:?}");
    nothing_in_quarantine(host).await;
}

#[tokio::test]
async fn a_delivery_that_comes_five_times_at_once_and_again_later_has_one_effect() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let signed = acme.github.sign(&acme.service("shop"));
    let url = host.url();

    let post = || acme.github.post(&url, &signed);
    let answers = tokio::join!(post(), post(), post(), post(), post());
    for (status, text) in [answers.0, answers.1, answers.2, answers.3, answers.4] {
        assert_eq!(status, 202, "{text}");
    }
    acme.port.wait_for_entity("service", "shop").await;
    host.wait_for_line("mapped tree of acme/shop").await;

    // Done, and told again by whoever asks GitHub for a redelivery: before a restart, and after one.
    let again = host.again();
    redelivered(&acme, &host, &signed).await;
    host.kill().await;
    let host = again.start().await;
    redelivered(&acme, &host, &signed).await;
    let (status, lines) = host.stop().await;
    assert_eq!(status.code(), Some(0), "{lines:#?}");
    let stored = acme.port.stored("service", "shop").expect("it is there");
    assert_eq!(stored.writes, 1);
    assert_eq!(acme.port.writes(), 1);
}

/// Its subject is read anew, and nothing changed.
async fn redelivered(
    acme: &Acme,
    host: &portolan_tests::host::RunningHost,
    signed: &portolan_tests::github::Signed,
) {
    let said = host.said();
    // What is still being recorded as done is not done yet.
    let again = "came again: what it touches is read anew";
    let seen = || {
        host.lines()
            .split_off(said)
            .iter()
            .any(|line| line.contains(again))
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while !seen() {
        let (status, text) = acme.github.post(&host.url(), signed).await;
        assert_eq!(status, 202, "{text}");
        assert!(std::time::Instant::now() < deadline, "no line \"{again}\"");
    }
    let line = host
        .wait_for_line_after(said, "mapped tree of acme/shop")
        .await;
    assert!(line.contains("1 unchanged"), "{line}");
}

#[tokio::test]
async fn a_redelivery_sees_what_changed_since() {
    let world = World::begin().await;
    let commit = world
        .shop
        .push(&[("port.yml", &services(&["cart"]))], "Describe it");
    let signed = world.github.sign(&world.shop.pushed(&commit));
    assert_eq!(world.github.post(&world.host.url(), &signed).await.0, 202);
    world.host.wait_for_line("mapped tree of acme/shop").await;
    // This push is never told.
    world
        .shop
        .push(&[("port.yml", &services(&["cart", "pay"]))], "Add pay");

    assert_eq!(world.github.post(&world.host.url(), &signed).await.0, 202);

    world.port.wait_for_entity("service", "pay").await;
}

#[tokio::test]
async fn an_outage_of_ports_puts_nothing_in_quarantine_and_asks_little() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let (names, mark) = (named(30), acme.port.mark());
    acme.port.fail(Fault::status(503).always());
    for name in &names {
        acme.deliver(&host, &acme.service(name)).await;
    }

    // Longer than what fails by itself would be tried: it is probed, and probed again.
    let probes = || acme.port.requests_since(mark).len();
    let many = |_: &_| probes() >= 8;
    acme.port.wait_for_request("a few probes", many).await;
    let late = acme.service("late");
    acme.deliver(&host, &late).await;
    acme.port.mend();

    all_arrive(&acme.port, &names).await;
    acme.port.wait_for_entity("service", "late").await;
    nothing_in_quarantine(host).await;
}

#[tokio::test]
async fn an_outage_of_githubs_outlives_a_kill_and_puts_nothing_in_quarantine() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let names = named(20);
    acme.github.fail(Fault::status(502).always());
    for name in &names {
        acme.deliver(&host, &acme.service(name)).await;
    }
    let failed = |request: &portolan_tests::journal::Recorded| request.status == 502;
    acme.github.wait_for_request("a failure", failed).await;
    let again = host.again();
    host.kill().await;
    let host = again.start().await;
    acme.github.mend();

    all_arrive(&acme.port, &names).await;
    nothing_in_quarantine(host).await;
}

#[tokio::test]
async fn a_missing_blueprint_is_waited_for_across_a_kill() {
    let world = World::begin().await;
    let files = [("port.yml", "identifier: mars\nblueprint: planet\n")];
    let line = world.push(&files).await;
    assert!(line.contains("1 to be tried again"), "{line}");

    let bare =
        serde_json::json!({"identifier": "planet", "schema": {"properties": {}}, "relations": {}});
    let world = world.killed(|acme| acme.port.blueprint(bare)).await;

    world.port.wait_for_entity("planet", "mars").await;
}

#[tokio::test]
async fn what_waits_does_not_keep_the_host_from_ending_and_is_there_after_the_next_start() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    acme.port.go_down();
    let names = named(120);
    for name in &names {
        acme.deliver(&host, &acme.service(name)).await;
    }
    let (again, began) = (host.again(), std::time::Instant::now());

    let (status, lines) = host.stop().await;

    assert_eq!(status.code(), Some(0), "{lines:#?}");
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let last = lines.last().map(String::as_str).unwrap_or_default();
    assert!(
        last.contains("events are kept for the next start"),
        "{last}"
    );
    acme.port.go_up();
    let host = again.start().await;
    all_arrive(&acme.port, &names).await;
    nothing_in_quarantine(host).await;
}
