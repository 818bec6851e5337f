//! The client over a real socket. Port's own rules are played in `tests/`; here it answers by script.

mod answers;
mod calls;
mod credentials;
mod order;
mod removal;
mod stub;

use serde_json::json;

pub(super) use self::stub::{at, entity};

use self::stub::{Log, Scripted, Seen, port};
use super::queue::{Group, Verb};
use super::*;
use crate::entity::Renaming;

const HOW: Write = Write {
    merge: true,
    create_missing_related: false,
};
const SOURCE: Source = Source {
    installation: 7,
    suffix: Suffix::Gitops,
};
const CREATED: Result<Written, Error> = Ok(Written {
    created: true,
    renaming: Renaming::NotAsked,
});

/// What entities of these tests have in common.
pub(super) fn group() -> Group {
    Group {
        blueprint: "service".into(),
        verb: Verb::Upsert(HOW),
        source: SOURCE,
    }
}

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
