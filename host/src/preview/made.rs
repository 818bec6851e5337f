//! What comes of one object and one plugin, and what is to be told of it.

use std::sync::Arc;

use crate::answers::UNKNOWN;
use crate::checked::Checked;
use crate::entity::{self, Entity, Problem};
use crate::plugins::Plugin;
use crate::plugins::contract::{Diagnostic, Place, Severity};

use super::compare::Change;

/// What a plugin makes of an object.
pub struct Made {
    pub plugin: Arc<Plugin>,
    pub entities: Vec<Entity>,
    /// For each of them what would become of it in Port, once that was asked.
    pub changes: Vec<Change>,
    /// Of an event without a kind.
    pub deletions: Vec<entity::Key>,
    /// Properties that an entity does not name keep their value.
    pub merges: bool,
    /// Otherwise something could not be mapped, and a host would only add and update.
    pub complete: bool,
    /// Something that it asked for only GitHub knows.
    pub unknown: bool,
    pub told: Vec<Told>,
    /// Everything that the mapper noted, in its order, where somebody wants to know how fields come about.
    pub explained: Vec<Told>,
    /// Why there is nothing.
    pub nothing: Option<&'static str>,
}

/// Something to mend, or good to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub severity: Severity,
    pub message: String,
    pub place: Option<Place>,
    pub field: Option<String>,
}

impl Made {
    pub(super) fn new(plugin: Arc<Plugin>) -> Self {
        Self {
            plugin,
            entities: Vec::new(),
            changes: Vec::new(),
            deletions: Vec::new(),
            merges: true,
            complete: true,
            unknown: false,
            told: Vec::new(),
            explained: Vec::new(),
            nothing: None,
        }
    }

    /// Incomplete for no other reason than that GitHub cannot be asked here: a host might find it complete.
    pub fn lacks_github_alone(&self) -> bool {
        self.unknown && !self.told.iter().any(Told::is_error)
    }

    /// It was compared as what adds and updates, but a host might replace, and what that removes is not known.
    pub fn hides_removals(&self) -> bool {
        !self.merges && !self.changes.is_empty() && self.lacks_github_alone()
    }

    /// It gave no outcome.
    pub(super) fn failed(&mut self, why: String) {
        self.complete = false;
        let told = Told::error(why);
        self.unknown |= told.is_unknown();
        self.told.push(told);
    }

    pub(super) fn take(&mut self, checked: Checked, left_out: &[String], explain: bool) {
        self.entities = checked.entities;
        self.deletions = checked.deletions;
        self.complete = checked.complete;
        let notes = checked.notes.iter();
        // Explained, the mapper's notes stand where they belong, in the explanation.
        let notes = notes.filter(|note| !(explain && note.severity == Severity::Note));
        self.told.extend(notes.cloned().map(Told::from));
        let not_read = |why: &String| Told::error(format!("Not read: {why}."));
        self.told.extend(left_out.iter().map(not_read));
        for blueprint in checked.forbidden {
            self.told.push(Told::error(format!(
                "{} may not write the blueprint `{}`: ALLOWED_BLUEPRINTS does not list it.",
                self.plugin.name,
                blueprint.escape_debug()
            )));
        }
        let problem = |severity| move |problem| Told::of(problem, severity);
        self.told
            .extend(checked.mistakes.into_iter().map(problem(Severity::Error)));
        self.told
            .extend(checked.warnings.into_iter().map(problem(Severity::Warning)));
        if explain {
            self.explained = checked.notes.into_iter().map(Told::from).collect();
        }
    }
}

impl Told {
    pub fn error(message: String) -> Self {
        Self {
            severity: Severity::Error,
            message,
            place: None,
            field: None,
        }
    }

    fn of(problem: Problem, severity: Severity) -> Self {
        Self {
            severity,
            message: problem.message,
            place: problem.place.map(|place| Place {
                path: place.path,
                line: place.line,
                column: place.column,
            }),
            field: Some(problem.field),
        }
    }

    /// It follows from what only GitHub knows, and is nobody's mistake.
    pub fn is_unknown(&self) -> bool {
        self.message.contains(UNKNOWN)
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error && !self.is_unknown()
    }
}

impl From<Diagnostic> for Told {
    fn from(note: Diagnostic) -> Self {
        Self {
            severity: note.severity,
            message: note.message,
            place: note.place,
            field: note.field,
        }
    }
}
