//! What an event's objects have in common: the repository that they lie in.

use port_jq::Value;
use portolan_sdk::{Diagnostic, Error, Event};

use crate::paths::Paths;

/// Where the subject lies.
pub(crate) struct Surroundings {
    /// In GitHub's shape.
    pub(super) repository: Value,
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
            repository: event.repository_as()?,
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
}
