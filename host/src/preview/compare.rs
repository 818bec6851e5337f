//! What would change in Port: entities held against those that are there.
//!
//! What a mapper no longer returns is not found out here: which entities were its own, the ledger of a host knows.
//! Nor is what a replacing write would remove where only GitHub knows all that it would write.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::{Made, Told};
use crate::entity::Entity;
use crate::port::{self, Port, Stored};

/// What would become of an entity.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Created,
    Changed(Vec<Field>),
    Unchanged,
    /// Which entity it is, or where a relation leads to, Port finds out by a search when it is written.
    Searched,
    /// There is no such blueprint.
    Impossible,
}

/// A field that gets another value; null stands for none.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub old: Value,
    pub new: Value,
}

/// An entity's body as Port takes it.
#[derive(Debug, serde::Deserialize)]
pub struct Body {
    pub title: Option<String>,
    pub icon: Option<String>,
    pub team: Option<Value>,
    pub properties: Map<String, Value>,
    pub relations: Map<String, Value>,
}

impl Body {
    pub fn of(entity: &Entity) -> Self {
        serde_json::from_slice(entity.body()).expect("it was written from such an entity")
    }
}

/// Asks Port for all of these, as few times as it takes.
pub async fn compare(port: &Port, made: Vec<&mut Made>) -> Result<(), port::Error> {
    let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entity in made.iter().flat_map(|made| &made.entities) {
        let names = entity
            .identifier()
            .into_iter()
            .chain(entity.previous_identifier());
        asked.entry(entity.blueprint()).or_default().extend(names);
    }
    let mut found: HashMap<String, Option<HashMap<String, Stored>>> = HashMap::new();
    for (blueprint, identifiers) in asked {
        let identifiers: Vec<_> = identifiers.into_iter().collect();
        found.insert(
            blueprint.to_owned(),
            port.stored(blueprint, &identifiers).await?,
        );
    }
    for made in made {
        let Made {
            entities,
            changes,
            told,
            merges,
            complete,
            ..
        } = made;
        // As the ledger has it: what may lack something replaces nothing.
        let merges = *merges || !*complete;
        for entity in entities.iter() {
            changes.push(match &found[entity.blueprint()] {
                Some(stored) => change(entity, stored, merges),
                None => {
                    told.push(Told::error(format!(
                        "Port has no blueprint `{}`. Create it there; until then nothing can be written to it.",
                        entity.blueprint()
                    )));
                    Change::Impossible
                }
            });
        }
    }
    Ok(())
}

fn change(entity: &Entity, stored: &HashMap<String, Stored>, merges: bool) -> Change {
    let Some(identifier) = entity.identifier() else {
        return Change::Searched;
    };
    let previous = entity
        .previous_identifier()
        .filter(|previous| stored.contains_key(*previous));
    let mut fields = Vec::new();
    let old = match (stored.get(identifier), previous) {
        (Some(old), _) => old,
        (None, Some(previous)) => {
            fields.push(field("identifier", previous.into(), identifier.into()));
            &stored[previous]
        }
        (None, None) => return Change::Created,
    };
    let new = Body::of(entity);
    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    for (name, old, new) in [
        ("title", &old.title, &new.title),
        ("icon", &old.icon, &new.icon),
    ] {
        // What is not named stays as it is.
        if new.is_some() && old != new {
            fields.push(field(name, text(old), text(new)));
        }
    }
    let mut searches = false;
    if let Some(team) = &new.team {
        searches |= team.is_object();
        if !team.is_object() && !same_names(&old.team, team) {
            fields.push(field("team", old.team.clone(), team.clone()));
        }
    }
    for (name, new) in &new.properties {
        let old = old.properties.get(name).unwrap_or(&Value::Null);
        if !same(old, new) {
            fields.push(field(
                &format!("properties.{name}"),
                old.clone(),
                new.clone(),
            ));
        }
    }
    for (name, new) in &new.relations {
        let old = old.relations.get(name).unwrap_or(&Value::Null);
        searches |= new.is_object();
        if !new.is_object() && !same_names(old, new) {
            fields.push(field(
                &format!("relations.{name}"),
                old.clone(),
                new.clone(),
            ));
        }
    }
    if !merges {
        let gone = |part: &str, old: &Map<String, Value>, new: &Map<String, Value>| {
            let gone = old
                .iter()
                .filter(|(name, value)| !value.is_null() && !new.contains_key(*name));
            gone.map(|(name, old)| field(&format!("{part}.{name}"), old.clone(), Value::Null))
                .collect::<Vec<_>>()
        };
        fields.extend(gone("properties", &old.properties, &new.properties));
        fields.extend(gone("relations", &old.relations, &new.relations));
    }
    match (fields.is_empty(), searches) {
        (false, _) => Change::Changed(fields),
        (true, true) => Change::Searched,
        (true, false) => Change::Unchanged,
    }
}

