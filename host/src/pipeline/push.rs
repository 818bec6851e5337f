//! A push, and whether GitHub's API shows it yet: right after a change it may still give the state from before.

use std::time::Duration;

use tracing::debug;

use super::Pipeline;
use crate::delivery::Delivery;
use crate::github::Error;
use crate::subject::{Repository, pushed_at};

/// What GitHub does not show yet is asked for so often again, after so long each time.
pub(super) const LAGS: usize = 3;
pub(super) const LAG: Duration = Duration::from_secs(2);

/// What a push says of its branch.
pub(super) struct Push {
    before: String,
    after: String,
    /// Of the repository.
    at: Option<String>,
}

impl Push {
    pub(super) fn of(delivery: &Delivery) -> Option<Self> {
        let text = |name| serde_json::from_str(delivery.field(name)?).ok();
        (delivery.event() == "push").then_some(())?;
        Some(Self {
            before: text("before")?,
            after: text("after")?,
            at: delivery.field("repository").and_then(pushed_at),
        })
    }

    /// Whether this head is certainly older than the push. Any other one may be newer.
    pub(super) fn is_not_in(&self, head: &Result<Option<&str>, Error>) -> bool {
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

    /// Whether this repository, as the API gives it, is certainly from before the push.
    pub(super) fn is_not_told_by(&self, repository: &str) -> bool {
        self.at.is_some() && pushed_at(repository) < self.at
    }
}

impl Pipeline {
    /// Waits until the head by which configurations are found is none from before the push that led here, for as long
    /// as that may take.
    pub(super) async fn shows(&self, installation: u64, repository: &Repository, push: &Push) {
        for _ in 0..LAGS {
            let head = self.configurations.head(installation, repository).await;
            let commit = match &head {
                Ok(head) => Ok(head.as_ref().map(|head| &*head.commit)),
                Err(failed) => Err(failed.clone()),
            };
            if !push.is_not_in(&commit) {
                return;
            }
            debug!("GitHub does not show the push yet");
            tokio::time::sleep(LAG).await;
            // Whoever asked in between was told the same.
            self.configurations.head_moved(repository);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(before: &str, after: &str) -> Push {
        Push {
            before: before.to_owned(),
            after: after.to_owned(),
            at: Some("2026-01-02T03:04:05Z".to_owned()),
        }
    }

    #[test]
    fn a_head_from_before_the_push_is_known_for_what_it_is() {
        const NONE: &str = "0000";
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

    #[test]
    fn a_repository_from_before_the_push_is_known_by_its_time() {
        let told = |json: &str| !push("a1", "b2").is_not_told_by(json);
        assert!(!told(r#"{"pushed_at": "2026-01-02T03:04:04Z"}"#));
        assert!(!told(r#"{"pushed_at": null}"#));
        assert!(told(r#"{"pushed_at": "2026-01-02T03:04:05Z"}"#));
        assert!(
            told(r#"{"pushed_at": "2026-01-02T03:04:06Z"}"#),
            "a later one"
        );
    }
}
