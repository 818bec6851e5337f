//! What a mapper can ask the host for, and what comes of it.

use serde::Deserialize;

use crate::{Error, File, json};

/// Something that a mapper lacks.
///
/// [`Event::file`](crate::Event::file), [`files`](crate::Event::files), [`api`](crate::Event::api) and
/// [`blueprint`](crate::Event::blueprint) ask one at a time; with several, [`Event::all`](crate::Event::all)
/// saves rounds. An event may take 32 rounds, 256 questions, 300 files and 8 MiB of answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// A file of the event's repository at the head of its default branch, by path.
    File(String),
    /// All files of it that match a glob, sorted by path.
    Files(String),
    /// GET of GitHub's REST API below `/repos/{owner}/{repo}` of the event's own repository, or below
    /// `/orgs/{org}` for an organization's subject. Lists are followed to their end unless the query names a `page`.
    Api(String),
    /// A blueprint of Port, by identifier.
    Blueprint(String),
}

impl Question {
    /// A file, by its path.
    pub fn file(path: impl Into<String>) -> Self {
        Self::File(path.into())
    }

    /// All files that match a glob.
    pub fn files(glob: impl Into<String>) -> Self {
        Self::Files(glob.into())
    }

    /// A GET of GitHub's REST API, by path and query.
    pub fn api(path: impl Into<String>) -> Self {
        Self::Api(path.into())
    }

    /// A blueprint of Port, by identifier.
    pub fn blueprint(identifier: impl Into<String>) -> Self {
        Self::Blueprint(identifier.into())
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file `{path}`"),
            Self::Files(glob) => write!(f, "files `{glob}`"),
            Self::Api(path) => write!(f, "GET `{path}`"),
            Self::Blueprint(identifier) => write!(f, "blueprint `{identifier}`"),
        }
    }
}

/// What came of a [`Question`].
///
/// A failure that may pass (GitHub is down, a rate limit) is never an answer: the host tries the event again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// There is no such thing.
    Missing,
    /// A file's content.
    Text(String),
    /// The files that match.
    Files(Vec<File>),
    /// GitHub's or Port's answer, as JSON text.
    Json(String),
    /// The host does not ask that, and why. An outcome in spite of it counts as incomplete: it deletes nothing.
    Refused(String),
}

impl Answer {
    /// The content of a file, `None` when there is no such file.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] when the host refused the question, or when it was not about a file.
    pub fn text(&self) -> Result<Option<&str>, Error> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::Missing => Ok(None),
            other => Err(other.unexpected("a file's text")),
        }
    }

    /// The files that match a glob, sorted by path.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] when the host refused the question, or when it was not about files.
    pub fn files(&self) -> Result<&[File], Error> {
        match self {
            Self::Files(files) => Ok(files),
            Self::Missing => Ok(&[]),
            other => Err(other.unexpected("files")),
        }
    }

    /// GitHub's or Port's answer, `None` when there is no such thing.
    ///
    /// # Errors
    ///
    /// [`Error::Refuse`] when the host refused the question, when the answer has another shape than `T`
    /// (the text then names the field), or when the question was about files.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<Option<T>, Error> {
        match self {
            Self::Json(text) => json::read(text, "the answer").map(Some),
            Self::Missing => Ok(None),
            other => Err(other.unexpected("JSON")),
        }
    }

    fn unexpected(&self, wanted: &str) -> Error {
        Error::refuse(match self {
            Self::Refused(reason) => reason.clone(),
            Self::Missing => format!("the answer is missing where {wanted} was asked for"),
            Self::Text(_) => format!("the answer is a file's text where {wanted} was asked for"),
            Self::Files(_) => format!("the answer is files where {wanted} was asked for"),
            Self::Json(_) => format!("the answer is JSON where {wanted} was asked for"),
        })
    }
}

/// Several questions at once: an array, which gives an array of answers, or a vector, which gives a vector.
pub trait Questions: sealed::Sealed {
    /// The answers, in the order of the questions.
    type Answers<'a>;
    #[doc(hidden)]
    fn list(&self) -> &[Question];
    #[doc(hidden)]
    fn answers(answers: Vec<&Answer>) -> Self::Answers<'_>;
}

impl<const N: usize> Questions for [Question; N] {
    type Answers<'a> = [&'a Answer; N];

    fn list(&self) -> &[Question] {
        self
    }

    fn answers(answers: Vec<&Answer>) -> Self::Answers<'_> {
        answers
            .try_into()
            .expect("Event::all gives as many answers as there are questions")
    }
}

impl Questions for Vec<Question> {
    type Answers<'a> = Vec<&'a Answer>;

    fn list(&self) -> &[Question] {
        self
    }

    fn answers(answers: Vec<&Answer>) -> Self::Answers<'_> {
        answers
    }
}

mod sealed {
    pub trait Sealed {}
    impl<const N: usize> Sealed for [crate::Question; N] {}
    impl Sealed for Vec<crate::Question> {}
}
