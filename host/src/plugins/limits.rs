//! What one call of a guest may use: time, memory, what it hands out, what it logs.
//!
//! Time and output grow with the input up to a ceiling, so that a large monorepo maps and a loop ends.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::contract::{
    Answer, AnswerValue, Configuration, Diagnostic, Entity, Event, File, Identifier, Outcome,
    Place, Question, Want,
};
use super::journal::Journal;

/// All linear memories of one instance together, in bytes. Also the size of a slot in the pool.
pub(super) const MEMORY: usize = 64 << 20;
/// Elements of one table. Rust guests have hundreds, a JavaScript engine as a guest 180,000.
pub(super) const TABLE_ELEMENTS: usize = 200_000;
/// Core modules (and tables) of one component: an encoded Rust guest has three, a JavaScript one six.
pub(super) const INSTANCES: usize = 16;
/// Linear memories of one component. One is what every toolchain makes.
pub(super) const MEMORIES: usize = 1;
/// Native stack of a guest, in bytes; a blocking thread has 2 MiB.
pub(super) const STACK: usize = 512 << 10;
/// What the host copies out of a guest in one crossing, in bytes: the ceiling of the output.
/// It is counted while copying, so that a list that names one string a million times ends here.
pub(super) const CROSSING: usize = 16 << 20;

const SHARE: usize = 64 << 10;
const TIME_PER_SHARE: Duration = Duration::from_millis(100);
const TIME_CEILING: Duration = Duration::from_secs(10);
const OUTPUT: usize = 1 << 20;
const OUTPUT_PER_FILE: usize = 4 << 10;

/// What one call may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub time: Duration,
    pub output: usize,
}

impl Budget {
    /// For reading what a plugin says of itself.
    pub(super) fn describe() -> Self {
        Self::new(Duration::from_secs(2), 0, 0)
    }

    /// For instantiating and opening: parsing and compiling a configuration is the slow part of a mapper.
    pub(super) fn open(configuration: &Configuration) -> Self {
        let files = configuration.files();
        Self::new(Duration::from_secs(2), sizes(files, file), files.len())
    }

    pub(super) fn map(configuration: &Configuration, event: &Event) -> Self {
        let read = event.answers.iter().map(|answer| match &answer.value {
            AnswerValue::Files(files) => files.len(),
            _ => 1,
        });
        let files = configuration.files().len() + read.sum::<usize>();
        Self::new(Duration::from_secs(1), event_size(event), files)
    }

    fn new(base: Duration, input: usize, files: usize) -> Self {
        let shares = u32::try_from(input / SHARE).unwrap_or(u32::MAX);
        Self {
            time: base
                .saturating_add(TIME_PER_SHARE.saturating_mul(shares))
                .min(TIME_CEILING),
            output: (OUTPUT_PER_FILE.saturating_mul(files))
                .saturating_add(OUTPUT)
                .min(CROSSING),
        }
    }
}

/// What belongs to one instance on the host's side: its accounts.
pub(super) struct Accounts {
    pub journal: Journal,
    /// Bytes of all memories together.
    pub memory: usize,
    /// Set when a guest asked for more than it may have during the current call.
    pub denied: Option<usize>,
}

impl Accounts {
    pub(super) fn new(journal: Journal) -> Self {
        Self {
            journal,
            memory: 0,
            denied: None,
        }
    }
}

impl ResourceLimiter for Accounts {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory + desired.saturating_sub(current);
        if total > MEMORY {
            self.denied = Some(total);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        MEMORIES
    }
}

/// Bytes of an outcome as the host holds it, near enough.
pub(super) fn outcome_size(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Unchanged => 0,
        Outcome::Ask(questions) => sizes(questions, question),
        Outcome::Mapped(mapped) => {
            sizes(&mapped.entities, entity)
                + sizes(&mapped.deletions, |key| {
                    key.blueprint.len() + key.identifier.len()
                })
                + diagnostics_size(&mapped.notes)
        }
    }
}

pub(super) fn diagnostics_size(notes: &[Diagnostic]) -> usize {
    sizes(notes, |note| {
        note.message.len() + note.place.as_ref().map_or(0, place) + text(&note.field)
    })
}

pub(super) fn wants_size(wants: &[Want]) -> usize {
    sizes(wants, |want| want.kind.len() + want.scope.len())
}

/// The items' texts and what the items themselves take.
fn sizes<T>(items: &[T], size: impl Fn(&T) -> usize) -> usize {
    items.iter().map(size).sum::<usize>() + size_of_val(items)
}

fn event_size(event: &Event) -> usize {
    let webhook = event.webhook.as_ref().map_or(0, |hook| hook.payload.len());
    event.organization.len()
        + text(&event.repository)
        + text(&event.subject)
        + webhook
        + sizes(&event.answers, answer)
}

fn answer(answer: &Answer) -> usize {
    question(&answer.question)
        + match &answer.value {
            AnswerValue::Missing => 0,
            AnswerValue::Text(text) | AnswerValue::Json(text) | AnswerValue::Refused(text) => {
                text.len()
            }
            AnswerValue::Files(files) => sizes(files, file),
        }
}

fn question(question: &Question) -> usize {
    match question {
        Question::File(text)
        | Question::Files(text)
        | Question::Api(text)
        | Question::Blueprint(text) => text.len(),
    }
}

fn file(file: &File) -> usize {
    file.path.len() + file.text.len()
}

fn entity(entity: &Entity) -> usize {
    let identifier = match &entity.identifier {
        Identifier::Exact(text) | Identifier::Search(text) => text.len(),
    };
    entity.blueprint.len()
        + identifier
        + text(&entity.previous_identifier)
        + text(&entity.title)
        + text(&entity.icon)
        + text(&entity.team)
        + entity.properties.len()
        + entity.relations.len()
        + entity.place.as_ref().map_or(0, place)
}

fn place(place: &Place) -> usize {
    place.path.len()
}

fn text(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_grow_with_the_input_up_to_a_ceiling() {
        let small = Budget::new(Duration::from_secs(1), 20_000, 0);
        assert_eq!(
            (small.time, small.output),
            (Duration::from_secs(1), 1 << 20)
        );
        let monorepo = Budget::new(Duration::from_secs(1), 1 << 20, 300);
        assert_eq!(monorepo.time, Duration::from_millis(2_600));
        assert_eq!(monorepo.output, (1 << 20) + 300 * (4 << 10));
        let absurd = Budget::new(Duration::from_secs(1), usize::MAX, usize::MAX);
        assert_eq!((absurd.time, absurd.output), (TIME_CEILING, CROSSING));
    }

    #[test]
    fn memories_are_counted_together() {
        let mut accounts = Accounts::new(Journal::unheard());
        assert!(accounts.memory_growing(0, MEMORY / 2, None).unwrap());
        assert!(accounts.memory_growing(0, MEMORY / 2, None).unwrap());
        assert!(!accounts.memory_growing(0, 64 << 10, None).unwrap());
        assert_eq!(accounts.denied, Some(MEMORY + (64 << 10)));
    }
}
