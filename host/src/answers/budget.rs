//! What one event may ask in all. Knows nothing of who answers.

use super::Error;
use crate::plugins::contract::AnswerValue;

/// `wit/mapper.wit`, `question`.
pub(super) const ROUNDS: usize = 32;
pub(super) const QUESTIONS: usize = 256;
const FILES: usize = 300;
const BYTES: usize = 8 << 20;

/// What one plugin has asked about one event.
#[derive(Default)]
pub(super) struct Budget {
    rounds: usize,
    questions: usize,
    files: usize,
    bytes: usize,
}

impl Budget {
    /// Counts a round of so many questions. A mapper that asks more is not answered any more.
    pub(super) fn may_ask(&mut self, questions: usize) -> Result<(), Error> {
        self.rounds += 1;
        self.questions += questions;
        if self.rounds > ROUNDS {
            return Err(Error::Endless(format!("more than {ROUNDS} rounds")));
        }
        if self.questions > QUESTIONS {
            return Err(Error::Endless(format!("more than {QUESTIONS} questions")));
        }
        Ok(())
    }

    /// Bytes that answers may still have.
    pub(super) fn left(&self) -> usize {
        BYTES.saturating_sub(self.bytes)
    }

    /// Counts files, unless they are too many.
    pub(super) fn may_read(&mut self, files: usize) -> bool {
        let within = self.files + files <= FILES;
        if within {
            self.files += files;
        }
        within
    }

    /// Counts an answer; past the budget it becomes a refusal.
    pub(super) fn on(&mut self, value: AnswerValue) -> AnswerValue {
        let bytes = weight(&value);
        if self.bytes + bytes > BYTES {
            return too_large();
        }
        self.bytes += bytes;
        value
    }
}

/// Bytes that an answer counts.
pub(super) fn weight(value: &AnswerValue) -> usize {
    match value {
        AnswerValue::Missing => 0,
        AnswerValue::Text(text) | AnswerValue::Json(text) | AnswerValue::Refused(text) => {
            text.len()
        }
        AnswerValue::Files(files) => {
            let sum = files.iter().map(|file| file.path.len() + file.text.len());
            sum.sum()
        }
    }
}

pub(super) fn too_many(asked: &str) -> AnswerValue {
    AnswerValue::Refused(format!(
        "`{asked}` would bring this event to more than {FILES} files; ask for fewer, by a narrower glob"
    ))
}

pub(super) fn too_large() -> AnswerValue {
    AnswerValue::Refused(format!(
        "the answers to this event would exceed {} MiB",
        BYTES >> 20
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_past_the_budget_are_refused() {
        let mut budget = Budget::default();
        let half = AnswerValue::Text("x".repeat(BYTES / 2));
        assert_eq!(budget.on(half.clone()), half);
        assert_eq!(budget.on(half.clone()), half);
        let AnswerValue::Refused(why) = budget.on(AnswerValue::Text("x".to_owned())) else {
            panic!("a byte too many");
        };
        assert_eq!(why, "the answers to this event would exceed 8 MiB");
    }
}
