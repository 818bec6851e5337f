//! A subject's current state as the event that mappers see.
//!
//! Knows the contract's shapes; does not know which mapper will read them.

use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use crate::answers::{Answers, Asking};
use crate::delivery::Delivery;
use crate::files::Configurations;
use crate::github::{Error, GitHub, Named};
use crate::inbox::Item;
use crate::plugins::contract::{Event, Webhook};

/// Right after a push GitHub's API may still give the head from before it: so often it is asked again,
/// after so long each time. What is there then is mapped.
const LAGS: usize = 3;
const LAG: Duration = Duration::from_secs(2);

/// What every plugin that maps the item is shown.
pub(super) struct Scene {
    time: String,
    organization: String,
    repository: Option<Arc<str>>,
    subject: Option<Arc<str>>,
    asking: Asking,
}

impl Scene {
    /// Fetch what the webhook did not bring. `None`: there is nothing to map (a gone subject, an empty repository).
    pub(super) async fn set_up(
        item: &Item,
        github: &GitHub,
        answers: &Answers,
        configurations: &Configurations,
    ) -> Result<Option<Self>, Error> {
        let subject = &item.subject;
        if subject.gone {
            return Ok(None);
        }
        let organization = &subject.organization;
        let about = || {
            answers.about(
                subject.installation,
                organization.clone(),
                subject.repository.clone(),
            )
        };
        let mut asking = about();
        let mut repository = subject.repository.as_ref().map(|found| found.json.clone());
        let object = match (&subject.object, &subject.repository) {
            (Some(object), _) => Some(object.clone()),
            (None, Some(pushed)) if subject.kind == "tree" => {
                let push = item.delivery.as_deref().and_then(Push::of);
                for _ in 0..LAGS {
                    let head = asking.head().await;
                    let head = head.map(|head| head.map(|head| &*head.commit));
                    if !push.as_ref().is_some_and(|push| push.is_not_in(&head)) {
                        break;
                    }
                    debug!("GitHub does not show the push yet");
                    tokio::time::sleep(LAG).await;
                    // Whoever asked in between was told the same.
                    configurations.head_moved(pushed);
                    asking = about();
                }
                // Read anew: the event is about the head as it is now, whatever the webhook said.
                let Some(head) = asking.head().await? else {
                    return Ok(None);
                };
                let tree = serde_json::json!({ "branch": head.branch, "commit": head.commit });
                Some(tree.to_string().into())
            }
            (None, Some(listed)) if subject.kind == "repository" => {
                let named = Named::Id(listed.id);
                let found = github.repository(subject.installation, named).await?;
                repository = Some(found.json.clone());
                Some(found.json)
            }
            // An event without a kind has no subject but its webhook.
            (None, _) => None,
        };
        Ok(Some(Self {
            time: jiff::Timestamp::now().to_string(),
            organization: serde_json::json!({ "login": organization.login, "id": organization.id })
                .to_string(),
            repository,
            subject: object,
            asking,
        }))
    }

    /// For one plugin: budgets of its own, the commit shared with the others.
    pub(super) fn asking(&self) -> Asking {
        self.asking.another()
    }

    pub(super) fn event(&self, item: &Item) -> Event {
        Event {
            kind: item.subject.kind.clone(),
            time: self.time.clone(),
            organization: self.organization.clone(),
            repository: self.repository.as_deref().map(str::to_owned),
            subject: self.subject.as_deref().map(str::to_owned),
            webhook: item.delivery.as_ref().map(|delivery| Webhook {
                delivery: delivery.id().to_owned(),
                name: delivery.event().to_owned(),
                action: delivery.action().map(str::to_owned),
                payload: delivery.payload().to_owned(),
            }),
            answers: Vec::new(),
        }
    }
}

/// What a push says of its branch.
struct Push {
    before: String,
    after: String,
}

impl Push {
    fn of(delivery: &Delivery) -> Option<Self> {
        let text = |name| serde_json::from_str(delivery.field(name)?).ok();
        (delivery.event() == "push").then_some(())?;
        Some(Self {
            before: text("before")?,
            after: text("after")?,
        })
    }

    /// Whether this head is certainly older than the push. Any other one may be newer.
    fn is_not_in(&self, head: &Result<Option<&str>, Error>) -> bool {
        // GitHub docs, Webhook events and payloads, push: zeros stand for no commit.
        let none = |sha: &str| sha.bytes().all(|digit| digit == b'0');
        match head {
            Ok(Some(head)) => *head == self.before && self.after != self.before,
            Ok(None) => !none(&self.after),
            // A repository that is new.
            Err(Error::Missing { .. }) => none(&self.before) && !none(&self.after),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_from_before_the_push_is_known_for_what_it_is() {
        const NONE: &str = "0000";
        let push = |before: &str, after: &str| Push {
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let missing = || {
            Err(Error::Missing {
                what: String::new(),
            })
        };
        assert!(push("a1", "b2").is_not_in(&Ok(Some("a1"))));
        assert!(!push("a1", "b2").is_not_in(&Ok(Some("b2"))));
        assert!(!push("a1", "b2").is_not_in(&Ok(Some("c3"))), "a later one");
        assert!(push(NONE, "b2").is_not_in(&Ok(None)));
        assert!(push(NONE, "b2").is_not_in(&missing()));
        assert!(!push("a1", "b2").is_not_in(&missing()));
        assert!(!push("a1", NONE).is_not_in(&Ok(None)), "a deleted branch");
    }
}
