mod kept;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::delivery::Headers;

fn deliver(event: &str, payload: Value) -> Delivery {
    let body = payload.to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"secret").unwrap();
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let headers = Headers {
        event: Some(event),
        delivery: Some("guid"),
        signature: Some(&signature),
        content_type: Some("application/json"),
    };
    Delivery::authenticate(&[SecretString::from("secret")], headers, Bytes::from(body)).unwrap()
}

/// A payload with installation, organization and repository around what the test is about.
fn about(event: &str, mut extra: Value) -> Result<Vec<Touch>, Unreadable> {
    let mut payload = json!({
        "installation": {"id": 7},
        "organization": {"id": 3, "login": "acme"},
        "repository": {
            "id": 5, "name": "shop", "owner": {"id": 3, "login": "acme"},
            "default_branch": "main", "updated_at": "2026-01-02T03:04:05Z",
        },
    });
    payload
        .as_object_mut()
        .unwrap()
        .append(extra.as_object_mut().unwrap());
    payload
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    touches(&deliver(event, payload))
}

fn only_subject(touches: Vec<Touch>) -> Subject {
    match <[Touch; 1]>::try_from(touches) {
        Ok([Touch::Subject(subject)]) => subject,
        other => panic!("one subject expected, not {other:?}"),
    }
}

/// Keys of subjects and names of chores, in order.
fn names(touches: &[Touch]) -> Vec<String> {
    let name = |touch: &Touch| match touch {
        Touch::Subject(subject) if subject.gone => format!("gone {}", subject.key),
        Touch::Subject(subject) => subject.key.clone(),
        Touch::Chore(chore) => {
            let debug = format!("{chore:?}");
            debug.split(' ').next().unwrap_or_default().to_owned()
        }
    };
    touches.iter().map(name).collect()
}

#[test]
fn a_pull_request_is_its_own_object() {
    let subject = only_subject(
        about(
            "pull_request",
            json!({"action": "closed", "pull_request": {"id": 9, "number": 1, "state": "closed", "updated_at": "2026-02-03T00:00:00Z"}}),
        )
        .unwrap(),
    );
    assert_eq!(
        (subject.kind.as_str(), subject.key.as_str()),
        ("pull-request", "pull-request/5/9")
    );
    assert_eq!(subject.version.as_deref(), Some("2026-02-03T00:00:00Z"));
    assert!(subject.finished && !subject.gone);
    assert_eq!(subject.organization.login, "acme");
    assert_eq!(subject.repository.unwrap().full_name(), "acme/shop");
    let object: Value = serde_json::from_str(&subject.object.unwrap()).unwrap();
    assert_eq!((subject.number, &object["number"]), (Some(1), &json!(1)));
}

#[test]
fn an_issue_is_gone_when_deleted_or_transferred() {
    for (action, gone) in [
        ("opened", false),
        ("closed", false),
        ("deleted", true),
        ("transferred", true),
    ] {
        let issue = json!({"action": action, "issue": {"id": 9, "state": "open"}});
        let subject = only_subject(about("issues", issue).unwrap());
        assert_eq!(
            (subject.key.as_str(), subject.gone),
            ("issue/5/9", gone),
            "{action}"
        );
        assert!(!subject.finished);
        assert_eq!(subject.version, None);
    }
}

#[test]
fn a_later_attempt_of_a_run_is_a_later_version() {
    let run = |attempt: u64, updated: &str, status: &str| {
        let run = json!({"id": 9, "run_attempt": attempt, "updated_at": updated, "status": status});
        only_subject(about("workflow_run", json!({"workflow_run": run})).unwrap())
    };
    let first = run(9, "2026-02-03T00:00:00Z", "completed");
    let second = run(10, "2026-02-02T00:00:00Z", "in_progress");
    assert!(second.version > first.version);
    assert!(first.finished && !second.finished);
    assert_eq!(
        (first.key.as_str(), first.number),
        ("workflow-run/5/9", Some(9))
    );
}

#[test]
fn a_push_to_the_default_branch_alone_moves_the_tree_and_tells_on_the_repository() {
    let push = |reference: &str| names(&about("push", json!({"ref": reference})).unwrap());
    let both = ["HeadMoved", "tree/5", "repository/5"];
    assert_eq!(push("refs/heads/main"), both);
    assert!(push("refs/heads/feature/main").is_empty());
    assert!(push("refs/tags/main").is_empty());
}

