//! Reading one variable: its value, or the file that `<NAME>_FILE` names; and the mistakes made on the way.

use std::cell::RefCell;
use std::fmt;

/// One setting that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub variable: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; {}.", self.variable, self.problem, self.remedy)
    }
}

/// All of them, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            write!(f, "{}{mistake}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// What is wrong with a value and what to do about it.
pub(super) type Wrong = (String, String);

pub(super) fn wrong(problem: impl Into<String>, remedy: impl Into<String>) -> Wrong {
    (problem.into(), remedy.into())
}

/// The environment, and what was found wrong in it so far.
pub(super) struct Variables<F> {
    lookup: F,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    pub(super) fn new(lookup: F) -> Self {
        Self {
            lookup,
            mistakes: RefCell::default(),
        }
    }

    pub(super) fn mistake(&self, variable: &str, (problem, remedy): Wrong) {
        self.mistakes.borrow_mut().push(Mistake {
            variable: variable.to_owned(),
            problem,
            remedy,
        });
    }

    pub(super) fn finish(self) -> Result<(), Mistakes> {
        match self.mistakes.into_inner() {
            mistakes if mistakes.is_empty() => Ok(()),
            mistakes => Err(Mistakes(mistakes)),
        }
    }

    /// Whether it is given in either way.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.raw(name).is_some() || self.raw(&format!("{name}_FILE")).is_some()
    }

    /// An empty value counts as unset: it is what `-e NAME=` leaves.
    fn raw(&self, name: &str) -> Option<String> {
        (self.lookup)(name)
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    /// The value without surrounding blanks.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let by_file = format!("{name}_FILE");
        match (self.raw(name), self.raw(&by_file)) {
            (Some(_), Some(_)) => {
                self.mistake(
                    name,
                    wrong(format!("and {by_file} are both set"), "unset one of them"),
                );
                None
            }
            (Some(value), None) => Some(value),
            (None, Some(path)) => self.file(&by_file, &path),
            (None, None) => None,
        }
    }

    /// The value as `parse` understands it; `None` when it is unset or wrong.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.mistake(name, wrong);
                None
            }
        }
    }

    /// As `parsed`, and unset is a mistake too.
    pub(super) fn required<T>(
        &self,
        name: &str,
        remedy: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let before = self.mistakes.borrow().len();
        let value = self.parsed(name, parse);
        if value.is_none() && self.mistakes.borrow().len() == before {
            self.mistake(name, wrong("is not set", remedy));
        }
        value
    }

    fn file(&self, variable: &str, path: &str) -> Option<String> {
        let problem = match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => format!("names `{path}`, which is empty"),
            Ok(text) => return Some(text.trim().to_owned()),
            Err(error) => format!("names `{path}`, which cannot be read: {error}"),
        };
        let remedy = "mount a text file there that this process may read";
        self.mistake(variable, wrong(problem, remedy));
        None
    }
}
