//! The last configuration that each plugin opened for a repository, and what was last told of it.
//!
//! Knows nothing of where it came from, nor why another one does not open.

use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};

use super::candidate::weight;
use crate::plugins::contract::Configuration;
use crate::subject::{Organization, Repository};

/// Bytes of last good configurations.
const KEPT: u64 = 64 << 20;
/// Repositories of which is remembered what was last told of their configuration.
const TOLD: u64 = 10_000;

pub(super) struct LastGood {
    opened: Cache<Of, Configuration>,
    /// The configuration whose notes or mistakes were told last.
    told: moka::sync::Cache<Of, [u8; 32]>,
}

/// Whose configuration it is.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Of {
    plugin: String,
    organization: u64,
    repository: Option<u64>,
}

impl Of {
    pub(super) fn new(
        plugin: &str,
        organization: &Organization,
        repository: Option<&Repository>,
    ) -> Self {
        Self {
            plugin: plugin.to_owned(),
            organization: organization.id,
            repository: repository.map(|repository| repository.id),
        }
    }
}

impl LastGood {
    pub(super) fn new() -> Self {
        Self {
            opened: Cache::builder()
                .max_capacity(KEPT)
                .weigher(|_, configuration| weight(configuration))
                .build(),
            told: moka::sync::Cache::new(TOLD),
        }
    }

    pub(super) async fn get(&self, of: Of) -> Option<Configuration> {
        self.opened.get(&of).await
    }

    pub(super) async fn set(&self, of: Of, configuration: &Configuration) {
        self.opened.insert(of, configuration.clone()).await;
    }

    /// Whether the configuration of this digest is another one than was last told of.
    pub(super) fn is_news(&self, of: Of, digest: [u8; 32]) -> bool {
        // At once, because events of one repository are mapped side by side.
        let told = self.told.entry(of).and_compute_with(|told| match told {
            Some(told) if *told.value() == digest => Op::Nop,
            _ => Op::Put(digest),
        });
        !matches!(told, CompResult::Unchanged(_))
    }
}
