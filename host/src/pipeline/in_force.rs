//! The configuration in force for an event: the newest that opens, whether it wants the event, and who is told of one
//! that does not open.

use std::sync::Arc;

use tracing::warn;

use super::{Pipeline, failed, wanted};
use crate::files::Candidate;
use crate::inbox::{Claim, Failure};
use crate::plugins::contract::Configuration;
use crate::plugins::{Fault, Opened, Plugin, Set};
use crate::subject::Subject;

impl Pipeline {
    /// Whether no configuration in force wants such a subject: then nothing has to be asked about it. Where one cannot be
    /// told, that is said when it is mapped.
    pub(super) async fn nobody_wants(
        &self,
        set: &Set,
        subject: &Subject,
        claim: &mut Claim,
    ) -> bool {
        let plugins: Vec<_> = (set.wanting(&subject.kind))
            .filter(|plugin| claim.wants(&plugin.name))
            .collect();
        if plugins.is_empty() || claim.only().is_some() {
            return false;
        }
        for plugin in &plugins {
            match self.configuration(plugin, subject).await {
                Ok(Some((_, opened))) if !opened.wants(&subject.kind) => {}
                _ => return false,
            }
        }
        for plugin in plugins {
            claim.settled(&plugin.name, Vec::new());
        }
        true
    }

    /// The configuration in force: the newest that opens.
    pub(super) async fn configuration(
        &self,
        plugin: &Arc<Plugin>,
        subject: &Subject,
    ) -> Result<Option<(Configuration, Arc<Opened>)>, Failure> {
        let repository = subject.repository.as_ref();
        let candidate = self
            .configurations
            .candidate(
                &plugin.name,
                &plugin.description.files,
                plugin.operator_files(),
                subject.installation,
                &subject.organization,
                repository,
            )
            .await
            .map_err(|error| {
                let failure = failed::github(&error, subject.organization.id);
                let why = format!("reading its configuration: {}", failure.why);
                Failure { why, ..failure }
            })?;
        let (organization, configurations) = (&subject.organization, &self.configurations);
        let digest = candidate.digest();
        let diagnostics = match candidate {
            Candidate::Readable(candidate) => match plugin.open(&candidate).await {
                Ok(opened) => {
                    let news = configurations
                        .opened(&plugin.name, organization, repository, &candidate)
                        .await;
                    if news {
                        wanted::say(&plugin.name, &opened.notes);
                    }
                    return Ok(Some((candidate, opened)));
                }
                Err(Fault::Configuration(diagnostics)) => diagnostics,
                Err(fault) => return Err(failed::plugin(&fault)),
            },
            Candidate::Unreadable(diagnostics) => diagnostics,
        };
        // Its repository's events are many; whoever is to mend it is told once.
        if configurations.is_news(&plugin.name, organization, repository, digest) {
            wanted::say(&plugin.name, &diagnostics);
        }
        let last_good = configurations.last_good(&plugin.name, organization, repository);
        let Some(last_good) = last_good.await else {
            return Ok(None);
        };
        warn!(
            plugin = plugin.name,
            "the last configuration without mistakes stays in force"
        );
        match plugin.open(&last_good).await {
            Ok(opened) => Ok(Some((last_good, opened))),
            // A new version of the plugin may refuse what an older one opened.
            Err(Fault::Configuration(_)) => Ok(None),
            Err(fault) => Err(failed::plugin(&fault)),
        }
    }
}
