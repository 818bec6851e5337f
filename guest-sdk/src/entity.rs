//! Entities as a mapper returns them.
//!
//! Knows JSON and nothing of blueprints: whether an entity fits is checked by the host and by Port.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Diagnostic, Place};

/// One entity as it should be in Port.
///
/// ```
/// use portolan_sdk::Entity;
/// use serde_json::json;
///
/// let entity = Entity::new("service", "checkout")
///     .title("Checkout")
///     .property("tier", 1)
///     .property("languages", ["Rust", "Go"])
///     .relation("system", "shop");
/// assert_eq!(entity.properties["languages"], json!(["Rust", "Go"]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// The blueprint's identifier.
    pub blueprint: String,
    /// How Port finds it.
    pub identifier: Identifier,
    /// The identifier that it had until now, to rename it; only with an [exact](Identifier::Exact) one.
    pub previous_identifier: Option<String>,
    /// Its title. `None` leaves it as it is; it cannot be cleared.
    pub title: Option<String>,
    /// A name out of Port's icon set, such as `Microservice`. `None` leaves it as it is; it cannot be cleared.
    pub icon: Option<String>,
    /// A string, a list of strings, or a search query. `null` or an empty list clears it.
    pub team: Option<Value>,
    /// By property. One that is absent keeps its value (with [`merge`](crate::WriteOptions::merge)), `null` clears it.
    pub properties: Map<String, Value>,
    /// By relation: an identifier, a list of them, `null`, or a search query.
    pub relations: Map<String, Value>,
    /// Where in the configuration it comes from, for diagnostics.
    pub place: Option<Place>,
    /// What could not be written as JSON; told to the host with the outcome.
    pub(crate) mistakes: Vec<Diagnostic>,
}

impl Entity {
    /// An entity with its identifier: 1 to 1000 of letters, digits and `@_.+:\/=-`, not `.` or `..`.
    pub fn new(blueprint: impl Into<String>, identifier: impl Into<String>) -> Self {
        Self::identified(blueprint, Identifier::Exact(identifier.into()))
    }

    /// An entity that Port finds by a search query: an object with `combinator` and `rules`
    /// that matches exactly one entity.
    pub fn found_by(blueprint: impl Into<String>, search: Value) -> Self {
        Self::identified(blueprint, Identifier::Search(search))
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the icon, a name out of Port's icon set.
    #[must_use]
    pub fn icon(mut self, icon: impl Into<String>) -> Self {
        self.icon = Some(icon.into());
        self
    }

    /// Sets the owning team: a string, a list of strings, or a search query.
    #[must_use]
    pub fn team(mut self, team: impl Into<Value>) -> Self {
        self.team = Some(team.into());
        self
    }

    /// Sets a property. `None` becomes `null` and clears it.
    ///
    /// A value that has no form in JSON (a map whose keys are not strings) is left out, and the host is told
    /// by an error note, so that the outcome counts as incomplete.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(value) => _ = self.properties.insert(name, value),
            Err(error) => self.mistake("properties", &name, &error),
        }
        self
    }

    /// Sets a relation to an identifier, a list of them, `None`, or a search query.
    ///
    /// A value that has no form in JSON is treated as in [`property`](Entity::property).
    #[must_use]
    pub fn relation(mut self, name: impl Into<String>, target: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(target) {
            Ok(target) => _ = self.relations.insert(name, target),
            Err(error) => self.mistake("relations", &name, &error),
        }
        self
    }

    /// Renames the entity that had this identifier until now. Not for one that is [found by a search](Entity::found_by).
    #[must_use]
    pub fn renamed_from(mut self, previous: impl Into<String>) -> Self {
        self.previous_identifier = Some(previous.into());
        self
    }

    /// Says where in the configuration it comes from.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    fn identified(blueprint: impl Into<String>, identifier: Identifier) -> Self {
        Self {
            blueprint: blueprint.into(),
            identifier,
            previous_identifier: None,
            title: None,
            icon: None,
            team: None,
            properties: Map::new(),
            relations: Map::new(),
            place: None,
            mistakes: Vec::new(),
        }
    }

    fn mistake(&mut self, part: &str, name: &str, error: &serde_json::Error) {
        let message = format!(
            "the value cannot be written as JSON and is left out of {} `{}`: {error}",
            self.blueprint, self.identifier
        );
        self.mistakes
            .push(Diagnostic::error(message).field(format!("{part}.{name}")));
    }
}

/// How an [`Entity`] is found in Port.
#[derive(Debug, Clone, PartialEq)]
pub enum Identifier {
    /// By its identifier.
    Exact(String),
    /// By a search query that matches exactly one entity.
    Search(Value),
}

impl std::fmt::Display for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(identifier) => f.write_str(identifier),
            Self::Search(query) => query.fmt(f),
        }
    }
}

/// Names an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    /// The blueprint's identifier.
    pub blueprint: String,
    /// The entity's identifier.
    pub identifier: String,
}

impl EntityKey {
    /// The entity of that blueprint with that identifier.
    pub fn new(blueprint: impl Into<String>, identifier: impl Into<String>) -> Self {
        Self {
            blueprint: blueprint.into(),
            identifier: identifier.into(),
        }
    }
}
