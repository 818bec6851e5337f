//! Deleting and renaming entities, and what becomes of those that point at them.

use serde_json::Value;

use super::catalog::{Catalog, is_identifier, targets};
use super::routes::Refusal;

type Key = (String, String);

impl Catalog {
    /// Deletes all or none. Dependents are deleted along, or make it fail where their relation is required.
    pub(super) fn delete(
        &mut self,
        blueprint: &str,
        identifiers: &[String],
        with_dependents: bool,
    ) -> Result<Vec<String>, Refusal> {
        self.blueprint(blueprint)?;
        let mut doomed: Vec<Key> = Vec::new();
        for identifier in identifiers {
            if self.find(blueprint, identifier).is_none() {
                return Err(Refusal::missing("Entity", identifier));
            }
            doomed.push((blueprint.into(), identifier.clone()));
        }
        let mut next = 0;
        while let Some(key) = doomed.get(next).cloned() {
            next += 1;
            for (dependent, required) in self.dependents(&key) {
                if doomed.contains(&dependent) {
                    continue;
                }
                if with_dependents {
                    doomed.push(dependent);
                } else if required {
                    let message = format!(
                        "Entity \"{}\" has dependents, such as \"{}\"",
                        key.1, dependent.1
                    );
                    return Err(Refusal::new(422, "has_dependents", &message));
                }
            }
        }
        for key in &doomed {
            self.redirect(key, None);
            if let Some(entities) = self.entities_mut().get_mut(&key.0) {
                entities.remove(&key.1);
            }
        }
        Ok(doomed
            .into_iter()
            .map(|(_, identifier)| identifier)
            .collect())
    }

    /// Gives an entity another identifier; relations follow it.
    pub(super) fn rename(&mut self, blueprint: &str, from: &str, to: &str) -> Result<(), Refusal> {
        if from == to {
            return Ok(());
        }
        if !is_identifier(to) {
            return Err(Refusal::invalid("\"identifier\" must match Port's pattern"));
        }
        if self.find(blueprint, to).is_some() {
            let message = format!("Entity \"{to}\" of \"{blueprint}\" already exists");
            return Err(Refusal::new(409, "identifier_taken", &message));
        }
        self.redirect(&(blueprint.into(), from.into()), Some(to));
        let entities = self.entities_mut().entry(blueprint.into()).or_default();
        if let Some(stored) = entities.remove(from) {
            entities.insert(to.into(), stored);
        }
        Ok(())
    }

    /// Who points at this one, and whether by a required relation.
    fn dependents(&self, key: &Key) -> Vec<(Key, bool)> {
        let mut found = Vec::new();
        for blueprint in self.blueprints() {
            for (name, relation) in &blueprint.relations {
                if relation.target != key.0 {
                    continue;
                }
                for (identifier, stored) in self.of(blueprint.identifier()) {
                    let value = stored.relations.get(name);
                    if value.into_iter().flat_map(targets).any(|id| id == key.1) {
                        let key = (blueprint.identifier().into(), identifier.clone());
                        found.push((key, relation.required));
                    }
                }
            }
        }
        found
    }

    /// Points the relations to `key` elsewhere, or nowhere.
    fn redirect(&mut self, key: &Key, to: Option<&str>) {
        let names: Vec<Key> = self
            .blueprints()
            .flat_map(|blueprint| {
                let relations = blueprint.relations.iter();
                let hits = relations.filter(|(_, relation)| relation.target == key.0);
                hits.map(|(name, _)| (blueprint.identifier().into(), name.clone()))
            })
            .collect();
        for (blueprint, name) in names {
            let entities = self.entities_mut().get_mut(&blueprint);
            for stored in entities
                .into_iter()
                .flat_map(|entities| entities.values_mut())
            {
                let Some(value) = stored.relations.get_mut(&name) else {
                    continue;
                };
                match value {
                    Value::String(one) if *one == key.1 => *value = to.into(),
                    Value::Array(many) => {
                        many.retain(|id| to.is_some() || *id != key.1.as_str());
                        let hit = many.iter_mut().find(|id| **id == key.1.as_str());
                        if let (Some(hit), Some(to)) = (hit, to) {
                            *hit = to.into();
                        }
                    }
                    _ => {}
                }
                if value.is_null() {
                    stored.relations.remove(&name);
                }
            }
        }
    }
}
