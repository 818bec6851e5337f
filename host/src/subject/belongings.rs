//! Whose a subject is, and what goes with what.

use super::{Chore, Repository, Subject, Touch, kinds};

impl Touch {
    /// The organization's id, 0 where it is not told.
    pub fn organization(&self) -> u64 {
        match self {
            Self::Subject(subject) => subject.organization.id,
            Self::Chore(chore) => chore.organization(),
        }
    }

    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Subject(subject) => subject.repository.as_ref(),
            Self::Chore(
                Chore::HeadMoved { repository, .. }
                | Chore::Configured {
                    home: repository, ..
                },
            ) => Some(repository),
            Self::Chore(_) => None,
        }
    }
}

impl Chore {
    /// The organization's id, 0 where it is not told.
    pub fn organization(&self) -> u64 {
        match self {
            Self::TakeIn { organization, .. }
            | Self::TakeInAll { organization, .. }
            | Self::Resume { organization, .. }
            | Self::Renamed { organization, .. }
            | Self::Configured { organization, .. } => organization.id,
            Self::Forget { .. } | Self::Suspend { .. } | Self::HeadMoved { .. } => 0,
        }
    }
}

impl Subject {
    /// `owner/name`, or the organization's login where there is no repository.
    pub fn whose(&self) -> String {
        match &self.repository {
            Some(repository) => repository.full_name(),
            None => self.organization.login.clone(),
        }
    }

    /// Whether it has a state of its own. What has none is an event, and what one brought the next one does not replace.
    pub fn has_kind(&self) -> bool {
        ["tree", "repository"].contains(&&*self.kind) || kinds::is_kind(&self.kind)
    }

    /// What else was mapped of a repository that is gone: gone with it, in its own lane.
    pub fn goes_along(&self, lane: &str) -> Self {
        let kind = lane.split('/').next().unwrap_or_default();
        Self {
            kind: kind.to_owned(),
            key: lane.to_owned(),
            number: None,
            object: None,
            version: None,
            gone: true,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::subject::Organization;

    #[test]
    fn what_was_mapped_of_a_repository_goes_with_it() {
        let organization = Organization {
            id: 3,
            login: "acme".to_owned(),
        };
        let repository = Repository {
            id: 5,
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            default_branch: None,
            json: Arc::from("{}"),
        };
        let tree = Subject::tree(7, organization, repository);
        let gone = tree.goes_along("pull-request/5/9");
        assert_eq!((gone.kind.as_str(), gone.gone), ("pull-request", true));
        assert_eq!(gone.whose(), tree.whose());
        assert!(gone.has_kind() && !tree.goes_along("star/5").has_kind());
    }
}
