//! Blueprints and entities, and the rules by which a write changes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::blueprint::{Blueprint, Relation, mismatch};
use super::routes::Refusal;
use super::search;

#[derive(Default)]
pub(super) struct Catalog {
    blueprints: BTreeMap<String, Blueprint>,
    entities: BTreeMap<String, BTreeMap<String, Stored>>,
    writes: u64,
}

/// An entity at rest.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    pub title: Option<String>,
    pub icon: Option<String>,
    pub team: Vec<String>,
    pub properties: Map<String, Value>,
    pub relations: Map<String, Value>,
    pub created_at: jiff::Timestamp,
    pub updated_at: jiff::Timestamp,
    /// The `User-Agent` of the last write: Port's `$datasource`.
    pub datasource: String,
    /// How often it was written.
    pub writes: u64,
}

/// The query of a write.
#[derive(Clone, Copy)]
pub(super) struct Write<'a> {
    pub(super) upsert: bool,
    pub(super) merge: bool,
    pub(super) create_missing: bool,
    pub(super) validate_only: bool,
    pub(super) datasource: &'a str,
}

impl Stored {
    /// As Port's API gives it.
    pub fn json(&self, blueprint: &str, identifier: &str) -> Value {
        json!({
            "identifier": identifier, "blueprint": blueprint,
            "title": self.title, "icon": self.icon, "team": self.team,
            "properties": self.properties, "relations": self.relations,
            "createdAt": self.created_at.to_string(), "updatedAt": self.updated_at.to_string(),
            "createdBy": "portolan-test-client", "updatedBy": "portolan-test-client",
        })
    }

    /// SHA-256 over the entity without times and counts.
    pub fn digest(&self, blueprint: &str, identifier: &str) -> String {
        let whole = json!([
            blueprint,
            identifier,
            self.title,
            self.icon,
            self.team,
            self.properties,
            self.relations
        ]);
        hex::encode(Sha256::digest(whole.to_string()))
    }
}

impl Catalog {
    pub(super) fn define(&mut self, json: Value) {
        let blueprint = Blueprint::new(json);
        let identifier = blueprint.identifier().to_owned();
        assert!(!identifier.is_empty(), "a blueprint has an \"identifier\"");
        self.blueprints.insert(identifier, blueprint);
    }

    pub(super) fn undefine(&mut self, identifier: &str) {
        self.blueprints.remove(identifier);
        self.entities.remove(identifier);
    }

    pub(super) fn blueprints(&self) -> impl Iterator<Item = &Blueprint> {
        self.blueprints.values()
    }

    pub(super) fn blueprint(&self, identifier: &str) -> Result<&Blueprint, Refusal> {
        self.blueprints
            .get(identifier)
            .ok_or_else(|| Refusal::missing("Blueprint", identifier))
    }

    pub(super) fn find(&self, blueprint: &str, identifier: &str) -> Option<&Stored> {
        self.entities.get(blueprint)?.get(identifier)
    }

    pub(super) fn of(&self, blueprint: &str) -> impl Iterator<Item = (&String, &Stored)> {
        self.entities.get(blueprint).into_iter().flatten()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &String, &Stored)> {
        self.entities.iter().flat_map(|(blueprint, entities)| {
            entities
                .iter()
                .map(move |(id, stored)| (blueprint, id, stored))
        })
    }

    pub(super) fn entities_mut(&mut self) -> &mut BTreeMap<String, BTreeMap<String, Stored>> {
        &mut self.entities
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes
    }

    pub(super) fn plant(&mut self, blueprint: &str, entity: &Value, datasource: &str) {
        let identifier = entity["identifier"].as_str();
        let identifier = identifier
            .expect("an entity has an \"identifier\"")
            .to_owned();
        let mut stored = Stored {
            datasource: datasource.into(),
            ..Stored::default()
        };
        // Planting is creating: times and the rest as a write sets them, without its checks.
        apply(&mut stored, entity, false);
        let now = jiff::Timestamp::now();
        (stored.created_at, stored.updated_at) = (now, now);
        let entities = self.entities.entry(blueprint.into()).or_default();
        entities.insert(identifier, stored);
    }

    /// Creates, overrides or merges one entity; true when it is new.
    pub(super) fn upsert(
        &mut self,
        blueprint: &str,
        entity: &Value,
        write: Write<'_>,
    ) -> Result<(String, bool), Refusal> {
        let schema = self.blueprint(blueprint)?;
        let identifier = self.identify(blueprint, entity)?;
        let existing = self.find(blueprint, &identifier);
        if existing.is_some() && !write.upsert {
            let message = format!("Entity \"{identifier}\" of \"{blueprint}\" already exists");
            return Err(Refusal::new(409, "identifier_taken", &message));
        }
        let merge = write.merge && existing.is_some();
        let created = existing.is_none();
        let mut next = match existing {
            Some(existing) if merge => existing.clone(),
            Some(existing) => Stored {
                created_at: existing.created_at,
                writes: existing.writes,
                ..Stored::default()
            },
            None => Stored::default(),
        };
        let relations = self.resolve(schema, entity.get("relations"))?;
        apply(&mut next, entity, merge);
        set(&mut next.relations, &relations);
        schema.check(&next.properties)?;
        let missing = self.missing_targets(schema, &next.relations, &relations)?;
        if let Some((target, id)) = missing.first()
            && (!write.create_missing || target.starts_with('_'))
        {
            return Err(Refusal::missing(&format!("Entity of {target}"), id));
        }
        if write.validate_only {
            return Ok((identifier, created));
        }
        self.store(blueprint, identifier, next, missing, write, created)
    }

