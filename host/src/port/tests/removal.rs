//! How entities are deleted, and what Port's words about it come to.

use super::stub::renamed;
use super::*;
use crate::entity::Renaming;

fn keys<const N: usize>(identifiers: [&str; N]) -> Vec<Key> {
    let key = |identifier: &str| Key {
        blueprint: "service".to_owned(),
        identifier: identifier.to_owned(),
    };
    identifiers.map(key).into()
}

fn deleted() -> Scripted {
    (200, "", json!({"ok": true}))
}

/// Which entities each request was to delete.
fn deletions(log: &Log) -> Vec<Vec<String>> {
    let log = log.lock().expect("not poisoned");
    let one = |seen: &Seen| {
        let path = seen.line.split(['?', ' ']).nth(1)?;
        Some(vec![path.rsplit('/').next()?.to_owned()])
    };
    let many = |seen: &Seen| {
        let entities = seen.body["entities"].as_array()?;
        let names = entities.iter().filter_map(|name| name.as_str());
        Some(names.map(str::to_owned).collect())
    };
    log.iter()
        .filter_map(|seen| match seen.line.starts_with("DELETE ") {
            true => one(seen),
            false => many(seen),
        })
        .collect()
}

#[tokio::test]
async fn entities_are_deleted_one_by_one_and_absent_ones_are_gone() {
    let (port, log) = port(|seen, _| match seen.line.contains("/cart?") {
        true => refused(404, "not_found"),
        false => deleted(),
    })
    .await;
    assert_eq!(
        port.delete(keys(["cart", "acme/web"]), false, SOURCE).await,
        [Ok(()), Ok(())]
    );
    let mut seen = deletions(&log);
    seen.sort();
    assert_eq!(seen, [["acme%2fweb"], ["cart"]]);
    let log = log.lock().expect("not poisoned");
    let queries = log.iter().skip(1).map(|seen| seen.line.split('?').nth(1));
    assert!(queries.eq([Some("delete_dependents=false http/1.1"); 2]));
    assert!(log[1].head.contains("port/github/v1.0.0/7/gitops"));
}

#[tokio::test]
async fn dependents_go_along_in_one_call() {
    let (port, log) = port(|_, _| deleted()).await;
    let many: Vec<Key> = (0..120).flat_map(|n| keys([&format!("e{n}")])).collect();
    assert_eq!(port.delete(many, true, SOURCE).await, vec![Ok(()); 120]);
    let mut sizes: Vec<_> = deletions(&log).iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 100]);
}

#[tokio::test]
async fn one_that_spoils_the_call_keeps_no_other_from_going() {
    let (port, log) = port(|seen, _| match seen.body["entities"].is_array() {
        true => refused(404, "not_found"),
        false if seen.line.contains("/b?") => refused(403, "forbidden"),
        false => deleted(),
    })
    .await;
    let answers = port.delete(keys(["a", "b", "c"]), true, SOURCE).await;
    assert_eq!((&answers[0], &answers[2]), (&Ok(()), &Ok(())));
    let error = answers[1].clone().expect_err("forbidden");
    assert!(error.is_permission() && !error.is_transient() && !error.is_data());
    assert!(error.to_string().contains("right to delete"), "{error}");
    assert_eq!(deletions(&log).len(), 4);
}

#[tokio::test]
async fn what_others_need_goes_after_them() {
    // Each of the chain can go once the one before it has gone.
    let (port, log) = port(|seen, before| {
        let rounds = [("/a?", 0), ("/b?", 1), ("/c?", 2)];
        let free = rounds
            .iter()
            .any(|(name, round)| seen.line.contains(name) && before >= *round);
        match free {
            true => deleted(),
            false => refused(422, "has_dependents"),
        }
    })
    .await;
    let chain = keys(["c", "b", "a"]);
    assert_eq!(port.delete(chain, false, SOURCE).await, vec![Ok(()); 3]);
    assert_eq!(deletions(&log).len(), 3 + 2 + 1);
}

#[tokio::test]
async fn what_cannot_go_says_how_it_could() {
    let (port, log) = port(|_, _| refused(422, "has_dependents")).await;
    let error = port.delete(keys(["cart"]), false, SOURCE).await.remove(0);
    let error = error.expect_err("kept");
    assert!(error.is_data() && !error.is_transient());
    let told = "entity `cart` of blueprint `service`: Port does not delete it, 422 has_dependents: says Port";
    assert!(error.to_string().starts_with(told), "{error}");
    assert!(
        error.to_string().contains("deleteDependentEntities: true"),
        "{error}"
    );
    assert_eq!(deletions(&log).len(), 1, "nothing went, so nothing changed");
}

