//! Port refuses, fails, limits, or is away.

use std::time::{Duration, Instant};

use portolan_tests::fault::Fault;
use portolan_tests::host::RunningHost;
use portolan_tests::quota::Quota;
use serde_json::json;

use crate::acme::{Acme, described};

fn all(names: &[&str]) -> String {
    let documents: Vec<_> = names.iter().map(|name| described(name)).collect();
    documents.join("---\n")
}

#[tokio::test]
async fn refused_credentials_are_one_line_at_start_and_what_came_meanwhile_arrives_later() {
    let acme = Acme::new().await;
    acme.port
        .fail(Fault::status(401).on("access_token").always());

    let host = acme.host().start().await;

    let line = host.wait_for_line("refuses PORT_CLIENT_ID").await;
    assert!(line.contains("ERROR"), "{line}");
    assert!(line.contains("copy both again"), "{line}");
    assert!(line.contains("https://api.us.port.io"), "{line}");
    acme.deliver(&host, &acme.service("shop")).await;
    host.wait_for_line("Port is away").await;
    acme.port.mend();
    acme.port.wait_for_entity("service", "shop").await;
    let lines = host.lines();
    let at_start = lines.iter().filter(|line| line.contains("ERROR"));
    assert_eq!(at_start.count(), 1, "{lines:#?}");
    acme.assert_no_secret_in(&lines.join("\n"));
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_without_a_word() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "shop").await;

    acme.port.expire_token();
    acme.arrives(&host, "cart").await;

    let lines = host.lines().join("\n");
    assert!(
        !lines.contains("WARN") && !lines.contains("ERROR"),
        "{lines}"
    );
}

#[tokio::test]
async fn nothing_is_lost_while_port_is_down() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let names: Vec<_> = (0..30).map(|number| format!("shop-{number}")).collect();

    acme.port.go_down();
    for name in &names {
        acme.deliver(&host, &acme.service(name)).await;
    }
    let line = host.wait_for_line("Port is away").await;
    acme.port.go_up();

    assert!(
        line.contains("cannot reach Port at http://127.0.0.1"),
        "{line}"
    );
    assert!(line.contains("Check PORT_URL"), "{line}");
    for name in &names {
        acme.port.wait_for_entity("service", name).await;
    }
}

#[tokio::test]
async fn one_entity_that_port_refuses_is_named_and_all_others_arrive() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let bad = "---\nidentifier: bad\nblueprint: service\nproperties:\n  tier: Golden\n---\n";

    let pushed = acme.pushes("shop", &(all(&["one", "two"]) + bad + &all(&["three"])));
    acme.deliver(&host, &pushed).await;

    let line = host.wait_for_line("refused it with 422").await;
    for part in [
        "entity `bad` of blueprint `service`",
        "\"tier\" must be one of",
        "Correct",
    ] {
        assert!(line.contains(part), "no {part:?} in {line}");
    }
    let line = host.wait_for_line("mapped tree").await;
    assert!(
        line.contains("3 upserted, 3 of them new, 1 refused"),
        "{line}"
    );
    for name in ["one", "two", "three"] {
        assert!(acme.port.entity("service", name).is_some(), "{name}");
    }
    assert!(acme.port.entity("service", "bad").is_none());
}

#[tokio::test]
async fn a_blueprint_that_is_missing_and_a_target_that_is_missing_are_named() {
    let acme = Acme::new().await;
    let shop = acme.github.repository("acme/shop");
    let own = (
        ".github/port-app-config.yml",
        "createMissingRelatedEntities: false\n",
    );
    shop.push(&[own], "Nothing out of thin air");
    let host = acme.host().start().await;
    let port_yml = all(&["shop"])
        + "---\nidentifier: lost\nblueprint: service\nrelations:\n  system: nowhere\n"
        + "---\nidentifier: odd\nblueprint: unheard\n";

    acme.deliver(&host, &acme.pushes("shop", &port_yml)).await;

    let line = host.wait_for_line("mapped tree").await;
    assert!(
        line.contains("1 upserted, 1 of them new, 2 to be tried again"),
        "{line}"
    );
    let line = host.wait_for_line("`lost`").await;
    assert!(
        line.contains("did not find the target of a relation"),
        "{line}"
    );
    assert!(line.contains("nowhere"), "{line}");
    let line = host.wait_for_line("`unheard`").await;
    assert!(
        line.contains("no such blueprint. Create it there"),
        "{line}"
    );

    let bare = |identifier: &str| json!({"identifier": identifier, "schema": {"properties": {}}, "relations": {}});
    acme.port.blueprint(bare("unheard"));
    acme.port.wait_for_entity("unheard", "odd").await;
    let system = "identifier: nowhere\nblueprint: system\n";
    acme.deliver(&host, &acme.pushes("later", system)).await;
    acme.port.wait_for_entity("service", "lost").await;
    let aside = host
        .lines()
        .into_iter()
        .find(|line| line.contains("put aside"));
    assert_eq!(aside, None, "what waits is not given up");
}

