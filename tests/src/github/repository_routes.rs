//! The paths below one repository, whichever name or number led there.

use serde_json::{Value, json};

use super::git_routes;
use super::routes::{Refusal, canned_answer, ok, page};
use super::shapes;
use super::work::Work;
use super::world::{Repo, Token, World};
use crate::wire::{Answer, Call};

pub(super) fn answer(
    world: &World,
    token: &Token,
    repo: &Repo,
    path: &str,
    rest: &[&str],
    call: &Call,
) -> Result<Answer, Refusal> {
    // What a token does not reach is as if it did not exist.
    if !world.reaches(token, repo) {
        return Err(Refusal::missing());
    }
    let (permission, level) = permission(call.method.as_str(), rest);
    token.needs(permission, level)?;
    if call.method != "GET" {
        return Err(Refusal::missing());
    }
    if let Some(canned) = world.canned.get(path) {
        return canned_answer(world, call, canned);
    }
    match rest {
        [] => ok(&shapes::full_repository(world, repo)),
        ["topics"] => ok(&json!({"names": repo.topics})),
        ["languages"] => ok(&Value::from(repo.languages.clone())),
        ["collaborators"] => page(world, call, vec![shapes::account(world, "mona")], None),
        ["tags" | "releases"] => page(world, call, Vec::new(), None),
        ["teams"] => {
            let account = world.account(&repo.owner);
            let teams = account.map(|account| account.teams.clone());
            page(world, call, teams.unwrap_or_default(), None)
        }
        ["pulls", rest @ ..] => pulls(world, repo, rest, call),
        ["issues", rest @ ..] => issues(world, repo, rest, call),
        ["actions", rest @ ..] => actions(world, repo, rest, call),
        _ => git_routes::answer(world, repo, rest, call),
    }
}

/// What the path needs (GitHub docs, "Permissions required for GitHub Apps").
fn permission(method: &str, rest: &[&str]) -> (&'static str, &'static str) {
    let level = if method == "GET" { "read" } else { "write" };
    let name = match rest {
        [
            "git" | "branches" | "commits" | "contents" | "compare" | "readme" | "releases",
            ..,
        ] => "contents",
        ["pulls", ..] => "pull_requests",
        ["issues", ..] => "issues",
        ["actions" | "environments", ..] => "actions",
        ["check-runs" | "check-suites", ..] => "checks",
        ["deployments", ..] => "deployments",
        ["dependabot", "alerts", ..] => "vulnerability_alerts",
        ["dependabot", "secrets", ..] => "dependabot_secrets",
        ["code-scanning", ..] => "security_events",
        ["secret-scanning", ..] => "secret_scanning_alerts",
        ["teams" | "hooks" | "keys", ..] => "administration",
        _ => "metadata",
    };
    (name, level)
}

fn pulls(world: &World, repo: &Repo, rest: &[&str], call: &Call) -> Result<Answer, Refusal> {
    let pulls = repo.work.pulls.iter();
    match rest {
        [] => {
            let wanted = pulls.filter(|pull| in_state(call, pull.state));
            let mut wanted: Vec<_> = wanted.collect();
            wanted.sort_by_key(|pull| std::cmp::Reverse((pull.updated, pull.number)));
            let all = wanted
                .into_iter()
                .map(|pull| shapes::pull(world, repo, pull));
            page(world, call, all.collect(), None)
        }
        [number, rest @ ..] => {
            let mut pulls = pulls.filter(|pull| pull.number.to_string() == *number);
            let pull = pulls.next().ok_or_else(Refusal::missing)?;
            match rest {
                [] => ok(&shapes::pull(world, repo, pull)),
                ["files" | "commits" | "reviews"] => page(world, call, Vec::new(), None),
                _ => Err(Refusal::missing()),
            }
        }
    }
}

/// Pull requests are issues too, here as there: a list of issues has both.
fn issues(world: &World, repo: &Repo, rest: &[&str], call: &Call) -> Result<Answer, Refusal> {
    match rest {
        [] => {
            let issues = repo
                .work
                .issues
                .iter()
                .filter(|issue| in_state(call, issue.state));
            let pulls = repo
                .work
                .pulls
                .iter()
                .filter(|pull| in_state(call, pull.state));
            let pulls = pulls.map(|pull| shapes::pull_as_issue(world, repo, pull));
            let issues = issues.map(|issue| shapes::issue(world, repo, issue));
            page(world, call, issues.chain(pulls).collect(), None)
        }
        [number] => {
            let number = number.parse().map_err(|_| Refusal::missing())?;
            let Work {
                issues,
                pulls,
                deleted,
                ..
            } = &repo.work;
            if let Some(issue) = issues.iter().find(|issue| issue.number == number) {
                return ok(&shapes::issue(world, repo, issue));
            }
            if let Some(pull) = pulls.iter().find(|pull| pull.number == number) {
                return ok(&shapes::pull_as_issue(world, repo, pull));
            }
            match deleted.contains(&number) {
                true => Err(Refusal::new(410, "This issue was deleted")),
                false => Err(Refusal::missing()),
            }
        }
        _ => Err(Refusal::missing()),
    }
}

fn actions(world: &World, repo: &Repo, rest: &[&str], call: &Call) -> Result<Answer, Refusal> {
    match rest {
        ["runs"] => {
            let runs = repo
                .work
                .runs
                .iter()
                .map(|run| shapes::run(world, repo, run));
            page(world, call, runs.collect(), Some("workflow_runs"))
        }
        ["runs", id] => {
            let mut runs = repo.work.runs.iter();
            let run = runs.find(|run| run.id.to_string() == *id);
            ok(&shapes::run(world, repo, run.ok_or_else(Refusal::missing)?))
        }
        ["workflows"] => page(world, call, Vec::new(), Some("workflows")),
        _ => Err(Refusal::missing()),
    }
}

fn in_state(call: &Call, state: &str) -> bool {
    let wanted = call.parameter("state").unwrap_or_else(|| "open".into());
    wanted == "all" || wanted == state
}
