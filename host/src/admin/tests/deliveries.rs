//! What was given up is found, shown, tried again and forgotten.

use super::*;

#[tokio::test]
async fn what_was_given_up_is_found_by_its_cause_counted_and_queued_again() {
    let world = World::start().await;
    world.put_aside("one", "data", "no blueprint", "{}").await;
    world.put_aside("two", "data", "no blueprint", "{}").await;
    world.put_aside("three", "plugin", "it trapped", "{}").await;
    let listed = async |path: &str| {
        let (status, text) = world.get(path).await;
        assert_eq!(status, 200, "{text}");
        let page: Page = serde_json::from_str(&text).unwrap();
        page.deliveries
            .into_iter()
            .map(|one| one.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(listed("/v1/deliveries").await, ["three", "two", "one"]);
    assert_eq!(listed("/v1/deliveries?cause=data").await, ["two", "one"]);
    assert_eq!(
        listed("/v1/deliveries?ids=one,three&limit=1").await,
        ["three"]
    );

    let data = r#"{"filter":{"cause":"data"},"dry":true}"#;
    let counted = world.post("/v1/deliveries/replay", data).await;
    assert_eq!(counted, (200, r#"{"count":2,"dry":true}"#.to_owned()));
    assert_eq!(world.replayed(), 0);

    let counted = world
        .post("/v1/deliveries/replay", r#"{"filter":{"cause":"data"}}"#)
        .await;
    assert_eq!(counted, (200, r#"{"count":2,"dry":false}"#.to_owned()));
    assert_eq!(world.replayed(), 2);
    assert_eq!(listed("/v1/deliveries?state=quarantined").await, ["three"]);

    let dropped = world.post("/v1/deliveries/drop", r#"{"all":true}"#).await;
    assert_eq!(dropped, (200, r#"{"count":1,"dry":false}"#.to_owned()));
    assert_eq!(listed("/v1/deliveries?state=quarantined").await, [""; 0]);
}

#[tokio::test]
async fn a_delivery_is_shown_with_its_reason_and_without_its_secrets() {
    let world = World::start().await;
    let payload = json!({
        "client_payload": {"key": "hunter2"},
        "pusher": {"name": "ada", "email": "ada@example.com"},
        "ref": "refs/heads/main",
    });
    let why = "file `port.yml` of bob@example.com:\u{1b}[2J no";
    world
        .put_aside("one", "data", why, &payload.to_string())
        .await;

    let (status, text) = world.get("/v1/deliveries/one").await;

    assert_eq!(status, 200, "{text}");
    for hidden in ["hunter2", "example.com", "\u{1b}", "\\u001b"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let shown = json(&text);
    assert_eq!(
        shown["quarantined"][0]["why"],
        "file `port.yml` of [e-mail]:[2J no"
    );
    assert_eq!(shown["quarantined"][0]["plugin"], "gitops");
    assert_eq!(shown["payload"]["ref"], "refs/heads/main");
    assert_eq!(shown["payload"]["pusher"]["name"], "ada");
}

#[tokio::test]
async fn what_cannot_be_done_is_one_sentence_and_does_nothing() {
    let world = World::start().await;
    world.arrives("waits", "{}").await;
    world.put_aside("one", "data", "no", "{}").await;
    let drop = "/v1/deliveries/drop";
    for (path, body, status, part) in [
        (
            "/v1/deliveries?repo=acme/shop",
            "",
            400,
            "unknown field `repo`",
        ),
        ("/v1/deliveries?state=lost", "", 400, "lost"),
        (
            "/v1/deliveries?since=yesterday",
            "",
            400,
            "`yesterday` is no time",
        ),
        (
            "/v1/deliveries/zero",
            "",
            404,
            "zero: this delivery is not known",
        ),
        (drop, "{}", 400, "nothing was chosen"),
        (drop, r#"{"filter":{"limit":1}}"#, 400, "nothing was chosen"),
        (
            drop,
            r#"{"all":true,"filter":{"event":"push"}}"#,
            400,
            "leave one of them out",
        ),
        (drop, r#"{"dryrun":true}"#, 422, "unknown field `dryrun`"),
        (drop, "{", 400, "JSON"),
        (
            drop,
            r#"{"filter":{"ids":["one","zero"]}}"#,
            404,
            "zero: this delivery is not known",
        ),
        (
            drop,
            r#"{"filter":{"ids":["one","waits"]}}"#,
            409,
            "waits waits, and what waits cannot be dropped",
        ),
        (
            drop,
            r#"{"filter":{"state":"waiting"}}"#,
            400,
            "cannot be dropped",
        ),
        (
            drop,
            r#"{"filter":{"ids":["one"],"cause":"plugin"}}"#,
            409,
            "nothing of it fits",
        ),
        (
            "/v1/deliveries/replay",
            r#"{"filter":{"ids":["waits"]}}"#,
            409,
            "waits waits and is tried again by itself",
        ),
        (
            "/v1/deliveries/replay",
            r#"{"filter":{"state":"waiting"}}"#,
            400,
            "by itself",
        ),
    ] {
        let (answered, said) = match body {
            "" => world.get(path).await,
            body => world.post(path, body).await,
        };
        assert_eq!(answered, status, "{path} {body}: {said}");
        let error = json(&said)["error"].as_str().unwrap().to_owned();
        assert!(error.contains(part), "{path} {body}: {error}");
    }
    assert_eq!(world.store.counts().await.unwrap().quarantined, 1);
    assert_eq!(world.replayed(), 0);
}

#[tokio::test]
async fn nobody_agrees_to_deletions_without_naming_them() {
    let world = World::start().await;
    let why = "200 of the 201 entities would be deleted";
    world.put_aside("held", "held", why, "{}").await;
    world.put_aside("other", "data", "no", "{}").await;
    let replay = async |order: &str| world.post("/v1/deliveries/replay", order).await;

    for chance in [
        r#"{"all":true}"#,
        r#"{"filter":{"plugin":"gitops"}}"#,
        r#"{"filter":{"repository":"acme/shop"}}"#,
    ] {
        let (status, said) = replay(chance).await;
        assert_eq!(status, 409, "{chance}: {said}");
        assert!(said.contains("1 of these deliveries are held"), "{said}");
    }
    assert_eq!(world.replayed(), 0);

    assert_eq!(replay(r#"{"filter":{"cause":"data"}}"#).await.0, 200);
    assert_eq!(world.replayed(), 1);
    assert_eq!(replay(r#"{"filter":{"ids":["held"]}}"#).await.0, 200);
    assert_eq!(world.replayed(), 2);
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let world = World::start().await;
    let body = format!(r#"{{"filter":{{"cause":"{}"}}}}"#, "x".repeat(MAX_BODY));
    assert_eq!(world.post("/v1/deliveries/replay", &body).await.0, 413);
}

#[tokio::test]
async fn what_an_administrator_began_is_finished_when_the_connection_is_not() {
    let (reached, is_reached) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    let order = Ok(Json(Order::default()));
    let mut answer = Box::pin(carry_out(order, move |_| async move {
        reached.send(()).unwrap();
        tokio::task::yield_now().await;
        done.send(()).unwrap();
        Ok(wire::Counted {
            count: 1,
            dry: false,
        })
    }));
    tokio::select! {
        biased;
        _ = &mut answer => panic!("it was not begun yet"),
        _ = is_reached => {}
    }
    drop(answer);
    is_done.await.expect("it went on without its caller");
}
