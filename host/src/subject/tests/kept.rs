//! What is kept of a subject until it is worked on: its lane, or its text.

use serde_json::json;

use super::super::*;
use super::{about, only_subject};

/// Whoever finds a kept delivery's subject again has nothing but its lane.
#[test]
fn what_a_delivery_touches_is_told_apart_by_its_lane_and_the_same_each_time() {
    let installed = json!({"id": 7, "account": {"id": 3, "login": "acme"}});
    let installation = |action: &str| {
        let payload = json!({"action": action, "installation": installed, "repository": null});
        ("installation", payload)
    };
    let deliveries = [
        ("push", json!({"ref": "refs/heads/main"})),
        (
            "push",
            json!({
                "ref": "refs/heads/main", "before": "a1", "after": "b2",
                "repository": {"id": 6, "name": ".github-private", "owner": {"id": 3, "login": "acme"}},
            }),
        ),
        ("repository", json!({"action": "transferred"})),
        ("repository", json!({"action": "deleted"})),
        installation("created"),
        installation("deleted"),
        installation("suspend"),
        installation("unsuspend"),
        installation("new_permissions_accepted"),
        (
            "installation_target",
            json!({"account": {"id": 3, "login": "new"}}),
        ),
    ];
    for (event, payload) in deliveries {
        let once = about(event, payload.clone()).unwrap();
        let mut lanes: Vec<_> = once.iter().filter_map(Touch::lane).collect();
        assert!(!lanes.is_empty(), "{event} {payload}");
        let all = lanes.len();
        lanes.sort();
        lanes.dedup();
        assert_eq!(lanes.len(), all, "{event} {payload}: {lanes:?}");
        assert_eq!(about(event, payload.clone()).unwrap(), once);
    }
}

#[test]
fn subjects_and_chores_are_kept_as_text_and_read_again() {
    let issue = json!({"issue": {"id": 9, "number": 1, "updated_at": "2026-02-03T00:00:00Z"}});
    let subject = only_subject(about("issues", issue).unwrap());
    let kept = serde_json::to_string(&subject).unwrap();
    assert_eq!(serde_json::from_str::<Subject>(&kept).unwrap(), subject);

    let listed = json!({
        "action": "added", "repository": null, "installation": {"id": 7},
        "repositories_added": [{"id": 5, "name": "shop", "full_name": "acme/shop"}],
    });
    let touches = about("installation_repositories", listed).unwrap();
    let [Touch::Chore(chore)] = &touches[..] else {
        panic!("{touches:?}")
    };
    assert_eq!(chore.key().as_deref(), Some("installation/7"));
    let kept = serde_json::to_string(chore).unwrap();
    assert_eq!(&serde_json::from_str::<Chore>(&kept).unwrap(), chore);
}
