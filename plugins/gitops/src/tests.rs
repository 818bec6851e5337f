//! What a user of `port.yml` may rely on, told with whole repositories.

mod bad_input;
mod configuration;
mod metadata;
mod references;
mod specs;

use portolan_sdk::test::{Done, Run};
use portolan_sdk::{Diagnostic, Severity};
use serde_json::json;

use crate::Gitops;

const COMMIT: &str = "1111111111111111111111111111111111111111";

/// The repository `acme/shop` at the head of its default branch.
fn shop() -> Run<Gitops> {
    Run::of("tree")
        .repository("acme/shop")
        .subject(json!({"branch": "main", "commit": COMMIT}))
}

fn map(port_yml: &str) -> Done {
    shop().file("port.yml", port_yml).map()
}

/// The diagnostics of a severity, as a person reads them.
fn said(notes: &[Diagnostic], severity: Severity) -> Vec<String> {
    notes
        .iter()
        .filter(|note| note.severity == severity)
        .map(ToString::to_string)
        .collect()
}

fn errors(done: &Done) -> Vec<String> {
    said(done.notes(), Severity::Error)
}

fn warnings(done: &Done) -> Vec<String> {
    said(done.notes(), Severity::Warning)
}

fn identifiers(done: &Done) -> Vec<String> {
    done.entities()
        .iter()
        .map(|entity| entity.identifier.to_string())
        .collect()
}
