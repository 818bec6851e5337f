//! The administrators' door, asked over its socket: who may come in, and how it opens and closes.

mod deliveries;
mod status;

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::delivery;
use crate::store::memory::Memory;
use crate::store::{Accepted, Cause, NewDelivery, NewItem, Progress, Quarantine, Rest, Source};

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
            whose: None,
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
