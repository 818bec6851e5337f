//! How the host is, for people and probes.

use super::Pipeline;
use crate::admin::{Away, Plugin, Status};
use crate::store::Health;

impl Pipeline {
    /// What the parts say of themselves just now.
    pub fn status(&self, health: &Health, stopping: bool) -> Status {
        let counts = self.inbox.counts();
        let away = self.inbox.away().into_iter().map(|away| Away {
            destination: away.destination.to_string(),
            why: away.why,
            since: away.since,
            waiting: away.behind as u64,
        });
        let set = self.plugins.current();
        let plugins = set.iter().map(|plugin| Plugin {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
        });
        Status {
            not_ready: match health {
                Health::Full(why) | Health::Broken(why) => Some(why.clone()),
                Health::Well if stopping => Some("the host is stopping".to_owned()),
                Health::Well => None,
            },
            waiting: (counts.items - counts.in_hand) as u64,
            in_hand: counts.in_hand as u64,
            away: away.collect(),
            plugins: plugins.collect(),
        }
    }
}
