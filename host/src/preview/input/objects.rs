//! Objects as GitHub's lists have them: one a line (NDJSON), or JSON however it is laid out, lists included, also
//! those that GitHub puts into an object with their `total_count`.
//!
//! A line is handed on as it is. Of what is in it only what names its repository is read, so that ten thousand take
//! no longer than they must.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Object, named};
use crate::subject::{Organization, Repository};

/// Lists within lists that are looked into: `gh api --paginate --slurp` makes one of GitHub's.
const LISTS: u8 = 2;
/// Characters shown of what GitHub says instead of an object.
const MESSAGE: usize = 200;

/// Reads objects of one kind.
pub struct Objects<R> {
    read: R,
    kind: String,
    /// Whose those are that do not say it.
    belongs: Option<(Repository, Organization)>,
    /// The object's repository before this one, as it stood there: mostly the same again.
    last: Option<(String, Repository, Organization)>,
    line: usize,
    /// Bytes of the line before, which the next one is about as long as.
    length: usize,
    /// Objects that did not stand on a line each, with their lines.
    waiting: VecDeque<(usize, String)>,
}

impl<R: BufRead> Objects<R> {
    pub fn new(read: R, kind: &str, belongs: Option<(Repository, Organization)>) -> Self {
        Self {
            read,
            kind: kind.to_owned(),
            belongs,
            last: None,
            line: 0,
            length: 0,
            waiting: VecDeque::new(),
        }
    }

    /// The next object; `Err` with a sentence where what stands there is none.
    pub fn read(&mut self) -> Result<Option<Object>, String> {
        if let Some((line, text)) = self.waiting.pop_front() {
            return self.object(line, text).map(Some);
        }
        loop {
            let mut text = String::with_capacity(self.length + self.length / 8);
            let line = self.line + 1;
            if self
                .read
                .read_line(&mut text)
                .map_err(|error| unreadable(line, &error))?
                == 0
            {
                return Ok(None);
            }
            self.line = line;
            self.length = text.len();
            while text.ends_with(['\n', '\r']) {
                text.pop();
            }
            let first = text.trim_start();
            if first.is_empty() {
                continue;
            }
            let object = match first.starts_with('{') {
                true => self.found(&text),
                false => Err(None),
            };
            return match object {
                Ok(found) => Ok(Some(self.put_together(line, text, found))),
                // A line of its own that is no object: it stops being a line each here.
                Err(None) => self.laid_out(line, text),
                Err(Some(why)) => Err(format!("line {line}: {why}")),
            };
        }
    }

    /// The rest is JSON that does not keep to lines.
    fn laid_out(&mut self, line: usize, mut text: String) -> Result<Option<Object>, String> {
        text.push('\n');
        self.read
            .read_to_string(&mut text)
            .map_err(|error| unreadable(line, &error))?;
        let mut values = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
        let mut found = Vec::new();
        let wrong = |error: serde_json::Error| {
            let at = line + error.line() - 1;
            format!("line {at}: {}", no_json(&error))
        };
        while let Some(value) = values.next() {
            let value = value.map_err(wrong)?;
            let begins = values.byte_offset() - value.get().len();
            items(value.get(), begins, LISTS, &mut found);
        }
        let mut counted = (0, line);
        for (begins, object) in found {
            counted.1 += text[counted.0..begins].matches('\n').count();
            counted.0 = begins;
            self.waiting.push_back((counted.1, object.to_owned()));
        }
        match self.waiting.pop_front() {
            Some((line, text)) => self.object(line, text).map(Some),
            None => Ok(None),
        }
    }

    fn object(&mut self, line: usize, text: String) -> Result<Object, String> {
        let found = match text.starts_with('{') {
            true => self.found(&text),
            false => Err(Some(
                "an object of GitHub's is wanted, but something else stands here".to_owned(),
            )),
        };
        match found {
            Ok(found) => Ok(self.put_together(line, text, found)),
            Err(why) => Err(format!(
                "line {line}: {}",
                why.unwrap_or_else(|| "a list stands too deep within others".to_owned())
            )),
        }
    }

    fn put_together(
        &self,
        line: usize,
        text: String,
        (repository, organization, number): Found,
    ) -> Object {
        Object {
            kind: self.kind.clone(),
            organization,
            repository: Some(repository),
            subject: Some(text),
            webhook: None,
            number,
            line: Some(line),
            gone: false,
        }
    }

    /// Whose it is, and what it is called there. `Err(None)`: it ends too early, goes on after its end, or is a list.
    fn found(&mut self, text: &str) -> Result<Found, Option<String>> {
        let said = Says::of(&self.kind, text).map_err(|error| {
            let trailing = error.to_string().starts_with("trailing characters");
            match error.is_syntax() {
                true if !trailing => Some(no_json(&error)),
                true => None,
                false => (!error.is_eof()).then(|| error.to_string()),
            }
        })?;
        let Some((says, number)) = said else {
            return Err((Listed::of(text).is_none()).then(|| no_object(text)));
        };
        let (repository, organization) = match says {
            Says::Json(json) => self.known(json).map_err(Some)?,
            Says::Url(url) => self.belonging(in_url(&url)).map_err(Some)?,
            Says::Nothing => self.belonging(None).map_err(Some)?,
        };
        Ok((repository, organization, number))
    }

    fn known(&mut self, json: &str) -> Result<(Repository, Organization), String> {
        if let Some((last, repository, organization)) = &self.last
            && last == json
        {
            return Ok((repository.clone(), organization.clone()));
        }
        let (repository, organization) = Repository::read(json)?;
        self.last = Some((json.to_owned(), repository.clone(), organization.clone()));
        Ok((repository, organization))
    }

