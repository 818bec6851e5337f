//! Webhook payloads, in the shape that GitHub's documentation gives ("Webhook events and payloads").

use serde_json::{Value, json};

use super::delivery::Event;
use super::git::Commit;
use super::shapes;
use super::world::{Repo, World};

const NONE: &str = "0000000000000000000000000000000000000000";

pub(super) fn push(world: &World, repo: &Repo, commit: &Commit) -> Event {
    let html = format!("{}/{}", world.web, repo.full_name());
    let before = commit.parent.as_deref().unwrap_or(NONE);
    let short = |sha: &str| sha.chars().take(12).collect::<String>();
    let mut head = shapes::short_commit(commit);
    head["url"] = json!(format!("{html}/commit/{}", commit.sha));
    let payload = json!({
        "ref": format!("refs/heads/{}", commit.branch), "before": before, "after": commit.sha,
        "pusher": {"name": "mona", "email": "mona@example.com"},
        "created": commit.parent.is_none(), "deleted": false, "forced": false, "base_ref": null,
        "compare": format!("{html}/compare/{}...{}", short(before), short(&commit.sha)),
        "commits": [head], "head_commit": head,
    });
    let mut event = completed(world, &repo.owner, Some(repo), "push", payload);
    // On push, and there alone, these are Unix times, and some keys are added.
    let repository = &mut event.payload["repository"];
    repository["created_at"] = json!(repo.created.as_second());
    repository["pushed_at"] = json!(repo.pushed.as_second());
    repository["owner"]["name"] = json!(repo.owner);
    repository["owner"]["email"] = Value::Null;
    repository["stargazers"] = json!(repo.stars);
    repository["master_branch"] = json!(repo.default_branch);
    repository["organization"] = json!(repo.owner);
    event
}

pub(super) fn pull_request(world: &World, repo: &Repo, action: &str, number: u64) -> Event {
    let mut pulls = repo.work.pulls.iter();
    let pull = pulls.find(|pull| pull.number == number);
    let pull = pull.expect("the scenario names a pull request that it opened");
    let payload = json!({
        "action": action, "number": number, "pull_request": shapes::pull(world, repo, pull),
    });
    completed(world, &repo.owner, Some(repo), "pull_request", payload)
}

pub(super) fn issue(world: &World, repo: &Repo, action: &str, number: u64) -> Event {
    let mut issues = repo.work.issues.iter();
    let issue = issues.find(|issue| issue.number == number);
    let issue = issue.expect("the scenario names an issue that it opened");
    let payload = json!({"action": action, "issue": shapes::issue(world, repo, issue)});
    completed(world, &repo.owner, Some(repo), "issues", payload)
}

pub(super) fn workflow_run(world: &World, repo: &Repo, action: &str, id: u64) -> Event {
    let run = repo.work.runs.iter().find(|run| run.id == id);
    let run = run.expect("the scenario names a run that it started");
    let url = format!(
        "{}/repos/{}/actions/workflows/51",
        world.api(),
        repo.full_name()
    );
    let payload = json!({
        "action": action, "workflow_run": shapes::run(world, repo, run),
        "workflow": {
            "id": 51, "node_id": "W_51", "name": run.name, "path": ".github/workflows/ci.yml",
            "state": "active", "url": url, "html_url": url, "badge_url": url,
            "created_at": super::world::time(repo.created), "updated_at": super::world::time(repo.created),
        },
    });
    completed(world, &repo.owner, Some(repo), "workflow_run", payload)
}

pub(super) fn installation(world: &World, login: &str, action: &str) -> Event {
    let account = world.account(login).expect("made with its handle");
    let within = |repo: &&Repo| repo.owner == login && repo.installed;
    let repositories = world.repositories.iter().filter(within);
    let repositories: Vec<_> = repositories.map(shapes::short_repository).collect();
    let mut payload = json!({
        "action": action, "installation": shapes::installation(world, account),
        "sender": shapes::account(world, "mona"),
    });
    if matches!(action, "created" | "deleted") {
        payload["repositories"] = json!(repositories);
        payload["requester"] = Value::Null;
    }
    Event {
        name: "installation".into(),
        payload,
    }
}

pub(super) fn installation_repositories(
    world: &World,
    login: &str,
    action: &str,
    names: &[&str],
) -> Event {
    let account = world.account(login).expect("made with its handle");
    let named = names.iter().filter_map(|name| world.find(login, name));
    let named: Vec<_> = named.map(shapes::short_repository).collect();
    let none = Vec::new();
    let (added, removed) = if action == "added" {
        (&named, &none)
    } else {
        (&none, &named)
    };
    let payload = json!({
        "action": action, "installation": shapes::installation(world, account),
        "repository_selection": "selected", "repositories_added": added, "repositories_removed": removed,
        "requester": null, "sender": shapes::account(world, "mona"),
    });
    Event {
        name: "installation_repositories".into(),
        payload,
    }
}

/// Adds what every payload carries, where the payload does not say it itself.
pub(super) fn completed(
    world: &World,
    login: &str,
    repo: Option<&Repo>,
    name: &str,
    mut payload: Value,
) -> Event {
    let account = world.account(login).expect("made with its handle");
    let mut common = json!({
        "organization": shapes::organization(world, account),
        "sender": shapes::account(world, "mona"),
        "installation": {"id": account.installation, "node_id": format!("I_{}", account.installation)},
    });
    if let Some(repo) = repo {
        common["repository"] = shapes::repository(world, repo);
    }
    for (key, value) in common.as_object().into_iter().flatten() {
        if payload.get(key).is_none() {
            payload[key] = value.clone();
        }
    }
    Event {
        name: name.into(),
        payload,
    }
}
