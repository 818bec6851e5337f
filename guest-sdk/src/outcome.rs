//! A mapper's word on an event: what is, a question, or a refusal.

use crate::{Diagnostic, Entity, EntityKey, Question};

/// What became of an event.
///
/// ```
/// use portolan_sdk::{Entity, Outcome};
///
/// let one = Outcome::from(Entity::new("service", "checkout"));
/// let none = Outcome::from(vec![]);
/// assert_ne!(none, Outcome::Unchanged, "no entities deletes what there was");
/// # assert_ne!(one, none);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// This is how the subject looks in Port.
    Mapped(Mapped),
    /// Nothing to say: keep what there is.
    Unchanged,
}

/// How a subject looks in Port.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapped {
    /// All entities of the subject. What it had and is not named here is deleted, unless the outcome is incomplete.
    pub entities: Vec<Entity>,
    /// Entities to delete. Only for events without a subject, such as `star`.
    pub deletions: Vec<EntityKey>,
    /// What to tell the author of the configuration. One [error](Diagnostic::error) makes the outcome incomplete.
    pub notes: Vec<Diagnostic>,
}

impl Mapped {
    /// With what the entities' builders could not write as JSON among the notes.
    pub(crate) fn with_mistakes(mut self) -> Self {
        for entity in &mut self.entities {
            self.notes.append(&mut entity.mistakes);
        }
        self
    }
}

impl From<Mapped> for Outcome {
    fn from(mapped: Mapped) -> Self {
        Self::Mapped(mapped)
    }
}

impl From<Vec<Entity>> for Outcome {
    fn from(entities: Vec<Entity>) -> Self {
        Self::Mapped(Mapped {
            entities,
            ..Mapped::default()
        })
    }
}

impl From<Entity> for Outcome {
    fn from(entity: Entity) -> Self {
        vec![entity].into()
    }
}

/// Why [`map`](crate::Mapper::map) has no outcome yet, or never will.
///
/// Every [`std::error::Error`] turns into a refusal by `?`, its causes included.
/// (For that reason it is none itself.)
///
/// `anyhow::Error` and `Box<dyn std::error::Error>` are no `std::error::Error` either: a function that returns one
/// is called with `.map_err(|error| Error::refuse(format!("{error:#}")))?`. Keep questions out of such a function,
/// or have it return this error: as text a question is a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Answer these first, then call again. Made by [`Event::file`](crate::Event::file) and its like.
    Ask(Vec<Question>),
    /// The event cannot be mapped: it is put aside with this text for the plugin's author.
    Refuse(String),
}

impl Error {
    /// Refuses the event with a sentence for whoever has to mend it.
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse(reason.into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refuse(reason) => f.write_str(reason),
            Self::Ask(questions) => {
                f.write_str("asks for ")?;
                for (nth, question) in questions.iter().enumerate() {
                    let comma = if nth == 0 { "" } else { ", " };
                    write!(f, "{comma}{question}")?;
                }
                Ok(())
            }
        }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            cause = error.source();
        }
        Self::Refuse(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_error_becomes_a_refusal_in_its_own_words() {
        fn parse() -> Result<u8, Error> {
            Ok("x".parse::<u8>()?)
        }
        assert_eq!(parse(), Err(Error::refuse("invalid digit found in string")));
    }
}
