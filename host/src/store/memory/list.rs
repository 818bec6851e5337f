//! What people are shown: deliveries, and items that no delivery brought, with what became of them.

use std::collections::BTreeMap;

use super::Model;
use crate::store::row::{GROUPS, IDENTIFIERS};
use crate::store::{
    Filter, Millis, Quarantined, Row, Seq, Source, State, Summary, Undeleted, WaitingOf, page,
};

impl Model {
    /// Everything, the newest first.
    pub(super) fn summaries(&self) -> Vec<Summary> {
        let of_deliveries = self.deliveries.iter().map(|(number, delivery)| {
            let brought = &delivery.brought;
            let summary = Summary {
                id: brought.guid.clone(),
                event: brought.event.clone(),
                action: brought.action.clone(),
                repository: brought.repository.clone(),
                ..blank(*number, brought.source, brought.received)
            };
            self.filled(summary, &self.items_of(*number))
        });
        let alone = self
            .items
            .iter()
            .filter(|(_, item)| item.delivery.is_none());
        let of_items = alone.map(|(seq, item)| {
            let summary = Summary {
                repository: item.new.whose.clone(),
                ..blank(*seq, item.new.source, item.added)
            };
            self.filled(summary, &[*seq])
        });
        let mut all: Vec<_> = of_deliveries.chain(of_items).collect();
        all.sort_by_key(|summary| std::cmp::Reverse(summary.number));
        all
    }

    fn filled(&self, mut summary: Summary, items: &[Seq]) -> Summary {
        for seq in items {
            let item = &self.items[seq];
            if item.open {
                summary.waiting.push(WaitingOf {
                    subject: item.new.lane.clone(),
                    tries: item.tries,
                    due: item.due,
                    why: item.why.clone(),
                });
            }
            for ((of, plugin), (cause, at)) in &self.quarantine {
                if of == seq {
                    summary.quarantined.push(Quarantined {
                        subject: item.new.lane.clone(),
                        plugin: Some(plugin.clone()).filter(|plugin| !plugin.is_empty()),
                        cause: cause.clone(),
                        at: *at,
                    });
                }
            }
        }
        summary.state = match (&summary.waiting[..], &summary.quarantined[..]) {
            ([], []) => State::Done,
            ([], _) => State::Quarantined,
            _ => State::Waiting,
        };
        summary
    }

    /// Those that fit, but for what the filter says of the quarantine and of how many.
    pub(super) fn fitting(&self, filter: &Filter) -> Vec<Summary> {
        let fits = |one: &Summary| {
            (filter.ids.is_empty() || filter.ids.contains(&one.id))
                && filter.state.is_none_or(|state| state == one.state)
                && filter.repository.as_ref().is_none_or(|name| {
                    let of = one.repository.as_ref();
                    of.is_some_and(|of| of.eq_ignore_ascii_case(name))
                })
                && filter
                    .event
                    .as_ref()
                    .is_none_or(|event| *event == one.event)
                && filter.since.is_none_or(|since| one.received >= since)
                && filter.until.is_none_or(|until| one.received < until)
                && filter.before.is_none_or(|before| one.number < before)
        };
        self.summaries().into_iter().filter(fits).collect()
    }

    pub(super) fn list(&self, filter: &Filter) -> Vec<Summary> {
        let mut found = self.fitting(filter);
        if filter.cause.is_some() || filter.plugin.is_some() || filter.awaits.is_some() {
            found.retain(|one| one.quarantined.iter().any(|pair| fits(pair, filter)));
        }
        limited(found, filter)
    }

    pub(super) fn undeleted(&self) -> Vec<Undeleted> {
        let mut groups: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
        for row in self.ledger.values() {
            if let Some(why) = &row.waits {
                let of = (&row.plugin, &row.subject, &row.blueprint, why);
                groups.entry(of).or_default().push(row);
            }
        }
        let mut told = Vec::new();
        for ((plugin, subject, blueprint, why), rows) in groups.into_iter().take(GROUPS as usize) {
            let whose = rows.iter().map(|row| row.whose.clone());
            let identifiers = rows.iter().map(|row| row.identifier.clone());
            told.push(Undeleted {
                plugin: plugin.clone(),
                subject: subject.clone(),
                whose: whose.max().unwrap_or_default(),
                blueprint: blueprint.clone(),
                why: why.clone(),
                identifiers: identifiers.take(IDENTIFIERS as usize).collect(),
                count: rows.len() as u64,
            });
        }
        told
    }
}

fn blank(number: Seq, source: Source, received: Millis) -> Summary {
    Summary {
        number,
        id: page::id_of(number),
        event: String::new(),
        action: None,
        repository: None,
        source,
        received,
        state: State::Done,
        waiting: Vec::new(),
        quarantined: Vec::new(),
    }
}

pub(super) fn fits(pair: &Quarantined, filter: &Filter) -> bool {
    filter
        .cause
        .as_ref()
        .is_none_or(|cause| *cause == pair.cause.class)
        && (filter.plugin.is_none() || filter.plugin == pair.plugin)
        && (filter.awaits.is_none() || filter.awaits == pair.cause.awaits)
}

pub(super) fn limited(mut found: Vec<Summary>, filter: &Filter) -> Vec<Summary> {
    if filter.limit > 0 {
        found.truncate(filter.limit);
    }
    found
}
