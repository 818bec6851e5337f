//! Folders, found by walking GitHub's trees from the root only as deep as a pattern leads: `apps/*` takes two questions
//! in a repository of any size.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use port_jq::Value;
use portolan_sdk::{Answer, Diagnostic, Error, Event, Question};

use super::surroundings::{Problems, tell_unread};
use super::tree::{Entry, Head, Tree, question};
use super::{Surroundings, object};
use crate::asking::{Asking, LEFT_OUT};
use crate::evaluate::{Evaluation, Object};
use crate::expression::closed;
use crate::paths::Paths;
use crate::resource::Resource;
use crate::texts::Texts;

/// The folders that resources map.
#[derive(Default)]
pub(super) struct Found<'e> {
    branch: String,
    /// In GitHub's shape.
    repository: Value,
    /// By path, in order.
    folders: BTreeMap<String, Folder<'e>>,
    texts: Texts<'e>,
    /// Globs of files in folders that were not read, and why.
    unread: BTreeMap<String, &'e str>,
    problems: Problems,
}

struct Folder<'e> {
    entry: Entry<'e>,
    /// The resources (by number) that map it, each by the first of its paths that means it.
    of: BTreeMap<usize, usize>,
}

/// A folder that must be looked into, for one path of one resource.
struct Visit<'c> {
    resource: usize,
    nth: usize,
    paths: &'c Paths,
    /// With its `/`, but for the root.
    folder: String,
    sha: String,
    /// Segments of the pattern that led here.
    followed: usize,
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
        let wanted = surroundings
            .wanted(resources, &mut found.problems)
            .into_iter();
        let from_root = |(resource, nth, paths)| Visit {
            resource,
            nth,
            paths,
            folder: String::new(),
            sha: head.commit.clone(),
            followed: 0,
        };
        let mut visits: Vec<_> = wanted.map(from_root).collect();
        found.branch = head.branch;
        found.repository = event.repository_as()?;
        let texts = found.ask_texts(asking, surroundings, resources);
        while !visits.is_empty() {
            visits = found.look(asking, surroundings, visits)?;
        }
        texts?;
        Ok(found)
    }

    /// One level of all patterns, in one round; what is to be looked into next.
    fn look<'c>(
        &mut self,
        asking: &mut Asking<'e>,
        surroundings: &Surroundings,
        visits: Vec<Visit<'c>>,
    ) -> Result<Vec<Visit<'c>>, Error> {
        let asked = |visit: &Visit<'_>| {
            let deep = visit.paths.is_deep(visit.followed);
            question(&surroundings.full_name, &visit.sha, deep)
        };
        let questions: Vec<_> = visits.iter().map(asked).collect();
        let answers = asking.all(&questions)?;
        let mut trees: HashMap<&Question, Option<Tree<'e>>> = HashMap::new();
        for (question, answer) in questions.iter().zip(&answers) {
            if let Some(Answer::Json(text)) = answer {
                trees
                    .entry(question)
                    .or_insert_with(|| serde_json::from_str(text).ok());
            }
        }
        let mut next = Vec::new();
        for ((visit, question), answer) in visits.iter().zip(&questions).zip(answers) {
            let tree = trees.get(question).and_then(Option::as_ref);
            let why = match (answer, tree) {
                (_, Some(tree)) if tree.truncated => {
                    "it holds more than GitHub lists at once. Name the folders more closely"
                }
                (_, Some(_)) => "",
                (Some(Answer::Refused(why)), _) => why,
                // It was named by the event, or by the tree above it.
                (Some(Answer::Missing), _) => "GitHub finds nothing, although there was a tree",
                (Some(_), None) => "GitHub's answer is no tree",
                // That something was left out is told once for all.
                (None, _) => "",
            };
            if !why.is_empty() {
                let folder = if visit.folder.is_empty() {
                    "the root"
                } else {
                    &visit.folder
                };
                let message = format!(
                    "The folders of `{}` are not all known: in {folder} {}",
                    visit.paths.glob,
                    closed(why)
                );
                self.problems.push((
                    "tree",
                    Diagnostic::error(message).at(visit.paths.place.clone()),
                ));
            }
            for entry in tree.iter().flat_map(|tree| &tree.tree) {
                if entry.r#type == "tree" {
                    next.extend(self.take(visit, entry));
                }
            }
        }
        Ok(next)
    }

    /// Whether a folder is one, or leads to one.
    fn take<'c>(&mut self, visit: &Visit<'c>, entry: &Entry<'e>) -> Option<Visit<'c>> {
        let pattern = visit.paths.pattern.as_ref()?;
        let path = format!("{}{}", visit.folder, entry.path);
        if pattern.is_deep(visit.followed) {
            if pattern.means(&path) {
                self.add(visit, path, entry);
            }
            return None;
        }
        if !pattern.follows(visit.followed, &entry.path) {
            return None;
        }
        if pattern.ends(visit.followed) {
            self.add(visit, path, entry);
            return None;
        }
        Some(Visit {
            folder: format!("{path}/"),
            sha: entry.sha.to_string(),
            followed: visit.followed + 1,
            ..*visit
        })
    }

    fn add(&mut self, visit: &Visit<'_>, path: String, entry: &Entry<'e>) {
        let folder = self.folders.entry(path).or_insert_with(|| Folder {
            entry: entry.clone(),
            of: BTreeMap::new(),
        });
        folder.of.entry(visit.resource).or_insert(visit.nth);
    }

    /// The files in the folders come by one glob for all of them: `apps/*/README.md`.
    fn ask_texts(
        &mut self,
        asking: &mut Asking<'e>,
        surroundings: &Surroundings,
        resources: &[&Resource],
    ) -> Result<(), Error> {
        let included = resources
            .iter()
            .flat_map(|resource| &resource.selector.included_files);
        let from_root = object::texts(asking, included.map(String::as_str).collect());
        let mut globs = BTreeMap::new();
        // What is to be told of them is told where folders are looked for.
        for (resource, _, paths) in surroundings.wanted(resources, &mut Problems::new()) {
            for file in paths.files(resources[resource]) {
                globs.insert(format!("{}/{file}", paths.glob), paths);
            }
        }
        let questions: Vec<_> = globs.keys().map(Question::files).collect();
        let answers = asking.all(&questions);
        self.texts = from_root?;
        for ((glob, paths), answer) in globs.into_iter().zip(answers?) {
            match answer {
                Some(Answer::Files(files)) => {
                    for file in files {
                        self.texts.put(file.path.clone(), Ok(Some(&file.text)));
                    }
                }
                Some(Answer::Refused(why)) => {
                    let message = format!(
                        "The files `{glob}` were not read, and what is mapped from them is left out: {}",
                        closed(why)
                    );
                    self.problems
                        .push(("files", Diagnostic::error(message).at(paths.place.clone())));
                    self.unread.insert(glob, why);
                }
                // That something was left out is told once for all.
                None => _ = self.unread.insert(glob, LEFT_OUT),
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A file in a folder whose glob was not read is not the same as no file.
    fn mark_unread(&mut self, resources: &[&Resource]) {
        for (path, folder) in &self.folders {
            for (resource, nth) in &folder.of {
                let resource = resources[*resource];
                let paths = &resource.selector.paths[*nth];
                for file in paths.files(resource) {
                    if let Some(why) = self.unread.get(&format!("{}/{file}", paths.glob)) {
                        self.texts.put(format!("{path}/{file}"), Err(why));
                    }
                }
            }
        }
    }

    pub(super) fn map<'c>(
        mut self,
        evaluation: &mut Evaluation<'c>,
        surroundings: &Surroundings,
        resources: &[&'c Resource],
    ) {
        self.mark_unread(resources);
        evaluation.unknown.clear();
        for (cause, problem) in std::mem::take(&mut self.problems) {
            evaluation.tell(cause, problem);
        }
        let from_root: BTreeSet<_> = resources
            .iter()
            .flat_map(|resource| &resource.selector.included_files)
            .collect();
        tell_unread(evaluation, resources, &self.texts);
        for (nth, resource) in resources.iter().enumerate() {
            if !self
                .folders
                .values()
                .any(|folder| folder.of.contains_key(&nth))
            {
                surroundings.explain_nothing(evaluation, resource, "folders");
            }
        }
        for (path, folder) in &self.folders {
            let inside = format!("{path}/");
            for (resource, nth) in &folder.of {
                let resource = resources[*resource];
                let mut included: Vec<_> = from_root
                    .iter()
                    .map(|path| (path.as_str(), (*path).clone()))
                    .collect();
                let here = resource
                    .selector
                    .paths
                    .get(*nth)
                    .map(|paths| &paths.included_files);
                included.extend(
                    here.into_iter()
                        .flatten()
                        .map(|file| (file.as_str(), format!("{inside}{file}"))),
                );
                let mut raw = raw(
                    path,
                    &folder.entry,
                    &self.branch,
                    &self.repository,
                    surroundings,
                );
                raw.insert("__includedFiles", self.texts.included(included.into_iter()));
                let object = Object {
                    raw,
                    name: format!("{}/{path}", surroundings.full_name),
                    texts: &self.texts,
                    folder: inside.clone(),
                };
                evaluation.map(resource, &object);
            }
        }
    }
}

/// As Port's GitHub app gives it (`folder`, `repo`), and as Ocean does.
fn raw(
    path: &str,
    entry: &Entry<'_>,
    branch: &str,
    repository: &Value,
    surroundings: &Surroundings,
) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    let url = entry.url.as_deref().map_or(Value::default(), Value::from);
    let folder = [
        ("name", Value::from(name)),
        ("path", path.into()),
        ("mode", entry.mode.as_ref().into()),
        ("type", entry.r#type.as_ref().into()),
        ("sha", entry.sha.as_ref().into()),
        ("url", url),
    ];
    let folder = Value::object(folder.map(|(key, value)| (key.to_owned(), value)));
    let all = [
        ("folder", folder),
        ("repo", repository.clone()),
        ("repository", repository.clone()),
        ("__repository", repository.clone()),
        ("__organization", surroundings.organization.as_str().into()),
        ("__branch", branch.into()),
    ];
    Value::object(all.map(|(key, value)| (key.to_owned(), value)))
}
