//! Every workflow run becomes an entity, with the text of its workflow, which it has to ask for.

use portolan_sdk::{Description, Entity, Error, Event, Mapper, Outcome, export_mapper};
use serde::Deserialize;

/// Maps workflow runs.
#[derive(Default)]
pub struct WorkflowRuns;

#[derive(Deserialize)]
struct Run {
    id: u64,
    name: Option<String>,
    path: String,
    status: String,
    conclusion: Option<String>,
    run_attempt: u64,
}

impl Mapper for WorkflowRuns {
    fn describe() -> Description {
        Description::of(["workflow-run"]).writes("workflowRun")
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let run: Run = event.subject()?;
        let workflow = event.file(&run.path)?;
        Ok(Entity::new("workflowRun", run.id.to_string())
            .title(run.name.unwrap_or(run.status.clone()))
            .property("state", run.conclusion.unwrap_or(run.status))
            .property("attempt", run.run_attempt)
            .property("workflow", workflow)
            .into())
    }
}

export_mapper!(WorkflowRuns);
