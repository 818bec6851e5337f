//! How GitHub writes the things of the world as JSON: one function per thing, every key that the real one has
//! and a mapper may use. The many links are kept, because they make up most of a payload's size.

use serde_json::{Map, Value, json};

use super::git::Commit;
use super::work::{Issue, Pull, Run};
use super::world::{Account, Repo, World, time};

mod links;

pub(super) fn organization(world: &World, account: &Account) -> Value {
    let url = format!("{}/orgs/{}", world.api(), account.login);
    json!({
        "login": account.login, "id": account.id, "node_id": format!("O_{}", account.id), "url": url,
        "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"), "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/u/{}?", world.web, account.id), "description": null,
    })
}

/// A user, or an organization where a user may stand.
pub(super) fn account(world: &World, login: &str) -> Value {
    let organization = world.account(login);
    let id = organization.map_or(4_242, |account| account.id);
    let kind = if organization.is_some() {
        "Organization"
    } else {
        "User"
    };
    let mut json = json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "gravatar_id": "",
        "avatar_url": format!("{}/avatars/u/{id}?", world.web),
        "html_url": format!("{}/{login}", world.web), "type": kind, "site_admin": false,
    });
    links::add(
        &mut json,
        &format!("{}/users/{login}", world.api()),
        links::USER,
    );
    json
}

pub(super) fn repository(world: &World, repo: &Repo) -> Value {
    let full_name = repo.full_name();
    let html = format!("{}/{full_name}", world.web);
    let (_, host) = world.web.split_once("://").unwrap_or_default();
    let mut biggest: Vec<_> = repo.languages.iter().collect();
    biggest.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.as_u64()));
    let open = repo
        .work
        .issues
        .iter()
        .filter(|issue| issue.state == "open")
        .count()
        + repo
            .work
            .pulls
            .iter()
            .filter(|pull| pull.state == "open")
            .count();
    let mut json = json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id), "name": repo.name, "full_name": full_name,
        "private": true, "owner": account(world, &repo.owner), "html_url": html,
        "description": repo.description, "fork": false,
        "created_at": time(repo.created), "updated_at": time(repo.updated), "pushed_at": time(repo.pushed),
        "git_url": format!("git://{host}/{full_name}.git"), "ssh_url": format!("git@{host}:{full_name}.git"),
        "clone_url": format!("{html}.git"), "svn_url": html, "homepage": null, "size": 108,
        "stargazers_count": repo.stars, "watchers_count": repo.stars,
        "language": biggest.first().map(|(name, _)| name),
        "has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": true, "has_pages": false,
        "has_discussions": false, "forks_count": 0, "mirror_url": null, "archived": repo.archived,
        "disabled": false, "open_issues_count": open, "license": null, "allow_forking": true,
        "is_template": false, "web_commit_signoff_required": false, "topics": repo.topics,
        "visibility": "private", "forks": 0, "open_issues": open, "watchers": repo.stars,
        "default_branch": repo.default_branch, "custom_properties": {},
        "permissions": {"admin": false, "maintain": false, "push": false, "triage": false, "pull": false},
    });
    links::add(
        &mut json,
        &format!("{}/repos/{full_name}", world.api()),
        links::REPOSITORY,
    );
    json
}

/// What asking for one repository gives beyond what lists and webhooks give.
pub(super) fn full_repository(world: &World, repo: &Repo) -> Value {
    let mut json = repository(world, repo);
    json["network_count"] = json!(0);
    json["subscribers_count"] = json!(1);
    json
}

/// The few keys that `installation` events give.
pub(super) fn short_repository(repo: &Repo) -> Value {
    json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id), "name": repo.name,
        "full_name": repo.full_name(), "private": true,
    })
}

