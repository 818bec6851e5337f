//! What is told about one event: each thing once, however many objects it concerns, and on request how each field
//! came about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use portolan_sdk::{Diagnostic, Place, Severity};

/// Bytes of explanation for one event, of the 1 MiB that its outcome may have.
const MOST_EXPLAINED: usize = 256 << 10;

/// Notes that anybody reads. A file with more mistakes is mended in several goes.
pub(crate) const MOST: usize = 500;

/// Notes in the order in which they came.
#[derive(Debug)]
pub(crate) struct Notes {
    list: Vec<Diagnostic>,
    /// By place, field and cause: which note it is, and how often it came again.
    told: HashMap<(String, &'static str), (usize, usize)>,
    explains: bool,
    explained: usize,
}

impl Notes {
    pub(crate) fn new(explains: bool) -> Self {
        Self {
            list: Vec::new(),
            told: HashMap::new(),
            explains,
            explained: 0,
        }
    }

    /// Tells, unless the same cause was told of the same place before: then it is counted.
    ///
    /// An error stands in for what was less: it says that the outcome is incomplete, and nothing may hide that.
    pub(crate) fn tell(&mut self, cause: &'static str, note: Diagnostic) {
        let key = (at(note.place.as_ref(), note.field.as_deref()), cause);
        match self.told.entry(key) {
            Entry::Vacant(untold) => {
                untold.insert((self.list.len(), 0));
                self.list.push(note);
            }
            Entry::Occupied(mut told) => {
                let (nth, again) = told.get_mut();
                *again += 1;
                if note.severity == Severity::Error && self.list[*nth].severity != Severity::Error {
                    self.list[*nth] = note;
                }
            }
        }
    }

    /// Whether the cause was told of this place before; it is counted then. For warnings that are dear to make.
    pub(crate) fn is_told(
        &mut self,
        cause: &'static str,
        place: Option<&Place>,
        field: Option<&str>,
    ) -> bool {
        let told = self.told.get_mut(&(at(place, field), cause));
        told.map(|(_, again)| *again += 1).is_some()
    }

    pub(crate) fn explains(&self) -> bool {
        self.explains && self.explained < MOST_EXPLAINED
    }

    /// Tells how something came about, where somebody wants to know it.
    pub(crate) fn explain(&mut self, place: &Place, field: &str, message: impl FnOnce() -> String) {
        if !self.explains() {
            return;
        }
        let mut message = message();
        self.explained += message.len() + place.path.len() + field.len() + 64;
        if !self.explains() {
            message.push_str(" What follows is not explained any more, because it is too much.");
        }
        let mut note = Diagnostic::note(message).at(place.clone());
        if !field.is_empty() {
            note = note.field(field);
        }
        self.list.push(note);
    }

    pub(crate) fn into_list(mut self) -> Vec<Diagnostic> {
        for (nth, again) in self.told.into_values() {
            if again > 0 {
                let objects = if again == 1 { "object" } else { "objects" };
                self.list[nth]
                    .message
                    .push_str(&format!(" (The same for {again} more {objects}.)"));
            }
        }
        // What explains is bounded already, and is the very thing that was asked for.
        if self.explains {
            return self.list;
        }
        capped(self.list)
    }
}

/// A place and a field, to tell them from others.
fn at(place: Option<&Place>, field: Option<&str>) -> String {
    let place = place.map(Place::to_string);
    format!(
        "{} {}",
        place.unwrap_or_default(),
        field.unwrap_or_default()
    )
}

/// The first of them. That something was left out is told, and as an error where one was among it.
pub(crate) fn capped(mut notes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if notes.len() <= MOST {
        return notes;
    }
    let rest = notes.split_off(MOST);
    let is_error = |note: &Diagnostic| note.severity == Severity::Error;
    let message = format!("{} more are not told. Mend these first.", rest.len());
    notes.push(match rest.iter().any(is_error) {
        true => Diagnostic::error(message),
        false => Diagnostic::warning(message),
    });
    notes
}
