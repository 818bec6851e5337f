//! What a [`Run`](super::Run) comes to.

use super::ROUNDS;
use crate::{Diagnostic, Entity, Mapped, Outcome, Question};

/// What became of the event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Done {
    /// The mapper's last word.
    pub outcome: Outcome,
    /// How often `map` was called, itself included: 1 when nothing was asked.
    pub rounds: usize,
    /// All that was asked, in order.
    pub asked: Vec<Question>,
}

impl Done {
    /// What was mapped.
    ///
    /// # Panics
    ///
    /// When the outcome is [`Outcome::Unchanged`].
    #[track_caller]
    pub fn mapped(&self) -> &Mapped {
        match &self.outcome {
            Outcome::Mapped(mapped) => mapped,
            Outcome::Unchanged => panic!("the mapper left the event unchanged"),
        }
    }

    /// The entities. Panics as [`mapped`](Done::mapped).
    #[track_caller]
    pub fn entities(&self) -> &[Entity] {
        &self.mapped().entities
    }

    /// The notes. Panics as [`mapped`](Done::mapped).
    #[track_caller]
    pub fn notes(&self) -> &[Diagnostic] {
        &self.mapped().notes
    }
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// The configuration did not open.
    Configuration(Vec<Diagnostic>),
    /// The mapper refused the event.
    Refused(String),
    /// After 32 rounds it still asked; all that it asked.
    EndlessQuestions(Vec<Question>),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration(diagnostics) => {
                f.write_str("the configuration does not open:")?;
                diagnostics
                    .iter()
                    .try_for_each(|diagnostic| write!(f, "\n  {diagnostic}"))
            }
            Self::Refused(reason) => write!(f, "the mapper refuses the event: {reason}"),
            Self::EndlessQuestions(asked) => {
                write!(
                    f,
                    "the mapper still asks after {ROUNDS} rounds; it asked for"
                )?;
                asked
                    .iter()
                    .try_for_each(|question| write!(f, "\n  {question}"))
            }
        }
    }
}

impl std::error::Error for Failure {}