    fn store(
        &mut self,
        blueprint: &str,
        identifier: String,
        mut next: Stored,
        missing: Vec<(String, String)>,
        write: Write<'_>,
        created: bool,
    ) -> Result<(String, bool), Refusal> {
        let now = jiff::Timestamp::now();
        for (target, id) in missing {
            let bare = Stored {
                created_at: now,
                updated_at: now,
                datasource: write.datasource.into(),
                ..Stored::default()
            };
            self.entities.entry(target).or_default().insert(id, bare);
        }
        if created {
            next.created_at = now;
        }
        next.updated_at = now;
        next.datasource = write.datasource.into();
        next.writes += 1;
        self.writes += 1;
        let entities = self.entities.entry(blueprint.into()).or_default();
        entities.insert(identifier.clone(), next);
        Ok((identifier, created))
    }

    /// The identifier given, or the one entity that a search for it finds.
    fn identify(&self, blueprint: &str, entity: &Value) -> Result<String, Refusal> {
        match &entity["identifier"] {
            Value::String(identifier) if is_identifier(identifier) => Ok(identifier.clone()),
            Value::Object(query) => {
                let mut found =
                    search::in_blueprint(self, blueprint, &Value::Object(query.clone()))?;
                match (found.pop(), found.pop()) {
                    (Some(only), None) => Ok(only),
                    (None, _) => Err(Refusal::missing("Entity found by a search", "unknown")),
                    _ => Err(Refusal::invalid(
                        "the identifier's search finds several entities",
                    )),
                }
            }
            other => {
                let message = format!(
                    "\"identifier\" {other} must match pattern \"^(?!\\.{{1,2}}$)[\\p{{L}}0-9@_.+:\\\\/=-]+$\" and have 1 to 1000 characters"
                );
                Err(Refusal::invalid(&message))
            }
        }
    }

    /// The relations given, each checked for its shape, searches replaced by what they find.
    fn resolve(
        &self,
        schema: &Blueprint,
        given: Option<&Value>,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut relations = Map::new();
        for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
            let Some(relation) = schema.relations.get(name) else {
                return Err(mismatch(name, "is not a relation of the blueprint"));
            };
            let value = match value {
                Value::Object(_) => self.resolve_search(relation, value)?,
                Value::Array(items) if relation.many && items.iter().all(Value::is_string) => {
                    value.clone()
                }
                Value::String(_) if !relation.many => value.clone(),
                Value::Null => Value::Null,
                _ if relation.many => return Err(mismatch(name, "must be a list of identifiers")),
                _ => return Err(mismatch(name, "must be one identifier")),
            };
            relations.insert(name.clone(), value);
        }
        Ok(relations)
    }

    fn resolve_search(&self, relation: &Relation, query: &Value) -> Result<Value, Refusal> {
        let found = search::in_blueprint(self, &relation.target, query)?;
        Ok(match (relation.many, found.first()) {
            (true, _) => json!(found),
            (false, Some(first)) => json!(first),
            (false, None) => Value::Null,
        })
    }

    /// Targets named in this write that do not exist; refuses when a required relation is left empty.
    fn missing_targets(
        &self,
        schema: &Blueprint,
        after: &Map<String, Value>,
        given: &Map<String, Value>,
    ) -> Result<Vec<(String, String)>, Refusal> {
        let mut missing = Vec::new();
        for (name, relation) in &schema.relations {
            if relation.required && !after.contains_key(name) {
                return Err(mismatch(name, "is a required relation"));
            }
            for id in given.get(name).into_iter().flat_map(targets) {
                if self.find(&relation.target, id).is_some() {
                    continue;
                }
                self.blueprint(&relation.target)?;
                missing.push((relation.target.clone(), id.to_owned()));
            }
        }
        Ok(missing)
    }
}

/// The identifiers that a relation's value names.
pub(super) fn targets(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Everything but the relations. Without `merge` the entity was emptied before, so that the same steps replace it.
fn apply(stored: &mut Stored, entity: &Value, merge: bool) {
    let text = |name: &str| entity[name].as_str().map(ToOwned::to_owned);
    let given = |name: &str| !merge || entity.get(name).is_some();
    if given("title") {
        stored.title = text("title");
    }
    if given("icon") {
        stored.icon = text("icon");
    }
    if given("team") {
        stored.team = targets(&entity["team"])
            .into_iter()
            .map(Into::into)
            .collect();
    }
    if let Some(properties) = entity["properties"].as_object() {
        set(&mut stored.properties, properties);
    }
}

/// Null clears, anything else is stored.
fn set(stored: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (name, value) in given {
        if value.is_null() {
            stored.remove(name);
        } else {
            stored.insert(name.clone(), value.clone());
        }
    }
}

/// `^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/=-]+$`, 1 to 1000 characters (Port's API reference, entities).
pub(super) fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_alphabetic() || c.is_ascii_digit() || "@_.+:\\/=-".contains(c);
    (1..=1000).contains(&text.chars().count())
        && text.chars().all(allowed)
        && text != "."
        && text != ".."
}
