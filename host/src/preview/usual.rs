//! Answers that every object needs again, given with the first call: it spares a round, and with it another reading of
//! the object.
//!
//! That changes no outcome, because a mapper looks an answer up by its question (`wit/mapper.wit`, `event.answers`), and
//! offline the same question has the same answer for as long as the command runs. Never a refusal: an outcome that
//! follows one counts as incomplete, and whoever did not ask would not have met it.

use std::collections::HashMap;

use crate::plugins::contract::{Answer, AnswerValue, Question};

/// What a second object asks is asked by all.
const TIMES: u8 = 2;
/// Answers given unasked, and their bytes: a guest has to take them in each time.
const MOST: usize = 64;
const MOST_BYTES: usize = 256 << 10;
/// Questions remembered. Those of which there are more name what is each object's own.
const REMEMBERED: usize = 4_096;

/// What is asked again and again of one configuration.
#[derive(Default)]
pub(super) struct Usual {
    asked: HashMap<String, u8>,
    answers: Vec<Answer>,
    bytes: usize,
}

impl Usual {
    pub(super) fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// What an object asked for that was not given.
    pub(super) fn learn(&mut self, answers: &[Answer]) {
        for answer in answers {
            let bytes = match &answer.value {
                AnswerValue::Refused(_) => continue,
                AnswerValue::Missing => 0,
                AnswerValue::Text(text) | AnswerValue::Json(text) => text.len(),
                AnswerValue::Files(files) => files
                    .iter()
                    .map(|file| file.path.len() + file.text.len())
                    .sum(),
            };
            if self.asked.len() >= REMEMBERED {
                self.asked.clear();
            }
            let times = self.asked.entry(name(&answer.question)).or_default();
            *times = times.saturating_add(1);
            let fits = self.answers.len() < MOST && self.bytes + bytes <= MOST_BYTES;
            if *times == TIMES && fits {
                self.bytes += bytes;
                self.answers.push(answer.clone());
            }
        }
    }
}

fn name(question: &Question) -> String {
    match question {
        Question::File(path) => format!("file {path}"),
        Question::Files(glob) => format!("files {glob}"),
        Question::Api(path) => format!("api {path}"),
        Question::Blueprint(id) => format!("blueprint {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_objects_asked_is_given_to_the_third_but_no_refusal_is() {
        let answer = |id: &str, value| Answer {
            question: Question::Blueprint(id.to_owned()),
            value,
        };
        let mut usual = Usual::default();
        let refused = || answer("r", AnswerValue::Refused("no".to_owned()));
        usual.learn(&[answer("service", AnswerValue::Missing), refused()]);
        assert!(usual.answers().is_empty());
        usual.learn(&[
            answer("service", AnswerValue::Missing),
            answer("own", AnswerValue::Missing),
            refused(),
        ]);
        assert_eq!(usual.answers(), [answer("service", AnswerValue::Missing)]);

        let large = || answer("large", AnswerValue::Json("x".repeat(MOST_BYTES + 1)));
        (0..3).for_each(|_| usual.learn(&[large()]));
        assert_eq!(
            usual.answers().len(),
            1,
            "not what would cost more than it spares"
        );
    }
}
