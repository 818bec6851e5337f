//! What a mapper returned, held against Port's rules and the operator's list, with all that is to be told of it.
//!
//! A plugin's output is untrusted until here. Tells nobody: `pipeline` logs it, `preview` shows it.

use crate::entity::{self, Entity, Problem, Unchecked, UncheckedIdentifier};
use crate::plugins::contract::{self, Diagnostic, Mapped, Severity};
use crate::settings::AllowedBlueprints;

/// An outcome as far as it may be written.
pub struct Checked {
    /// One a key, in the order in which the mapper named them first.
    pub entities: Vec<Entity>,
    pub deletions: Vec<entity::Key>,
    /// Something could not be mapped or asked: an incomplete outcome only adds and updates.
    pub complete: bool,
    /// Entities that Port would not have taken, or the operator does not want.
    pub refused: usize,
    /// The mapper's own.
    pub notes: Vec<Diagnostic>,
    /// About entities that are there all the same.
    pub warnings: Vec<Problem>,
    /// What entities were refused for.
    pub mistakes: Vec<Problem>,
    /// Blueprints that the operator does not let this plugin write, one for each entity.
    pub forbidden: Vec<String>,
}

impl Checked {
    /// `refused_answer`: the mapper was not given something that it asked for.
    pub fn new(
        plugin: &str,
        mapped: Mapped,
        refused_answer: bool,
        allowed: &AllowedBlueprints,
    ) -> Self {
        let error = |note: &Diagnostic| note.severity == Severity::Error;
        let mut checked = Self {
            entities: Vec::new(),
            deletions: mapped.deletions.into_iter().map(Into::into).collect(),
            complete: !refused_answer && !mapped.notes.iter().any(error),
            refused: 0,
            notes: mapped.notes,
            warnings: Vec::new(),
            mistakes: Vec::new(),
            forbidden: Vec::new(),
        };
        let mut entities = Vec::with_capacity(mapped.entities.len());
        for unchecked in mapped.entities {
            if !entity::allowed(&allowed.0, plugin, &unchecked.blueprint) {
                checked.refused += 1;
                checked.forbidden.push(unchecked.blueprint);
                continue;
            }
            match Entity::check(unchecked.into()) {
                Ok((entity, warnings)) => {
                    checked.warnings.extend(warnings);
                    entities.push(entity);
                }
                Err(mistakes) => {
                    checked.mistakes.extend(mistakes);
                    checked.refused += 1;
                }
            }
        }
        let (entities, mistakes) = Entity::merge_all(entities);
        checked.refused += mistakes.len();
        checked.mistakes.extend(mistakes);
        checked.entities = entities;
        checked.complete &= checked.refused == 0;
        checked
    }
}

impl From<contract::EntityKey> for entity::Key {
    fn from(key: contract::EntityKey) -> Self {
        Self {
            blueprint: key.blueprint,
            identifier: key.identifier,
        }
    }
}

impl From<contract::Entity> for Unchecked {
    fn from(entity: contract::Entity) -> Self {
        Self {
            blueprint: entity.blueprint,
            identifier: match entity.identifier {
                contract::Identifier::Exact(identifier) => UncheckedIdentifier::Exact(identifier),
                contract::Identifier::Search(query) => UncheckedIdentifier::Search(query),
            },
            previous_identifier: entity.previous_identifier,
            title: entity.title,
            icon: entity.icon,
            team: entity.team,
            properties: entity.properties,
            relations: entity.relations,
            place: entity.place.map(|place| entity::Place {
                path: place.path,
                line: place.line,
                column: place.column,
            }),
        }
    }
}
