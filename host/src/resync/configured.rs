//! An organization's own files were pushed to: where that changed what plugins are configured with, every repository
//! of the organization is mapped anew.
//!
//! Whether a repository has a configuration of its own that goes before, only its plugins know: it is fed all the same.

use tracing::{debug, info};

use super::take_in::TakeIn;
use super::{Error, Resync};
use crate::github;
use crate::subject::{NO_INSTALLATION, Organization, Repository};

/// A push to the repository in which an organization's files lie.
pub(super) struct Pushed {
    pub(super) installation: u64,
    pub(super) organization: Organization,
    pub(super) home: Repository,
    /// The head before and after.
    pub(super) commits: [String; 2],
}

impl Resync {
    pub(super) async fn configured(&self, mut pushed: Pushed) -> Result<(), Error> {
        let login = pushed.organization.login.clone();
        let asked = async {
            if pushed.installation == NO_INSTALLATION {
                let (organization, home) = (&pushed.organization, Some(&pushed.home));
                pushed.installation = self.github.installation_of(organization, home).await?;
            }
            self.reconfigured(&pushed).await
        };
        let plugins = asked.await.map_err(|failed| Error::GitHub {
            what: format!("what configures {login}"),
            failed,
        })?;
        if plugins.is_empty() {
            debug!("the push to {} configures nothing", pushed.home.full_name());
            return Ok(());
        }
        let plugins = plugins.join(", ");
        info!(
            "the configuration of {login} changed for {plugins}: its repositories are mapped anew"
        );
        self.take_in(TakeIn {
            installation: pushed.installation,
            organization: pushed.organization,
            only: None,
        })
        .await
    }

    /// The plugins in force that are configured otherwise since. None where nobody is installed who could read it.
    async fn reconfigured(&self, pushed: &Pushed) -> Result<Vec<String>, github::Error> {
        let mut plugins = Vec::new();
        if pushed.installation == NO_INSTALLATION {
            return Ok(plugins);
        }
        let commits = pushed.commits.each_ref().map(|commit| &**commit);
        let set = self.plugins.current();
        for plugin in (set.iter()).filter(|plugin| plugin.reads_an_organizations_files()) {
            let patterns = &plugin.description.files;
            let (installation, home) = (pushed.installation, &pushed.home);
            let differ = (self.configurations).differ(patterns, installation, home, commits);
            if differ.await? {
                plugins.push(plugin.name.clone());
            }
        }
        Ok(plugins)
    }
}
