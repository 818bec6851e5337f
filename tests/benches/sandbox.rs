//! What it costs that mappers run in a sandbox: against the same code and event, natively.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan::plugins::contract::{Configuration, Event, Outcome, Webhook};
use portolan::plugins::{Plugin, Plugins};
use portolan_sdk::{Mapper, test::Run};
use portolan_tests::host::guest;
use serde_json::Value;

use crate::pull_requests::PullRequests;
use crate::table::{Table, Wish};
use crate::world::World;

const ROUNDS: usize = 20_000;

#[tokio::main]
pub(crate) async fn measure(table: &mut Table) {
    let payload = World::new().await.pull_request().payload;
    let size = payload.to_string().len();
    let event = event(&payload);
    let quiet = Event {
        webhook: None,
        ..event.clone()
    };
    let configuration = Configuration::new("acme", Vec::new());
    let dir = tempfile::tempdir().expect("a temporary folder");
    let plugin = load(dir.path()).await;

    let run = Run::<PullRequests>::of("pull-request")
        .repository_json(payload["repository"].clone())
        .subject(payload["pull_request"].clone())
        .webhook("pull_request", payload.clone());
    let native = native(&run);

    let instantiate = median(|| plugin.instance().expect("the pool has room"), drop);
    table.figure("instantiate", (instantiate, "µs"), Wish::at_most(15.0));

    let mut instance = plugin.instance().expect("the pool has room");
    let call = median(|| instance.describe().expect("described before"), drop);
    table.figure("one call (describe)", (call, "µs"), None);

    instance
        .open(&configuration)
        .expect("a configuration of no files");
    let mut map = |event: &Event| {
        median(
            || instance.map(&configuration, event).expect("mapped before"),
            drop,
        )
    };
    let reused = map(&event);
    let without = map(&quiet);
    table.figure(
        format!("{:.1} KB payload into the guest", size as f64 / 1e3),
        (reused - without, "µs"),
        None,
    );
    table.beside(
        "map a pull request, kept instance",
        (reused, "µs"),
        ("native", native),
        Wish::times(1.5).plus(10.0),
    );
    let fresh = median(
        || {
            let mut instance = plugin.instance().expect("the pool has room");
            instance
                .open(&configuration)
                .expect("a configuration of no files");
            (
                instance.map(&configuration, &event).expect("mapped before"),
                instance,
            )
        },
        drop,
    );
    table.beside(
        "the same, fresh instance",
        (fresh, "µs"),
        ("native", native),
        None,
    );
    let whole = through_the_door(&plugin, &configuration, &event).await;
    table.beside(
        "the same as the pipeline calls it",
        (whole, "µs"),
        ("native", native),
        None,
    );
}

async fn load(cache: &Path) -> Arc<Plugin> {
    let file = cache.join("pull-requests.wasm");
    std::fs::write(&file, guest("pull-requests")).expect("a temporary folder can be written to");
    Plugins::load(&file, &cache.join("compiled"))
        .await
        .expect("the plugin loads")
}

/// As the host makes it of the delivery.
fn event(payload: &Value) -> Event {
    Event {
        kind: "pull-request".into(),
        time: "2026-01-01T00:00:00Z".into(),
        organization: r#"{"id":1,"login":"acme"}"#.into(),
        repository: Some(payload["repository"].to_string()),
        subject: Some(payload["pull_request"].to_string()),
        webhook: Some(Webhook {
            delivery: "00000000-0000-0000-0000-000000000000".into(),
            name: "pull_request".into(),
            action: payload["action"].as_str().map(Into::into),
            payload: payload.to_string(),
        }),
        answers: Vec::new(),
        explain: false,
    }
}

/// Of an event that nobody has looked at: what it was parsed into must not help the next round.
fn native(run: &Run<PullRequests>) -> f64 {
    let (mapper, event) = (run.open().expect("it reads no configuration"), run.event());
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let event = event.clone();
            let began = Instant::now();
            let outcome = black_box(mapper.map(black_box(&event)));
            let took = began.elapsed();
            assert!(outcome.is_ok(), "{outcome:?}");
            took
        })
        .collect();
    middle(&mut times)
}

async fn through_the_door(
    plugin: &Arc<Plugin>,
    configuration: &Configuration,
    event: &Event,
) -> f64 {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let outcome = plugin.map(configuration, event).await;
        times.push(began.elapsed());
        assert!(matches!(outcome, Ok(Outcome::Mapped(_))), "{outcome:?}");
    }
    middle(&mut times)
}

/// In microseconds; what was made is dropped outside of the time.
fn median<T>(mut make: impl FnMut() -> T, mut dispose: impl FnMut(T)) -> f64 {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            let made = black_box(make());
            let took = began.elapsed();
            dispose(made);
            took
        })
        .collect();
    middle(&mut times)
}

pub(crate) fn middle(times: &mut [Duration]) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}
