//! Files of the repository with their content, JSON and YAML as values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use app_config::yaml;
use port_jq::Value;
use portolan_sdk::{Answer, Diagnostic, Error, Event, File, Place, Question};
use sha1::{Digest, Sha1};

use super::surroundings::{Problems, tell_unread};
use super::tree::{Head, Tree, question};
use super::{Surroundings, object};
use crate::asking::{Asking, LEFT_OUT};
use crate::evaluate::{Evaluation, Object};
use crate::expression::closed;
use crate::paths::Paths;
use crate::resource::Resource;
use crate::texts::{Texts, plain};

/// The files that resources map.
#[derive(Default)]
pub(super) struct Found<'e> {
    branch: String,
    /// In GitHub's shape.
    repository: Value,
    /// By path, in order.
    files: BTreeMap<&'e str, (&'e File, Vec<Taken>)>,
    /// By path, where a program looks at it.
    modes: Option<HashMap<String, String>>,
    /// A program looks at modes, and they could not be had.
    hides_modes: bool,
    texts: Texts<'e>,
    problems: Problems,
}

/// A resource, by its number, that maps a file.
struct Taken {
    resource: usize,
    parses: bool,
}

impl<'e> Found<'e> {
    pub(super) fn ask(
        asking: &mut Asking<'e>,
        event: &'e Event,
        surroundings: &Surroundings,
        resources: &[&Resource],
    ) -> Result<Self, Error> {
        let mut found = Self::default();
        if resources.is_empty() {
            return Ok(found);
        }
        let head: Head = event.subject()?;
        let wanted = surroundings.wanted(resources, &mut found.problems);
        let globs: Vec<_> = wanted
            .iter()
            .map(|(_, _, paths)| Question::files(&paths.glob))
            .collect();
        let answers = asking.all(&globs);
        let mut wanting = wanted.iter().map(|(nth, ..)| resources[*nth]);
        let looking = wanting.find(|resource| resource.mentions("mode"));
        let tree = looking.map(|_| question(&surroundings.full_name, &head.commit, true));
        let modes = asking.all(tree.as_slice());
        let paths: BTreeSet<_> = resources
            .iter()
            .flat_map(|resource| resource.files())
            .collect();
        let texts = object::texts(asking, paths);
        found.branch = head.branch;
        found.repository = event.repository_as()?;
        for ((nth, _, paths), answer) in wanted.into_iter().zip(answers?) {
            match answer {
                Some(Answer::Files(files)) => {
                    files.iter().for_each(|file| found.take(file, nth, paths))
                }
                Some(Answer::Refused(why)) => {
                    let message = format!(
                        "The files of `{}` were not read: {}",
                        paths.glob,
                        closed(why)
                    );
                    let problem = Diagnostic::error(message).at(paths.place.clone());
                    found
                        .problems
                        .push(("refused", problem.field("selector.files")));
                }
                _ => {}
            }
        }
        if let (Some(resource), Some(answer)) = (looking, modes?.first()) {
            match modes_of(*answer) {
                Ok(modes) => found.modes = Some(modes),
                Err(why) => {
                    found.hides_modes = true;
                    let message = format!(
                        "The modes of files could not be had, and what is mapped from `mode` is left out: {}",
                        closed(why)
                    );
                    let problem = Diagnostic::error(message).at(resource.place.clone());
                    found.problems.push(("modes", problem));
                }
            }
        }
        found.texts = texts?;
        Ok(found)
    }

    fn take(&mut self, file: &'e File, resource: usize, paths: &Paths) {
        let (_, taken) = self.files.entry(&file.path).or_insert((file, Vec::new()));
        if taken.iter().all(|taken| taken.resource != resource) {
            let parses = paths.parses;
            taken.push(Taken { resource, parses });
        }
    }

    pub(super) fn map<'c>(
        self,
        evaluation: &mut Evaluation<'c>,
        surroundings: &Surroundings,
        resources: &[&'c Resource],
    ) {
        evaluation.unknown.clear();
        for (cause, problem) in self.problems {
            evaluation.tell(cause, problem);
        }
        let included = self.texts.included_of(resources);
        if self.hides_modes {
            evaluation.unknown.push("mode");
        }
        tell_unread(evaluation, resources, &self.texts);
        for (nth, resource) in resources.iter().enumerate() {
            let mut taken = self.files.values().flat_map(|(_, taken)| taken);
            if taken.all(|taken| taken.resource != nth) {
                surroundings.explain_nothing(evaluation, resource, "files");
            }
        }
        // File by file, so that no more than one is parsed at a time.
        for (file, taken) in self.files.into_values() {
            let modes = self.modes.as_ref();
            let mode = modes
                .and_then(|modes| modes.get(&file.path))
                .map(String::as_str);
            let base = Base::of(file, mode, &self.repository);
            let mut contents: [Option<Option<Value>>; 2] = [None, None];
            for Taken { resource, parses } in taken {
                let content = contents[usize::from(parses)].get_or_insert_with(|| {
                    let content = content(file, parses);
                    content
                        .map_err(|mistake| evaluation.tell("content", mistake))
                        .ok()
                });
                // What cannot be read was told; the other files go on.
                let Some(content) = content else {
                    continue;
                };
                let mut raw = base.raw(
                    content.clone(),
                    &self.branch,
                    &self.repository,
                    surroundings,
                );
                raw.insert("__includedFiles", included.clone());
                let object = Object {
                    raw,
                    name: format!("{}/{}", surroundings.full_name, file.path),
                    texts: &self.texts,
                    folder: String::new(),
                };
                evaluation.map(resources[resource], &object);
            }
        }
    }
}

