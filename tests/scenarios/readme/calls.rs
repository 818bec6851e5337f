//! The calls that the README names for mappers, made by one.

use std::collections::BTreeSet;
use std::sync::Mutex;

use portolan_sdk::test::Run;
use portolan_sdk::{Description, Error, Event, File, Mapper, Outcome};
use serde_json::{Value, json};

use super::{readme, spans};

static MADE: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// Makes a call and remembers how it is written.
macro_rules! made {
    ($call:expr) => {{
        MADE.lock()
            .expect("nobody panics here")
            .insert(stringify!($call));
        $call
    }};
}

#[derive(Default)]
struct Curious;

impl Mapper for Curious {
    fn describe() -> Description {
        Description::of(["star"])
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        type T = Value;
        let webhook = made!(event.webhook()).ok_or(Error::refuse("no webhook"))?;
        let payload = made!(webhook.payload::<T>()?);
        let readme: Option<&str> = made!(event.file("README.md")?);
        let files: &[File] = made!(event.files("**/*.tf")?);
        let answer: Option<Value> = made!(event.api("/repos/…")?);
        let service: Option<Value> = made!(event.blueprint("service")?);
        assert_eq!((payload, readme), (json!({"stars": 1}), Some("# Shop")));
        assert_eq!(
            (files.len(), answer, service),
            (1, Some(json!(1)), Some(json!(2)))
        );
        Ok(Outcome::Unchanged)
    }
}

#[test]
fn what_it_says_that_a_mapper_may_ask_can_be_asked() {
    let done = Run::<Curious>::of("star")
        .webhook("star", json!({"stars": 1}))
        .file("README.md", "# Shop")
        .file("main.tf", "")
        .api("/repos/…", json!(1))
        .blueprint("service", json!(2))
        .map();
    assert!(done.rounds > 1);

    let readme = readme();
    let calls = spans(&readme).into_iter().map(|(_, span)| span);
    let said: BTreeSet<_> = calls
        .filter(|span| span.starts_with("event.") || span.starts_with("webhook."))
        .collect();
    assert_eq!(said, *MADE.lock().expect("nobody panics here"));
}