fn field(name: &str, old: Value, new: Value) -> Field {
    Field {
        name: name.to_owned(),
        old,
        new,
    }
}

/// Whether Port would hold them for the same value: 1 and 1.0, one instant in two spellings.
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        (Value::String(old), Value::String(new)) => {
            old == new
                || matches!((instant(old), instant(new)), (Some(old), Some(new)) if old == new)
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            let same_at =
                |(name, old): (&String, &Value)| new.get(name).is_some_and(|new| same(old, new));
            old.len() == new.len() && old.iter().all(same_at)
        }
        (old, new) => old == new,
    }
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok()
}

/// Identifiers have no order, and none, null and an empty list are the same.
fn same_names(old: &Value, new: &Value) -> bool {
    fn names(value: &Value) -> BTreeSet<&str> {
        match value {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            value => value.as_str().into_iter().collect(),
        }
    }
    names(old) == names(new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::{Unchecked, UncheckedIdentifier};

    fn entity(properties: &Value, relations: &Value) -> Entity {
        let unchecked = Unchecked {
            blueprint: "service".to_owned(),
            identifier: UncheckedIdentifier::Exact("shop".to_owned()),
            previous_identifier: Some("store".to_owned()),
            title: Some("Shop".to_owned()),
            icon: None,
            team: None,
            properties: properties.to_string(),
            relations: relations.to_string(),
            place: None,
        };
        Entity::check(unchecked).unwrap().0
    }

    fn stored(identifier: &str, properties: Value, relations: Value) -> HashMap<String, Stored> {
        let stored = json!({"identifier": identifier, "title": "Shop", "icon": "Git", "properties": properties, "relations": relations});
        HashMap::from([(
            identifier.to_owned(),
            serde_json::from_value(stored).unwrap(),
        )])
    }

    #[test]
    fn what_is_named_is_compared_as_port_would_hold_it() {
        let new = entity(
            &json!({"count": 1, "at": "2026-01-02T10:00:00Z", "none": null, "list": [1]}),
            &json!({"domains": ["a", "b"], "owner": "ann", "nobody": null}),
        );
        let old = stored(
            "shop",
            json!({"count": 1.0, "at": "2026-01-02T10:00:00.000Z", "list": [1], "calculated": 5}),
            json!({"domains": ["b", "a"], "owner": ["ann"], "nobody": []}),
        );
        assert_eq!(change(&new, &old, true), Change::Unchanged);
        assert_eq!(change(&new, &HashMap::new(), true), Change::Created);
        let replaced = [field("properties.calculated", json!(5), Value::Null)];
        assert_eq!(
            change(&new, &old, false),
            Change::Changed(replaced.to_vec())
        );
    }

    #[test]
    fn each_change_is_told_with_what_was_there() {
        let old = stored(
            "store",
            json!({"tier": "Gold", "gone": "x"}),
            json!({"owner": "ann"}),
        );
        let new = entity(
            &json!({"tier": "Silver", "gone": null}),
            &json!({"owner": "bob"}),
        );
        let fields = [
            field("identifier", json!("store"), json!("shop")),
            field("properties.gone", json!("x"), Value::Null),
            field("properties.tier", json!("Gold"), json!("Silver")),
            field("relations.owner", json!("ann"), json!("bob")),
        ];
        assert_eq!(change(&new, &old, true), Change::Changed(fields.to_vec()));
        let search = json!({"owner": {"combinator": "and", "rules": [{"property": "x", "operator": "=", "value": 1}]}});
        let same_otherwise = stored("shop", json!({}), json!({"owner": "ann"}));
        assert_eq!(
            change(&entity(&json!({}), &search), &same_otherwise, true),
            Change::Searched
        );
    }
}
