//! Entities as Port knows them.
//!
//! What a plugin returns is [`Unchecked`] and stays untrusted until [`Entity::check`] has held it against the rules
//! of Port's API reference ("Create multiple entities"). A mistake found here names its field and its place in the
//! configuration; found by Port, it would refuse a whole call of twenty entities with it.
//! Knows neither the sandbox nor how entities are sent.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

mod check;
mod rules;

pub use rules::is_blueprint;

/// Where in the configuration something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// An entity as the sandbox hands it over; everything structured is JSON text.
#[derive(Debug, Clone)]
pub struct Unchecked {
    pub blueprint: String,
    pub identifier: UncheckedIdentifier,
    pub previous_identifier: Option<String>,
    pub title: Option<String>,
    pub icon: Option<String>,
    pub team: Option<String>,
    pub properties: String,
    pub relations: String,
    pub place: Option<Place>,
}

#[derive(Debug, Clone)]
pub enum UncheckedIdentifier {
    Exact(String),
    /// A search query, as JSON text.
    Search(String),
}

/// What is wrong with one field of an entity, for the author of the configuration or the mapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `identifier`, `properties.tier`, `relations.owner` and so on.
    pub field: String,
    pub message: String,
    pub place: Option<Place>,
}

/// An entity that Port's API can read. Whether it fits its blueprint, only Port knows.
#[derive(Debug, Clone)]
pub struct Entity {
    blueprint: String,
    identifier: Identifier,
    previous_identifier: Option<String>,
    title: Option<String>,
    icon: Option<String>,
    team: Option<Link>,
    properties: BTreeMap<String, Box<RawValue>>,
    relations: BTreeMap<String, Link>,
    place: Option<Place>,
    body: OnceLock<Bytes>,
}

/// What makes two entities one. Entities found by a search have none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub blueprint: String,
    pub identifier: String,
}

/// What became of an entity's previous identifier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Renaming {
    /// It has none.
    #[default]
    NotAsked,
    Done,
    /// No entity had it: renamed before, or never there.
    NothingThere,
    /// There is an entity of either identifier; they stay two.
    BothThere,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Identifier {
    Exact(String),
    Search(Box<RawValue>),
}

/// A team or the target of a relation.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Link {
    Null,
    One(String),
    Many(Vec<String>),
    Search(Box<RawValue>),
}

