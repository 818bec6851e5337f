//! A saved webhook: the payload as GitHub sent it, or what `portolan deliveries show --json` prints.
//!
//! Which event it is GitHub says in a header, which a saved payload lacks: it is told, or recognized where the shape
//! leaves no doubt (GitHub docs, Webhook events and payloads).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Object;
use crate::delivery::Delivery;
use crate::plugins::contract::Webhook;
use crate::subject::{self, Subject, Touch, as_elsewhere};

/// Kinds, and the events that tell of them, which are called something else.
const EVENTS: [(&str, &str); 6] = [
    ("pull-request", "pull_request"),
    ("issue", "issues"),
    ("workflow-run", "workflow_run"),
    ("tree", "push"),
    ("file", "push"),
    ("folder", "push"),
];

/// A saved webhook.
#[derive(Debug)]
pub struct Saved {
    delivery: Delivery,
    /// Nobody said which event it is.
    pub recognized: bool,
    /// Secrets and addresses were taken out of it.
    pub redacted: bool,
}

/// What `portolan deliveries show --json` prints.
#[derive(Deserialize)]
struct Shown<'a> {
    id: Cow<'a, str>,
    event: Cow<'a, str>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    without_payload: Option<String>,
}

impl Saved {
    pub fn read(text: String, name: Option<&str>) -> Result<Self, String> {
        if let Some((kind, event)) = EVENTS.iter().find(|(kind, _)| Some(*kind) == name) {
            return Err(format!(
                "`{kind}` is a kind; GitHub calls the event `{event}`"
            ));
        }
        if let Ok(shown) = serde_json::from_str::<Shown<'_>>(&text) {
            let Some(payload) = shown.payload else {
                let why = shown.without_payload.unwrap_or_default();
                return Err(format!("the delivery has no payload any more: {why}"));
            };
            let event = name.unwrap_or(&shown.event);
            return Ok(Self {
                delivery: delivery(&shown.id, event, payload.get().to_owned())?,
                recognized: false,
                redacted: true,
            });
        }
        // Read once without its name, which is needed to know it.
        let unnamed = delivery("saved", name.unwrap_or_default(), text)
            .map_err(|why| format!("{why} (objects of GitHub's API need --kind)"))?;
        let Some(event) = name.or_else(|| recognize(&unnamed)) else {
            return Err(
                "which event this is cannot be told from the payload: say it by --name, as X-GitHub-Event had it \
                 (objects of GitHub's API need --kind)"
                    .to_owned(),
            );
        };
        Ok(Self {
            delivery: delivery("saved", event, unnamed.payload().to_owned())?,
            recognized: name.is_none(),
            redacted: false,
        })
    }

    /// GitHub's name for it.
    pub fn event(&self) -> &str {
        self.delivery.event()
    }

    /// Everything that it touches and that can be mapped.
    pub fn objects(&self) -> Result<Vec<Object>, String> {
        let touches =
            subject::touches(&self.delivery).map_err(|unreadable| unreadable.to_string())?;
        let subjects = touches.into_iter().filter_map(|touch| match touch {
            Touch::Subject(subject) => Some(self.object(subject)),
            Touch::Chore(_) => None,
        });
        Ok(subjects.collect())
    }

    fn object(&self, subject: Subject) -> Object {
        let delivery = &self.delivery;
        let mut repository = subject.repository;
        // As a host shows it to mappers.
        if let Some(pushed) = &mut repository
            && delivery.event() == "push"
            && let Some(json) = as_elsewhere(&pushed.json)
        {
            pushed.json = json.into();
        }
        Object {
            kind: subject.kind,
            organization: subject.organization,
            repository,
            subject: subject.object.as_deref().map(str::to_owned),
            webhook: Some(Webhook {
                delivery: delivery.id().to_owned(),
                name: delivery.event().to_owned(),
                action: delivery.action().map(str::to_owned),
                payload: delivery.payload().to_owned(),
            }),
            number: subject.number,
            line: None,
            gone: subject.gone,
        }
    }
}

fn delivery(guid: &str, event: &str, payload: String) -> Result<Delivery, String> {
    Delivery::kept(guid, event, payload).map_err(|refusal| refusal.to_string())
}

/// Actions of the event `repository`.
const OF_REPOSITORY: [&str; 8] = [
    "archived",
    "created",
    "deleted",
    "edited",
    "privatized",
    "publicized",
    "renamed",
    "transferred",
];

/// Fields that may stand in any payload.
const USUAL: [&str; 6] = [
    "action",
    "enterprise",
    "installation",
    "organization",
    "repository",
    "sender",
];