#[tokio::test]
async fn while_one_push_is_tried_again_a_newer_one_of_its_repository_need_not_wait() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let odd = "identifier: odd\nblueprint: unheard\n";
    // One after the other, so that the first is due before the second. The third wait is the first that is long.
    acme.deliver(&host, &acme.pushes("cart", odd)).await;
    parked(&host, "cart", 2).await;
    acme.deliver(&host, &acme.pushes("shop", odd)).await;
    parked(&host, "cart", 3).await;
    parked(&host, "shop", 3).await;

    acme.arrives(&host, "shop").await;

    let lines = host.lines();
    let cart = |line: &String| line.contains("acme/cart") && line.contains("tries=4");
    assert!(
        !lines.iter().any(cart),
        "it waited as long as the other: {lines:#?}"
    );
}

/// Until a repository's event was put back for so many times.
async fn parked(host: &RunningHost, name: &str, tries: u32) {
    let its = format!("acme/{name}\"}}: will be tried again");
    let mut from = 0;
    loop {
        let line = host.wait_for_line_after(from, &its).await;
        if line.contains(&format!("tries={tries}")) {
            return;
        }
        let lines = host.lines();
        let seen = lines.iter().position(|said| *said == line);
        from = seen.expect("it was said") + 1;
    }
}

#[tokio::test]
async fn entities_that_port_could_not_write_just_now_are_sent_again_and_those_alone() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let mixed = json!({"ok": false,
    "entities": [{"identifier": "one", "index": 0, "created": true}],
    "errors": [
        {"identifier": "two", "index": 1, "statusCode": 500, "error": "internal_error", "message": "Oops"},
        {"identifier": "three", "index": 2, "statusCode": 409, "error": "conflict", "message": "Busy"},
    ]});
    let fault = Fault::status(207).body(mixed.to_string());
    acme.port.fail(fault.on("/bulk").method("POST"));

    acme.deliver(&host, &acme.pushes("shop", &all(&["one", "two", "three"])))
        .await;

    let line = host.wait_for_line("mapped tree").await;
    assert!(line.contains("3 upserted, 3 of them new"), "{line}");
    assert!(
        acme.port.entity("service", "one").is_none(),
        "it was said to be written"
    );
    assert!(acme.port.entity("service", "two").is_some());
    assert!(acme.port.entity("service", "three").is_some());
}

#[tokio::test]
async fn a_call_that_is_too_large_is_halved_until_it_fits() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.port.fail(Fault::status(413).on("/bulk").times(3));

    acme.deliver(
        &host,
        &acme.pushes("shop", &all(&["a", "b", "c", "d", "e"])),
    )
    .await;

    // 413 for all five, for the first two, and for the first of them alone: that one cannot be halved.
    let line = host.wait_for_line("refused it with 413").await;
    assert!(line.contains("entity `a` of blueprint `service`"), "{line}");
    assert!(line.contains("Make the entity smaller"), "{line}");
    let line = host.wait_for_line("mapped tree").await;
    assert!(
        line.contains("4 upserted, 4 of them new, 1 refused"),
        "{line}"
    );
}

#[tokio::test]
async fn port_is_left_alone_for_as_long_as_it_asks() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;

    let limit = Fault::status(429).header("retry-after", "2");
    acme.port.fail(limit.on("/bulk"));
    let (began, mark) = (Instant::now(), acme.port.mark());
    for name in ["shop", "cart", "till"] {
        acme.deliver(&host, &acme.service(name)).await;
    }
    for name in ["shop", "cart", "till"] {
        acme.port.wait_for_entity("service", name).await;
    }

    assert!(
        began.elapsed() >= Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    let answers = acme.port.requests_since(mark).into_iter();
    let answers: Vec<_> = answers.map(|request| request.status).collect();
    let refused = answers.iter().filter(|status| **status == 429).count();
    assert_eq!(refused, 1, "asked again before the time: {answers:?}");
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_waited_for() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    acme.port.limit(Quota::of(3, Duration::from_secs(2)));
    let mark = acme.port.mark();

    for number in 0..6 {
        acme.arrives(&host, &format!("shop-{number}")).await;
    }

    let refused = acme.port.requests_since(mark).into_iter();
    let refused = refused.filter(|request| request.status == 429).count();
    assert_eq!(
        refused, 0,
        "the headers tell when a request would be refused"
    );
}

#[tokio::test]
async fn lost_answers_and_bad_gateways_change_nothing() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;

    acme.port.fail(Fault::lost_answer().on("/bulk"));
    acme.port.fail(
        Fault::status(502)
            .body("<html>Bad Gateway</html>")
            .on("/bulk"),
    );
    acme.port.fail(Fault::dropped().on("/bulk"));

    acme.arrives(&host, "shop").await;
    host.wait_for_line("mapped tree of acme/shop: 1 upserted")
        .await;
}