impl Entity {
    /// Holds a plugin's entity against the rules of Port's API: the entity and its warnings, or all its mistakes.
    pub fn check(unchecked: Unchecked) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        check::check(unchecked)
    }

    pub fn blueprint(&self) -> &str {
        &self.blueprint
    }

    /// `None` where the entity is found by a search.
    pub fn identifier(&self) -> Option<&str> {
        match &self.identifier {
            Identifier::Exact(identifier) => Some(identifier),
            Identifier::Search(_) => None,
        }
    }

    /// The identifier to be renamed to [`Entity::identifier`].
    pub fn previous_identifier(&self) -> Option<&str> {
        self.previous_identifier.as_deref()
    }

    /// The same entity, written without renaming another one.
    pub fn without_previous(self) -> Self {
        Self {
            previous_identifier: None,
            ..self
        }
    }

    pub fn key(&self) -> Option<Key> {
        let identifier = self.identifier()?.to_owned();
        Some(Key {
            blueprint: self.blueprint.clone(),
            identifier,
        })
    }

    /// The identifiers that the relations point at.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.relations().map(|(_, target)| target)
    }

    /// The relations by name, each with an identifier that it points at.
    pub fn relations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.relations.iter().flat_map(|(name, link)| {
            let targets = match link {
                Link::One(target) => std::slice::from_ref(target),
                Link::Many(targets) => targets.as_slice(),
                Link::Null | Link::Search(_) => &[],
            };
            targets
                .iter()
                .map(|target| (name.as_str(), target.as_str()))
        })
    }

    /// Where in the configuration it comes from.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The JSON object that Port's API takes: equal bytes for equal entities. Written once and kept.
    pub fn body(&self) -> &Bytes {
        self.body.get_or_init(|| {
            #[derive(Serialize)]
            struct Body<'a> {
                identifier: &'a Identifier,
                #[serde(skip_serializing_if = "Option::is_none")]
                title: Option<&'a str>,
                #[serde(skip_serializing_if = "Option::is_none")]
                icon: Option<&'a str>,
                #[serde(skip_serializing_if = "Option::is_none")]
                team: Option<&'a Link>,
                properties: &'a BTreeMap<String, Box<RawValue>>,
                relations: &'a BTreeMap<String, Link>,
            }
            let body = serde_json::to_vec(&Body {
                identifier: &self.identifier,
                title: self.title.as_deref(),
                icon: self.icon.as_deref(),
                team: self.team.as_ref(),
                properties: &self.properties,
                relations: &self.relations,
            });
            body.expect("maps with string keys and checked JSON always serialize")
                .into()
        })
    }

    /// One entity of two with the same key: properties and relations key by key, the later wins.
    fn merge(mut self, later: Self) -> Result<Self, Problem> {
        let (place, other) = (self.place.clone(), later.place.clone());
        self.properties.extend(later.properties);
        self.relations.extend(later.relations);
        let both = Self {
            previous_identifier: later.previous_identifier.or(self.previous_identifier),
            title: later.title.or(self.title),
            icon: later.icon.or(self.icon),
            team: later.team.or(self.team),
            place: self.place.or(later.place),
            body: OnceLock::new(),
            ..self
        };
        check::size(&both)
            .map(|()| both)
            .map_err(|message| Problem {
                field: "properties".to_owned(),
                message: match &other {
                    Some(other) => format!("together with what {other} declares, {message}"),
                    None => format!("together with what else is declared, {message}"),
                },
                place,
            })
    }

    /// The entities of one outcome with those of one key merged, each where its first stood; and what became too
    /// large by it.
    pub fn merge_all(entities: Vec<Self>) -> (Vec<Self>, Vec<Problem>) {
        if entities.len() < 2 {
            return (entities, Vec::new());
        }
        let mut problems = Vec::new();
        let mut first = HashMap::with_capacity(entities.len());
        let mut merged: Vec<Option<Self>> = Vec::with_capacity(entities.len());
        for entity in entities {
            match entity.key().map(|key| first.entry(key)) {
                Some(Entry::Occupied(at)) => {
                    let slot: &mut Option<Self> = &mut merged[*at.get()];
                    // Nothing is there any more where too much came together before.
                    if let Some(earlier) = slot.take() {
                        match earlier.merge(entity) {
                            Ok(both) => *slot = Some(both),
                            Err(problem) => problems.push(problem),
                        }
                    }
                    continue;
                }
                Some(Entry::Vacant(at)) => {
                    at.insert(merged.len());
                }
                None => {}
            }
            merged.push(Some(entity));
        }
        (merged.into_iter().flatten().collect(), problems)
    }
}

/// Whether the operator lets this plugin write this blueprint: an entry `service` holds for every plugin,
/// `codeowners:service` for that one, and an empty list allows everything.
pub fn allowed(list: &BTreeSet<String>, plugin: &str, blueprint: &str) -> bool {
    list.is_empty()
        || list.contains(blueprint)
        || list.iter().any(|entry| {
            entry
                .strip_prefix(plugin)
                .and_then(|rest| rest.strip_prefix(':'))
                == Some(blueprint)
        })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A guest wrote the path: no control characters into anybody's terminal.
        self.path
            .chars()
            .filter(|c| !c.is_control())
            .try_for_each(|c| f.write_char(c))?;
        for number in [self.line, self.column]
            .into_iter()
            .map_while(|number| number)
        {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "`{}`: {}", self.field, self.message)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entity `{}` of blueprint `{}`",
            self.identifier, self.blueprint
        )
    }
}
