//! How an item fared, and what follows: what is to be recorded of it, and what it tells about who is away.
//!
//! Each failure has its fate by the table in `failure`; here the fates of one item are made into one verdict, plugin by
//! plugin. Lanes are as they were until the verdict is on disk and `settle` hears so: only what is known of
//! destinations changes at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fared, Rules, Taken, Verdict};
use crate::inbox::breaker::Turned;
use crate::inbox::failure::{Fate, joined};
use crate::inbox::lane::{Pending, Wanted};
use crate::store::{Millis, Quarantine, Rest};

impl Rules {
    /// What is to be recorded of an item. What is known of who is away changes with it at once;
    /// the item stays in hand until `settle`.
    pub(in crate::inbox) fn judge(
        &mut self,
        taken: &Taken,
        fared: &Fared,
        now: Millis,
        chance: u64,
    ) -> (Verdict, Vec<Turned>) {
        let before = self.history(taken);
        let mut history = before.clone();
        history.tried.tries += 1;
        let mut quarantine: Vec<Quarantine> = Vec::new();
        let mut whys = Vec::new();
        let mut behind = None;
        // Of the plugins it was handed out for: when they are called again, and how often they failed.
        let mut again: BTreeMap<&str, (Millis, u32)> = BTreeMap::new();
        let mut whole: Option<(Millis, u32)> = None;
        for failure in &fared.failures {
            let theirs = (failure.away())
                .is_some_and(|away| self.breakers.answers_others(away, &taken.ticket));
            let mut tried = before.tried;
            let pending = (before.plugins.iter().flatten())
                .find(|pending| failure.plugin.as_deref() == Some(&*pending.plugin));
            if let Some(pending) = pending {
                tried.faults = pending.faults;
            }
            match failure.fate(tried, theirs, now, chance) {
                Fate::Again { due, faults } => {
                    let entry = match &failure.plugin {
                        Some(plugin) => again.entry(plugin).or_default(),
                        None => whole.get_or_insert_default(),
                    };
                    *entry = (entry.0.max(due), entry.1.max(faults));
                    whys.push(failure.why.as_str());
                    behind = behind.or(failure.away());
                }
                Fate::Quarantined(cause) => {
                    let of = |one: &&mut Quarantine| one.plugin == failure.plugin;
                    match quarantine.iter_mut().find(of) {
                        Some(one) => one.cause.join(cause),
                        None => quarantine.push(Quarantine {
                            plugin: failure.plugin.clone(),
                            cause,
                        }),
                    }
                }
            }
        }
        // While some of it waits nothing of it is given up: what is tried again meets the rest again.
        quarantine.retain(|one| match &one.plugin {
            Some(plugin) => whole.is_none() && !again.contains_key(plugin.as_str()),
            None => whole.is_none(),
        });
        let over = quarantine.iter().any(|one| one.plugin.is_none());
        let turned = self.learn(taken, fared, now);

        let mut left: Vec<Pending> = Vec::new();
        let mut keep = |plugin: &str, due, faults| {
            left.push(Pending {
                plugin: plugin.into(),
                due,
                faults,
            });
        };
        let mut all = false;
        match (&taken.wanted, whole) {
            // It is given up for whomever it was handed out for.
            (Wanted::AllBut(_), _) if over => {}
            (Wanted::AllBut(_), Some((due, faults))) => {
                all = true;
                history.due = due;
                history.tried.faults = faults;
            }
            (Wanted::AllBut(held), None) => {
                held.iter().for_each(|plugin| keep(plugin, 0, 0));
            }
            (Wanted::Only(only), whole) => {
                for pending in before.plugins.iter().flatten() {
                    match (only.contains(&pending.plugin), whole) {
                        (false, _) => keep(&pending.plugin, pending.due, pending.faults),
                        (true, Some((due, faults))) if !over => {
                            if !again.contains_key(&*pending.plugin)
                                && !fared.settled.contains(&*pending.plugin)
                            {
                                keep(&pending.plugin, due, faults);
                            }
                        }
                        (true, _) => {}
                    }
                }
            }
        }
        if !all && !over {
            for (plugin, (due, faults)) in again {
                keep(plugin, due, faults);
            }
        }
        if let (Wanted::Only(only), true) = (&taken.wanted, over) {
            quarantine = of_each(quarantine, only);
        }

        let rest = if all {
            history.plugins = None;
            Rest::Waits {
                plugins: None,
                tries: history.tried.tries,
                faults: history.tried.faults,
                due: history.due,
                why: joined(whys.into_iter()),
            }
        } else if left.is_empty() {
            Rest::Done
        } else {
            let why = match whys.is_empty() {
                true => "an earlier event of this subject waits for the same plugin".to_owned(),
                false => joined(whys.into_iter()),
            };
            let rest = Rest::Waits {
                plugins: Some(left.iter().map(|one| one.plugin.to_string()).collect()),
                tries: history.tried.tries,
                faults: left.iter().map(|one| one.faults).max().unwrap_or(0),
                due: left.iter().map(|one| one.due).min().unwrap_or(0),
                why,
            };
            history.plugins = Some(left);
            rest
        };
        let verdict = Verdict {
            rest,
            quarantine,
            behind,
            history,
        };
        (verdict, turned)
    }

    /// What an item's end says about who is away.
    fn learn(&mut self, taken: &Taken, fared: &Fared, now: Millis) -> Vec<Turned> {
        let mut turned = Vec::new();
        let mut away = BTreeSet::new();
        for failure in &fared.failures {
            if let Some(destination) = failure.away() {
                away.insert(destination);
                let opened = (self.breakers).failed(
                    destination,
                    &taken.ticket,
                    now,
                    failure.after,
                    &failure.why,
                );
                turned.extend(opened);
            }
        }
        let others = (fared.failures.iter())
            .filter(|failure| failure.away().is_none())
            .filter_map(|failure| failure.destination);
        let answered: BTreeSet<_> = others.chain(fared.answered.iter().copied()).collect();
        for destination in answered.difference(&away) {
            let handed_out = self.handed_out;
            (self.breakers).answered(*destination, &taken.ticket, handed_out);
        }
        for destination in &taken.ticket.probes {
            if away.contains(destination) {
                continue;
            }
            // Who did not get past one destination did not find out about another.
            if away.is_empty() || answered.contains(destination) {
                let back = (self.breakers).came_through(*destination, now, self.handed_out);
                turned.extend(back);
            } else {
                self.breakers.found_nothing(*destination, now);
            }
        }
        turned
    }
}

/// What was given up before plugins were called is given up for each that it was handed out for.
fn of_each(quarantine: Vec<Quarantine>, only: &BTreeSet<Box<str>>) -> Vec<Quarantine> {
    let each = |one: Quarantine| -> Vec<Quarantine> {
        match one.plugin {
            Some(_) => vec![one],
            None => only
                .iter()
                .map(|plugin| Quarantine {
                    plugin: Some(plugin.to_string()),
                    cause: one.cause.clone(),
                })
                .collect(),
        }
    };
    quarantine.into_iter().flat_map(each).collect()
}