#[tokio::test]
async fn an_identifier_that_climbs_out_of_its_path_goes_in_a_body() {
    let (port, log) = port(|_, _| deleted()).await;
    let climbing = keys(["a/../../../other"]);
    assert_eq!(port.delete(climbing, false, SOURCE).await, [Ok(())]);
    let log = log.lock().expect("not poisoned");
    assert!(
        log[1].line.starts_with(
            "POST /v1/blueprints/service/bulk/entities/delete?delete_dependents=false"
        ),
        "{}",
        log[1].line
    );
}

#[tokio::test]
async fn a_port_that_is_away_is_asked_for_one_entity_only() {
    let (port, log) = port(|_, _| {
        (
            429,
            "retry-after: 3600\r\n",
            json!({"ok": false, "error": "rate_limited"}),
        )
    })
    .await;
    let answers = port.delete(keys(["a", "b", "c"]), true, SOURCE).await;
    let away = |answer: &Result<(), Error>| answer.as_ref().is_err_and(Error::is_outage);
    assert!(answers.iter().all(away));
    assert_eq!(deletions(&log).len(), 1);
}

#[tokio::test]
async fn what_became_of_a_renaming_is_told() {
    for (status, renaming) in [
        (200, Renaming::Done),
        (404, Renaming::NothingThere),
        (409, Renaming::BothThere),
    ] {
        let (port, _) = port(move |seen, _| match seen.is_bulk() {
            true => all_created(seen),
            false => (status, "", json!({"ok": status == 200})),
        })
        .await;
        let written = port.upsert(&[renamed("new", "old")], HOW, SOURCE).await;
        let told = Written {
            created: true,
            renaming,
        };
        assert_eq!(written, [Ok(told)]);
    }
}

#[tokio::test]
async fn a_renaming_that_was_done_is_not_asked_for_again() {
    let (port, log) = port(|seen, before| match (seen.is_bulk(), before) {
        (true, 0) => (207, "", json!({
            "ok": false, "entities": [],
            "errors": [{"identifier": "new", "index": 0, "statusCode": 429, "error": "slow", "message": "down"}],
        })),
        (true, _) => all_created(seen),
        (false, 0) => (200, "", json!({"ok": true})),
        (false, _) => refused(404, "not_found"),
    })
    .await;
    let written = port.upsert(&[renamed("new", "old")], HOW, SOURCE).await;
    let told = Written {
        created: true,
        renaming: Renaming::Done,
    };
    assert_eq!((written, bulks(&log).len()), (vec![Ok(told)], 2));
}

#[tokio::test]
async fn a_blueprint_that_was_missing_is_seen_as_soon_as_it_exists() {
    let (port, _) = port(|_, before| match before {
        0 => refused(404, "not_found"),
        _ => (
            200,
            "",
            json!({"ok": true, "blueprint": {"identifier": "service"}}),
        ),
    })
    .await;
    assert_eq!(port.blueprint("service").await, Ok(None));
    assert_eq!(port.has_blueprint("service").await, Ok(true));
    let known = port.blueprint("service").await.expect("it answers");
    assert!(known.is_some(), "what was just seen is remembered");
    assert_eq!(port.has_blueprint("a b").await, Ok(false));
}

#[tokio::test]
async fn a_failure_of_a_moment_keeps_nothing_and_a_lasting_one_is_no_entitys_fault() {
    let (moment, log) = port(|_, before| match before {
        0 => refused(500, "internal_error"),
        _ => deleted(),
    })
    .await;
    let one = moment.delete(keys(["cart"]), false, SOURCE).await;
    assert_eq!((one, deletions(&log).len()), (vec![Ok(())], 2));

    let (lasting, log) = port(|_, _| refused(500, "internal_error")).await;
    let names = ["a", "b", "c", "d", "e"];
    let answers = lasting.delete(keys(names), true, SOURCE).await;
    let away = |answer: &Result<(), Error>| answer.as_ref().is_err_and(Error::is_outage);
    assert!(answers[2..].iter().all(away), "{answers:?}");
    assert_eq!(
        deletions(&log).len(),
        1 + 2 + 2,
        "together, then two of them twice each"
    );
}
