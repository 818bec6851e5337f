//! What a mapper asks, answered inside the [`fence`].
//!
//! A failure that may pass is an error here and the event is tried again; it is never an answer,
//! because what a mapper does not see it would let the host delete.

mod api;
mod budget;
mod error;
pub mod fence;
mod offline;
mod pages;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use self::error::Error;
pub use self::offline::UNKNOWN;

use self::budget::{Budget, too_large, too_many};
use crate::files::{At, Files, Found, Glob, Tree, plain};
use crate::github::{self, GitHub, Head};
use crate::plugins::contract::{Answer, AnswerValue, Owner, Question};
use crate::subject::{Organization, Repository};

/// How a blueprint is found: Port's side, given by whoever puts the parts together.
type Blueprints = dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Option<Arc<str>>, Error>> + Send>>
    + Send
    + Sync;

/// Answers mappers' questions. Cheap to clone.
#[derive(Clone)]
pub struct Answers(Arc<Inner>);

struct Inner {
    /// `None`: offline.
    github: Option<GitHub>,
    files: Files,
    blueprints: Box<Blueprints>,
}

/// One event that is being asked about, by one plugin: its place, and what is left of its budgets.
pub struct Asking {
    answers: Answers,
    about: Arc<About>,
    budget: Budget,
    left_out: Vec<String>,
}

struct About {
    installation: u64,
    organization: Organization,
    repository: Option<Repository>,
    /// Read once when it is first needed: all answers of an event are of one commit.
    head: OnceCell<Option<Head>>,
    /// The tree of that commit: one too large for the cache would be walked for every question.
    tree: OnceCell<Arc<Tree>>,
}

impl Answers {
    /// `blueprint` finds a blueprint's JSON in Port by its identifier.
    pub fn new<F, A>(github: GitHub, files: Files, blueprint: F) -> Self
    where
        F: Fn(String) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Option<Arc<str>>, Error>> + Send + 'static,
    {
        Self::from(Some(github), files, blueprint)
    }

    /// Without GitHub: what cannot be found among these files is refused as [`UNKNOWN`].
    pub fn offline<F, A>(files: Files, blueprint: F) -> Self
    where
        F: Fn(String) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Option<Arc<str>>, Error>> + Send + 'static,
    {
        Self::from(None, files, blueprint)
    }

    fn from<F, A>(github: Option<GitHub>, files: Files, blueprint: F) -> Self
    where
        F: Fn(String) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Option<Arc<str>>, Error>> + Send + 'static,
    {
        Self(Arc::new(Inner {
            github,
            files,
            blueprints: Box::new(move |id| Box::pin(blueprint(id))),
        }))
    }

    /// Begins an event. Give the same one to each plugin by [`Asking::another`].
    pub fn about(
        &self,
        installation: u64,
        organization: Organization,
        repository: Option<Repository>,
    ) -> Asking {
        Asking {
            answers: self.clone(),
            about: Arc::new(About {
                installation,
                organization,
                repository,
                head: OnceCell::new(),
                tree: OnceCell::new(),
            }),
            budget: Budget::default(),
            left_out: Vec::new(),
        }
    }
}

impl Asking {
    /// The same event at the same commit for another plugin, with budgets of its own.
    pub fn another(&self) -> Self {
        Self {
            answers: self.answers.clone(),
            about: self.about.clone(),
            budget: Budget::default(),
            left_out: Vec::new(),
        }
    }

    /// Files that lie where the mapper named them and that it did not get, each with the reason.
    /// An outcome that follows is incomplete.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The head of the default branch, read once for the event. `None`: no repository, or an empty one.
    pub async fn head(&self) -> Result<Option<&Head>, github::Error> {
        let Some(repository) = &self.about.repository else {
            return Ok(None);
        };
        let files = &self.answers.0.files;
        let reading = || files.head(self.about.installation, repository);
        Ok(self.about.head.get_or_try_init(reading).await?.as_ref())
    }

    /// Answers one round of questions, in order.
    pub async fn answer(&mut self, questions: &[Question]) -> Result<Vec<Answer>, Error> {
        self.budget.may_ask(questions.len())?;
        self.fetch_at_once(questions).await?;
        let mut of_api = match &self.answers.0.github {
            Some(github) => {
                let left = self.budget.left();
                api::ask_at_once(github, &self.about, questions, left).await?
            }
            None => self.found_offline(questions).await?,
        };
        let mut answers = Vec::with_capacity(questions.len());
        for (nth, question) in questions.iter().enumerate() {
            let value = match question {
                Question::File(path) => self.file(path).await?,
                Question::Files(glob) => self.files(glob).await?,
                Question::Api(_) => of_api.remove(&nth).unwrap_or_else(too_large),
                Question::Blueprint(id) => self.blueprint(id).await?,
            };
            answers.push(Answer {
                question: question.clone(),
                value: self.budget.on(value),
            });
        }
        Ok(answers)
    }