pub(super) fn installation(world: &World, account: &Account) -> Value {
    let api = world.api();
    let ours = |repo: &&Repo| repo.owner == account.login;
    let all = world
        .repositories
        .iter()
        .filter(ours)
        .all(|repo| repo.installed);
    let now = time(world.now());
    json!({
        "id": account.installation, "account": self::account(world, &account.login),
        "repository_selection": if all { "all" } else { "selected" },
        "access_tokens_url": format!("{api}/app/installations/{}/access_tokens", account.installation),
        "repositories_url": format!("{api}/installation/repositories"),
        "html_url": format!("{}/organizations/{}/settings/installations/{}", world.web, account.login, account.installation),
        "app_id": world.app.id, "app_slug": "portolan", "target_id": account.id, "target_type": "Organization",
        "permissions": account.permissions, "events": world.app.events,
        "created_at": now, "updated_at": now, "single_file_name": null, "has_multiple_single_files": false,
        "single_file_paths": [], "suspended_by": account.suspended.then(|| self::account(world, "mona")),
        "suspended_at": account.suspended.then_some(now),
    })
}

pub(super) fn pull(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let full_name = repo.full_name();
    let html = format!("{}/{full_name}/pull/{}", world.web, pull.number);
    let user = account(world, "mona");
    let repository = repository(world, repo);
    let side = |branch: &str, sha: &str| {
        json!({
            "label": format!("{}:{branch}", repo.owner), "ref": branch, "sha": sha,
            "user": account(world, &repo.owner), "repo": repository,
        })
    };
    let base = repo.objects.head(&repo.default_branch);
    let base = base.map(|commit| commit.sha.clone()).unwrap_or_default();
    let mut json = json!({
        "id": pull.id, "node_id": format!("PR_{}", pull.id), "html_url": html,
        "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        "number": pull.number, "state": pull.state, "locked": false, "title": pull.title, "user": user,
        "body": "Please have a look.", "labels": labels(&pull.labels), "assignee": user, "assignees": [user],
        "requested_reviewers": [], "requested_teams": [], "milestone": null, "draft": pull.draft,
        "created_at": time(pull.created), "updated_at": time(pull.updated),
        "closed_at": pull.closed.map(time), "merged_at": pull.merged.map(time),
        "merge_commit_sha": null, "head": side(&pull.head, &pull.sha), "base": side(&repo.default_branch, &base),
        "author_association": "CONTRIBUTOR", "auto_merge": null, "active_lock_reason": null,
        "merged": pull.merged.is_some(), "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
        "merged_by": pull.merged.map(|_| account(world, "mona")), "comments": 0, "review_comments": 0,
        "maintainer_can_modify": false, "commits": 1, "additions": 12, "deletions": 3, "changed_files": 2,
    });
    let url = format!("{}/repos/{full_name}/pulls/{}", world.api(), pull.number);
    links::add(&mut json, &url, links::PULL);
    let mut all = Map::new();
    all.insert("html".into(), json!({"href": html}));
    all.insert("self".into(), json!({"href": url}));
    for (key, suffix) in links::PULL {
        let name = key.trim_end_matches("_url").to_owned();
        all.insert(name, json!({"href": format!("{url}{suffix}")}));
    }
    json["_links"] = all.into();
    json
}

pub(super) fn issue(world: &World, repo: &Repo, issue: &Issue) -> Value {
    let full_name = repo.full_name();
    let mut json = json!({
        "id": issue.id, "node_id": format!("I_{}", issue.id), "number": issue.number, "title": issue.title,
        "repository_url": format!("{}/repos/{full_name}", world.api()),
        "html_url": format!("{}/{full_name}/issues/{}", world.web, issue.number),
        "user": account(world, "mona"), "labels": labels(&issue.labels), "state": issue.state, "locked": false,
        "assignee": null, "assignees": [], "milestone": null, "comments": 0,
        "created_at": time(issue.created), "updated_at": time(issue.updated),
        "closed_at": issue.closed.map(time), "author_association": "CONTRIBUTOR", "type": null,
        "active_lock_reason": null, "body": "It does not work.", "performed_via_github_app": null,
        "state_reason": issue.closed.map(|_| "completed"),
    });
    let url = format!("{}/repos/{full_name}/issues/{}", world.api(), issue.number);
    links::add(&mut json, &url, links::ISSUE);
    json
}

