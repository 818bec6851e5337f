//! The client over a real socket. Port's own rules are played in `tests/`; here it answers by script.

use secrecy::SecretString;
use serde_json::{Value, json};

use self::stub::{Log, Scripted, Seen, entity, port, renamed, with_properties};
use super::*;

mod stub;

const HOW: Write = Write {
    merge: true,
    create_missing_related: false,
};
const SOURCE: Source = Source {
    installation: 7,
    suffix: Suffix::Gitops,
};

/// What Port says when all went well.
fn all_created(seen: &Seen) -> Scripted {
    let entities: Vec<_> = seen.identifiers().into_iter().enumerate()
        .map(|(index, identifier)| json!({"identifier": identifier, "index": index, "created": true}))
        .collect();
    (
        200,
        "",
        json!({"ok": true, "entities": entities, "errors": []}),
    )
}

fn refused(status: u16, error: &str) -> Scripted {
    (
        status,
        "x-trace-id: abc\r\n",
        json!({"ok": false, "error": error, "message": "says Port"}),
    )
}

fn many(count: usize) -> Vec<Entity> {
    (0..count)
        .map(|number| entity(&format!("e{number}"), "{}"))
        .collect()
}

fn bulks(log: &Log) -> Vec<Vec<String>> {
    let log = log.lock().expect("not poisoned");
    log.iter()
        .filter(|seen| seen.is_bulk())
        .map(Seen::identifiers)
        .collect()
}

const CREATED: Result<Written, Error> = Ok(Written { created: true });

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_request_repeated() {
    let (port, log) = port(
        |seen, _| match seen.head.contains("authorization: bearer t2") {
            true => all_created(seen),
            false => refused(401, "unauthorized"),
        },
    )
    .await;
    let answers = tokio::join!(
        port.upsert(many(1), HOW, SOURCE),
        port.upsert(vec![entity("web", "{}")], HOW, SOURCE)
    );
    assert_eq!(answers, (vec![CREATED], vec![CREATED]));
    let log = log.lock().expect("not poisoned");
    assert_eq!(
        log.iter()
            .filter(|seen| seen.line.contains("access_token"))
            .count(),
        2
    );
    let bulk = log.iter().find(|seen| seen.is_bulk()).expect("a bulk call");
    assert_eq!(
        bulk.line,
        "POST /v1/blueprints/service/entities/bulk?upsert=true&merge=true&create_missing_related_entities=false http/1.1"
    );
    assert!(
        bulk.head
            .contains("user-agent: port/github/v1.0.0/7/gitops"),
        "{}",
        bulk.head
    );
}

#[tokio::test]
async fn a_token_that_stays_refused_is_nobodys_entitys_fault() {
    let (port, _) = port(|_, _| refused(401, "unauthorized")).await;
    let error = port
        .upsert(many(1), HOW, SOURCE)
        .await
        .remove(0)
        .expect_err("refused");
    assert!(
        error.is_transient() && error.to_string().contains("PORT_CLIENT_ID"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_credentials_are_told_in_one_sentence_without_the_secret() {
    let (mut port, _) = port(|_, _| refused(500, "unused")).await;
    let settings = settings::Port {
        api: port.rest.base().clone(),
        client_id: "id".to_owned(),
        client_secret: SecretString::from("wrong-one"),
        allowed: settings::AllowedBlueprints::default(),
        extra_ca: None,
    };
    port = Port::new(&settings).expect("a client");
    let error = port.check().await.expect_err("refused").to_string();
    assert!(
        error.contains("refuses PORT_CLIENT_ID and PORT_CLIENT_SECRET (401: wrong secret)"),
        "{error}"
    );
    assert!(!error.contains("wrong-one"));
}

#[tokio::test]
async fn more_than_twenty_entities_make_several_calls() {
    let (port, log) = port(|seen, _| all_created(seen)).await;
    assert_eq!(port.upsert(many(45), HOW, SOURCE).await, vec![CREATED; 45]);
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
        let answers = port.upsert(many(4), HOW, SOURCE).await;
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
    assert_eq!(port.upsert(many(20), HOW, SOURCE).await, vec![CREATED; 20]);
    assert_eq!(bulks(&log).len(), 2);
}

#[tokio::test]
async fn an_entity_that_makes_port_fail_spoils_no_other() {
    let (port, log) = port(move |seen, _| match seen.identifiers() {
        some if some.contains(&"e2".to_owned()) => refused(500, "internal_error"),
        _ => all_created(seen),
    })
    .await;
    let answers = port.upsert(many(4), HOW, SOURCE).await;
    let sizes: Vec<_> = bulks(&log).iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 4, 2, 2, 1, 1]);
    let written: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(written, [true, true, false, true]);
    assert!(matches!(&answers[2], Err(error) if error.is_transient()));
}

#[tokio::test]
async fn a_port_that_fails_at_everything_is_not_asked_entity_by_entity() {
    let (port, log) = port(|_, _| refused(500, "internal_error")).await;
    let answers = port.upsert(many(20), HOW, SOURCE).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(error) if error.is_transient()))
    );
    let sizes: Vec<_> = bulks(&log).iter().map(Vec::len).collect();
    assert_eq!(sizes, [20, 20, 10, 5, 2, 1, 1, 3, 5, 10]);
}

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
            events.spawn(async move { port.upsert(vec![versioned], how, SOURCE).await });
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

