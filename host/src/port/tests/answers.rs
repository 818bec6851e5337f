//! What Port says of limits, of blueprints and of where it is.

use serde_json::Value;

use super::*;

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
    assert_eq!(short.upsert(&many(1), HOW, SOURCE).await, [CREATED]);

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
            .upsert(&many(1), HOW, SOURCE)
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
async fn a_missing_blueprint_and_a_redirect_say_what_to_do() {
    let (nothing, _) = port(|_, _| refused(404, "not_found")).await;
    let error = nothing
        .upsert(&many(1), HOW, SOURCE)
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
        .upsert(&many(1), HOW, SOURCE)
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
async fn a_blueprint_is_read_anew_once_somebody_may_have_changed_it() {
    let (port, log) = port(|_, before| {
        let blueprint = json!({"identifier": "service", "version": before});
        (200, "", json!({"ok": true, "blueprint": blueprint}))
    })
    .await;
    let version = async || {
        let text = port.blueprint("service").await.expect("an answer");
        let json: Value = serde_json::from_str(&text.expect("it is there")).expect("JSON");
        json["version"].clone()
    };
    assert_eq!((version().await, version().await), (json!(0), json!(0)));

    port.forget_blueprints();

    assert_eq!((version().await, version().await), (json!(1), json!(1)));
    let asked = log.lock().expect("not poisoned");
    let asked = asked.iter().filter(|seen| seen.line.starts_with("get "));
    assert_eq!(asked.count(), 2);
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
