//! What Port's catalog must be, folded from what happened in the world.
//!
//! A subject's newest state decides its entities. It is written down when the world changes, by who changed it, and
//! shares nothing with the host.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use portolan_tests::port::FakePort;
use serde_json::{Map, Value};

/// Blueprint and identifier.
pub(crate) type Key = (&'static str, String);

/// The blueprints that the traffic writes: what else is in Port is nobody's.
pub(crate) const BLUEPRINTS: [&str; 2] = ["service", "githubPullRequest"];

#[derive(Clone, Default)]
pub(crate) struct Model(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    subjects: BTreeMap<String, Subject>,
    /// What each entity was to be, one after the other.
    states: BTreeMap<Key, Vec<Expected>>,
}

/// One thing on GitHub and what must come of it.
#[derive(Clone, Default)]
struct Subject {
    entities: BTreeMap<Key, Expected>,
    /// The last delivery about it.
    guid: String,
    acknowledged: bool,
}

/// What is looked at of an entity.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) title: String,
    pub(crate) properties: Map<String, Value>,
}

/// How Port's catalog differs.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) lost: Vec<Lost>,
    /// Entities that nothing in the world stands for any more, and when they were made.
    pub(crate) left: Vec<(Key, Timestamp)>,
}

/// A delivery was acknowledged for nothing.
pub(crate) struct Lost {
    pub(crate) guid: String,
    subject: String,
    /// What is wrong with which entity.
    how: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guid, subject, how } = self;
        write!(
            f,
            "{how}, though delivery {guid} about {subject} was acknowledged"
        )
    }
}

impl Model {
    /// The subject is like this from now on; its delivery is on its way.
    pub(crate) fn changes(&self, subject: &str, guid: &str, entities: BTreeMap<Key, Expected>) {
        let mut known = self.lock();
        for (key, expected) in &entities {
            let states = known.states.entry(key.clone()).or_default();
            states.push(expected.clone());
        }
        let now = Subject {
            entities,
            guid: guid.into(),
            acknowledged: false,
        };
        known.subjects.insert(subject.into(), now);
    }

    /// The delivery's 2xx was read.
    pub(crate) fn acknowledged(&self, subject: &str, guid: &str) {
        let subjects = &mut self.lock().subjects;
        if let Some(subject) = subjects.get_mut(subject).filter(|known| known.guid == guid) {
            subject.acknowledged = true;
        }
    }

    pub(crate) fn subjects(&self) -> usize {
        self.lock().subjects.len()
    }

    /// Which of the states of an entity this one is, the first being 0.
    pub(crate) fn state(&self, key: &Key, entity: &Value) -> Option<usize> {
        let known = self.lock();
        let mut states = known.states.get(key)?.iter();
        states.position(|state| state.differs(Some(entity)).is_none())
    }

    /// What must be in Port by now and is not, or is otherwise, or should not be.
    pub(crate) fn differences(&self, port: &FakePort) -> Differences {
        let known = self.lock();
        let mut is: BTreeMap<Key, Value> = BTreeMap::new();
        for blueprint in BLUEPRINTS {
            for entity in port.entities(blueprint) {
                let identifier = entity["identifier"].as_str().unwrap_or_default();
                is.insert((blueprint, identifier.to_owned()), entity);
            }
        }
        let mut differences = Differences::default();
        for (name, subject) in &known.subjects {
            for (key, expected) in &subject.entities {
                let found = is.remove(key);
                // Nobody promised anything about what was never acknowledged.
                if !subject.acknowledged {
                    continue;
                }
                if let Some(how) = expected.differs(found.as_ref()) {
                    let (blueprint, identifier) = key;
                    differences.lost.push(Lost {
                        guid: subject.guid.clone(),
                        subject: name.clone(),
                        how: format!("{blueprint} {identifier} {how}"),
                    });
                }
            }
        }
        for (key, entity) in is {
            let made = entity["createdAt"]
                .as_str()
                .and_then(|text| text.parse().ok());
            differences.left.push((key, made.unwrap_or_default()));
        }
        differences
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().expect("nothing panics while it is held")
    }
}

impl Expected {
    fn differs(&self, found: Option<&Value>) -> Option<String> {
        let Some(found) = found else {
            return Some("is not in Port".into());
        };
        if found["title"] != *self.title {
            return Some(format!(
                "is titled {} and not {:?}",
                found["title"], self.title
            ));
        }
        let mut properties = self.properties.iter();
        let other = properties.find(|(name, value)| found["properties"][name] != **value)?;
        let (name, value) = other;
        let is = &found["properties"][name];
        Some(format!("has {name} {is} and not {value}"))
    }
}