#[test]
fn a_certificate_file_without_certificates_is_told() {
    let settings = settings::Port {
        api: "https://api.port.io/".parse().expect("a URL"),
        client_id: "id".to_owned(),
        client_secret: SecretString::from("hush"),
        allowed: settings::AllowedBlueprints::default(),
        extra_ca: Some(b"nothing".to_vec()),
    };
    let error = Port::new(&settings).err().map(|error| format!("{error:#}"));
    assert_eq!(
        error.as_deref(),
        Some("setting up the client for Port: EXTRA_CA_FILE holds no certificate in PEM form")
    );
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
        port.upsert(many(2), HOW, SOURCE).await,
        [Ok(Written { created: false }), CREATED]
    );
    assert_eq!(bulks(&log), [vec!["e0", "e1"], vec!["e1"]]);
}

#[tokio::test]
async fn a_rate_limit_is_obeyed_and_a_long_one_is_handed_back() {
    let (short, _) = port(|seen, before| match before {
        0 => (
            429,
            "retry-after: 0\r\n",
            json!({"ok": false, "error": "rate_limited"}),
        ),
        _ => all_created(seen),
    })
    .await;
    assert_eq!(short.upsert(many(1), HOW, SOURCE).await, [CREATED]);

    let (long, log) = port(|_, _| {
        (
            429,
            "retry-after: 3600\r\n",
            json!({"ok": false, "error": "rate_limited"}),
        )
    })
    .await;
    for _ in 0..2 {
        let error = long
            .upsert(many(1), HOW, SOURCE)
            .await
            .remove(0)
            .expect_err("limited");
        assert!(
            matches!(error, Error::Later { after } if after.as_secs() > 500),
            "{error}"
        );
    }
    assert_eq!(
        bulks(&log).len(),
        1,
        "while the limit lasts, Port is left alone"
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
    assert_eq!(port.upsert(entities, HOW, SOURCE).await, vec![CREATED; 3]);
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
    assert_eq!(port.upsert(circle, HOW, SOURCE).await, vec![CREATED; 2]);
    assert_eq!(bulks(&log), [vec!["a", "b"], vec!["a"]]);
}

#[tokio::test]
async fn a_renaming_comes_before_the_entity_itself() {
    let (port, log) = port(|seen, _| match seen.is_bulk() {
        true => all_created(seen),
        false => refused(404, "not_found"),
    })
    .await;
    assert_eq!(
        port.upsert(vec![renamed("new", "o/ld")], HOW, SOURCE).await,
        [CREATED]
    );
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

#[tokio::test]
async fn a_missing_blueprint_and_a_redirect_say_what_to_do() {
    let (nothing, _) = port(|_, _| refused(404, "not_found")).await;
    let error = nothing
        .upsert(many(1), HOW, SOURCE)
        .await
        .remove(0)
        .expect_err("missing");
    assert!(
        error
            .to_string()
            .starts_with("blueprint `service`: Port has no such blueprint"),
        "{error}"
    );

    let (moved, _) =
        port(|_, _| (302, "location: https://elsewhere.example/\r\n", Value::Null)).await;
    let error = moved
        .upsert(many(1), HOW, SOURCE)
        .await
        .remove(0)
        .expect_err("moved");
    assert!(
        error
            .to_string()
            .contains("redirects to https://elsewhere.example/"),
        "{error}"
    );
    assert!(error.to_string().contains("PORT_API_URL"), "{error}");
}

#[tokio::test]
async fn blueprints_are_asked_for_once() {
    let (port, log) = port(|seen, _| match seen.line.contains("/blueprints/service ") {
        true => (
            200,
            "",
            json!({"ok": true, "blueprint": {"identifier": "service"}}),
        ),
        false => refused(404, "not_found"),
    })
    .await;
    let (one, two) = tokio::join!(port.blueprint("service"), port.blueprint("service"));
    assert_eq!(one, Ok(Some(r#"{"identifier":"service"}"#.into())));
    assert_eq!(one, two);
    assert_eq!(port.blueprint("nothing").await, Ok(None));
    assert_eq!(port.blueprint("nothing").await, Ok(None));
    assert_eq!(port.blueprint("../../auth").await, Ok(None));
    assert_eq!(
        log.lock()
            .expect("not poisoned")
            .iter()
            .filter(|seen| seen.line.starts_with("get "))
            .count(),
        2
    );
}
