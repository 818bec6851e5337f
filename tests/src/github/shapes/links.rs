//! The links that every GitHub object carries: key and what follows the object's own address.

use serde_json::{Value, json};

pub(super) type Link = (&'static str, &'static str);

pub(super) const USER: &[Link] = &[
    ("url", ""),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("organizations_url", "/orgs"),
    ("repos_url", "/repos"),
    ("events_url", "/events{/privacy}"),
    ("received_events_url", "/received_events"),
];

pub(super) const REPOSITORY: &[Link] = &[
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

pub(super) const PULL: &[Link] = &[
    ("url", ""),
    ("issue_url", "/issue"),
    ("commits_url", "/commits"),
    ("review_comments_url", "/comments"),
    ("review_comment_url", "/comments{/number}"),
    ("comments_url", "/issue/comments"),
    ("statuses_url", "/statuses"),
];

pub(super) const ISSUE: &[Link] = &[
    ("url", ""),
    ("labels_url", "/labels{/name}"),
    ("comments_url", "/comments"),
    ("events_url", "/events"),
    ("timeline_url", "/timeline"),
];

pub(super) const RUN: &[Link] = &[
    ("url", ""),
    ("jobs_url", "/jobs"),
    ("logs_url", "/logs"),
    ("artifacts_url", "/artifacts"),
    ("cancel_url", "/cancel"),
    ("rerun_url", "/rerun"),
];

pub(super) fn add(object: &mut Value, base: &str, links: &[Link]) {
    for (key, suffix) in links {
        object[*key] = json!(format!("{base}{suffix}"));
    }
}
