//! What a mapper asks, answered inside the [`fence`].
//!
//! A failure that may pass is an error here and the event is tried again; it is never an answer,
//! because what a mapper does not see it would let the host delete.

pub mod fence;
mod pages;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::OnceCell;

use self::fence::Ground;
use self::pages::{join, names_page};
use crate::files::{At, Entry, Files, Found, Glob, LARGEST, plain};
use crate::github::{self, GitHub, Head, Scope};
use crate::plugins::contract::{Answer, AnswerValue, Owner, Question};
use crate::subject::{Organization, Repository};

/// What one event may ask in all (`wit/mapper.wit`, `question`).
const ROUNDS: usize = 32;
const QUESTIONS: usize = 256;
const FILES: usize = 300;
const BYTES: usize = 8 << 20;

/// How a blueprint is found: Port's side, given by whoever puts the parts together.
type Blueprints = dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Option<Arc<str>>, Error>> + Send>>
    + Send
    + Sync;

/// Why there are no answers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    GitHub(#[from] github::Error),

    #[error("Port did not answer for a blueprint: {message}")]
    Port {
        message: String,
        transient: bool,
        outage: bool,
    },

    /// The mapper's own mistake: trying again brings the same.
    #[error("the mapper asks without end: {0}")]
    Endless(String),
}

impl Error {
    pub fn is_transient(&self) -> bool {
        match self {
            Self::GitHub(error) => error.is_transient(),
            Self::Port { transient, .. } => *transient,
            Self::Endless(_) => false,
        }
    }

    /// Whether GitHub or Port is away, rather than failing about this one question.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::GitHub(error) => error.is_outage(),
            Self::Port { outage, .. } => *outage,
            Self::Endless(_) => false,
        }
    }

    /// How long was asked to wait, if it was.
    pub fn after(&self) -> Option<std::time::Duration> {
        match self {
            Self::GitHub(error) => error.after(),
            Self::Port { .. } | Self::Endless(_) => None,
        }
    }
}

/// Answers mappers' questions. Cheap to clone.
#[derive(Clone)]
pub struct Answers(Arc<Inner>);

struct Inner {
    github: GitHub,
    files: Files,
    blueprints: Box<Blueprints>,
}

/// One event that is being asked about, by one plugin: its place, and what is left of its budgets.
pub struct Asking {
    answers: Answers,
    about: Arc<About>,
    spent: Spent,
}

struct About {
    installation: u64,
    organization: Organization,
    repository: Option<Repository>,
    /// Read once when it is first needed: all answers of an event are of one commit.
    head: OnceCell<Option<Head>>,
}

#[derive(Default)]
struct Spent {
    rounds: usize,
    questions: usize,
    files: usize,
    bytes: usize,
}

impl Answers {
    /// `blueprint` finds a blueprint's JSON in Port by its identifier.
    pub fn new<F, A>(github: GitHub, files: Files, blueprint: F) -> Self
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
            }),
            spent: Spent::default(),
        }
    }
}

