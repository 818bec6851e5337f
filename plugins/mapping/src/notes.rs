//! What is told about one event: each thing once, however many objects it concerns, and on request how each field
//! came about.

use std::collections::HashMap;

use portolan_sdk::{Diagnostic, Place};

/// Bytes of explanation for one event; whoever reads more of it reads another event's.
const MOST_EXPLAINED: usize = 512 << 10;

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
    pub(crate) fn tell(&mut self, cause: &'static str, note: Diagnostic) {
        let place = note.place.as_ref().map(Place::to_string);
        let at = format!("{place:?} {:?}", note.field);
        let next = self.list.len();
        let (_, again) = self
            .told
            .entry((at, cause))
            .and_modify(|(_, again)| *again += 1)
            .or_insert((next, 0));
        if *again == 0 {
            self.list.push(note);
        }
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
        self.explained += message.len();
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
        self.list
    }
}
