//! What it all comes to, in a line.

use super::value::counted;
use crate::plugins::contract::Severity;
use crate::preview::compare::Change;
use crate::preview::{Made, Told};

#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Totals {
    pub(super) objects: u64,
    pub(super) entities: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) port: Option<Compared>,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// What follows from not being able to ask GitHub.
    pub(super) not_known_offline: u64,
}

/// What would become of the entities in Port.
#[derive(Debug, Default, serde::Serialize)]
pub(super) struct Compared {
    pub(super) created: u64,
    pub(super) changed: u64,
    pub(super) unchanged: u64,
    /// Found by a search when they are written.
    pub(super) searched: u64,
    /// Without a blueprint.
    pub(super) impossible: u64,
}

impl Totals {
    pub(super) fn add(&mut self, made: &[Made]) {
        self.objects += 1;
        for made in made {
            self.entities += made.entities.len() as u64;
            if let Some(compared) = &mut self.port {
                made.changes.iter().for_each(|change| compared.add(change));
            }
        }
    }

    pub(super) fn tell(&mut self, told: &Told) {
        match told.severity {
            _ if told.is_unknown() => self.not_known_offline += 1,
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Note => {}
        }
    }

    pub(super) fn sentence(&self) -> String {
        let mut text = format!(
            "{}: {}",
            counted(self.objects, "object", "objects"),
            counted(self.entities, "entity", "entities")
        );
        if let Some(Compared {
            created,
            changed,
            unchanged,
            searched,
            impossible,
        }) = &self.port
        {
            for (count, what) in [
                (created, "would be created"),
                (changed, "changed"),
                (unchanged, "unchanged"),
                (searched, "found by a search"),
                (impossible, "without a blueprint"),
            ] {
                if *count > 0 {
                    text += &format!(", {} {what}", super::value::grouped(*count));
                }
            }
        }
        text += &format!(
            "; {}, {}",
            counted(self.errors, "error", "errors"),
            counted(self.warnings, "warning", "warnings")
        );
        if self.not_known_offline > 0 {
            text += &format!(
                ", {} not known offline",
                super::value::grouped(self.not_known_offline)
            );
        }
        text + "."
    }
}

impl Compared {
    fn add(&mut self, change: &Change) {
        *match change {
            Change::Created => &mut self.created,
            Change::Changed(_) => &mut self.changed,
            Change::Unchanged => &mut self.unchanged,
            Change::Searched => &mut self.searched,
            Change::Impossible => &mut self.impossible,
        } += 1;
    }
}
