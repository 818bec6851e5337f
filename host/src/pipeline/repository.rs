//! The repository that an event belongs to, as it is now: who is installed there, what it is called, whether it is there;
//! and when it is gone, what goes with it.
//!
//! The subject's own state it does not ask for: that is `scene`.

use super::Pipeline;
use crate::github::{Error, Named};
use crate::inbox::{Claim, listed};
use crate::store::{self, Loaded};
use crate::subject::{NO_INSTALLATION, Subject, Touch};

impl Pipeline {
    /// Where nobody is installed an event goes on: what its webhook brought can be mapped, only asking is in vain.
    pub(super) async fn belongs_to(&self, subject: &mut Subject) -> Result<(), Error> {
        if subject.installation == NO_INSTALLATION && !subject.gone {
            let (organization, repository) = (&subject.organization, subject.repository.as_ref());
            let found = self.github.installation_of(organization, repository);
            subject.installation = found.await?;
        }
        Ok(())
    }

    /// What a delivery told a while ago of its repository may have changed since: name, default branch, whether it is
    /// there. What is read and mapped must be the repository as it is now.
    pub(super) async fn bring_up(
        &self,
        subject: &mut Subject,
        loaded: &mut Loaded,
    ) -> Result<(), Error> {
        let Some(old) = &subject.repository else {
            return Ok(());
        };
        self.configurations.head_moved(old);
        match (self.github)
            .repository(subject.installation, Named::Id(old.id))
            .await
        {
            Ok(now) => {
                subject.repository = Some(now);
                // It was gone, and may have been restored: its state is asked for.
                loaded.fresh |= subject.gone;
                subject.gone &= !subject.has_kind();
                Ok(())
            }
            Err(Error::Missing { .. }) if subject.gone => Ok(()),
            Err(failed) => Err(failed),
        }
    }

    /// With a repository goes everything that was mapped of it.
    pub(super) async fn take_along(
        &self,
        claim: &mut Claim,
        subject: &Subject,
    ) -> Result<(), store::Error> {
        let Some(repository) = subject.repository.as_ref() else {
            return Ok(());
        };
        if subject.kind != "repository" {
            return Ok(());
        }
        let mut lanes: Vec<_> = self.store.subjects(repository.id).await?;
        lanes.dedup_by(|(one, _), (other, _)| one == other);
        let gone = lanes
            .iter()
            .filter(|(lane, _)| *lane != subject.key)
            .filter_map(|(lane, _)| {
                let gone = Touch::Subject(subject.goes_along(lane));
                listed(&gone, store::Source::Webhook)
            })
            .collect();
        claim.adds(gone);
        Ok(())
    }
}
