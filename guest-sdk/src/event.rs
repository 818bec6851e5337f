//! One event: a subject with its current state, and the answers to what was asked for it.
//!
//! Everything comes as JSON text and is parsed only when it is looked at.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;

use serde::Deserialize;

use crate::{Answer, Error, File, Outcome, Question, Questions, json};

/// One subject to be mapped, with its current state.
///
/// # Asking the host
///
/// A mapper has no network and no files. [`file`](Event::file), [`files`](Event::files), [`api`](Event::api)
/// and [`blueprint`](Event::blueprint) read as if it had: the first time they return [`Error::Ask`], which `?`
/// passes to the host, and when [`map`](crate::Mapper::map) is called again they return the answer.
/// So `map` runs from its beginning once a round; ask before doing what is dear.
///
/// Whatever `map` returns while a question has no answer does not count: the event remembers what it was asked,
/// so `event.file("README.md").ok()` asks like `?` does, and no property is cleared for want of an answer.
///
/// A question that the host does not ask (another repository's files, secrets) makes these calls return
/// [`Error::Refuse`] with the host's sentence. A mapper that can do without looks at the [`Answer`] that
/// [`all`](Event::all) gives.
///
/// ```
/// use portolan_sdk::{Answer, Entity, Error, Event, Outcome, Question};
///
/// fn map(event: &Event) -> Result<Outcome, Error> {
///     // One at a time: two rounds.
///     let readme = event.file("README.md")?;
///     let terraform = event.files("**/*.tf")?;
///
///     // Both in one round.
///     let [licence, languages] = event.all([
///         Question::file("LICENSE"),
///         Question::api("/repos/acme/shop/languages"),
///     ])?;
///     let languages: Option<serde_json::Value> = match languages {
///         Answer::Refused(_) => None,
///         answered => answered.json()?,
///     };
///     Ok(Entity::new("service", "shop")
///         .property("readme", readme)
///         .property("terraform", !terraform.is_empty())
///         .property("licence", licence.text()?)
///         .property("languages", languages)
///         .into())
/// }
/// # let _ = map;
/// ```
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) kind: String,
    pub(crate) time: String,
    pub(crate) organization: Parsed<Organization>,
    pub(crate) repository: Option<Parsed<Repository>>,
    pub(crate) subject: Option<String>,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) answers: Vec<(Question, Answer)>,
    pub(crate) explain: bool,
    /// What was asked and has no answer yet, as often as it was asked.
    pub(crate) open: RefCell<Vec<Question>>,
}

impl Event {
    /// The subject's kind: one of those in [`Description::kinds`](crate::Description::kinds).
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When the event began, RFC 3339 in UTC, such as `2026-11-22T12:00:00Z`. The only clock a mapper has.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The organization (or the user) that the app is installed in.
    pub fn organization(&self) -> &Organization {
        self.organization.get()
    }

