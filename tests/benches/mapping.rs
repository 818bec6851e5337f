//! What Port's jq costs in the sandbox: the same sixteen programs over the same objects, natively in jaq, as whole
//! processes in jq and gojq, and all the way from a webhook to Port.

mod jaq;
mod objects;
mod processes;
mod webhooks;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use portolan::plugins::contract::{Configuration, Event, File, Outcome, Owner};
use portolan::plugins::{Plugin, Plugins};
use portolan_tests::host::guest;

use self::objects::Sort;
use crate::sandbox::middle;
use crate::table::{Table, Wish};

const ROUNDS: usize = 5_000;

pub(crate) fn measure(table: &mut Table) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let sorts = [objects::pull_request(), objects::issue()];
    in_the_sandbox(table, dir.path(), &sorts);
    for sort in &sorts {
        processes::measure(table, dir.path(), sort);
    }
    webhooks::measure(table);
}

#[tokio::main]
async fn in_the_sandbox(table: &mut Table, dir: &Path, sorts: &[Sort]) {
    let plugin = load(dir).await;
    for sort in sorts {
        against_jaq(table, &plugin, sort);
    }
}

fn against_jaq(table: &mut Table, plugin: &Arc<Plugin>, sort: &Sort) {
    let text = sort.object.to_string();
    let configuration = Configuration::new(
        "acme",
        vec![File {
            owner: Owner::Repository,
            path: ".github/port-app-config.yml".into(),
            text: sort.configuration(),
        }],
    );
    let mut instance = plugin.instance().expect("the pool has room");
    instance.open(&configuration).expect("it opens");
    let event = event(sort, &text);
    let mut sandboxed = Vec::with_capacity(ROUNDS);
    let mut native = Vec::with_capacity(ROUNDS);
    let programs = jaq::Programs::compile(&sort.programs());
    for _ in 0..ROUNDS {
        // By turns, so that what else the machine does hits both.
        let began = Instant::now();
        let outcome = instance.map(&configuration, black_box(&event));
        sandboxed.push(began.elapsed());
        let Ok(Outcome::Mapped(mapped)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(mapped.entities.len(), 1, "{:?}", mapped.notes);
        let began = Instant::now();
        let values = black_box(programs.run(black_box(&text)));
        native.push(began.elapsed());
        assert_eq!(values.len(), sort.programs().len());
    }
    let size = text.len() as f64 / 1e3;
    table.beside(
        format!("16 programs over a {size:.1} KB {}, sandboxed", sort.kind),
        (middle(&mut sandboxed), "µs"),
        ("native jaq", middle(&mut native)),
        Wish::times(1.3),
    );
}

async fn load(dir: &Path) -> Arc<Plugin> {
    let file = dir.join("mapping.wasm");
    std::fs::write(&file, guest("mapping")).expect("a temporary folder can be written to");
    Plugins::load(&file, &dir.join("compiled"))
        .await
        .expect("the plugin loads")
}

/// With its blueprint at hand, as after the first round.
fn event(sort: &Sort, text: &str) -> Event {
    Event {
        kind: sort.kind.into(),
        time: "2026-01-01T00:00:00Z".into(),
        organization: r#"{"id":1,"login":"acme"}"#.into(),
        repository: Some(objects::REPOSITORY.into()),
        subject: Some(text.into()),
        webhook: None,
        answers: vec![sort.blueprint()],
        explain: false,
    }
}
