//! How entities share calls, and what becomes of a call that fails.

use super::*;

#[tokio::test]
async fn more_than_twenty_entities_make_several_calls() {
    let (port, log) = port(|seen, _| all_created(seen)).await;
    assert_eq!(port.upsert(&many(45), HOW, SOURCE).await, vec![CREATED; 45]);
    let mut sizes: Vec<_> = bulks(&log).iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 20, 20]);
}

#[tokio::test]
async fn what_spoils_a_call_for_all_is_found_by_halving() {
    for (status, code) in [(413, "too_large"), (422, "invalid_request")] {
        let (port, log) = port(move |seen, _| match seen.identifiers() {
            some if some.contains(&"e2".to_owned()) => refused(status, code),
            _ => all_created(seen),
        })
        .await;
        let answers = port.upsert(&many(4), HOW, SOURCE).await;
        let halves = [
            vec!["e0", "e1", "e2", "e3"],
            vec!["e0", "e1"],
            vec!["e2", "e3"],
            vec!["e2"],
            vec!["e3"],
        ];
        assert_eq!(bulks(&log), halves);
        assert_eq!(
            (&answers[0], &answers[1], &answers[3]),
            (&CREATED, &CREATED, &CREATED)
        );
        let error = answers[2].clone().expect_err("refused");
        assert!(!error.is_transient());
        let error = error.to_string();
        let told = format!(
            "entity `e2` of blueprint `service`: Port refused it with {status} {code}: says Port (trace abc)"
        );
        assert!(error.starts_with(&told), "{error}");
    }
}

#[tokio::test]
async fn a_failure_of_a_moment_is_no_entitys_fault() {
    let (port, log) = port(|seen, before| match before {
        0 => refused(500, "internal_error"),
        _ => all_created(seen),
    })
    .await;
    assert_eq!(port.upsert(&many(20), HOW, SOURCE).await, vec![CREATED; 20]);
    assert_eq!(bulks(&log).len(), 2);
}

#[tokio::test]
async fn an_entity_that_makes_port_fail_spoils_no_other() {
    let (port, log) = port(move |seen, _| match seen.identifiers() {
        some if some.contains(&"e2".to_owned()) => refused(500, "internal_error"),
        _ => all_created(seen),
    })
    .await;
    let answers = port.upsert(&many(4), HOW, SOURCE).await;
    let sizes: Vec<_> = bulks(&log).iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 4, 2, 2, 1, 1]);
    let written: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(written, [true, true, false, true]);
    assert!(matches!(&answers[2], Err(error) if error.is_transient()));
}

#[tokio::test]
async fn a_port_that_fails_at_everything_is_not_asked_entity_by_entity() {
    let (port, log) = port(|_, _| refused(500, "internal_error")).await;
    let answers = port.upsert(&many(20), HOW, SOURCE).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(error) if error.is_transient()))
    );
    let sizes: Vec<_> = bulks(&log).iter().map(Vec::len).collect();
    assert_eq!(sizes, [20, 20, 10, 5, 2, 1, 1, 3, 5, 10]);
}

#[tokio::test]
async fn what_port_cannot_write_just_now_alone_is_sent_again() {
    let (port, log) = port(|seen, before| match before {
        0 => (207, "", json!({
            "ok": false,
            "entities": [{"identifier": "e0", "index": 0, "created": false}],
            "errors": [{"identifier": "e1", "index": 1, "statusCode": 429, "error": "slow", "message": "down"}],
        })),
        _ => all_created(seen),
    })
    .await;
    assert_eq!(
        port.upsert(&many(2), HOW, SOURCE).await,
        [Ok(Written::default()), CREATED]
    );
    assert_eq!(bulks(&log), [vec!["e0", "e1"], vec!["e1"]]);
}
