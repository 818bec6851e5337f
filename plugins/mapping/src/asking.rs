//! The questions of one event, as many as there may be.
//!
//! What comes beyond them is left out, because the host answers no event that asks too much, and told where something
//! depends on it.

use std::collections::HashSet;

use portolan_sdk::{Answer, Diagnostic, Error, Event, Question};

/// What one event may ask in all (`wit/mapper.wit`, `outcome.ask`).
const QUESTIONS: usize = 256;

/// Why something is not known that was to be asked for.
pub(crate) const LEFT_OUT: &str = "the event has no question left for it";

pub(crate) struct Asking<'e> {
    event: &'e Event,
    asked: HashSet<Question>,
    left_out: usize,
}

impl<'e> Asking<'e> {
    pub(crate) fn of(event: &'e Event) -> Self {
        Self {
            event,
            asked: HashSet::new(),
            left_out: 0,
        }
    }

    /// Several questions in one round. `None`: one too many.
    pub(crate) fn all(&mut self, questions: &[Question]) -> Result<Vec<Option<&'e Answer>>, Error> {
        let may = self.may(questions);
        self.left_out += may.iter().filter(|may| !**may).count();
        self.answers(questions, may)
    }

    /// As [`all`](Self::all), of questions that no entity depends on.
    pub(crate) fn perhaps(
        &mut self,
        questions: &[Question],
    ) -> Result<Vec<Option<&'e Answer>>, Error> {
        let may = self.may(questions);
        self.answers(questions, may)
    }

    fn may(&mut self, questions: &[Question]) -> Vec<bool> {
        let mut may = |question: &Question| {
            let within = self.asked.len() < QUESTIONS || self.asked.contains(question);
            if within {
                self.asked.insert(question.clone());
            }
            within
        };
        questions.iter().map(&mut may).collect()
    }

    fn answers(
        &self,
        questions: &[Question],
        may: Vec<bool>,
    ) -> Result<Vec<Option<&'e Answer>>, Error> {
        let asked = questions.iter().zip(&may).filter(|(_, may)| **may);
        let asked: Vec<_> = asked.map(|(question, _)| question.clone()).collect();
        let mut answers = self.event.all(asked)?.into_iter();
        Ok(may
            .into_iter()
            .map(|may| if may { answers.next() } else { None })
            .collect())
    }

    /// What is to be told when something was left out.
    pub(crate) fn told(&self) -> Option<Diagnostic> {
        (self.left_out > 0).then(|| {
            Diagnostic::error(format!(
                "The resources want more of this event than the {QUESTIONS} questions it has: {} were left out. \
                 Name fewer folders, files or globs.",
                self.left_out
            ))
        })
    }
}