pub(super) fn run(world: &World, repo: &Repo, run: &Run) -> Value {
    let full_name = repo.full_name();
    let head = repo.objects.commits.get(&run.sha).map(short_commit);
    let mut json = json!({
        "id": run.id, "name": run.name, "node_id": format!("WFR_{}", run.id), "head_branch": run.branch,
        "head_sha": run.sha, "path": ".github/workflows/ci.yml", "display_title": run.name,
        "run_number": run.number, "event": "push", "status": run.status, "conclusion": run.conclusion,
        "workflow_id": 51, "check_suite_id": run.id + 1, "pull_requests": [],
        "created_at": time(run.created), "updated_at": time(run.updated), "run_started_at": time(run.created),
        "actor": account(world, "mona"), "triggering_actor": account(world, "mona"), "run_attempt": run.attempt,
        "referenced_workflows": [], "previous_attempt_url": null, "head_commit": head,
        "html_url": format!("{}/{full_name}/actions/runs/{}", world.web, run.id),
        "repository": repository(world, repo), "head_repository": repository(world, repo),
    });
    let api = format!("{}/repos/{full_name}", world.api());
    json["check_suite_url"] = json!(format!("{api}/check-suites/{}", run.id + 1));
    json["workflow_url"] = json!(format!("{api}/actions/workflows/51"));
    let url = format!("{api}/actions/runs/{}", run.id);
    links::add(&mut json, &url, links::RUN);
    json
}

/// A pull request in a list of issues, or where an issue is asked for by its number.
pub(super) fn pull_as_issue(world: &World, repo: &Repo, pull: &Pull) -> Value {
    let mut json = self::pull(world, repo, pull);
    json["pull_request"] = json!({"url": json["url"]});
    json
}

/// A commit as webhooks give it.
pub(super) fn short_commit(commit: &Commit) -> Value {
    let who = json!({"name": "Mona Lisa", "email": "mona@example.com", "username": "mona"});
    json!({
        "id": commit.sha, "tree_id": commit.tree, "distinct": true, "message": commit.message,
        "timestamp": time(commit.time), "author": who, "committer": who,
        "added": commit.added, "removed": commit.removed, "modified": commit.modified,
    })
}

/// A commit as `/commits` gives it.
pub(super) fn commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let url = format!("{}/repos/{}", world.api(), repo.full_name());
    json!({
        "sha": commit.sha, "node_id": format!("C_{}", commit.sha), "commit": git_commit(world, repo, commit),
        "url": format!("{url}/commits/{}", commit.sha),
        "html_url": format!("{}/{}/commit/{}", world.web, repo.full_name(), commit.sha),
        "author": account(world, "mona"), "committer": account(world, "mona"),
        "parents": parents(&url, commit),
    })
}

/// A commit as `/git/commits` gives it.
pub(super) fn git_commit(world: &World, repo: &Repo, commit: &Commit) -> Value {
    let url = format!("{}/repos/{}", world.api(), repo.full_name());
    let who = json!({"name": "Mona Lisa", "email": "mona@example.com", "date": time(commit.time)});
    json!({
        "sha": commit.sha, "url": format!("{url}/git/commits/{}", commit.sha), "message": commit.message,
        "author": who, "committer": who, "comment_count": 0, "parents": parents(&url, commit),
        "tree": {"sha": commit.tree, "url": format!("{url}/git/trees/{}", commit.tree)},
        "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null},
    })
}

fn parents(url: &str, commit: &Commit) -> Value {
    let parents = commit.parent.iter();
    parents
        .map(|sha| json!({"sha": sha, "url": format!("{url}/commits/{sha}")}))
        .collect()
}

fn labels(names: &[String]) -> Value {
    let names = names.iter();
    names
        .map(|name| json!({"id": 208, "name": name, "color": "f29513", "default": false, "description": null}))
        .collect()
}
