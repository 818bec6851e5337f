//! What becomes of an outcome: checked, fenced, merged, written to Port, said.
//!
//! Until the ledger remembers who produced what, nothing is deleted here, whatever a mapper asks for.

use std::sync::Arc;

use tracing::{info, warn};

use super::{Again, Fate, Pipeline};
use crate::entity::{self, Entity, Problem, Unchecked, UncheckedIdentifier};
use crate::inbox::Item;
use crate::plugins::Plugin;
use crate::plugins::contract::{self, Diagnostic, Mapped, Severity, WriteOptions};
use crate::port::{Source, Suffix, Write};
use crate::settings::AllowedBlueprints;
use crate::subject::Subject;

/// So many notes of one event are logged; a configuration with a thousand mistakes is told by its first.
const NOTES_SAID: usize = 20;

/// The counts of one event and plugin.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) entities: usize,
    pub(super) created: usize,
    pub(super) refused: usize,
    /// What these need does not exist yet, or Port failed about them.
    pub(super) waiting: usize,
    /// Why they are waiting.
    pub(super) again: Option<Again>,
    /// Something could not be mapped or asked: an incomplete outcome only adds and updates.
    pub(super) incomplete: bool,
}

impl Written {
    /// The one line that says what was done.
    pub(super) fn sentence(&self, plugin: &str, version: &str, subject: &Subject) -> String {
        let whose = subject.repository.as_ref().map_or_else(
            || subject.organization.login.clone(),
            |repository| repository.full_name(),
        );
        let Self {
            entities,
            created,
            refused,
            waiting,
            ..
        } = self;
        let mut said = format!(
            "{plugin} {version} mapped {} of {whose}: {entities} upserted, {created} of them new",
            subject.kind
        );
        if *refused > 0 {
            said += &format!(", {refused} refused");
        }
        if *waiting > 0 {
            said += &format!(", {waiting} to be tried again");
        }
        if self.incomplete {
            said += ", incomplete";
        }
        said
    }
}

pub(super) async fn write(
    pipeline: &Pipeline,
    plugin: &Arc<Plugin>,
    options: &WriteOptions,
    item: &Item,
    mapped: Mapped,
    refused_answer: bool,
) -> Fate {
    let mut written = Written {
        incomplete: refused_answer
            || mapped
                .notes
                .iter()
                .any(|note| note.severity == Severity::Error),
        ..Written::default()
    };
    say(&plugin.name, &mapped.notes);
    if !mapped.deletions.is_empty() {
        warn!(
            plugin = plugin.name,
            "{} deletions were left undone: there is no ledger yet that says whose they are",
            mapped.deletions.len()
        );
    }
    let entities = checked(plugin, mapped, &pipeline.allowed, &mut written);
    let how = Write {
        // What could not be mapped this time must not be cleared.
        merge: options.merge || written.incomplete,
        create_missing_related: options.create_missing_related,
    };
    let source = Source {
        installation: item.subject.installation,
        suffix: suffix(&plugin.name),
    };
    let mut again = Vec::new();
    for result in pipeline.port.upsert(entities, how, source).await {
        match result {
            Ok(done) => {
                written.entities += 1;
                written.created += usize::from(done.created);
            }
            Err(failed) if failed.is_transient() || failed.is_missing() => {
                written.waiting += 1;
                // The whole event again: an upsert that was already carried out changes nothing.
                again.push(Again {
                    after: failed.after(),
                    outage: failed.is_outage(),
                    why: failed.to_string(),
                });
            }
            Err(failed) => {
                written.refused += 1;
                warn!(plugin = plugin.name, "{failed}");
            }
        }
    }
    written.again = Again::all(again);
    match written.again {
        // Nothing to be said of an outage but that it is one.
        Some(again) if again.outage => Fate::Later(again),
        _ => Fate::Done(written),
    }
}

/// Entities as Port will take them, one a key, in the order in which the mapper named them first.
fn checked(
    plugin: &Plugin,
    mapped: Mapped,
    allowed: &AllowedBlueprints,
    written: &mut Written,
) -> Vec<Entity> {
    let mut entities = Vec::with_capacity(mapped.entities.len());
    for unchecked in mapped.entities {
        let blueprint = &unchecked.blueprint;
        if !entity::allowed(&allowed.0, &plugin.name, blueprint) {
            written.refused += 1;
            written.incomplete = true;
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
                written.refused += 1;
                written.incomplete = true;
            }
        }
    }
    let (entities, problems) = Entity::merge_all(entities);
    tell(plugin, &problems);
    written.refused += problems.len();
    written.incomplete |= !problems.is_empty();
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

/// Port tells by this who wrote an entity: what came from `port.yml`, what from a mapping.
fn suffix(plugin: &str) -> Suffix {
    if plugin == "gitops" {
        Suffix::Gitops
    } else {
        Suffix::Exporter
    }
}
