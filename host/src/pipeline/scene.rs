//! A subject's current state as the event that mappers see.
//!
//! Knows the contract's shapes, and when a webhook's word is newer than what was mapped before;
//! does not know which mapper will read it.

use std::sync::Arc;
use std::time::Instant;

use tracing::debug;

use super::Pipeline;
use super::push::{LAG, LAGS, Push};
use crate::answers::Asking;
use crate::delivery::Delivery;
use crate::github::{Error, Named};
use crate::inbox::is_news;
use crate::plugins::contract::{Event, Webhook};
use crate::store::{Loaded, Seen};
use crate::subject::{Subject, as_elsewhere, version_of};

/// What an event is about, as far as it could be found out.
pub(super) enum Found {
    There(Scene),
    /// It is there no more: what the ledger holds of it is to be deleted.
    Gone,
    /// There is nothing to map, such as in a repository without a commit.
    Nothing,
}

/// What every plugin that maps the item is shown.
pub(super) struct Scene {
    time: String,
    organization: String,
    repository: Option<Arc<str>>,
    subject: Option<Arc<str>>,
    webhook: Option<Arc<Delivery>>,
    /// What is known of the subject once this state was mapped.
    pub(super) seen: Seen,
    /// GitHub gave it just now.
    pub(super) asked: bool,
    asking: Asking,
}

impl Pipeline {
    /// Finds the subject's current state: in the webhook where that is certainly newer than what was mapped before,
    /// else on GitHub.
    pub(super) async fn scene(
        &self,
        subject: &Subject,
        delivery: Option<Arc<Delivery>>,
        loaded: &Loaded,
    ) -> Result<Found, Error> {
        if subject.gone {
            return Ok(Found::Gone);
        }
        let about = || {
            self.answers.about(
                subject.installation,
                subject.organization.clone(),
                subject.repository.clone(),
            )
        };
        let mut asking = about();
        let mut repository = subject.repository.as_ref().map(|found| found.json.clone());
        let mut version = subject.version.clone();
        // A state that may be older than what was mapped is not mapped: the present one is asked for.
        // What this very item told before it had to wait is no older for that.
        let seen = &loaded.seen;
        let push = delivery.as_deref().and_then(Push::of);
        let again = loaded.told && !seen.gone && version.is_some() && version == seen.version;
        let stale = loaded.fresh || !(again || is_news(version.as_deref(), seen));
        let object = match &subject.object {
            Some(object) if !stale => Some(object.clone()),
            _ if subject.kind == "tree" => {
                let Some(pushed) = &subject.repository else {
                    return Ok(Found::Nothing);
                };
                let mut asked = Instant::now();
                for _ in 0..LAGS {
                    let head = asking.head().await;
                    let head = head.map(|head| head.map(|head| &*head.commit));
                    if !push.as_ref().is_some_and(|push| push.is_not_in(&head)) {
                        break;
                    }
                    debug!("GitHub does not show the push yet");
                    tokio::time::sleep(LAG).await;
                    // Whoever asked in between was told the same.
                    self.configurations.head_moved(pushed);
                    (asking, asked) = (about(), Instant::now());
                }
                // Read anew: the event is about the head as it is now, whatever the webhook said.
                let head = asking.head().await?;
                // The configuration is to be of no older commit.
                (self.configurations)
                    .head_is(pushed, head.cloned(), asked)
                    .await;
                let Some(head) = head else {
                    return Ok(Found::Nothing);
                };
                if push.is_some() {
                    repository = as_elsewhere(&pushed.json).map(Arc::from);
                }
                let tree = serde_json::json!({ "branch": head.branch, "commit": head.commit });
                Some(tree.to_string().into())
            }
            _ if subject.has_kind() => {
                let Some(found) = self.present(subject, seen, push.as_ref()).await? else {
                    return Ok(Found::Gone);
                };
                version = version_of(&subject.kind, &found);
                if subject.kind == "repository" {
                    repository = Some(found.clone());
                }
                Some(found)
            }
            // An event without a kind has no subject but its webhook.
            _ => None,
        };
        let organization = &subject.organization;
        let asked = stale && object.is_some();
        Ok(Found::There(Scene {
            asked,
            time: jiff::Timestamp::now().to_string(),
            organization: organization.json(),
            repository,
            subject: object,
            webhook: delivery,
            seen: Seen {
                version,
                gone: false,
            },
            asking,
        }))
    }

    /// The subject as GitHub has it now, not older than what was told of it before. `None`: it is certainly gone.
    async fn present(
        &self,
        subject: &Subject,
        seen: &Seen,
        push: Option<&Push>,
    ) -> Result<Option<Arc<str>>, Error> {
        let least = subject.version.as_ref().max(seen.version.as_ref());
        let mut lags = LAGS;
        loop {
            let found = match self.github.object(subject.installation, subject).await {
                Ok(found) => found,
                // What its webhook told of a moment ago may not be everywhere yet.
                Err(Error::Missing { .. }) if lags > 0 && subject.object.is_some() => {
                    lags -= 1;
                    tokio::time::sleep(LAG).await;
                    continue;
                }
                Err(Error::Missing { what }) => {
                    return match self.is_gone(subject).await? {
                        true => Ok(None),
                        false => Err(Error::Missing { what }),
                    };
                }
                Err(failed) => return Err(failed),
            };
            let version = version_of(&subject.kind, &found);
            let is_older = version.as_ref() < least && version.is_some();
            let is_as_before = push.is_some_and(|push| push.is_not_told_by(&found));
            // A push's time is no version: whoever goes by it would only wait in vain.
            if !is_older && (!is_as_before || lags == 0) {
                return Ok(Some(found));
            }
            if lags == 0 {
                return Err(Error::Failed(format!(
                    "{} is older there than what was told of it before",
                    subject.key
                )));
            }
            lags -= 1;
            debug!("GitHub does not show the change yet");
            tokio::time::sleep(LAG).await;
        }
    }

    /// A subject that GitHub does not find is gone only where its repository and the list of its kind still answer:
    /// otherwise it is we who may not see it.
    async fn is_gone(&self, subject: &Subject) -> Result<bool, Error> {
        let Some(repository) = &subject.repository else {
            return Ok(false);
        };
        if subject.kind == "repository" {
            return Ok(false);
        }
        let answers = async {
            let named = Named::Id(repository.id);
            let here = self.github.repository(subject.installation, named).await?;
            self.github
                .kind_answers(subject.installation, &here, &subject.kind)
                .await
        };
        match answers.await {
            Ok(()) => Ok(true),
            Err(failed) if failed.is_transient() => Err(failed),
            Err(_) => Ok(false),
        }
    }
}

impl Scene {
    /// For one plugin: budgets of its own, the commit shared with the others.
    pub(super) fn asking(&self) -> Asking {
        self.asking.another()
    }

    pub(super) fn event(&self, kind: &str) -> Event {
        Event {
            kind: kind.to_owned(),
            time: self.time.clone(),
            organization: self.organization.clone(),
            repository: self.repository.as_deref().map(str::to_owned),
            subject: self.subject.as_deref().map(str::to_owned),
            webhook: self.webhook.as_ref().map(|delivery| Webhook {
                delivery: delivery.id().to_owned(),
                name: delivery.event().to_owned(),
                action: delivery.action().map(str::to_owned),
                payload: delivery.payload().to_owned(),
            }),
            answers: Vec::new(),
            explain: false,
        }
    }
}
