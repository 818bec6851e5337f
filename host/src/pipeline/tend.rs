//! What the clock brings: what had to wait for something in Port is looked for, what nobody asks for any more is forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use super::{Pipeline, now};
use crate::plugins::Plugin;
use crate::store;

/// One GET for each blueprint or entity that something waits for.
const LOOK_EVERY: Duration = Duration::from_secs(180);

const COMPACT_EVERY: Duration = Duration::from_secs(60);

/// Between steps of the compaction, so that it is no load.
const STEP: Duration = Duration::from_millis(50);

impl Pipeline {
    /// Until it is dropped.
    pub async fn tend(self: Arc<Self>) {
        let (mut look, mut compact) = (interval(LOOK_EVERY), interval(COMPACT_EVERY));
        for clock in [&mut look, &mut compact] {
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut swaps = self.plugins.changed();
        let mut versions = self.versions();
        loop {
            let done = tokio::select! {
                _ = look.tick() => self.look_for_what_is_awaited().await,
                _ = compact.tick() => self.compact().await,
                Ok(()) = swaps.changed() => {
                    self.hurry(&mut versions);
                    Ok(())
                }
            };
            if let Err(failed) = done {
                debug!("{failed}");
            }
        }
    }

    /// What waits for a version of a plugin that is not in force any more need not.
    fn hurry(&self, versions: &mut BTreeMap<String, String>) {
        let now = self.versions();
        for (name, version) in &now {
            if versions.get(name) != Some(version) {
                self.inbox.plugin_changed(name);
            }
        }
        *versions = now;
    }

    fn versions(&self) -> BTreeMap<String, String> {
        let set = self.plugins.current();
        let version = |plugin: &Arc<Plugin>| (plugin.name.clone(), plugin.version.clone());
        set.iter().map(version).collect()
    }

    /// What failed because something was missing in Port runs again once it is there.
    async fn look_for_what_is_awaited(&self) -> Result<(), store::Error> {
        for (awaited, count) in self.store.awaited().await? {
            let there = match awaited.split_once('/') {
                Some((blueprint, identifier)) => self.port.has_entity(blueprint, identifier).await,
                None => self.port.has_blueprint(&awaited).await,
            };
            match there {
                Ok(false) => {}
                Ok(true) => {
                    info!("Port has {awaited} now: {count} events that waited for it run again");
                    self.inbox.appeared(&awaited).await?;
                }
                // It is told already, and the next look comes.
                Err(failed) if failed.is_outage() => break,
                Err(failed) => warn!("whether Port has {awaited} now is not known: {failed}"),
            }
        }
        Ok(())
    }

    async fn compact(&self) -> Result<(), store::Error> {
        while self.store.compact(now()).await? {
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }
}
