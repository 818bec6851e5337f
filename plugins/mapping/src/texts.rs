//! The text of the files that mappings refer to (`file://`) and selectors include, as far as it was asked for.

use std::collections::BTreeMap;

use port_jq::Value;
use portolan_sdk::Answer;

use crate::asking::LEFT_OUT;
use crate::resource::Resource;

/// Files of the repository by path.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a>(BTreeMap<String, Result<Option<&'a str>, &'a str>>);

impl<'a> Texts<'a> {
    /// What a question for one file gave; `None`: it was one too many to be asked.
    pub(crate) fn insert(&mut self, path: String, answer: Option<&'a Answer>) {
        let text = match answer {
            Some(Answer::Text(text)) => Ok(Some(text.as_str())),
            Some(Answer::Refused(why)) => Err(why.as_str()),
            Some(_) => Ok(None),
            None => Err(LEFT_OUT),
        };
        self.0.insert(path, text);
    }

    pub(crate) fn put(&mut self, path: String, text: Result<Option<&'a str>, &'a str>) {
        self.0.insert(path, text);
    }

    /// `None` where there is no such file, which Port takes as null; `Err` says why it could not be read.
    pub(crate) fn text(&self, path: &str) -> Result<Option<&'a str>, &'a str> {
        self.0.get(path).copied().unwrap_or(Ok(None))
    }

    /// `__includedFiles` of all resources of an event together.
    pub(crate) fn included_of(&self, resources: &[&Resource]) -> Value {
        let included = resources
            .iter()
            .flat_map(|resource| &resource.selector.included_files);
        self.included(included.map(|path| (path.as_str(), path.clone())))
    }

    /// What Ocean calls `__includedFiles`: by the path as it is written, the text or null.
    pub(crate) fn included<'p>(&self, paths: impl Iterator<Item = (&'p str, String)>) -> Value {
        let text = |path: &str| match self.text(path) {
            Ok(Some(text)) => Value::from(plain(text)),
            _ => Value::default(),
        };
        Value::object(paths.map(|(written, path)| (written.to_owned(), text(&path))))
    }
}

/// Port's store takes no NUL.
pub(crate) fn plain(text: &str) -> String {
    text.replace('\0', "")
}
