//! Questions to GitHub's API: each inside the fence, several at once, lists whole.
//!
//! What it may not or cannot have, a mapper is told; a failure that may pass is nobody's answer.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::budget::weight;
use super::fence::Ground;
use super::pages::{join, names_page};
use super::{About, Error};
use crate::github::{self, GitHub, Scope};
use crate::plugins::contract::{AnswerValue, Question};

/// Questions under way for one event; the client has its own bound for all.
pub(super) const AT_ONCE: usize = 8;

/// Asks all that a round wants of the API; by the place of the question.
/// An answer may have as many bytes as are left when its question is asked.
pub(super) async fn ask_at_once(
    github: &GitHub,
    about: &Arc<About>,
    questions: &[Question],
    mut left: usize,
) -> Result<HashMap<usize, AnswerValue>, Error> {
    let mut answers = HashMap::new();
    let mut asking = JoinSet::new();
    let mut waiting = questions.iter().enumerate();
    loop {
        while asking.len() < AT_ONCE
            && let Some((nth, question)) = waiting.next()
        {
            if let Question::Api(path) = question {
                let (github, about, path) = (github.clone(), about.clone(), path.clone());
                asking.spawn(async move { (nth, ask(&github, &about, &path, left).await) });
            }
        }
        let Some(asked) = asking.join_next().await else {
            return Ok(answers);
        };
        let (nth, answer) = asked.map_err(|error| {
            github::Error::Transient(format!("a question was cut short: {error}"))
        })?;
        let answer = answer?;
        left = left.saturating_sub(weight(&answer));
        answers.insert(nth, answer);
    }
}

/// One question; an answer of more than `left` bytes is refused.
async fn ask(
    github: &GitHub,
    about: &About,
    path: &str,
    left: usize,
) -> Result<AnswerValue, Error> {
    let About {
        installation,
        organization,
        repository,
        ..
    } = about;
    let ground = match repository {
        Some(repository) => Ground::Repository(repository),
        None => Ground::Organization(organization),
    };
    if let Err(why) = ground.check(path) {
        return Ok(AnswerValue::Refused(why));
    }
    let scope = Scope::Reading {
        installation: *installation,
        repository: repository.as_ref().map(|repository| repository.id),
    };
    let within = |path: &str| ground.leads_to(path);
    let follow = !names_page(path);
    match github.get(scope, path, &within, follow, left).await {
        Ok(pages) => Ok(join(pages).map_or_else(AnswerValue::Refused, AnswerValue::Json)),
        // A repository without a commit has no list of them (409).
        Err(github::Error::Missing { .. } | github::Error::Unexpected { status: 409, .. }) => {
            Ok(AnswerValue::Missing)
        }
        Err(
            refused @ (github::Error::Forbidden { .. }
            | github::Error::TooLarge { .. }
            | github::Error::Astray { .. }
            | github::Error::Unexpected { .. }),
        ) => Ok(AnswerValue::Refused(refused.to_string())),
        Err(error) => Err(error.into()),
    }
}
