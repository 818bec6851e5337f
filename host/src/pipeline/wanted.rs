//! What a plugin wants of Port: its outcome, checked, and what was wrong with it told.
//!
//! A plugin's output is untrusted until here. What becomes of it is decided by `ledger` and carried out by `write`.

use tracing::{info, warn};

use crate::entity::{self, Entity, Problem, Unchecked, UncheckedIdentifier};
use crate::plugins::Plugin;
use crate::plugins::contract::{self, Diagnostic, Mapped, Severity, WriteOptions};
use crate::settings::AllowedBlueprints;
use crate::subject::Subject;

/// So many notes of one event are logged; a configuration with a thousand mistakes is told by its first.
const NOTES_SAID: usize = 20;

/// What a plugin wants of Port for one subject.
pub(super) struct Wanted<'a> {
    pub(super) plugin: &'a Plugin,
    pub(super) subject: &'a Subject,
    pub(super) options: WriteOptions,
    pub(super) entities: Vec<Entity>,
    pub(super) deletions: Vec<entity::Key>,
    /// Something could not be mapped or asked: an incomplete outcome only adds and updates.
    pub(super) complete: bool,
    /// A person wants it whatever it takes: also what did not change is sent, and however much is deleted.
    pub(super) force: bool,
    /// Entities that Port would not have taken.
    pub(super) refused: usize,
}

/// Everything that a mapper returned, as far as it may be written.
pub(super) fn wanted<'a>(
    plugin: &'a Plugin,
    subject: &'a Subject,
    options: &WriteOptions,
    mapped: Mapped,
    refused_answer: bool,
    allowed: &AllowedBlueprints,
) -> Wanted<'a> {
    say(&plugin.name, &mapped.notes);
    let error = |note: &Diagnostic| note.severity == Severity::Error;
    let mut wanted = Wanted {
        plugin,
        subject,
        options: *options,
        complete: !refused_answer && !mapped.notes.iter().any(error),
        deletions: Vec::new(),
        entities: Vec::new(),
        force: false,
        refused: 0,
    };
    wanted.deletions = mapped
        .deletions
        .iter()
        .map(|key| entity::Key {
            blueprint: key.blueprint.clone(),
            identifier: key.identifier.clone(),
        })
        .collect();
    wanted.entities = checked(plugin, mapped, allowed, &mut wanted);
    wanted
}

/// A subject that is there no more has no entities.
pub(super) fn nothing<'a>(plugin: &'a Plugin, subject: &'a Subject) -> Wanted<'a> {
    Wanted {
        plugin,
        subject,
        options: WriteOptions {
            merge: true,
            create_missing_related: true,
            delete_dependents: false,
            deletion_threshold: None,
        },
        entities: Vec::new(),
        deletions: Vec::new(),
        complete: true,
        force: false,
        refused: 0,
    }
}

/// Entities as Port will take them, one a key, in the order in which the mapper named them first.
fn checked(
    plugin: &Plugin,
    mapped: Mapped,
    allowed: &AllowedBlueprints,
    wanted: &mut Wanted<'_>,
) -> Vec<Entity> {
    let mut entities = Vec::with_capacity(mapped.entities.len());
    for unchecked in mapped.entities {
        let blueprint = &unchecked.blueprint;
        if !entity::allowed(&allowed.0, &plugin.name, blueprint) {
            wanted.refused += 1;
            wanted.complete = false;
            warn!(
                plugin = plugin.name,
                "{} may not write the blueprint {blueprint:?}: ALLOWED_BLUEPRINTS does not list it",
                plugin.name
            );
            continue;
        }
        match Entity::check(unchecked.into()) {
            Ok((entity, warnings)) => {
                tell(plugin, &warnings);
                entities.push(entity);
            }
            Err(problems) => {
                tell(plugin, &problems);
                wanted.refused += 1;
                wanted.complete = false;
            }
        }
    }
    let (entities, problems) = Entity::merge_all(entities);
    tell(plugin, &problems);
    wanted.refused += problems.len();
    wanted.complete &= problems.is_empty();
    entities
}

fn tell(plugin: &Plugin, problems: &[Problem]) {
    for problem in problems.iter().take(NOTES_SAID) {
        warn!(plugin = plugin.name, "{problem}");
    }
}

/// A plugin's diagnostics, for the person who wrote the configuration.
pub(super) fn say(plugin: &str, notes: &[Diagnostic]) {
    for note in notes.iter().take(NOTES_SAID) {
        let place = note.place.as_ref().map_or_else(String::new, |place| {
            let line = place
                .line
                .map_or_else(String::new, |line| format!(":{line}"));
            let column = place
                .column
                .map_or_else(String::new, |column| format!(":{column}"));
            format!("{}{line}{column}: ", place.path)
        });
        let message = &note.message;
        match note.severity {
            Severity::Note => info!(plugin, field = note.field, "{place}{message}"),
            Severity::Warning => warn!(plugin, field = note.field, "{place}{message}"),
            Severity::Error => warn!(
                plugin,
                field = note.field,
                severity = "error",
                "{place}{message}"
            ),
        }
    }
    if notes.len() > NOTES_SAID {
        warn!(plugin, "and {} more", notes.len() - NOTES_SAID);
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
