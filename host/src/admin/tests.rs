use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::delivery;
use crate::store::memory::Memory;
use crate::store::{
    Accepted, Cause, Error, NewDelivery, NewItem, Progress, Quarantine, Rest, Source,
};

/// A host's administration, asked over its socket.
struct World {
    store: Arc<Memory>,
    replayed: Arc<Mutex<Vec<Waiting>>>,
    status: Arc<Mutex<Status>>,
    pass: Pass,
    folder: TempDir,
    http: Client,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl World {
    async fn start() -> Self {
        let (store, replayed) = (Arc::new(Memory::default()), Arc::<Mutex<Vec<_>>>::default());
        let (status, folder) = (Arc::<Mutex<Status>>::default(), TempDir::new().unwrap());
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let admin = Admin {
            store: store.clone(),
            replayed: {
                let replayed = replayed.clone();
                Box::new(move |waiting| replayed.lock().unwrap().extend(waiting))
            },
            status: {
                let status = status.clone();
                Box::new(move || status.lock().unwrap().clone())
            },
        };
        let (stop, stopped) = oneshot::channel();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn({
            let data_dir = folder.path().to_owned();
            async move {
                let shutdown = async {
                    let _ = stopped.await;
                };
                serve(listener, &data_dir, admin, shutdown).await
            }
        });
        let http = Client::builder().no_proxy().build().unwrap();
        // Answered means that the pass is written.
        let alive = http.get(format!("http://{address}/livez")).send().await;
        assert_eq!(alive.unwrap().status(), 200);
        Self {
            store,
            replayed,
            status,
            pass: Pass::read(folder.path()).unwrap().unwrap(),
            folder,
            http,
            stop,
            served,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.pass.address)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = self.http.get(self.url(path));
        answered(request.bearer_auth(self.pass.token.expose())).await
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let request = self.http.post(self.url(path)).body(body.to_owned());
        let request = request.header("content-type", "application/json");
        answered(request.bearer_auth(self.pass.token.expose())).await
    }

    /// A delivery whose only item was given up for `gitops`.
    async fn put_aside(&self, guid: &str, class: &str, why: &str, payload: &str) {
        let waiting = self.arrives(guid, payload).await;
        let quarantine = Quarantine {
            plugin: Some("gitops".to_owned()),
            cause: Cause {
                class: class.to_owned(),
                why: why.to_owned(),
                awaits: None,
            },
        };
        let progress = Progress {
            lease: waiting.lease.unwrap(),
            item: waiting.seq,
            lane: waiting.lane,
            now: 2_000,
            quarantine: vec![quarantine],
            rest: Rest::Done,
            ..Progress::default()
        };
        self.store.record(progress).await.unwrap();
    }

    async fn arrives(&self, guid: &str, payload: &str) -> Waiting {
        let delivery = NewDelivery {
            guid: guid.to_owned(),
            event: "push".to_owned(),
            action: None,
            repository: Some("acme/shop".to_owned()),
            source: Source::Webhook,
            received: 1_000,
            payload: delivery::pack(payload),
        };
        let item = NewItem {
            lane: format!("repository/7/{guid}"),
            source: Source::Webhook,
            organization: 1,
            repository: Some(7),
            merges: true,
            fresh: false,
            force: false,
            plugins: None,
            delivery: None,
            subject: None,
        };
        match self.store.accept(delivery, vec![item]).await.unwrap() {
            Accepted::New(mut waiting) => waiting.pop().unwrap(),
            other => panic!("{guid} is not new: {other:?}"),
        }
    }

    fn replayed(&self) -> usize {
        let replayed = self.replayed.lock();
        replayed.unwrap_or_else(PoisonError::into_inner).len()
    }
}

async fn answered(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn anybody_may_ask_whether_the_host_lives_and_is_ready() {
    let world = World::start().await;
    let ask = async |path: &str| answered(world.http.get(world.url(path))).await;
    assert_eq!(ask("/readyz").await.0, 200);

    world.status.lock().unwrap().not_ready = Some("the disk is full".to_owned());

    assert_eq!(
        ask("/readyz").await,
        (503, r#"{"error":"the disk is full"}"#.to_owned())
    );
    assert_eq!(ask("/livez").await.0, 200);
}

#[tokio::test]
async fn everything_else_wants_the_token_of_the_data_directory() {
    let world = World::start().await;
    for path in ["/status", "/v1/deliveries", "/v1/deliveries/a", "/", "/v1"] {
        let without = world.http.get(world.url(path));
        let (status, said) = answered(without).await;
        assert_eq!(status, 401, "{path}");
        assert!(said.contains("admin.json"), "{said}");
        let wrong = world.http.get(world.url(path)).bearer_auth("0".repeat(64));
        assert_eq!(answered(wrong).await.0, 401, "{path}");
    }
    let without = world.http.post(world.url("/v1/deliveries/replay"));
    assert_eq!(answered(without.body(r#"{"all":true}"#)).await.0, 401);
    assert_eq!(world.get("/status").await.0, 200);
    assert_eq!(world.get("/").await.0, 404);
    assert_eq!(world.get("/v1/deliveries/replay").await.0, 405);
}

#[tokio::test]
async fn a_web_page_is_refused_whatever_it_brings() {
    let world = World::start().await;
    for path in ["/livez", "/status"] {
        let request = world.http.get(world.url(path)).header("origin", "null");
        let (status, said) = answered(request.bearer_auth(world.pass.token.expose())).await;
        assert_eq!(status, 403, "{path}: {said}");
    }
}

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
async fn a_store_in_trouble_is_said_and_the_status_is_told_all_the_same() {
    let world = World::start().await;
    world.status.lock().unwrap().away.push(Away {
        destination: "Port".to_owned(),
        why: "refused to ada@example.com\u{9b}2J".to_owned(),
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
    assert_eq!(told["away"][0]["why"], "refused to [e-mail]2J");
    assert_eq!(told["away"][0]["since"], "1970-01-01T00:00:00Z");
    assert_eq!(told["store"]["error"], "the store failed: the disk is gone");
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

#[tokio::test]
async fn at_the_end_nothing_is_left_of_it() {
    let world = World::start().await;
    world.stop.send(()).unwrap();
    world.served.await.unwrap().unwrap();

    assert!(Pass::read(world.folder.path()).unwrap().is_none());
    let url = format!("http://{}/livez", world.pass.address);
    assert!(world.http.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let said = format!("{:#}", bind(address).await.unwrap_err());
    assert!(
        said.starts_with(&format!("ADMIN_ADDR ({address}) cannot be listened on: ")),
        "{said}"
    );
}
