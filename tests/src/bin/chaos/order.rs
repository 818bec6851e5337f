//! What Port was told of each entity, one after the other: no state may follow a newer one.

use std::collections::HashMap;

use portolan_tests::journal::Recorded;
use serde_json::Value;

use crate::model::{BLUEPRINTS, Key};
use crate::report::Report;
use crate::world::World;

/// The newest state that Port was told of each entity.
#[derive(Default)]
struct Newest(HashMap<Key, usize>);

impl Newest {
    /// Whether this state may follow what was told before. None that the traffic takes away comes again.
    fn takes(&mut self, key: &Key, state: usize) -> bool {
        let newest = self.0.entry(key.clone()).or_default();
        *newest = state.max(*newest);
        *newest == state
    }

    fn deleted(&mut self, key: Key) {
        self.0.insert(key, usize::MAX);
    }
}

/// To be asked when all is over: who changed the world may write it down a little later than Port hears of it.
pub(crate) fn judge(report: &mut Report, world: &World) {
    let mut newest = Newest::default();
    let mut told = 0;
    for (key, entity) in world.port.requests().iter().flat_map(entities) {
        let (blueprint, identifier) = &key;
        told += 1;
        let Some(entity) = entity else {
            newest.deleted(key);
            continue;
        };
        let title = &entity["title"];
        match world.model.state(&key, &entity) {
            None => report.violation(format!(
                "Port was told of {blueprint} {identifier} as {title}, which it never was"
            )),
            Some(state) if !newest.takes(&key, state) => report.violation(format!(
                "Port was told of {blueprint} {identifier} as {title} after a newer state"
            )),
            Some(_) => {}
        }
    }
    report.count("writes held against the order of the changes", told);
}

/// What a request changed: entities as they were written, and `None` for what was deleted.
fn entities(request: &Recorded) -> Vec<(Key, Option<Value>)> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let ["v1", "blueprints", blueprint, rest @ ..] = &path[..] else {
        return Vec::new();
    };
    let known = BLUEPRINTS.iter().find(|known| *known == blueprint);
    let (Some(blueprint), 200..=299) = (known, request.status) else {
        return Vec::new();
    };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let listed = body["entities"].as_array().cloned().unwrap_or_default();
    let key = |identifier: &Value| (*blueprint, identifier.as_str().unwrap_or_default().into());
    match (&*request.method, rest) {
        ("POST", ["entities", "bulk"]) => (listed.into_iter())
            .map(|entity| (key(&entity["identifier"]), Some(entity)))
            .collect(),
        ("POST", ["entities"]) => vec![(key(&body["identifier"]), Some(body.clone()))],
        ("POST", ["bulk", "entities", "delete"]) => {
            listed.iter().map(|name| (key(name), None)).collect()
        }
        ("DELETE", ["entities", name]) => vec![(key(&Value::from(*name)), None)],
        _ => Vec::new(),
    }
}

#[test]
fn a_state_that_follows_a_newer_one_or_a_deletion_is_seen() {
    let (mut newest, key) = (Newest::default(), ("service", "shop".to_owned()));
    let told = [0, 2, 2, 1, 3].map(|state| newest.takes(&key, state));
    assert_eq!(told, [true, true, true, false, true]);
    newest.deleted(key.clone());
    assert!(!newest.takes(&key, 4));
}
