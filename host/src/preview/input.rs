//! What is given to be previewed: one object after the other, each with the repository it belongs to.
//!
//! Knows GitHub's shapes; does not know who maps them. An object is read no further than to its repository.

mod objects;
mod saved;

pub use objects::Objects;
pub use saved::Saved;

use crate::plugins::contract::Webhook;
use crate::subject::{Organization, Repository};

/// Something to be mapped.
#[derive(Debug)]
pub struct Object {
    pub kind: String,
    pub organization: Organization,
    pub repository: Option<Repository>,
    /// Its JSON; `None` for an event that has no kind.
    pub subject: Option<String>,
    pub webhook: Option<Webhook>,
    /// What people call it in its repository.
    pub number: Option<u64>,
    /// Where in the input it begins, from 1.
    pub line: Option<usize>,
    /// GitHub said that it is there no more.
    pub gone: bool,
}

/// A repository of which no more is known than what it is called. GitHub's ids begin at 1.
pub fn named(owner: &str, name: &str) -> (Repository, Organization) {
    let json = serde_json::json!({
        "id": 0, "name": name, "full_name": format!("{owner}/{name}"), "owner": {"id": 0, "login": owner},
    });
    let repository = Repository {
        id: 0,
        owner: owner.to_owned(),
        name: name.to_owned(),
        default_branch: None,
        json: json.to_string().into(),
    };
    let organization = Organization {
        id: 0,
        login: owner.to_owned(),
    };
    (repository, organization)
}
