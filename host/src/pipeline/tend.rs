//! What the clock brings: what had to wait for something in Port is looked for, what nobody asks for any more is forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{debug, info, warn};

use super::{Pipeline, now};
use crate::inbox::Destination;
use crate::plugins::Plugin;
use crate::store;

/// One GET for each blueprint or entity that something waits for.
const LOOK_EVERY: Duration = Duration::from_secs(180);

/// So many of these at once: enough that one that is not answered holds nobody up.
const AT_ONCE: usize = 4;

const COMPACT_EVERY: Duration = Duration::from_secs(60);

/// Between steps of the compaction, so that it is no load.
const STEP: Duration = Duration::from_millis(50);

impl Pipeline {
    /// Until it is dropped. None of it waits for the other: Port may take its time.
    pub async fn tend(self: Arc<Self>) {
        tokio::join!(self.looks(), self.compacts(), self.hurries());
    }

    async fn looks(self: &Arc<Self>) {
        let mut clock = every(LOOK_EVERY);
        loop {
            clock.tick().await;
            if let Err(failed) = self.look_for_what_is_awaited().await {
                debug!("{failed}");
            }
        }
    }

    async fn compacts(&self) {
        let mut clock = every(COMPACT_EVERY);
        loop {
            clock.tick().await;
            if let Err(failed) = self.compact().await {
                debug!("{failed}");
            }
        }
    }

    async fn hurries(&self) {
        let mut swaps = self.plugins.changed();
        let mut versions = self.versions();
        while let Ok(()) = swaps.changed().await {
            self.hurry(&mut versions);
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
    async fn look_for_what_is_awaited(self: &Arc<Self>) -> Result<(), store::Error> {
        let mut looks = JoinSet::new();
        for (awaited, count) in self.store.awaited().await? {
            if looks.len() >= AT_ONCE {
                looks.join_next().await;
            }
            // While Port is away nothing could run again, and whoever asks adds to its troubles.
            let away = self.inbox.away();
            if away
                .iter()
                .any(|away| away.destination == Destination::Port)
            {
                break;
            }
            looks.spawn(self.clone().look_for(awaited, count));
        }
        while looks.join_next().await.is_some() {}
        Ok(())
    }

    /// Whatever becomes of it, the others are looked for all the same.
    async fn look_for(self: Arc<Self>, awaited: String, count: u64) {
        let there = match awaited.split_once('/') {
            Some((blueprint, identifier)) => self.port.has_entity(blueprint, identifier).await,
            None => self.port.has_blueprint(&awaited).await,
        };
        match there {
            Ok(false) => {}
            Ok(true) => {
                info!("Port has {awaited} now: {count} events that waited for it run again");
                // Who made it may have mended more.
                self.port.forget_blueprints();
                if let Err(failed) = self.inbox.appeared(&awaited).await {
                    debug!("{failed}");
                }
            }
            // It is told already, and the next look comes.
            Err(failed) if failed.is_outage() => debug!("{awaited}: {failed}"),
            Err(failed) => warn!("whether Port has {awaited} now is not known: {failed}"),
        }
    }

    async fn compact(&self) -> Result<(), store::Error> {
        while self.store.compact(now()).await? {
            tokio::time::sleep(STEP).await;
        }
        Ok(())
    }
}

fn every(period: Duration) -> Interval {
    let mut clock = interval(period);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}
