//! What `port-app-config.yml` maps by jq arrives in the catalog: Port's documented examples, whose configuration holds,
//! what a mistake in one does, and what a hostile one does not.

mod configured;
mod hostile;
mod kinds;
mod mistakes;
mod recorded;

use std::ops::Deref;

use portolan_tests::github::Repository;
use portolan_tests::host::TestHost;
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

const OWN: &str = ".github/port-app-config.yml";
const ORGANIZATIONS: &str = "port-app-config.yml";

/// A host with `gitops` and `mapping`, as the image has them, and Port's example blueprints.
struct World(crate::world::World);

impl World {
    async fn begin() -> Self {
        Self::with(|host| host).await
    }

    async fn with(change: impl FnOnce(TestHost) -> TestHost) -> Self {
        let bundled = |host: TestHost| change(host.bundled(&["gitops", "mapping"]));
        let world = crate::world::World::with(bundled).await;
        for blueprint in blueprints() {
            world.port.blueprint(blueprint);
        }
        Self(world)
    }

    /// The organization's configuration from now on.
    async fn organization(&self, text: &str) {
        let home = self.github.repository("acme/.github-private");
        let commit = home.push(&[(ORGANIZATIONS, text)], "Settle it");
        let said = self.host.said();
        self.deliver(&self.host, &home.pushed(&commit)).await;
        let changed = "the configuration of acme changed for";
        self.host.wait_for_line_after(said, changed).await;
    }

    /// Writes files at the head of a repository, and tells of it.
    async fn writes(&self, to: &Repository, files: &[(&str, &str)]) {
        let commit = to.push(files, "Say it");
        self.deliver(&self.host, &to.pushed(&commit)).await;
    }

    /// Waits until an entity is so.
    async fn becomes(&self, blueprint: &str, identifier: &str, so: impl Fn(&Value) -> bool) {
        let is = |port: &FakePort| port.entity(blueprint, identifier).is_some_and(|it| so(&it));
        let what = format!("{blueprint}/{identifier} to be as it should");
        self.port.wait_for(&what, is).await;
    }

    /// The first line after so many that contains all of these.
    async fn says(&self, said: usize, parts: &[&str]) -> String {
        let mut from = said;
        loop {
            let line = self.host.wait_for_line_after(from, parts[0]).await;
            if parts.iter().all(|part| line.contains(part)) {
                return line;
            }
            let lines = self.host.lines();
            let at = lines[from..].iter().position(|other| *other == line);
            from += at.map_or(1, |at| at + 1);
        }
    }

    async fn goes(&self, blueprint: &str, identifier: &str) {
        let gone = |port: &FakePort| port.entity(blueprint, identifier).is_none();
        let what = format!("{blueprint}/{identifier} to be deleted");
        self.port.wait_for(&what, gone).await;
    }
}

impl Deref for World {
    type Target = crate::world::World;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// `{name: {"type": kind}, ..}`
fn properties(kinds: &[(&str, &str)]) -> Value {
    let property = |kind: &str| match kind {
        "url" | "markdown" | "date-time" => json!({"type": "string", "format": kind}),
        kind => json!({"type": kind}),
    };
    kinds
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), property(kind)))
        .collect()
}

/// Port docs, GitHub, "Examples": the blueprints of the kinds that there are so far.
fn blueprints() -> [Value; 7] {
    let blueprint = |identifier: &str, kinds: &[(&str, &str)], relations: Value| {
        let schema = json!({"properties": properties(kinds), "required": []});
        json!({"identifier": identifier, "title": identifier, "schema": schema, "relations": relations})
    };
    let to = |target: &str, required: bool| json!({"target": target, "required": required, "many": false});
    let (text, time) = ("string", "date-time");
    [
        blueprint(
            "githubRepository",
            &[
                ("readme", "markdown"),
                ("url", "url"),
                ("defaultBranch", text),
                ("description", text),
                ("pushedAt", time),
            ],
            json!({}),
        ),
        blueprint(
            "githubPullRequest",
            &[
                ("creator", text),
                ("assignees", "array"),
                ("reviewers", "array"),
                ("status", text),
                ("closedAt", time),
                ("updatedAt", time),
                ("mergedAt", time),
                ("prNumber", "number"),
                ("link", "url"),
            ],
            json!({"repository": to("githubRepository", false)}),
        ),
        blueprint(
            "githubIssue",
            &[
                ("creator", text),
                ("assignees", "array"),
                ("labels", "array"),
                ("status", text),
                ("createdAt", time),
                ("closedAt", time),
                ("updatedAt", time),
                ("description", "markdown"),
                ("issueNumber", "number"),
                ("link", "url"),
            ],
            json!({"repository": to("githubRepository", true)}),
        ),
        blueprint("githubWorkflow", &[], json!({})),
        blueprint(
            "githubWorkflowRun",
            &[
                ("name", text),
                ("triggeringActor", text),
                ("status", text),
                ("conclusion", text),
                ("createdAt", time),
                ("runStartedAt", time),
                ("updatedAt", time),
                ("runNumber", "number"),
                ("runAttempt", "number"),
                ("link", "url"),
            ],
            json!({"workflow": to("githubWorkflow", true)}),
        ),
        blueprint(
            "package",
            &[("package", text), ("version", text)],
            json!({"repository": to("githubRepository", false)}),
        ),
        blueprint(
            "githubFolder",
            &[("url", "url"), ("readme", "markdown")],
            json!({"repository": to("githubRepository", false)}),
        ),
    ]
}
