//! Bundled plugin: what `port-app-config.yml` maps by jq.

use portolan_sdk::{Description, Error, Event, Mapper, Outcome};

/// The plugin `mapping`.
#[derive(Debug, Default)]
pub struct Mapping;

impl Mapper for Mapping {
    fn describe() -> Description {
        Description::of([
            "repository",
            "pull-request",
            "issue",
            "workflow-run",
            "tree",
        ])
    }

    fn map(&self, _event: &Event) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }
}

portolan_sdk::export_mapper!(Mapping);