impl Asking {
    /// The same event at the same commit for another plugin, with budgets of its own.
    pub fn another(&self) -> Self {
        Self {
            answers: self.answers.clone(),
            about: self.about.clone(),
            spent: Spent::default(),
        }
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
        self.spent.rounds += 1;
        self.spent.questions += questions.len();
        if self.spent.rounds > ROUNDS {
            return Err(Error::Endless(format!("more than {ROUNDS} rounds")));
        }
        if self.spent.questions > QUESTIONS {
            return Err(Error::Endless(format!("more than {QUESTIONS} questions")));
        }
        self.fetch_at_once(questions).await?;
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let value = match question {
                Question::File(path) => self.file(path).await?,
                Question::Files(glob) => self.files(glob).await?,
                Question::Api(path) => self.api(path).await?,
                Question::Blueprint(id) => self.blueprint(id).await?,
            };
            answers.push(Answer {
                question: question.clone(),
                value: self.spent.on(value),
            });
        }
        Ok(answers)
    }

    async fn file(&mut self, path: &str) -> Result<AnswerValue, Error> {
        if let Err(why) = plain(path) {
            return Ok(AnswerValue::Refused(why));
        }
        let Some(at) = self.at().await? else {
            return Ok(self.nowhere());
        };
        if !self.spent.may_read(1) {
            return Ok(too_many(path));
        }
        Ok(match self.answers.0.files.find(&at, path).await? {
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
        let Some(at) = self.at().await? else {
            return Ok(match self.about.repository {
                Some(_) => AnswerValue::Files(Vec::new()),
                None => self.nowhere(),
            });
        };
        let files = &self.answers.0.files;
        let entries = files.tree(&at).await?.matching(&glob);
        if !self.spent.may_read(entries.len()) {
            return Ok(too_many(pattern));
        }
        if bytes(&entries) > BYTES {
            return Ok(too_large());
        }
        let texts = files.texts(&at, Owner::Repository, &entries).await?;
        if glob.names_files() && texts.len() < entries.len() {
            // `**/port.yml` means each of them: one that cannot be read is not one that is gone.
            let unread = entries
                .iter()
                .find(|entry| !texts.iter().any(|file| *file.path == *entry.path));
            let path = unread.map_or(pattern, |entry| &entry.path);
            return Ok(AnswerValue::Refused(format!(
                "{path} is not read: only UTF-8 text of up to 512 KB is"
            )));
        }
        Ok(AnswerValue::Files(texts))
    }

    async fn api(&self, path: &str) -> Result<AnswerValue, Error> {
        let About {
            installation,
            organization,
            repository,
            ..
        } = &*self.about;
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
        let left = BYTES.saturating_sub(self.spent.bytes);
        let github = &self.answers.0.github;
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
        if paths.len() < 2 {
            return Ok(());
        }
        let Some(at) = self.at().await? else {
            return Ok(());
        };
        let tree = self.answers.0.files.tree(&at).await?;
        let entries: Vec<_> = paths
            .iter()
            .filter_map(|path| tree.get(path))
            .cloned()
            .collect();
        if bytes(&entries) <= BYTES {
            let texts = self.answers.0.files.texts(&at, Owner::Repository, &entries);
            texts.await?;
        }
        Ok(())
    }

    async fn at(&self) -> Result<Option<At>, github::Error> {
        let (Some(repository), Some(head)) = (&self.about.repository, self.head().await?) else {
            return Ok(None);
        };
        Ok(Some(At {
            installation: self.about.installation,
            repository: repository.clone(),
            head: head.clone(),
        }))
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

impl Spent {
    /// Counts files, unless they are too many.
    fn may_read(&mut self, files: usize) -> bool {
        let within = self.files + files <= FILES;
        if within {
            self.files += files;
        }
        within
    }

    /// Counts an answer; past the budget it becomes a refusal.
    fn on(&mut self, value: AnswerValue) -> AnswerValue {
        let bytes = match &value {
            AnswerValue::Missing => 0,
            AnswerValue::Text(text) | AnswerValue::Json(text) | AnswerValue::Refused(text) => {
                text.len()
            }
            AnswerValue::Files(files) => {
                let sum = files.iter().map(|file| file.path.len() + file.text.len());
                sum.sum()
            }
        };
        if self.bytes + bytes > BYTES {
            return too_large();
        }
        self.bytes += bytes;
        value
    }
}

fn bytes(entries: &[Entry]) -> usize {
    let sizes = entries.iter().map(|entry| entry.size);
    let sum: u64 = sizes.filter(|size| *size <= LARGEST).sum();
    usize::try_from(sum).unwrap_or(usize::MAX)
}

fn too_many(asked: &str) -> AnswerValue {
    AnswerValue::Refused(format!(
        "`{asked}` would bring this event to more than {FILES} files; ask for fewer, by a narrower glob"
    ))
}

fn too_large() -> AnswerValue {
    AnswerValue::Refused(format!(
        "the answers to this event would exceed {} MiB",
        BYTES >> 20
    ))
}
