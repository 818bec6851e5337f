//! What a plugin wants of Port for one subject, and what was wrong with it told.
//!
//! What becomes of it is decided by `ledger` and carried out by `write`.

use tracing::{info, warn};

use crate::checked::Checked;
use crate::entity::{self, Entity};
use crate::plugins::Plugin;
use crate::plugins::contract::{Diagnostic, Severity, WriteOptions};
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
    checked: Checked,
) -> Wanted<'a> {
    say(&plugin.name, &checked.notes);
    let forbidden = checked.forbidden.iter().map(|blueprint| {
        format!(
            "{} may not write the blueprint {blueprint:?}: ALLOWED_BLUEPRINTS does not list it",
            plugin.name
        )
    });
    let problems = checked.warnings.iter().chain(&checked.mistakes);
    let problems = problems.map(ToString::to_string);
    let all = checked.forbidden.len() + checked.warnings.len() + checked.mistakes.len();
    for problem in forbidden.chain(problems).take(NOTES_SAID) {
        warn!(plugin = plugin.name, "{problem}");
    }
    more(&plugin.name, all);
    Wanted {
        plugin,
        subject,
        options: *options,
        entities: checked.entities,
        deletions: checked.deletions,
        complete: checked.complete,
        force: false,
        refused: checked.refused,
    }
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
    more(plugin, notes.len());
}

fn more(plugin: &str, all: usize) {
    if all > NOTES_SAID {
        warn!(plugin, "and {} more", all - NOTES_SAID);
    }
}
