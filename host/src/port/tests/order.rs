//! What is written before what.

use super::stub::{renamed, with_properties};
use super::*;

#[tokio::test]
async fn the_writes_of_one_entity_arrive_one_by_one_and_in_order() {
    const ROUNDS: u64 = 40;
    let (port, log) = port(|seen, _| all_created(seen)).await;
    let port = Arc::new(port);
    let mut events = tokio::task::JoinSet::new();
    for round in 0..ROUNDS {
        for number in 0..7 {
            let port = port.clone();
            let how = Write {
                merge: number + round % 2 == 0,
                ..HOW
            };
            let versioned =
                with_properties(&format!("e{number}"), &format!(r#"{{"round":{round}}}"#));
            events.spawn(async move { port.upsert(&[versioned], how, SOURCE).await });
        }
    }
    assert!(
        events
            .join_all()
            .await
            .into_iter()
            .flatten()
            .all(|answer| answer == CREATED)
    );
    let log = log.lock().expect("not poisoned");
    let arrived = log
        .iter()
        .filter_map(|seen| seen.body["entities"].as_array())
        .flatten();
    let mut rounds = std::collections::HashMap::<_, Vec<_>>::new();
    for entity in arrived {
        rounds
            .entry(entity["identifier"].to_string())
            .or_default()
            .extend(entity["properties"]["round"].as_u64());
    }
    assert_eq!(rounds.len(), 7);
    assert!(
        rounds
            .values()
            .all(|rounds| rounds.iter().copied().eq(0..ROUNDS)),
        "{rounds:?}"
    );
}

#[tokio::test]
async fn targets_are_written_before_what_points_at_them() {
    let (port, log) = port(|seen, _| all_created(seen)).await;
    let entities = vec![
        entity("cart", r#"{"system":"shop"}"#),
        entity("shop", "{}"),
        entity("web", "{}"),
    ];
    assert_eq!(port.upsert(&entities, HOW, SOURCE).await, vec![CREATED; 3]);
    assert_eq!(bulks(&log), [vec!["shop", "web"], vec!["cart"]]);
}

#[tokio::test]
async fn what_missed_its_target_is_tried_again_after_the_others() {
    let (port, log) = port(|seen, before| match before {
        0 => (207, "", json!({
            "ok": false,
            "entities": [{"identifier": "b", "index": 1, "created": true}],
            "errors": [{"identifier": "a", "index": 0, "statusCode": 404, "error": "not_found", "message": "b"}],
        })),
        _ => all_created(seen),
    })
    .await;
    let circle = vec![entity("a", r#"{"r":"b"}"#), entity("b", r#"{"r":"a"}"#)];
    assert_eq!(port.upsert(&circle, HOW, SOURCE).await, vec![CREATED; 2]);
    assert_eq!(bulks(&log), [vec!["a", "b"], vec!["a"]]);
}

#[tokio::test]
async fn a_renaming_comes_before_the_entity_itself() {
    let (port, log) = port(|seen, _| match seen.is_bulk() {
        true => all_created(seen),
        false => refused(404, "not_found"),
    })
    .await;
    let written = port.upsert(&[renamed("new", "o/ld")], HOW, SOURCE).await;
    assert!(written[0].as_ref().is_ok_and(|written| written.created));
    let log = log.lock().expect("not poisoned");
    let lines: Vec<_> = log
        .iter()
        .skip(1)
        .map(|seen| seen.line.split(['?']).next().unwrap_or_default())
        .collect();
    assert_eq!(
        lines[0],
        "PATCH /v1/blueprints/service/entities/o%2fld http/1.1"
    );
    assert_eq!(
        (lines[1], &log[1].body),
        (
            "POST /v1/blueprints/service/entities/bulk",
            &json!({"identifier": "new"})
        )
    );
}
