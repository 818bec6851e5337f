//! Files and configuration as a repository's and an organization's people push them.

mod configuration;
mod heads;
mod reading;

use std::sync::{Arc, Mutex};

use super::*;
use crate::github::standin::{Asked, Standin, failed, git, ok, shop, standin};
use crate::plugins::contract::{Configuration, FilePattern};
use crate::subject::Organization;

type World = Arc<
    Mutex<
        Vec<(
            &'static str,
            &'static str,
            Vec<(&'static str, &'static [u8])>,
        )>,
    >,
>;

/// acme's repositories: name, commit, files. One that is not listed is not installed.
async fn acme(world: &World) -> Standin {
    let world = world.clone();
    standin(move |asked: &Asked| {
        let repositories = world.lock().expect("no test panics while it holds this");
        for (name, commit, files) in &*repositories {
            let full_name = format!("acme/{name}");
            if asked.line == format!("GET /repos/{full_name}") {
                return ok(serde_json::json!({"id": 9, "name": name, "owner": {"login": "acme"}, "default_branch": "main"}));
            }
            if asked.line.starts_with(&format!("GET /repos/{full_name}/")) {
                return git(&full_name, commit, files, asked);
            }
        }
        failed(404, "Not Found")
    })
    .await
}

fn organization() -> Organization {
    Organization {
        id: 7,
        login: "acme".to_owned(),
    }
}

fn pattern(owner: Owner, glob: &str) -> FilePattern {
    FilePattern {
        owner,
        glob: glob.to_owned(),
    }
}

fn readable(candidate: Candidate) -> Configuration {
    match candidate {
        Candidate::Readable(configuration) => configuration,
        Candidate::Unreadable(mistakes) => panic!("{mistakes:?}"),
    }
}

fn texts(configuration: &Configuration) -> Vec<&str> {
    configuration
        .files()
        .iter()
        .map(|file| &*file.text)
        .collect()
}
