//! What an event's objects have in common: the repository that they lie in.

use portolan_sdk::{Diagnostic, Error, Event};

use crate::evaluate::Evaluation;
use crate::paths::Paths;
use crate::resource::Resource;
use crate::texts::Texts;

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

    /// Whether these paths are of this repository. A branch that is not read is told.
    pub(super) fn has(
        &self,
        paths: &Paths,
        problems: &mut Vec<(&'static str, Diagnostic)>,
    ) -> bool {
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
                    "`{path}` was not read, and what is mapped from `__includedFiles` is left out: {why}"
                );
                let note = Diagnostic::warning(message).at(resource.place.clone());
                evaluation.tell("included", note.field("selector.includedFiles"));
                evaluation.unknown.push("__includedFiles");
            }
        }
    }
}
