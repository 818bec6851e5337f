//! The App is installed, changed, removed. Sent to every App without subscription.

use super::payload::{self, Origin};
use super::{Chore, Touch};
use crate::delivery::Delivery;

pub(super) fn changed(delivery: &Delivery, origin: Origin) -> Result<Vec<Touch>, String> {
    let Origin {
        installation,
        organization,
        ..
    } = origin;
    let chores = match delivery.action().unwrap_or_default() {
        "created" => vec![take_in(
            delivery.field("repositories"),
            installation,
            organization,
        )?],
        "deleted" => vec![Chore::Forget { installation }],
        "suspend" => vec![Chore::Suspend { installation }],
        "unsuspend" => vec![Chore::Resume {
            installation,
            organization,
        }],
        // What could not be read before may be readable now.
        "new_permissions_accepted" => vec![Chore::TakeInAll {
            installation,
            organization,
        }],
        _ => Vec::new(),
    };
    Ok(chores.into_iter().map(Touch::Chore).collect())
}

/// A repository that left an installation is kept: it is still there, only out of sight.
pub(super) fn repositories(delivery: &Delivery, origin: Origin) -> Result<Vec<Touch>, String> {
    if delivery.action() != Some("added") {
        return Ok(Vec::new());
    }
    let added = delivery.field("repositories_added");
    Ok(vec![Touch::Chore(take_in(
        added,
        origin.installation,
        origin.organization,
    )?)])
}

pub(super) fn target(origin: Origin) -> Vec<Touch> {
    let Origin {
        installation,
        organization,
        ..
    } = origin;
    vec![Touch::Chore(Chore::Renamed {
        installation,
        organization,
    })]
}

fn take_in(
    list: Option<&str>,
    installation: u64,
    organization: super::Organization,
) -> Result<Chore, String> {
    let repositories = match list {
        Some(json) => payload::short_repositories(json, &organization)?,
        None => Vec::new(),
    };
    Ok(if repositories.is_empty() {
        Chore::TakeInAll {
            installation,
            organization,
        }
    } else {
        Chore::TakeIn {
            installation,
            organization,
            repositories,
        }
    })
}
