//! Pushes and changes of a repository itself.

use super::payload::Origin;
use super::{Chore, ORGANIZATION_REPOSITORY, Subject, Touch};
use crate::delivery::Delivery;

/// A push to the default branch moves the tree, and tells on the repository: when it was pushed to, what its README says.
/// Other branches and tags are nobody's business.
pub(super) fn push(delivery: &Delivery, origin: Origin) -> Result<Vec<Touch>, String> {
    let repository = origin.repository()?;
    let text = |name: &str| -> Result<String, String> {
        let text = delivery.field(name);
        let text = text.and_then(|json| serde_json::from_str(json).ok());
        text.ok_or_else(|| format!("`{name}` is missing"))
    };
    let reference = text("ref")?;
    let Some(branch) = reference.strip_prefix("refs/heads/") else {
        return Ok(Vec::new());
    };
    // Where GitHub does not say which branch is the default one, reading its head settles it.
    if repository
        .default_branch
        .as_deref()
        .is_some_and(|default| default != branch)
    {
        return Ok(Vec::new());
    }
    let (installation, organization) = (origin.installation, origin.organization.clone());
    let repository = repository.clone();
    let mut touches = Vec::new();
    if repository.name == ORGANIZATION_REPOSITORY {
        touches.push(Touch::Chore(Chore::Configured {
            installation,
            organization: organization.clone(),
            home: repository.clone(),
            before: text("before")?,
            after: text("after")?,
        }));
    }
    touches.extend(tree_moved(origin)?);
    // What a push says of its repository has another shape than everywhere else.
    let subject = Subject::repository(installation, organization, repository);
    touches.push(Touch::Subject(subject.unread()));
    Ok(touches)
}

/// Actions that change what is at the head of the default branch, or what its files are mapped with.
const MOVES_TREE: [&str; 4] = ["created", "renamed", "transferred", "unarchived"];

pub(super) fn changed(delivery: &Delivery, origin: Origin) -> Result<Vec<Touch>, String> {
    let repository = origin.repository()?.clone();
    let mut subject = Subject::repository(
        origin.installation,
        origin.organization.clone(),
        repository.clone(),
    );
    let action = delivery.action().unwrap_or_default();
    if action == "deleted" {
        let mut tree = Subject::tree(origin.installation, origin.organization, repository);
        subject.gone = true;
        tree.gone = true;
        return Ok(vec![Touch::Subject(subject), Touch::Subject(tree)]);
    }
    let other_default = action == "edited"
        && delivery
            .field("changes")
            .is_some_and(|changes| changes.contains("\"default_branch\""));
    let mut touches = vec![Touch::Subject(subject)];
    if other_default || MOVES_TREE.contains(&action) {
        touches.extend(tree_moved(origin)?);
    }
    Ok(touches)
}

fn tree_moved(origin: Origin) -> Result<Vec<Touch>, String> {
    let repository = origin.repository()?.clone();
    Ok(vec![
        Touch::Chore(Chore::HeadMoved {
            installation: origin.installation,
            repository: repository.clone(),
        }),
        Touch::Subject(Subject::tree(
            origin.installation,
            origin.organization,
            repository,
        )),
    ])
}