    async fn file(&mut self, path: &str) -> Result<AnswerValue, Error> {
        if let Err(why) = plain(path) {
            return Ok(AnswerValue::Refused(why));
        }
        if let Err(why) = self.within_reach() {
            return Ok(offline::unknown(path, &why));
        }
        let Some((at, tree)) = self.at().await? else {
            return Ok(self.nowhere());
        };
        if !self.budget.may_read(1) {
            return Ok(too_many(path));
        }
        Ok(match self.answers.0.files.find(&at, &tree, path).await? {
            Found::Missing => AnswerValue::Missing,
            Found::Text(text) => AnswerValue::Text(text.to_string()),
            // Refused rather than missing: what such a file once declared must not be deleted.
            Found::Unreadable(why) => AnswerValue::Refused(why),
        })
    }

    async fn files(&mut self, pattern: &str) -> Result<AnswerValue, Error> {
        let glob = match Glob::new(pattern) {
            Ok(glob) => glob,
            Err(why) => return Ok(AnswerValue::Refused(why)),
        };
        if let Err(why) = self.within_reach() {
            return Ok(offline::unknown(pattern, &why));
        }
        let Some((at, tree)) = self.at().await? else {
            return Ok(match self.about.repository {
                Some(_) => AnswerValue::Files(Vec::new()),
                None => self.nowhere(),
            });
        };
        let entries = tree.matching(&glob);
        if !self.budget.may_read(entries.len()) {
            return Ok(too_many(pattern));
        }
        let files = &self.answers.0.files;
        let texts = files.texts(&at, &tree, Owner::Repository, &entries);
        let texts = match texts.await {
            Err(error @ github::Error::TooLarge { .. }) => {
                return Ok(AnswerValue::Refused(error.to_string()));
            }
            texts => texts?,
        };
        if glob.names_files() {
            // `**/port.yml` means each of them: one that cannot be read is not one that is gone.
            let unread = texts.unread.into_iter().map(|unread| unread.why);
            self.left_out.extend(unread);
        }
        Ok(AnswerValue::Files(texts.files))
    }

    async fn blueprint(&self, id: &str) -> Result<AnswerValue, Error> {
        let found = (self.answers.0.blueprints)(id.to_owned()).await?;
        Ok(found.map_or(AnswerValue::Missing, |json| {
            AnswerValue::Json(json.to_string())
        }))
    }

    /// Fetches the files that a round names one by one together, so that each need not wait for the one before.
    async fn fetch_at_once(&self, questions: &[Question]) -> Result<(), Error> {
        let named = |question: &Question| match question {
            Question::File(path) if plain(path).is_ok() => Some(path.clone()),
            _ => None,
        };
        let paths: Vec<_> = questions.iter().filter_map(named).collect();
        if paths.len() < 2 || self.within_reach().is_err() {
            return Ok(());
        }
        let Some((at, tree)) = self.at().await? else {
            return Ok(());
        };
        let entries: Vec<_> = paths
            .iter()
            .filter_map(|path| tree.get(path))
            .cloned()
            .collect();
        let files = &self.answers.0.files;
        match files.texts(&at, &tree, Owner::Repository, &entries).await {
            // Each is judged by itself when its turn comes.
            Err(github::Error::TooLarge { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The head and its tree, both read once for the event. `None`: no repository, or an empty one.
    async fn at(&self) -> Result<Option<(At, Arc<Tree>)>, github::Error> {
        let (Some(repository), Some(head)) = (&self.about.repository, self.head().await?) else {
            return Ok(None);
        };
        let at = At {
            installation: self.about.installation,
            repository: repository.clone(),
            head: head.clone(),
        };
        let walking = || self.answers.0.files.tree(&at);
        let tree = self.about.tree.get_or_try_init(walking).await?.clone();
        Ok(Some((at, tree)))
    }

    /// Whether the repository's files can be read where files are read from.
    fn within_reach(&self) -> Result<(), String> {
        let repository = self.about.repository.as_ref();
        repository.map_or(Ok(()), |own| self.answers.0.files.has(own))
    }

    /// What a question for files is answered when there is no tree to look in.
    fn nowhere(&self) -> AnswerValue {
        match self.about.repository {
            Some(_) => AnswerValue::Missing,
            None => AnswerValue::Refused(
                "this event belongs to no repository, so it has no files".to_owned(),
            ),
        }
    }
}