#[test]
fn a_push_to_where_an_organizations_files_lie_may_configure_all_its_repositories() {
    let home = json!({
        "id": 6, "name": ".github-private", "owner": {"id": 3, "login": "acme"}, "default_branch": "main",
    });
    let push = |reference: &str| {
        let payload = json!({"ref": reference, "before": "a1", "after": "b2", "repository": home});
        about("push", payload).unwrap()
    };
    let touches = push("refs/heads/main");
    let all = ["Configured", "HeadMoved", "tree/6", "repository/6"];
    assert_eq!(names(&touches), all);
    let Touch::Chore(Chore::Configured { before, after, .. }) = &touches[0] else {
        panic!("{touches:?}")
    };
    assert_eq!((before.as_str(), after.as_str()), ("a1", "b2"));
    assert_eq!(touches[0].lane().as_deref(), Some("configuration/3"));
    assert!(push("refs/heads/draft").is_empty());
}

#[test]
fn a_push_is_read_in_its_own_irregular_shape() {
    let payload = json!({
        "ref": "refs/heads/trunk", "installation": {"id": 7}, "organization": null,
        "repository": {
            "id": 5, "name": "shop", "created_at": 1557933565, "pushed_at": 1557933657,
            "owner": {"id": 4, "name": "ada", "login": null}, "master_branch": "trunk",
        },
    });
    let touches = touches(&deliver("push", payload)).unwrap();
    let [_, Touch::Subject(tree), Touch::Subject(repository)] = &touches[..] else {
        panic!("{touches:?}")
    };
    // Its times are numbers here and text everywhere else: no state to be mapped.
    assert!(repository.is_unread() && repository.is_read_anew());
    assert_eq!((&repository.object, &repository.version), (&None, &None));
    let pushed = repository.repository.as_ref().unwrap();
    assert_eq!(
        pushed_at(&pushed.json).as_deref(),
        Some("2019-05-15T15:20:57Z")
    );
    let shown: Value = serde_json::from_str(&as_elsewhere(&pushed.json).unwrap()).unwrap();
    assert_eq!(
        (&shown["created_at"], &shown["pushed_at"], &shown["name"]),
        (
            &json!("2019-05-15T15:19:25Z"),
            &json!("2019-05-15T15:20:57Z"),
            &json!("shop")
        )
    );
    assert_eq!(
        tree.organization,
        Organization {
            id: 4,
            login: "ada".to_owned()
        }
    );
    assert_eq!(tree.object, None);
    assert_eq!(
        tree.repository.as_ref().unwrap().default_branch.as_deref(),
        Some("trunk")
    );
}

#[test]
fn what_happens_to_a_repository_touches_it_and_perhaps_its_tree() {
    let repository = |extra: Value| names(&about("repository", extra).unwrap());
    let both = ["repository/5", "HeadMoved", "tree/5"];
    assert_eq!(repository(json!({"action": "created"})), both);
    assert_eq!(repository(json!({"action": "renamed"})), both);
    assert_eq!(repository(json!({"action": "archived"})), ["repository/5"]);
    assert_eq!(
        repository(json!({"action": "edited", "changes": {"description": {"from": "x"}}})),
        ["repository/5"]
    );
    assert_eq!(
        repository(json!({"action": "edited", "changes": {"default_branch": {"from": "x"}}})),
        both
    );
    assert_eq!(
        repository(json!({"action": "deleted"})),
        ["gone repository/5", "gone tree/5"]
    );
    let touched = about("repository", json!({"action": "edited"})).unwrap();
    assert_eq!(
        only_subject(touched).version.as_deref(),
        Some("2026-01-02T03:04:05Z")
    );
}

#[test]
fn installations_are_taken_in() {
    let account = json!({"id": 7, "account": {"id": 3, "login": "acme"}});
    let installation = |action: &str, repositories: Value| {
        let payload = json!({
            "action": action, "installation": account, "repositories": repositories,
            "repository": null, "organization": null,
        });
        about("installation", payload).unwrap()
    };
    let listed = json!([{"id": 5, "name": "shop", "full_name": "acme/shop", "private": true}]);
    let created = installation("created", listed.clone());
    let [
        Touch::Chore(Chore::TakeIn {
            installation: 7,
            organization,
            repositories,
        }),
    ] = &created[..]
    else {
        panic!("{created:?}")
    };
    assert_eq!(organization.login, "acme");
    assert_eq!(repositories[0].full_name(), "acme/shop");
    assert_eq!(repositories[0].default_branch, None);
    assert_eq!(names(&installation("created", json!([]))), ["TakeInAll"]);
    assert_eq!(names(&installation("deleted", listed)), ["Forget"]);
    assert_eq!(names(&installation("suspend", json!(null))), ["Suspend"]);
    assert_eq!(names(&installation("unsuspend", json!(null))), ["Resume"]);
}

