//! A subject's current state as the event that mappers see.
//!
//! Knows the contract's shapes; does not know which mapper will read them.

use std::sync::Arc;

use crate::answers::{Answers, Asking};
use crate::github::{Error, GitHub, Named};
use crate::inbox::Item;
use crate::plugins::contract::{Event, Webhook};

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
    ) -> Result<Option<Self>, Error> {
        let subject = &item.subject;
        if subject.gone {
            return Ok(None);
        }
        let organization = &subject.organization;
        let asking = answers.about(
            subject.installation,
            organization.clone(),
            subject.repository.clone(),
        );
        let object = match (&subject.object, &subject.repository) {
            (Some(object), _) => Some(object.clone()),
            (None, Some(_)) if subject.kind == "tree" => {
                // Read anew: the event is about the head as it is now, whatever the webhook said.
                let Some(head) = asking.head().await? else {
                    return Ok(None);
                };
                let tree = serde_json::json!({ "branch": head.branch, "commit": head.commit });
                Some(tree.to_string().into())
            }
            (None, Some(repository)) if subject.kind == "repository" => {
                let named = Named::Id(repository.id);
                Some(github.repository(subject.installation, named).await?.json)
            }
            // An event without a kind has no subject but its webhook.
            (None, _) => None,
        };
        Ok(Some(Self {
            time: jiff::Timestamp::now().to_string(),
            organization: serde_json::json!({ "login": organization.login, "id": organization.id })
                .to_string(),
            repository: subject
                .repository
                .as_ref()
                .map(|repository| repository.json.clone()),
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
