//! What must hold at every moment of a run, whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use super::super::breaker::Turned;
use super::super::failure::Destination;
use crate::store::{Millis, Seq};

/// A sentence about what went wrong.
pub(super) type Violation = String;

#[derive(Default)]
pub(super) struct Checks {
    /// The state that each plugin last wrote of each subject.
    pub(super) written: BTreeMap<(usize, String), u32>,
    out: BTreeSet<usize>,
    /// The item for which each plugin was last called, by subject.
    called: BTreeMap<(usize, String), Seq>,
    /// Who is away, and whether a probe is out.
    away: BTreeMap<Destination, Probing>,
}

#[derive(Default)]
struct Probing {
    /// The item.
    out: Option<Seq>,
    not_before: Millis,
}

impl Checks {
    pub(super) fn taken(
        &mut self,
        subject: usize,
        seq: Seq,
        organization: u64,
        now: Millis,
    ) -> Result<(), Violation> {
        if !self.out.insert(subject) {
            return Err(format!("item {seq}: two of subject {subject} are in hand"));
        }
        for destination in [
            Destination::Port,
            Destination::GitHub,
            Destination::Installation(organization),
        ] {
            let Some(probing) = self.away.get_mut(&destination) else {
                continue;
            };
            if let Some(other) = probing.out.replace(seq) {
                return Err(format!(
                    "items {other} and {seq} both find out whether {destination} is back"
                ));
            }
            if now < probing.not_before {
                return Err(format!("{destination} is asked again too early"));
            }
        }
        Ok(())
    }

    /// A plugin is called for an item.
    pub(super) fn called(
        &mut self,
        subject: usize,
        plugin: &str,
        seq: Seq,
    ) -> Result<(), Violation> {
        let last = self.called.entry((subject, plugin.to_owned())).or_default();
        if *last > seq {
            return Err(format!(
                "plugin {plugin} is called for item {seq} of subject {subject} after item {last}"
            ));
        }
        *last = seq;
        Ok(())
    }

    /// Port has it now.
    pub(super) fn wrote(
        &mut self,
        subject: usize,
        plugin: &str,
        nth: u32,
    ) -> Result<(), Violation> {
        let written = (self.written.entry((subject, plugin.to_owned()))).or_default();
        if *written > nth {
            return Err(format!(
                "plugin {plugin} wrote state {nth} of subject {subject} over state {written}"
            ));
        }
        *written = nth;
        Ok(())
    }

    pub(super) fn judged(
        &mut self,
        seq: Seq,
        failed: &[Destination],
        turned: &[Turned],
        now: Millis,
    ) {
        for (destination, probing) in &mut self.away {
            if probing.out == Some(seq) {
                probing.out = None;
                if failed.contains(destination) {
                    probing.not_before = now + 1_000;
                }
            }
        }
        for turned in turned {
            match turned {
                Turned::Away { destination, .. } => {
                    let probing = Probing {
                        out: None,
                        not_before: now + 1_000,
                    };
                    self.away.insert(*destination, probing);
                }
                Turned::Back { destination, .. } => {
                    self.away.remove(destination);
                }
            }
        }
    }

    pub(super) fn back(&mut self, subject: usize) {
        self.out.remove(&subject);
    }

    /// A probe that was put back told nothing.
    pub(super) fn dropped(&mut self, seq: Seq) {
        for probing in self.away.values_mut() {
            if probing.out == Some(seq) {
                probing.out = None;
            }
        }
    }

    pub(super) fn crashed(&mut self) {
        self.out.clear();
        self.away.clear();
    }
}