/// The mode of each file; `Err` says why they are not known.
fn modes_of(answer: Option<&Answer>) -> Result<HashMap<String, String>, &str> {
    let text = match answer {
        Some(Answer::Json(text)) => text,
        Some(Answer::Refused(why)) => return Err(why),
        Some(_) => return Err("GitHub finds no tree"),
        None => return Err(LEFT_OUT),
    };
    let tree: Tree<'_> = serde_json::from_str(text).map_err(|_| "GitHub's answer is no tree")?;
    if tree.truncated {
        return Err("the repository holds more files than GitHub lists at once");
    }
    let entries = tree.tree.into_iter();
    let modes = entries.map(|entry| (entry.path.into_owned(), entry.mode.into_owned()));
    Ok(modes.collect())
}

/// What to add to a parser's words about a file.
const NOT_MAPPED: &str =
    "The file is not mapped. Correct it, or write `skipParsing: true` for its text.";

/// A file's content as mappings see it.
fn content(file: &File, parses: bool) -> Result<Value, Diagnostic> {
    let text = file.text.trim_start_matches('\u{feff}');
    match extension(&file.path).to_ascii_lowercase().as_str() {
        "json" if parses => serde_json::from_str(text).map_err(|error| {
            // Before the first character of a line serde counts 0.
            let place = Place::new(&file.path)
                .line(error.line().max(1) as u32)
                .column(error.column().max(1) as u32);
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            Diagnostic::error(format!("Not readable as JSON: {message}. {NOT_MAPPED}")).at(place)
        }),
        "yaml" | "yml" if parses => {
            let documents = yaml::documents(&file.path, text).map_err(|mistake| Diagnostic {
                message: format!("{} {NOT_MAPPED}", closed(&mistake.message)),
                ..mistake
            })?;
            let mut values: Vec<_> = documents
                .iter()
                .map(|document| Value::from(document.json()))
                .collect();
            Ok(match values.len() {
                0 => Value::default(),
                1 => values.remove(0),
                _ => values.into(),
            })
        }
        _ => Ok(plain(text).into()),
    }
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((before, extension)) if !before.is_empty() => extension,
        _ => "",
    }
}

/// What is said of a file beside its content.
struct Base<'a> {
    path: &'a str,
    members: [(&'static str, Value); 7],
    size: usize,
    url: Value,
    sha: String,
}

impl<'a> Base<'a> {
    fn of(file: &'a File, mode: Option<&str>, repository: &Value) -> Self {
        let path = file.path.as_str();
        let (sha, size) = (blob(&file.text), file.text.len());
        let url = repository.get("url").and_then(Value::as_str);
        let url = url.map_or(Value::default(), |url| {
            format!("{url}/git/blobs/{sha}").into()
        });
        let members = [
            ("path", path.into()),
            ("name", path.rsplit('/').next().unwrap_or(path).into()),
            ("fileExtension", extension(path).into()),
            ("mode", mode.map_or(Value::default(), Value::from)),
            ("type", "blob".into()),
            ("size", size.into()),
            ("url", url.clone()),
        ];
        Self {
            path,
            members,
            size,
            url,
            sha,
        }
    }

    /// As Port's GitHub app gives it (`file`, `repo`), and as Ocean does.
    fn raw(
        &self,
        content: Value,
        branch: &str,
        repository: &Value,
        surroundings: &Surroundings,
    ) -> Value {
        let named = |(key, value): (&str, Value)| (key.to_owned(), value);
        let sha = Value::from(self.sha.as_str());
        let more = [("sha", sha.clone()), ("content", content.clone())];
        let members = self.members.iter().cloned().chain(more);
        let file = Value::object(members.map(named));
        let metadata = [
            ("url", self.url.clone()),
            ("path", self.path.into()),
            ("size", self.size.into()),
            ("sha", sha),
        ];
        let organization = Value::from(surroundings.organization.as_str());
        let all = [
            ("repo", repository.clone()),
            ("file", file),
            ("organization", organization.clone()),
            ("repository", repository.clone()),
            ("branch", branch.into()),
            ("path", self.path.into()),
            ("name", self.members[1].1.clone()),
            ("content", content),
            ("metadata", Value::object(metadata.map(named))),
            ("__repository", surroundings.name.as_str().into()),
            ("__organization", organization),
            ("__branch", branch.into()),
        ];
        Value::object(all.map(named))
    }
}

/// Git's name for a content (Pro Git, "Git Objects").
fn blob(text: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", text.len()));
    hash.update(text);
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_the_name_that_git_gives_it() {
        assert_eq!(blob(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn a_dot_file_has_no_extension() {
        assert_eq!(extension("a.b/package.json"), "json");
        assert_eq!(extension("a.b/Makefile"), "");
        assert_eq!(extension(".gitignore"), "");
    }
}
