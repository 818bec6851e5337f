//! What the specs refer to beyond themselves: other files of the repository, and blueprints of Port.
//!
//! Asked for in one round. What could not be had costs a property, never an entity.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use portolan_sdk::{Answer, Diagnostic, Error, Event, Question};
use serde_json::Value;

use crate::QUESTIONS;
use crate::reference::Reference;
use crate::spec::Declared;

#[derive(Default)]
pub(crate) struct Found<'a> {
    files: HashMap<String, &'a Answer>,
    blueprints: BTreeMap<String, Value>,
}

impl<'a> Found<'a> {
    /// Asks. `all_blueprints` or those alone that decide how a file is read; `left` is what may still be asked.
    pub(crate) fn of(
        event: &'a Event,
        declared: &[Declared],
        all_blueprints: bool,
        left: &mut usize,
    ) -> Result<Self, Error> {
        let matters =
            |one: &&Declared| all_blueprints || one.references.iter().any(Reference::is_structured);
        let blueprints = declared
            .iter()
            .filter(matters)
            .map(|one| &one.entity.blueprint);
        let references = declared.iter().flat_map(|one| &one.references);
        let files = references.map(|reference| &reference.path);
        let questions: Vec<_> = blueprints
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(Question::blueprint)
            .chain(
                files
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .map(Question::file),
            )
            .take(*left)
            .collect();
        *left -= questions.len();

        let mut found = Self::default();
        let answers = event.all(questions.clone())?;
        for (question, answer) in questions.into_iter().zip(answers) {
            match (question, answer) {
                (Question::File(path), answer) => _ = found.files.insert(path, answer),
                (Question::Blueprint(identifier), Answer::Json(text)) => {
                    let blueprint = serde_json::from_str(text)?;
                    found.blueprints.insert(identifier, blueprint);
                }
                // Without its blueprint an entity is sent as its file says it; Port has the last word.
                _ => {}
            }
        }
        Ok(found)
    }

    /// The type that a blueprint declares for a property, such as `object`.
    pub(crate) fn property_type(&self, blueprint: &str, property: &str) -> Option<&str> {
        self.schema(blueprint, property)?["type"].as_str()
    }

    fn schema(&self, blueprint: &str, property: &str) -> Option<&Value> {
        Some(&self.blueprints.get(blueprint)?["schema"]["properties"][property])
    }

    /// Puts the content of files where properties refer to them, and a time to dates where the blueprint wants one.
    pub(crate) fn fill(&self, declared: &mut Declared, notes: &mut Vec<Diagnostic>) {
        let entity = &mut declared.entity;
        for (name, value) in &mut entity.properties {
            let schema = self.schema(&entity.blueprint, name);
            if let Value::String(text) = value
                && schema.is_some_and(|schema| schema["format"] == "date-time")
                && is_date(text)
            {
                // As YAML 1.1 means a bare date, and Port's own app sends it; Port refuses one without a time.
                text.push_str("T00:00:00.000Z");
            }
        }
        for reference in std::mem::take(&mut declared.references) {
            let declares = self.property_type(&declared.entity.blueprint, &reference.property);
            let structure = matches!(declares, Some("object" | "array"));
            match self.value(&reference, structure, notes) {
                Ok(value) => _ = declared.entity.properties.insert(reference.property, value),
                // Left out, so that what Port has stays.
                Err(mistake) => {
                    notes.push(mistake.field(format!("properties.{}", reference.property)));
                }
            }
        }
    }

    fn value(
        &self,
        reference: &Reference,
        structure: bool,
        notes: &mut Vec<Diagnostic>,
    ) -> Result<Value, Diagnostic> {
        let path = &reference.path;
        let error = |message| Diagnostic::error(message).at(reference.place.clone());
        match self.files.get(path) {
            Some(Answer::Text(text)) => reference.value(text, structure),
            Some(Answer::Refused(reason)) => Err(error(format!("`{path}` was not read: {reason}"))),
            Some(_) => {
                let message = format!(
                    "There is no file `{path}` on the default branch; the property is set to null."
                );
                let warning = Diagnostic::warning(message).at(reference.place.clone());
                notes.push(warning.field(format!("properties.{}", reference.property)));
                Ok(Value::Null)
            }
            None => Err(error(format!(
                "`{path}` was not read: a repository's specs may refer to about {QUESTIONS} files in all."
            ))),
        }
    }
}

/// `2024-01-02`
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.len() == digits)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(())?;
        part.parse::<u16>().ok()
    };
    let (year, month, day) = (part(4), part(2), part(2));
    year.is_some()
        && month.is_some_and(|month| (1..=12).contains(&month))
        && day.is_some_and(|day| (1..=31).contains(&day))
        && parts.next().is_none()
}
