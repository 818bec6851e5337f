//! What people and machines do in a repository beside pushing: pull requests, issues, workflow runs.

use jiff::Timestamp;

#[derive(Default)]
pub(super) struct Work {
    pub(super) pulls: Vec<Pull>,
    pub(super) issues: Vec<Issue>,
    pub(super) runs: Vec<Run>,
    /// Numbers of issues that are there no more.
    pub(super) deleted: Vec<u64>,
}

pub(super) struct Pull {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) head: String,
    pub(super) sha: String,
    pub(super) state: &'static str,
    pub(super) draft: bool,
    pub(super) labels: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) closed: Option<Timestamp>,
    pub(super) merged: Option<Timestamp>,
}

pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) state: &'static str,
    pub(super) labels: Vec<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) closed: Option<Timestamp>,
}

pub(super) struct Run {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) number: u64,
    pub(super) attempt: u64,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) branch: String,
    pub(super) sha: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

impl Work {
    /// Issues and pull requests count together.
    pub(super) fn next_number(&self) -> u64 {
        (self.pulls.len() + self.issues.len() + self.deleted.len()) as u64 + 1
    }

    pub(super) fn pull(&mut self, number: u64) -> &mut Pull {
        let mut pulls = self.pulls.iter_mut();
        pulls
            .find(|pull| pull.number == number)
            .expect("the scenario names a pull request that it opened")
    }

    pub(super) fn issue(&mut self, number: u64) -> &mut Issue {
        let mut issues = self.issues.iter_mut();
        issues
            .find(|issue| issue.number == number)
            .expect("the scenario names an issue that it opened")
    }

    pub(super) fn run(&mut self, id: u64) -> &mut Run {
        let mut runs = self.runs.iter_mut();
        runs.find(|run| run.id == id)
            .expect("the scenario names a run that it started")
    }
}