    /// What was told knows more of a repository than what an address gives away.
    fn belonging(&self, at: Option<(&str, &str)>) -> Result<(Repository, Organization), String> {
        let is = |(told, _): &&(Repository, Organization)| {
            at.is_none_or(|(owner, name)| {
                told.owner.eq_ignore_ascii_case(owner) && told.name.eq_ignore_ascii_case(name)
            })
        };
        match (self.belongs.as_ref().filter(is), at) {
            (Some(belongs), _) => Ok(belongs.clone()),
            (None, Some((owner, name))) => Ok(named(owner, name)),
            (None, None) => Err(
                "the object does not say which repository it is of: give --repository owner/name \
                 (a webhook's payload is read without --kind)"
                    .to_owned(),
            ),
        }
    }
}

type Found = (Repository, Organization, Option<u64>);

/// How an object says whose it is.
enum Says<'a> {
    Json(&'a str),
    Url(Cow<'a, str>),
    Nothing,
}

impl<'a> Says<'a> {
    /// And the number by which people know the object in its repository. `None`: it has no `id`, so it is none.
    fn of(kind: &str, text: &'a str) -> serde_json::Result<Option<(Self, Option<u64>)>> {
        let (id, said) = match kind {
            "repository" => {
                let repository: Any = serde_json::from_str(text)?;
                (repository.id.is_some(), (Self::Json(text), None))
            }
            "pull-request" => {
                let pull: PullRequest<'_> = serde_json::from_str(text)?;
                let repository = pull.base.and_then(|base| base.repo);
                let says = repository.map_or(Self::Nothing, |json| Self::Json(json.get()));
                (pull.id.is_some(), (says, pull.number))
            }
            _ => {
                let object: Other<'_> = serde_json::from_str(text)?;
                let says = match (object.repository, object.repository_url.or(object.url)) {
                    (Some(repository), _) => Self::Json(repository.get()),
                    (None, Some(url)) => Self::Url(url),
                    (None, None) => Self::Nothing,
                };
                (object.id.is_some(), (says, object.number.or(object.id)))
            }
        };
        Ok(id.then_some(said))
    }
}

/// GitHub gives every object of a kind an id.
#[derive(Deserialize)]
struct Any {
    id: Option<IgnoredAny>,
}

/// GitHub docs, "List pull requests".
#[derive(Deserialize)]
struct PullRequest<'a> {
    id: Option<IgnoredAny>,
    number: Option<u64>,
    #[serde(borrow)]
    base: Option<Base<'a>>,
}

#[derive(Deserialize)]
struct Base<'a> {
    #[serde(borrow)]
    repo: Option<&'a RawValue>,
}

/// What GitHub's other lists say of a repository: an object of its own, or an address in it.
#[derive(Deserialize)]
struct Other<'a> {
    id: Option<u64>,
    number: Option<u64>,
    #[serde(borrow)]
    repository: Option<&'a RawValue>,
    #[serde(borrow)]
    repository_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
}

/// A list as GitHub gives that of workflow runs, of what a search found, and of an installation's repositories.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(rename = "total_count")]
    _total_count: u64,
    #[serde(borrow, alias = "items", alias = "repositories")]
    workflow_runs: Vec<&'a RawValue>,
}

impl<'a> Listed<'a> {
    fn of(text: &'a str) -> Option<Vec<&'a RawValue>> {
        let listed: Self = serde_json::from_str(text).ok()?;
        Some(listed.workflow_runs)
    }
}

/// What stands in a value, each with where it begins: the items of a list, else the value itself.
fn items<'a>(text: &'a str, begins: usize, lists: u8, found: &mut Vec<(usize, &'a str)>) {
    let list = match lists {
        0 => None,
        _ if text.starts_with('[') => serde_json::from_str(text).ok(),
        _ => Listed::of(text),
    };
    let Some(list): Option<Vec<&RawValue>> = list else {
        found.push((begins, text));
        return;
    };
    let mut from = 0;
    for item in list {
        // In the order in which they stand, so that each is found after the one before.
        let at = text[from..].find(item.get()).map_or(from, |at| from + at);
        items(item.get(), begins + at, lists - 1, found);
        from = at + item.get().len();
    }
}

/// GitHub's answer may be that there is no such thing, and `gh` prints that as well.
fn no_object(text: &str) -> String {
    #[derive(Deserialize)]
    struct Answer {
        message: String,
    }
    match serde_json::from_str::<Answer>(text) {
        Ok(Answer { message }) => {
            let message: String = message.chars().take(MESSAGE).collect();
            format!("this is no object, but GitHub's answer {message:?}")
        }
        Err(_) => "the object has no `id`, as all of GitHub's have \
                   (a webhook's payload is read without --kind)"
            .to_owned(),
    }
}

/// `https://api.github.com/repos/owner/name/…`
fn in_url(url: &str) -> Option<(&str, &str)> {
    let (_, path) = url.split_once("/repos/")?;
    let mut segments = path.split('/');
    Some((
        segments.next()?,
        segments.next().filter(|name| !name.is_empty())?,
    ))
}

fn no_json(error: &serde_json::Error) -> String {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    format!("this is not JSON: {what} (column {})", error.column())
}

fn unreadable(line: usize, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => format!("line {line}: this is not UTF-8 text"),
        _ => format!("line {line}: it cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests;
