//! Runs a mapper natively, in a `#[test]`, the way the host does: opens it, maps the event,
//! answers its questions out of what the test gave, and maps again.
//!
//! Knows nothing of the sandbox: limits, the host's fence around `api` and Port's rules are not imitated.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use globset::GlobBuilder;
use serde_json::{Value, json};

use crate::event::Parsed;
use crate::{Answer, Error, Event, File, Mapper, Outcome, Owner, Question, Webhook};

mod done;

pub use done::{Done, Failure};

/// The host's limit of rounds for one event.
const ROUNDS: usize = 32;

/// One event for a mapper, with all that the host would know.
///
/// ```
/// use portolan_sdk::{Description, Entity, Error, Event, Mapper, Outcome, test::Run};
///
/// #[derive(Default)]
/// struct Readme;
///
/// impl Mapper for Readme {
///     fn describe() -> Description {
///         Description::of(["repository"]).writes("service")
///     }
///
///     fn map(&self, event: &Event) -> Result<Outcome, Error> {
///         let repository = event.repository().ok_or(Error::refuse("no repository"))?;
///         let readme = event.file("README.md")?;
///         Ok(Entity::new("service", &repository.name).property("readme", readme).into())
///     }
/// }
///
/// let done = Run::<Readme>::of("repository")
///     .repository("acme/shop")
///     .file("README.md", "# Shop")
///     .map();
/// assert_eq!(done.entities()[0].properties["readme"], "# Shop");
/// assert_eq!(done.rounds, 2);
/// ```
pub struct Run<M> {
    given: Given,
    mapper: PhantomData<fn() -> M>,
}

/// What the test gave.
#[derive(Debug, Clone)]
struct Given {
    kind: String,
    time: String,
    organization: Value,
    repository: Option<Value>,
    subject: Option<Value>,
    webhook: Option<(String, Option<String>, Value)>,
    configuration: Vec<File>,
    files: Vec<File>,
    answers: HashMap<Question, Answer>,
    explain: bool,
}

/// Whatever the mapper can do.
impl<M> Clone for Run<M> {
    fn clone(&self) -> Self {
        Self {
            given: self.given.clone(),
            mapper: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Run<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.given.fmt(f)
    }
}

impl<M: Mapper> Run<M> {
    /// An event of that kind, of the organization `acme`, on 2026-01-01, and nothing else.
    pub fn of(kind: impl Into<String>) -> Self {
        let given = Given {
            kind: kind.into(),
            time: "2026-01-01T00:00:00Z".into(),
            organization: json!({"login": "acme", "id": 1}),
            repository: None,
            subject: None,
            webhook: None,
            configuration: Vec::new(),
            files: Vec::new(),
            answers: HashMap::new(),
            explain: false,
        };
        let mapper = PhantomData;
        Self { given, mapper }
    }

    /// When the event began, RFC 3339 in UTC.
    #[must_use]
    pub fn time(mut self, time: impl Into<String>) -> Self {
        self.given.time = time.into();
        self
    }

    /// The repository, as `owner/name`. The organization takes the owner's name.
    #[must_use]
    pub fn repository(mut self, full_name: &str) -> Self {
        let (owner, name) = full_name.split_once('/').unwrap_or(("acme", full_name));
        self.given.organization["login"] = owner.into();
        self.repository_json(json!({
            "id": 1,
            "name": name,
            "full_name": format!("{owner}/{name}"),
            "owner": {"login": owner},
            "default_branch": "main",
            "html_url": format!("https://github.com/{owner}/{name}"),
        }))
    }

    /// The repository in GitHub's shape.
    #[must_use]
    pub fn repository_json(mut self, repository: Value) -> Self {
        self.given.repository = Some(repository);
        self
    }

    /// The subject in the shape of GitHub's list endpoint.
    #[must_use]
    pub fn subject(mut self, subject: Value) -> Self {
        self.given.subject = Some(subject);
        self
    }

    /// The webhook: GitHub's `X-GitHub-Event` and the payload, whose `action` is taken out of it.
    #[must_use]
    pub fn webhook(mut self, name: impl Into<String>, payload: Value) -> Self {
        let action = payload["action"].as_str().map(Into::into);
        self.given.webhook = Some((name.into(), action, payload));
        self
    }

    /// A file of the configuration. Only those that match `describe().files` are passed to `open`.
    #[must_use]
    pub fn configuration(
        mut self,
        owner: Owner,
        path: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        self.given.configuration.push(File {
            owner,
            path: path.into(),
            text: text.into(),
        });
        self
    }

