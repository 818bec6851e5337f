//! How the host is, as it says itself.

use super::*;
use crate::store::{Change, Error, Row};

#[tokio::test]
async fn what_is_to_be_deleted_and_waits_is_named_with_what_it_waits_for() {
    let world = World::start().await;
    let waiting = world.arrives("one", "{}").await;
    let row = |identifier: String, why: &str| {
        Change::Put(Row {
            plugin: "gitops".to_owned(),
            subject: "repository/7/tree".to_owned(),
            organization: 1,
            repository: Some(7),
            whose: "acme/shop".to_owned(),
            blueprint: "service".to_owned(),
            identifier,
            digest: None,
            ours: true,
            written: 1,
            waits: Some(why.to_owned()),
        })
    };
    let many = (10..40).map(|number| row(format!("s{number}"), "a person has to agree"));
    let refused = row(
        "pay".to_owned(),
        "Port did not take `pay-2` of ada@example.com",
    );
    let progress = Progress {
        lease: waiting.lease.unwrap(),
        item: waiting.seq,
        lane: waiting.lane,
        ledger: many.chain([refused]).collect(),
        rest: Rest::Done,
        ..Progress::default()
    };
    world.store.record(progress).await.unwrap();

    let (status, said) = world.get("/status").await;

    assert_eq!(status, 200, "{said}");
    let deletions = &json(&said)["store"]["deletions"];
    let names: Vec<_> = (10..20).map(|number| format!("s{number}")).collect();
    let group = |entities: &[String], count: u64, why: &str| {
        json!({
            "plugin": "gitops", "repository": "acme/shop", "subject": "repository/7/tree", "blueprint": "service",
            "entities": entities, "count": count, "why": why,
        })
    };
    let expected = json!({"count": 31, "waiting": [
        group(&["pay".to_owned()], 1, "Port did not take `pay-2` of [e-mail]"),
        group(&names, 30, "a person has to agree"),
    ]});
    assert_eq!(deletions, &expected);
    let (status, alone) = world.get("/v1/deletions").await;
    assert_eq!((status, &json(&alone)), (200, deletions));
}

#[tokio::test]
async fn a_store_in_trouble_is_said_and_the_status_is_told_all_the_same() {
    let world = World::start().await;
    world.status.lock().unwrap().away.push(Away {
        destination: "Port".to_owned(),
        why: "refused\u{9b}2J to ada@example.com".to_owned(),
        since: 0,
        waiting: 7,
    });
    world
        .store
        .trouble(Some(Error::Broken("the disk is gone".to_owned())));

    let (status, said) = world.get("/v1/deliveries").await;
    assert_eq!(status, 503);
    assert!(said.contains("the disk is gone"), "{said}");

    let (status, said) = world.get("/status").await;
    let told = json(&said);
    assert_eq!(status, 200);
    assert_eq!(told["away"][0]["waiting"], 7);
    assert_eq!(told["away"][0]["why"], "refused2J to [e-mail]");
    assert_eq!(told["away"][0]["since"], "1970-01-01T00:00:00Z");
    assert_eq!(told["store"]["error"], "the store failed: the disk is gone");
}