#[test]
fn repositories_added_are_taken_in_and_removed_ones_kept() {
    let payload = |action: &str| {
        json!({
            "action": action, "repository": null, "organization": null,
            "installation": {"id": 7, "account": {"id": 3, "login": "acme"}},
            "repositories_added": [{"id": 5, "name": "shop", "full_name": "acme/shop"}],
        })
    };
    let added = about("installation_repositories", payload("added")).unwrap();
    assert_eq!(names(&added), ["TakeIn"]);
    assert_eq!(
        about("installation_repositories", payload("removed")),
        Ok(Vec::new())
    );
}

#[test]
fn any_other_event_is_a_subject_by_its_name() {
    let star = only_subject(about("star", json!({"action": "created"})).unwrap());
    assert_eq!(
        (star.kind.as_str(), star.key.as_str(), star.object),
        ("star", "star/5", None)
    );
    let team = only_subject(about("membership", json!({"repository": null})).unwrap());
    assert_eq!(team.key, "membership/organization/3");
}

#[test]
fn what_a_repositorys_own_hook_sends_names_no_installation_and_counts() {
    let star = only_subject(about("star", json!({"installation": null})).unwrap());
    assert_eq!(
        (star.key.as_str(), star.installation),
        ("star/5", NO_INSTALLATION)
    );
}

#[test]
fn an_event_about_nothing_touches_nothing() {
    let ping = json!({"zen": "Design for failure.", "installation": null});
    assert_eq!(about("ping", ping), Ok(Vec::new()));
    let sponsorship = json!({"action": "created", "organization": null, "repository": null});
    assert_eq!(about("sponsorship", sponsorship), Ok(Vec::new()));
}

#[test]
fn what_cannot_be_read_says_what_is_missing() {
    let said = |event: &str, extra: Value| about(event, extra).unwrap_err().to_string();
    let installation = said("installation_repositories", json!({"installation": null}));
    assert!(
        installation.contains("`installation.id` is missing"),
        "{installation}"
    );
    let object = said("issues", json!({}));
    assert!(object.contains("`issue` is missing"), "{object}");
    let id = said("issues", json!({"issue": {"number": 1}}));
    assert!(id.contains("`issue`: missing field `id`"), "{id}");
    let repository = said(
        "push",
        json!({"ref": "refs/heads/main", "repository": null}),
    );
    assert!(
        repository.contains("`repository` is missing"),
        "{repository}"
    );
}

#[test]
fn a_fetched_object_has_the_version_that_its_webhook_would_give_it() {
    let objects = [
        (
            "pull_request",
            "pull_request",
            json!({"id": 9, "updated_at": "2026-02-03T00:00:00Z"}),
        ),
        (
            "issues",
            "issue",
            json!({"id": 9, "updated_at": 1_770_076_800}),
        ),
        (
            "workflow_run",
            "workflow_run",
            json!({"id": 9, "run_attempt": 3, "updated_at": "2026-02-03T00:00:00Z"}),
        ),
    ];
    for (event, field, object) in objects {
        let subject = only_subject(about(event, json!({ field: object })).unwrap());
        assert!(subject.version.is_some(), "{event}");
        assert_eq!(
            version_of(&subject.kind, &object.to_string()),
            subject.version,
            "{event}"
        );
    }
    let repository = only_subject(about("repository", json!({"action": "edited"})).unwrap());
    let json = repository.object.unwrap();
    assert_eq!(version_of("repository", &json), repository.version);
    assert_eq!(version_of("tree", r#"{"branch": "main"}"#), None);
    assert_eq!(version_of("issue", "not JSON"), None);
}

#[test]
fn what_an_event_may_concern_is_told_by_its_name() {
    let installed = json!({"id": 7, "account": {"id": 3, "login": "acme"}});
    let events = [
        ("push", json!({"ref": "refs/heads/main"})),
        ("repository", json!({"action": "transferred"})),
        ("pull_request", json!({"pull_request": {"id": 9}})),
        ("issues", json!({"issue": {"id": 9}})),
        ("workflow_run", json!({"workflow_run": {"id": 9}})),
        ("star", json!({})),
        (
            "installation",
            json!({"action": "created", "installation": installed}),
        ),
        ("installation_target", json!({"action": "renamed"})),
    ];
    for (event, payload) in events {
        let touches = about(event, payload).unwrap();
        assert!(!touches.is_empty(), "{event}");
        for touch in touches {
            match touch {
                Touch::Subject(subject) => {
                    assert!(may_concern(event, |kind| kind == subject.kind), "{event}");
                    // With a deleted repository goes all that was mapped of it.
                    let always = event == "repository";
                    assert_eq!(may_concern(event, |_| false), always, "{event}");
                }
                Touch::Chore(Chore::HeadMoved { .. } | Chore::Configured { .. }) => {}
                Touch::Chore(_) => assert!(may_concern(event, |_| false), "{event}"),
            }
        }
    }
    assert!(!may_concern("ping", |_| true));
}