/// The event that alone has these fields and no others, or none of those that tell others from it.
fn recognize(delivery: &Delivery) -> Option<&'static str> {
    let all = |names: &[&str]| names.iter().all(|name| delivery.field(name).is_some());
    let none = |names: &[&str]| names.iter().all(|name| delivery.field(name).is_none());
    let only = |names: &[&str]| {
        let mut fields = delivery.fields();
        fields.all(|field| USUAL.contains(&field) || names.contains(&field))
    };
    let action = delivery.action().unwrap_or_default();
    if all(&["action", "pull_request", "number"]) && none(&["review", "comment", "thread"]) {
        return Some("pull_request");
    }
    // A pull request's comments come as `issue_comment`, relations of issues under events of their own.
    let others = [
        "comment",
        "sub_issue",
        "parent_issue",
        "blocked_issue",
        "blocking_issue",
    ];
    if all(&["action", "issue"]) && none(&others) {
        return Some("issues");
    }
    // `deployment` and its like tell of the run that they come from as well.
    if all(&["action", "workflow_run", "workflow"]) && only(&["workflow_run", "workflow"]) {
        return Some("workflow_run");
    }
    if all(&["ref", "before", "after", "commits", "pusher"]) {
        return Some("push");
    }
    if all(&["repository", "sender"]) && only(&["changes"]) && OF_REPOSITORY.contains(&action) {
        return Some("repository");
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recognized(payload: &serde_json::Value) -> Option<&'static str> {
        recognize(&delivery("1", "", payload.to_string()).unwrap())
    }

    #[test]
    fn an_event_is_recognized_where_its_shape_leaves_no_doubt() {
        let (repository, sender) = (json!({"id": 1}), json!({"id": 2}));
        let pull =
            json!({"action": "opened", "number": 1, "pull_request": {}, "repository": repository});
        let mut review = pull.clone();
        review["review"] = json!({});
        let comment =
            json!({"action": "created", "issue": {}, "comment": {}, "repository": repository});
        let renamed =
            json!({"action": "renamed", "changes": {}, "repository": repository, "sender": sender});
        let starred = json!({"action": "created", "starred_at": "x", "repository": repository, "sender": sender});
        let watched = json!({"action": "started", "repository": repository, "sender": sender});
        let run = json!({"action": "completed", "workflow_run": {}, "workflow": {}, "repository": repository});
        let mut deployment = run.clone();
        deployment["deployment"] = json!({});
        assert_eq!(recognized(&pull), Some("pull_request"));
        assert_eq!(recognized(&run), Some("workflow_run"));
        assert_eq!(recognized(&renamed), Some("repository"));
        for other in [
            review,
            comment,
            deployment,
            starred,
            watched,
            json!({"zen": "x"}),
            json!({}),
        ] {
            assert_eq!(recognized(&other), None, "{other}");
        }
    }

    #[test]
    fn a_push_tells_of_its_repository_as_other_events_do() {
        let repository = json!({
            "id": 1, "name": "shop", "owner": {"id": 2, "login": "acme"}, "default_branch": "main", "pushed_at": 0,
        });
        let (before, after) = ("1".repeat(40), "2".repeat(40));
        let payload = json!({
            "ref": "refs/heads/main", "before": before, "after": after, "commits": [], "repository": repository,
            "pusher": {"name": "ann"}, "organization": {"id": 2, "login": "acme"},
        });

        let saved = Saved::read(payload.to_string(), None).unwrap();

        let objects = saved.objects().unwrap();
        let tree = objects.iter().find(|object| object.kind == "tree").unwrap();
        let json = &tree.repository.as_ref().unwrap().json;
        assert!(
            json.contains(r#""pushed_at":"1970-01-01T00:00:00Z""#),
            "{json}"
        );
    }

    #[test]
    fn a_kind_is_no_event() {
        for kind in subject::kinds().chain(["tree", "file", "folder"]) {
            let why = Saved::read("{}".to_owned(), Some(kind))
                .err()
                .unwrap_or_default();
            let is_event = kind == "repository";
            assert_ne!(
                why.starts_with(&format!("`{kind}` is a kind; GitHub calls")),
                is_event,
                "{kind}: {why}"
            );
        }
    }

    #[test]
    fn what_is_shown_of_a_delivery_is_one() {
        let pull = json!({"id": 7, "number": 3});
        let repository = json!({"id": 1, "name": "shop", "owner": {"id": 2, "login": "acme"}});
        let payload = json!({"action": "opened", "number": 3, "pull_request": pull, "repository": repository});
        let shown =
            json!({"id": "guid", "event": "pull_request", "state": "done", "payload": payload});
        let saved = Saved::read(shown.to_string(), None).unwrap();
        assert!(saved.redacted && !saved.recognized);
        let objects = saved.objects().unwrap();
        let [object] = objects.as_slice() else {
            panic!("{objects:?}")
        };
        assert_eq!(
            (object.kind.as_str(), object.number),
            ("pull-request", Some(3))
        );
        assert_eq!(object.webhook.as_ref().unwrap().delivery, "guid");

        let gone = json!({"id": "guid", "event": "push", "payload": null, "without_payload": "kept 14 days"});
        let refused = Saved::read(gone.to_string(), None).unwrap_err();
        assert!(refused.ends_with("any more: kept 14 days"), "{refused}");
        let refused = Saved::read("[1]".to_owned(), None).unwrap_err();
        assert!(refused.contains("not a JSON object"), "{refused}");
        let refused = Saved::read("{}".to_owned(), None).unwrap_err();
        assert!(refused.contains("--name"), "{refused}");
    }
}
