//! A subject's current state as the event that mappers see.
//!
//! Knows the contract's shapes; does not know which mapper will read them.

use std::sync::Arc;

use crate::files::Files;
use crate::github::{Error, GitHub, Head};
use crate::inbox::Item;
use crate::plugins::contract::{Event, Webhook};

/// What every plugin that maps the item is shown.
pub(super) struct Scene {
    time: String,
    organization: String,
    repository: Option<Arc<str>>,
    subject: Option<Arc<str>>,
    head: Option<Head>,
}

impl Scene {
    /// Fetch what the webhook did not bring. `None`: there is nothing to map (a gone subject, an empty repository).
    pub(super) async fn set_up(item: &Item, github: &GitHub, files: &Files) -> Result<Option<Self>, Error> {
        let subject = &item.subject;
        if subject.gone {
            return Ok(None);
        }
        let mut head = None;
        let object = match (&subject.object, &subject.repository) {
            (Some(object), _) => Some(object.clone()),
            (None, Some(repository)) if subject.kind == "tree" => {
                // Read anew: the event is about the head as it is now, whatever the webhook said.
                let Some(found) = files.head(subject.installation, repository).await? else {
                    return Ok(None);
                };
                let tree = serde_json::json!({ "branch": found.branch, "commit": found.commit });
                head = Some(found);
                Some(tree.to_string().into())
            }
            (None, Some(repository)) if subject.kind == "repository" => {
                Some(github.repository(subject.installation, repository).await?.json)
            }
            // An event without a kind has no subject but its webhook.
            (None, _) => None,
        };
        let organization = &subject.organization;
        Ok(Some(Self {
            time: jiff::Timestamp::now().to_string(),
            organization: serde_json::json!({ "login": organization.login, "id": organization.id }).to_string(),
            repository: subject.repository.as_ref().map(|repository| repository.json.clone()),
            subject: object,
            head,
        }))
    }

    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
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