    /// The repository, for events that belong to one.
    pub fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref().map(Parsed::get)
    }

    /// The repository in the mapper's own shape, out of all that GitHub says about it.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] when the event belongs to no repository, or naming the field that does not fit `T`.
    pub fn repository_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        match &self.repository {
            Some(repository) => json::read(&repository.text, "repository"),
            None => Err(Error::refuse(format!(
                "this event ({}) belongs to no repository",
                self.kind
            ))),
        }
    }

    /// The subject as GitHub's list endpoint gives it, read into the mapper's own shape.
    /// For `tree` it is `{"branch": "main", "commit": "<sha>"}`.
    ///
    /// `T` may borrow from the event (`&str` fields). Name only the fields that are used: serde skips the rest.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] naming the kind and the path of the field that does not fit `T`; also when the event
    /// has no subject, which is so only for GitHub events without a kind, such as `star`: those have a
    /// [`webhook`](Event::webhook).
    pub fn subject<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        match &self.subject {
            Some(text) => json::read(text, &self.kind),
            None => Err(Error::refuse(format!(
                "a `{}` event has no subject: read its webhook instead",
                self.kind
            ))),
        }
    }

    /// The webhook that led to this event. `None` when nothing happened on GitHub: a resync,
    /// or a plugin that was just loaded.
    pub fn webhook(&self) -> Option<&Webhook> {
        self.webhook.as_ref()
    }

    /// Whether somebody asks how each field comes about (`portolan preview --explain`) and nothing is written.
    ///
    /// A mapper with a configuration then adds a [note](crate::Diagnostic::note) for each field to its outcome: which
    /// [field](crate::Diagnostic::field), the [place](crate::Diagnostic::at) it is written at, and in its text what
    /// the value is and how it came about. Everything else in the outcome stays the same.
    pub fn explains(&self) -> bool {
        self.explain
    }

    /// A file of the event's repository at the head of its default branch, by path; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Ask`] until the host has answered, [`Error::Refuse`] when it refuses the question.
    pub fn file(&self, path: &str) -> Result<Option<&str>, Error> {
        self.answer(&Question::file(path))?.text()
    }

    /// All files of it that match a glob, sorted by path. Same errors as [`file`](Event::file).
    pub fn files(&self, glob: &str) -> Result<&[File], Error> {
        self.answer(&Question::files(glob))?.files()
    }

    /// GET of GitHub's REST API, below `/repos/{owner}/{repo}` of the event's own repository or below `/orgs/{org}`
    /// for an organization's subject; `None` for a 404. Lists come whole unless the query names a `page`.
    ///
    /// # Errors
    ///
    /// Those of [`file`](Event::file), and [`Error::Refuse`] naming the field that does not fit `T`.
    pub fn api<'a, T: Deserialize<'a>>(&'a self, path: &str) -> Result<Option<T>, Error> {
        let question = Question::api(path);
        json_of(self.answer(&question)?, &question)
    }

    /// A blueprint of Port, by identifier, as Port's API gives it, read into the mapper's own shape
    /// (or a `serde_json::Value`); `None` when there is none. Same errors as [`api`](Event::api).
    pub fn blueprint<'a, T: Deserialize<'a>>(
        &'a self,
        identifier: &str,
    ) -> Result<Option<T>, Error> {
        let question = Question::blueprint(identifier);
        json_of(self.answer(&question)?, &question)
    }

    /// Several questions in one round: an array or a vector of them, answered in their order.
    ///
    /// # Errors
    ///
    /// [`Error::Ask`] with all that have no answer yet. A refusal is an [`Answer::Refused`] here, not an error.
    pub fn all<Q: Questions>(&self, questions: Q) -> Result<Q::Answers<'_>, Error> {
        let mut answers = Vec::with_capacity(questions.list().len());
        let mut open = Vec::new();
        for question in questions.list() {
            match self.known(question) {
                Some(answer) => answers.push(answer),
                None => open.push(question.clone()),
            }
        }
        if open.is_empty() {
            Ok(Q::answers(answers))
        } else {
            Err(Error::Ask(open))
        }
    }

    /// What a mapper returned, or what it has yet to know: an outcome that came about without an answer is none.
    pub(crate) fn settled(&self, result: Result<Outcome, Error>) -> Result<Outcome, Error> {
        let mut open = self.open.take();
        if open.is_empty() {
            return result;
        }
        if let Err(Error::Ask(questions)) = result {
            open.extend(questions);
        }
        let mut seen = HashSet::new();
        open.retain(|question| seen.insert(question.clone()));
        Err(Error::Ask(open))
    }

    fn answer(&self, question: &Question) -> Result<&Answer, Error> {
        self.known(question)
            .ok_or_else(|| Error::Ask(vec![question.clone()]))
    }

    fn known(&self, question: &Question) -> Option<&Answer> {
        let mut answers = self.answers.iter();
        let known = answers.find(|(asked, _)| asked == question);
        if known.is_none() {
            self.open.borrow_mut().push(question.clone());
        }
        known.map(|(_, answer)| answer)
    }
}

fn json_of<'a, T: Deserialize<'a>>(
    answer: &'a Answer,
    question: &Question,
) -> Result<Option<T>, Error> {
    match answer {
        Answer::Json(text) => json::read(text, &question.to_string()).map(Some),
        other => other.json(),
    }
}

/// Whose repositories they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Organization {
    /// Its name in URLs, such as `acme`. May change.
    pub login: String,
    /// Its identity. Never changes.
    pub id: u64,
}

/// What is most often needed of a repository; the rest is in [`Event::repository_as`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Repository {
    /// Its identity. Never changes.
    pub id: u64,
    /// Its name without the owner, such as `shop`. May change.
    pub name: String,
    /// `owner/name`, as the API's paths want it.
    pub full_name: String,
    /// The branch that files are read from; `None` where GitHub did not say.
    pub default_branch: Option<String>,
    /// Its page on GitHub.
    pub html_url: Option<String>,
}

/// The webhook that led to an event.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// GitHub's `X-GitHub-Delivery`.
    pub delivery: String,
    /// GitHub's `X-GitHub-Event`, such as `pull_request`.
    pub name: String,
    /// The payload's `action`, such as `opened`.
    pub action: Option<String>,
    pub(crate) payload: String,
}

impl Webhook {
    /// The payload as GitHub sent it, read into the mapper's own shape.
    ///
    /// It tells what happened, not what is: map the [`subject`](Event::subject), which is newer.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] naming the webhook and the path of the field that does not fit `T`.
    pub fn payload<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        json::read(&self.payload, &self.name)
    }
}

/// JSON text of the host's, parsed at the first look.
#[derive(Debug, Clone)]
pub(crate) struct Parsed<T> {
    text: String,
    value: OnceCell<T>,
}

impl<T: Default + for<'a> Deserialize<'a>> Parsed<T> {
    pub(crate) fn new(text: String) -> Self {
        Self {
            text,
            value: OnceCell::new(),
        }
    }

    /// The contract says that the essentials are there; were they not, their defaults are what a mapper sees.
    fn get(&self) -> &T {
        self.value
            .get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}
