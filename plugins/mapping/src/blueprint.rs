//! Port's blueprints, and what of an entity does not fit its own.
//!
//! Port has the last word: what does not fit is told and sent all the same.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use portolan_sdk::{Answer, Diagnostic, Entity};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::expression::shortened;
use crate::link::noun;
use crate::mapping::{Mapping, Member};
use crate::notes::Notes;
use crate::spelling;

/// Port API reference, "Get a blueprint".
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Blueprint {
    schema: Schema,
    relations: BTreeMap<String, Relation>,
    mirror_properties: BTreeMap<String, Json>,
    calculation_properties: BTreeMap<String, Json>,
    aggregation_properties: BTreeMap<String, Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Schema {
    properties: BTreeMap<String, Property>,
    /// A list of names; Port also knows rules in the form of an object.
    required: Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Property {
    r#type: String,
    r#enum: Option<Vec<Json>>,
    items: Option<Box<Property>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Relation {
    target: String,
    required: bool,
    many: bool,
}

/// Blueprints that were parsed, with their text: it is the same at nearly every event.
#[derive(Debug, Default)]
pub(crate) struct Blueprints(RefCell<HashMap<String, (String, Rc<Blueprint>)>>);

/// More than an organization writes to; then they are parsed anew.
const MOST: usize = 200;

impl Blueprints {
    /// `None`: there is none, or it cannot be read. Then nothing is held against it.
    pub(crate) fn parsed(
        &self,
        identifier: &str,
        answer: Option<&Answer>,
    ) -> Option<Rc<Blueprint>> {
        let Some(Answer::Json(text)) = answer else {
            return None;
        };
        let mut known = self.0.borrow_mut();
        if let Some((of, blueprint)) = known.get(identifier)
            && of == text
        {
            return Some(Rc::clone(blueprint));
        }
        let parsed = Rc::new(serde_json::from_str(text).ok()?);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(identifier.to_owned(), (text.clone(), Rc::clone(&parsed)));
        Some(parsed)
    }
}

impl Blueprint {
    /// Tells what of an entity does not fit.
    pub(crate) fn check(&self, entity: &Entity, mapping: &Mapping, notes: &mut Notes) {
        for member in &mapping.properties {
            let field = format!("properties.{}", member.name);
            match self.schema.properties.get(&member.name) {
                None if notes.is_told("unknown", Some(&member.place), Some(&field)) => {}
                None => {
                    let message = self.unknown_property(&entity.blueprint, &member.name);
                    tell(notes, "unknown", member, field, message);
                }
                Some(property) => {
                    let value = entity.properties.get(&member.name);
                    let required = self.requires(&member.name);
                    if let Some(message) = value.and_then(|value| property.problem(value, required))
                    {
                        tell(notes, "value", member, field, message);
                    }
                }
            }
        }
        for member in &mapping.relations {
            let field = format!("relations.{}", member.name);
            match self.relations.get(&member.name) {
                None if notes.is_told("unknown", Some(&member.place), Some(&field)) => {}
                None => {
                    let names = self.relations.keys().map(String::as_str);
                    let hint = spelling::did_you_mean(&member.name, names);
                    let message = format!(
                        "The blueprint `{}` has no relation `{}`.{hint}",
                        entity.blueprint, member.name
                    );
                    tell(notes, "unknown", member, field, message);
                }
                Some(relation) => {
                    let value = entity.relations.get(&member.name);
                    if let Some(message) = value.and_then(|value| relation.problem(value)) {
                        tell(notes, "value", member, field, message);
                    }
                }
            }
        }
    }

    fn requires(&self, property: &str) -> bool {
        let required = self.schema.required.as_array();
        required.is_some_and(|names| names.iter().any(|name| name == property))
    }

    fn unknown_property(&self, blueprint: &str, name: &str) -> String {
        let computed = [
            (&self.mirror_properties, "mirrors"),
            (&self.calculation_properties, "calculates"),
            (&self.aggregation_properties, "aggregates"),
        ];
        if let Some((_, verb)) = computed
            .iter()
            .find(|(properties, _)| properties.contains_key(name))
        {
            return format!(
                "The blueprint `{blueprint}` {verb} `{name}` itself; remove it from the mapping."
            );
        }
        let names = self.schema.properties.keys().map(String::as_str);
        let hint = match self.relations.contains_key(name) {
            true => " It has a relation of that name: move it below `relations`.".to_owned(),
            false => spelling::did_you_mean(name, names),
        };
        format!("The blueprint `{blueprint}` has no property `{name}`.{hint}")
    }
}

fn tell(notes: &mut Notes, cause: &'static str, member: &Member, field: String, message: String) {
    let note = Diagnostic::warning(message).at(member.place.clone());
    notes.tell(cause, note.field(field));
}

impl Property {
    fn problem(&self, value: &Json, required: bool) -> Option<String> {
        if value.is_null() {
            return required.then(|| {
                "The blueprint requires it, but it is null here. Write a default, such as `… // \"none\"`.".to_owned()
            });
        }
        let fits = match self.r#type.as_str() {
            "string" => value.is_string(),
            "number" | "integer" => value.is_number(),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            _ => true,
        };
        if !fits {
            let hint = match (self.r#type.as_str(), value) {
                ("string", Json::Number(_) | Json::Bool(_)) => " Write `… | tostring`.",
                ("number", Json::String(_)) => " Write `… | tonumber`.",
                ("array", _) => " Write it in `[ ]`.",
                _ => "",
            };
            return Some(format!(
                "The blueprint wants {} `{}`, but it is {}: {}.{hint}",
                if self.r#type.starts_with(['a', 'o', 'i']) {
                    "an"
                } else {
                    "a"
                },
                self.r#type,
                noun(value),
                shortened(&value.to_string(), 80)
            ));
        }
        if let (Some(items), Json::Array(values)) = (&self.items, value) {
            return values.iter().find_map(|value| items.problem(value, false));
        }
        let allowed = self
            .r#enum
            .as_ref()
            .filter(|allowed| !allowed.contains(value))?;
        let allowed: Vec<_> = allowed.iter().map(Json::to_string).collect();
        Some(format!(
            "{} is not among the values that the blueprint allows: {}.",
            shortened(&value.to_string(), 80),
            shortened(&allowed.join(", "), 200)
        ))
    }
}

impl Relation {
    fn problem(&self, value: &Json) -> Option<String> {
        match value {
            Json::Null if self.required => Some(format!(
                "The blueprint requires the relation (to `{}`), but it is null here.",
                self.target
            )),
            Json::Array(_) if !self.many => Some(format!(
                "The blueprint relates to one `{}`, but a list stands here. Take one of it, such as `… | first`.",
                self.target
            )),
            _ => None,
        }
    }
}