    /// A file of the event's repository, for `file` and `files`; not part of the configuration.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.given.files.push(File {
            owner: Owner::Repository,
            path: path.into(),
            text: text.into(),
        });
        self
    }

    /// GitHub's answer to a GET.
    #[must_use]
    pub fn api(self, path: impl Into<String>, answer: Value) -> Self {
        self.answer(Question::Api(path.into()), Answer::Json(answer.to_string()))
    }

    /// A blueprint of Port.
    #[must_use]
    pub fn blueprint(self, identifier: impl Into<String>, blueprint: Value) -> Self {
        self.answer(
            Question::Blueprint(identifier.into()),
            Answer::Json(blueprint.to_string()),
        )
    }

    /// Any answer to any question, such as a refusal.
    #[must_use]
    pub fn answer(mut self, question: Question, answer: Answer) -> Self {
        self.given.answers.insert(question, answer);
        self
    }

    /// Asks how each field comes about: [`Event::explains`].
    #[must_use]
    pub fn explain(mut self) -> Self {
        self.given.explain = true;
        self
    }

    /// Opens the mapper and maps the event. What the test did not give is answered as missing.
    ///
    /// # Panics
    ///
    /// When the configuration does not open, when the mapper refuses the event or asks without end, and when the
    /// same event mapped again, by the same mapper or by a fresh one, gives another outcome.
    #[track_caller]
    pub fn map(&self) -> Done {
        match self.try_map() {
            Ok(done) => done,
            Err(failure) => panic!("{failure}"),
        }
    }

    /// As [`map`](Run::map), for tests of what must not work.
    ///
    /// # Errors
    ///
    /// Those for which [`map`](Run::map) panics, but for an outcome that is not repeatable, which panics here too.
    #[track_caller]
    pub fn try_map(&self) -> Result<Done, Failure> {
        let mapper = self.open()?;
        let mut event = self.event();
        let mut asked = Vec::new();
        for round in 1..=ROUNDS {
            match event.settled(mapper.map(&event)) {
                Ok(outcome) => {
                    for mapper in [&mapper, &self.open()?] {
                        assert_eq!(
                            event.settled(mapper.map(&event)),
                            Ok(outcome.clone()),
                            "the same event mapped again has another outcome"
                        );
                    }
                    return Ok(Done {
                        outcome: told(outcome),
                        rounds: round,
                        asked,
                    });
                }
                Err(Error::Refuse(reason)) => return Err(Failure::Refused(reason)),
                Err(Error::Ask(questions)) => {
                    for question in &questions {
                        event
                            .answers
                            .push((question.clone(), self.answer_to(question)));
                    }
                    asked.extend(questions);
                }
            }
        }
        Err(Failure::EndlessQuestions(asked))
    }

    /// Opens the mapper with the configuration files that it reads, for tests of
    /// [`notes`](Mapper::notes), [`wants`](Mapper::wants) and [`options`](Mapper::options).
    ///
    /// # Errors
    ///
    /// [`Failure::Configuration`] with what `open` had to say.
    pub fn open(&self) -> Result<M, Failure> {
        let patterns = M::describe().files;
        let files = self
            .given
            .configuration
            .iter()
            .filter(|file| {
                patterns.iter().any(|pattern| {
                    pattern.owner == file.owner && matches(&pattern.glob, &file.path)
                })
            })
            .cloned()
            .collect();
        M::open(files).map_err(Failure::Configuration)
    }

    /// The event as it first comes to the mapper, with nothing answered: to call [`Mapper::map`] oneself,
    /// in a benchmark for example.
    pub fn event(&self) -> Event {
        Event {
            kind: self.given.kind.clone(),
            time: self.given.time.clone(),
            organization: Parsed::new(self.given.organization.to_string()),
            repository: self
                .given
                .repository
                .as_ref()
                .map(|repository| Parsed::new(repository.to_string())),
            subject: self.given.subject.as_ref().map(Value::to_string),
            webhook: self
                .given
                .webhook
                .as_ref()
                .map(|(name, action, payload)| Webhook {
                    delivery: "00000000-0000-0000-0000-000000000000".into(),
                    name: name.clone(),
                    action: action.clone(),
                    payload: payload.to_string(),
                }),
            answers: Vec::new(),
            explain: self.given.explain,
            open: RefCell::default(),
        }
    }

    fn answer_to(&self, question: &Question) -> Answer {
        if let Some(answer) = self.given.answers.get(question) {
            return answer.clone();
        }
        match question {
            Question::File(path) => match self.given.files.iter().find(|file| file.path == *path) {
                Some(file) => Answer::Text(file.text.clone()),
                None => Answer::Missing,
            },
            Question::Files(glob) => {
                let mut found: Vec<File> = self
                    .given
                    .files
                    .iter()
                    .filter(|file| matches(glob, &file.path))
                    .cloned()
                    .collect();
                found.sort_by(|a, b| a.path.cmp(&b.path));
                Answer::Files(found)
            }
            Question::Api(_) | Question::Blueprint(_) => Answer::Missing,
        }
    }
}

fn told(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Mapped(mapped) => Outcome::Mapped(mapped.with_mistakes()),
        Outcome::Unchanged => Outcome::Unchanged,
    }
}

/// A glob that cannot be read matches nothing.
fn matches(glob: &str, path: &str) -> bool {
    GlobBuilder::new(glob)
        .literal_separator(true)
        // As the host reads them.
        .backslash_escape(false)
        .empty_alternates(true)
        .build()
        .is_ok_and(|glob| glob.compile_matcher().is_match(path))
}
