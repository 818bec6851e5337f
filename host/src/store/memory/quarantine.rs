//! What is given up until somebody replays it or drops it.

use std::collections::{BTreeMap, BTreeSet};

use super::Model;
use super::items::refreshed;
use super::list::{fits, limited};
use crate::store::{
    Filter, HELD, Millis, NewItem, Quarantined, Seq, State, Summary, Waiting, page,
};

impl Model {
    /// What is in quarantine and fits: by item, the plugins.
    fn pairs(&self, one: &Summary, filter: &Filter) -> BTreeMap<Seq, BTreeSet<String>> {
        let mut pairs: BTreeMap<Seq, BTreeSet<String>> = BTreeMap::new();
        for ((seq, plugin), (cause, at)) in &self.quarantine {
            let item = &self.items[seq];
            let pair = Quarantined {
                subject: item.new.lane.clone(),
                plugin: Some(plugin.clone()).filter(|plugin| !plugin.is_empty()),
                cause: cause.clone(),
                at: *at,
            };
            if item.delivery.unwrap_or(*seq) == one.number && fits(&pair, filter) {
                pairs.entry(*seq).or_default().insert(plugin.clone());
            }
        }
        pairs
    }

    pub(super) fn replay(
        &mut self,
        filter: &Filter,
        now: Millis,
        dry: bool,
    ) -> (u64, Vec<Waiting>) {
        let mut found = self.fitting(filter);
        found.retain(|one| match one.state {
            State::Done => page::names_what_is_done(filter) && self.deliveries[&one.number].kept,
            _ => !self.pairs(one, filter).is_empty(),
        });
        let (mut count, mut queued) = (0, Vec::new());
        for one in limited(found, filter).into_iter().rev() {
            if one.state == State::Done {
                let items = self.deliveries[&one.number].items.clone();
                count += items.len() as u64;
                if !dry {
                    queued.extend(self.once_more(one.number, items, now));
                }
                continue;
            }
            for (seq, plugins) in self.pairs(&one, filter) {
                count += plugins.len() as u64;
                if dry {
                    continue;
                }
                queued.extend(self.queue(seq, &plugins, now));
            }
        }
        (count, queued)
    }

    /// What was held has an item of its own: whoever runs that again agrees to it, and to nothing else.
    fn queue(&mut self, seq: Seq, plugins: &BTreeSet<String>, now: Millis) -> Vec<Waiting> {
        let item = &self.items[&seq];
        let (new, delivery) = (refreshed(item.new.clone()), item.delivery);
        let held = |plugin: &String| {
            let pair = self.quarantine.get(&(seq, plugin.clone()));
            pair.is_some_and(|(cause, _)| cause.class == HELD)
        };
        let (held, others): (BTreeSet<_>, BTreeSet<_>) = plugins.iter().cloned().partition(held);
        self.quarantine
            .retain(|(of, plugin), _| *of != seq || !plugins.contains(plugin));
        let mut queued = Vec::new();
        for (plugins, agreed) in [(others, false), (held, true)] {
            if plugins.is_empty() {
                continue;
            }
            let new = NewItem {
                force: agreed,
                merges: new.merges && !agreed,
                plugins: match plugins.contains("") {
                    true => new.plugins.clone(),
                    false => Some(plugins),
                },
                ..new.clone()
            };
            queued.push(self.insert(new, delivery, now));
        }
        self.release(seq, now);
        queued
    }

    pub(super) fn drop(&mut self, filter: &Filter, dry: bool) -> u64 {
        let mut found = self.fitting(filter);
        found.retain(|one| !self.pairs(one, filter).is_empty());
        let mut count = 0;
        for one in limited(found, filter) {
            for (seq, plugins) in self.pairs(&one, filter) {
                count += plugins.len() as u64;
                if dry {
                    continue;
                }
                let mut last = 0;
                self.quarantine.retain(|(of, plugin), (_, at)| {
                    let is_it = *of == seq && plugins.contains(plugin);
                    last = if is_it { last.max(*at) } else { last };
                    !is_it
                });
                self.release(seq, last);
            }
        }
        count
    }
}
