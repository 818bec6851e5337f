//! What an event's objects have in common: the repository that they lie in.

use portolan_sdk::{Diagnostic, Error, Event};

use crate::evaluate::Evaluation;
use crate::expression::closed;
use crate::paths::Paths;
use crate::resource::Resource;
use crate::texts::Texts;

/// What is to be told about how objects were found, each with its cause.
pub(super) type Problems = Vec<(&'static str, Diagnostic)>;

/// Where the subject lies.
pub(crate) struct Surroundings {
    pub(super) name: String,
    pub(super) full_name: String,
    default_branch: Option<String>,
    pub(super) organization: String,
}

impl Surroundings {
    pub(super) fn of(event: &Event) -> Result<Self, Error> {
        let known = event.repository().ok_or_else(|| {
            Error::refuse(format!("a `{}` belongs to a repository", event.kind()))
        })?;
        Ok(Self {
            name: known.name.clone(),
            full_name: known.full_name.clone(),
            default_branch: known.default_branch.clone(),
            organization: event.organization().login.clone(),
        })
    }

    /// The paths that resources name in this repository, each with the resource's number and its own.
    pub(super) fn wanted<'r>(
        &self,
        resources: &[&'r Resource],
        problems: &mut Problems,
    ) -> Vec<(usize, usize, &'r Paths)> {
        let mut wanted = Vec::new();
        for (resource, one) in resources.iter().enumerate() {
            for (nth, paths) in one.selector.paths.iter().enumerate() {
                if self.has(paths, problems) {
                    wanted.push((resource, nth, paths));
                }
            }
        }
        wanted
    }

    /// Whether these paths are of this repository. A branch that is not read is told.
    fn has(&self, paths: &Paths, problems: &mut Problems) -> bool {
        let belong = paths.belong_to(
            &self.organization,
            &self.name,
            self.default_branch.as_deref(),
        );
        belong.unwrap_or_else(|branch| {
            let message = format!(
                "`{}` is not mapped: the branch `{branch}` is not read, only the default one is.",
                paths.glob
            );
            problems.push((
                "branch",
                Diagnostic::warning(message).at(paths.place.clone()),
            ));
            false
        })
    }

    /// Says to whoever asks why a resource maps nothing of this repository.
    pub(super) fn explain_nothing(
        &self,
        evaluation: &mut Evaluation<'_>,
        resource: &Resource,
        things: &str,
    ) {
        evaluation.notes.explain(&resource.place, "", || {
            let paths = resource.selector.paths.iter();
            let ours = paths.filter(|paths| self.has(paths, &mut Vec::new()));
            let globs: Vec<_> = ours.map(|paths| format!("`{}`", paths.glob)).collect();
            match globs.as_slice() {
                [] => format!("Passed over: no {things} of {} are named.", self.full_name),
                globs => format!(
                    "Passed over: {} has no {things} at {}.",
                    self.full_name,
                    globs.join(", ")
                ),
            }
        });
    }
}

/// Tells which files that selectors include could not be read.
pub(super) fn tell_unread(
    evaluation: &mut Evaluation<'_>,
    resources: &[&Resource],
    texts: &Texts<'_>,
) {
    for resource in resources {
        for path in &resource.selector.included_files {
            if let Err(why) = texts.text(path) {
                let message = format!(
                    "`{path}` was not read, and what is mapped from `__includedFiles` is left out: {}",
                    closed(why)
                );
                let note = Diagnostic::warning(message).at(resource.place.clone());
                evaluation.tell("included", note.field("selector.includedFiles"));
                evaluation.unknown.push("__includedFiles");
            }
        }
    }
}
