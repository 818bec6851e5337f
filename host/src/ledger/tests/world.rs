//! A catalog, the ledger's rows, and events that go through both.
//!
//! Entities are written `blueprint/identifier=value<previous`, all but the identifier may be left out; `?` is a search.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use crate::entity::{Unchecked, UncheckedIdentifier};

/// Plugin, subject, repository, its name.
pub(super) type Who = (&'static str, &'static str, u64, &'static str);

pub(super) const SHOP: Who = ("gitops", "tree/1", 1, "acme/shop");
pub(super) const SHOP_MAPPED: Who = ("mapping", "repository/1", 1, "acme/shop");
pub(super) const CART_PAGE: Who = ("mapping", "star/1", 1, "acme/shop");
pub(super) const STORE: Who = ("gitops", "tree/2", 2, "acme/store");

/// An entity in Port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) value: String,
    /// Not created by the ledger.
    pub(super) foreign: bool,
    /// The ledger cannot know that it created it.
    pub(super) doubtful: bool,
}

#[derive(Default)]
pub(super) struct World {
    /// Which one it is, for whoever has to find it again.
    pub(super) story: String,
    pub(super) rows: Vec<Row>,
    pub(super) port: BTreeMap<String, Stored>,
    /// What Port does not take, does not let go, and of what its answer does not arrive.
    pub(super) refuses: BTreeSet<String>,
    pub(super) keeps: BTreeSet<String>,
    pub(super) loses: BTreeSet<String>,
}

/// What an event did.
pub(super) struct Done {
    pub(super) sent: Vec<String>,
    pub(super) deleted: Vec<String>,
    pub(super) said: Vec<String>,
    pub(super) tally: Tally,
    pub(super) complete: bool,
}

/// An event under way.
pub(super) struct Running<'a> {
    pub(super) plan: Plan<'a>,
    pub(super) next: Step,
    /// The host will be killed before it is over.
    doomed: bool,
    sent: Vec<String>,
    deletions: Vec<(String, bool)>,
}

/// What an event does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Intents,
    Sending,
    Deleting,
    Commit,
    Over,
}

impl Running<'_> {
    fn done(self) -> Done {
        let deleted = self.deletions.into_iter().filter(|(_, done)| *done);
        let tally = self.plan.tally();
        Done {
            sent: self.sent,
            deleted: deleted.map(|(name, _)| name).collect(),
            said: self.plan.warnings().to_vec(),
            tally,
            complete: tally.refused + tally.waiting + tally.undeleted == 0,
        }
    }
}

pub(super) fn wish(who: Who, entities: &[&str]) -> Wish<'static> {
    let (plugin, subject, repository, whose) = who;
    Wish {
        plugin,
        subject,
        organization: 9,
        repository: Some(repository),
        whose,
        entities: entities.iter().map(|text| entity(text)).collect(),
        deletions: Vec::new(),
        merge: true,
        create_missing_related: true,
        threshold: None,
        complete: true,
        keeps: false,
        force: false,
        agreed: false,
        now: 1_000,
    }
}

pub(super) fn key(name: &str) -> Key {
    let (blueprint, identifier) = name.split_once('/').unwrap_or(("service", name));
    Key {
        blueprint: blueprint.to_owned(),
        identifier: identifier.to_owned(),
    }
}

pub(super) fn name(key: &Key) -> String {
    match key.blueprint.as_str() {
        "service" => key.identifier.clone(),
        other => format!("{other}/{}", key.identifier),
    }
}

pub(super) fn entity(text: &str) -> Entity {
    let (text, previous) = text.split_once('<').map_or((text, None), |(text, old)| {
        (text, Some(key(old).identifier))
    });
    let (text, value) = text.split_once('=').unwrap_or((text, "0"));
    let Key {
        blueprint,
        identifier,
    } = key(text);
    let unchecked = Unchecked {
        blueprint,
        identifier: match identifier.as_str() {
            "?" => UncheckedIdentifier::Search(r#"{"combinator":"and","rules":[{}]}"#.to_owned()),
            _ => UncheckedIdentifier::Exact(identifier),
        },
        previous_identifier: previous,
        title: Some(value.to_owned()),
        icon: None,
        team: None,
        properties: "{}".to_owned(),
        relations: "{}".to_owned(),
        place: None,
    };
    Entity::check(unchecked).expect("a good entity").0
}

impl World {
    /// An entity that was there before Portolan.
    pub(super) fn others_have(&mut self, name: &str) {
        let stored = Stored {
            foreign: true,
            ..Stored::default()
        };
        self.port.insert(name.to_owned(), stored);
    }

    /// From now on nothing goes wrong.
    pub(super) fn works(&mut self) {
        self.refuses.clear();
        self.keeps.clear();
        self.loses.clear();
    }

    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| super::super::key(row) == key(name))
    }

    /// What the store says to a producer that names nothing.
    pub(super) fn known(&self, who: Who) -> Producers {
        self.producers(who.0, who.1, &BTreeSet::new())
    }

    pub(super) fn map(&mut self, wish: Wish<'_>) -> Done {
        self.carry_out(wish, None).expect("nothing crashes")
    }

    pub(super) fn crash_after_sending(&mut self, wish: Wish<'_>) {
        let survived = self.carry_out(wish, Some(Step::Deleting));
        assert!(survived.is_none());
    }

    pub(super) fn crash_after_deleting(&mut self, wish: Wish<'_>) {
        let survived = self.carry_out(wish, Some(Step::Commit));
        assert!(survived.is_none());
    }

    /// The whole way of an outcome, as the pipeline goes it. `None` after a crash.
    pub(super) fn carry_out(&mut self, wish: Wish<'_>, crash: Option<Step>) -> Option<Done> {
        let mut running = self.begin(wish);
        running.doomed = crash.is_some();
        while running.next != Step::Over {
            if Some(running.next) == crash {
                return None;
            }
            self.step(&mut running);
        }
        Some(running.done())
    }

    pub(super) fn begin<'a>(&self, wish: Wish<'a>) -> Running<'a> {
        let known = self.producers(wish.plugin, wish.subject, &wish.keys());
        Running {
            plan: plan(wish, known),
            next: Step::Intents,
            doomed: false,
            sent: Vec::new(),
            deletions: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, running: &mut Running<'_>) {
        let plan = &mut running.plan;
        running.next = match running.next {
            Step::Intents => {
                self.commit(plan.intents());
                Step::Sending
            }
            Step::Sending => {
                let mut fates = Vec::new();
                for entity in plan.upserts() {
                    let name = entity.key().as_ref().map_or("?".to_owned(), name);
                    running.sent.push(name);
                    fates.push(self.send(&entity, running.doomed));
                }
                plan.upserted(&fates);
                Step::Deleting
            }
            Step::Deleting => {
                for key in plan.deletions() {
                    let name = name(&key);
                    let done = self.delete(&name);
                    running.deletions.push((name, done));
                }
                let answers = running.deletions.iter();
                plan.deleted(
                    answers.map(|(_, done)| done.then_some(()).ok_or("it is kept".into())),
                );
                Step::Commit
            }
            Step::Commit | Step::Over => {
                self.commit(plan.changes());
                Step::Over
            }
        };
    }

    /// Port, told to upsert.
    fn send(&mut self, entity: &Entity, lost: bool) -> Fate {
        let written = |created, renaming| Fate::Written { created, renaming };
        let Some(key) = entity.key() else {
            return written(false, Renaming::NotAsked);
        };
        let name = name(&key);
        let mut renaming = Renaming::NotAsked;
        if let Some(old) = previous(entity) {
            let old = self::name(&old);
            renaming = match (self.port.contains_key(&old), self.port.contains_key(&name)) {
                (true, true) => Renaming::BothThere,
                (false, _) => Renaming::NothingThere,
                (true, false) => {
                    let stored = self.port.remove(&old).expect("it is there");
                    self.port.insert(name.clone(), stored);
                    Renaming::Done
                }
            };
        }
        let renamed = renaming == Renaming::Done;
        let lost = lost || self.loses.contains(&name);
        let refused = self.refuses.contains(&name);
        let created = !self.port.contains_key(&name);
        if !refused {
            let stored = self.port.entry(name.clone()).or_default();
            stored.value = body(entity);
        }
        if let Some(stored) = self.port.get_mut(&name)
            && !stored.foreign
        {
            stored.doubtful |= (lost && (created || renamed)) || (refused && renamed);
        }
        match (refused, lost) {
            (_, true) => Fate::Waits,
            (true, false) => Fate::Refused,
            (false, false) => written(created, renaming),
        }
    }

    /// Port, told to delete: whether its answer says that it is gone.
    fn delete(&mut self, name: &str) -> bool {
        if self.keeps.contains(name) {
            return false;
        }
        if let Some(stored) = self.port.remove(name) {
            assert!(
                !stored.foreign,
                "{}: {name} was not created by the ledger",
                self.story
            );
        }
        !self.loses.contains(name)
    }

    fn producers(
        &self,
        plugin: &str,
        subject: &str,
        keys: &BTreeSet<(String, String)>,
    ) -> Producers {
        let (own, others): (Vec<Row>, Vec<Row>) = self
            .rows
            .iter()
            .cloned()
            .partition(|row| row.plugin == plugin && row.subject == subject);
        let named = |row: &Row| (row.blueprint.clone(), row.identifier.clone());
        let asked: BTreeSet<_> = own.iter().map(named).chain(keys.iter().cloned()).collect();
        let others = others
            .into_iter()
            .filter(|row| asked.contains(&named(row)))
            .collect();
        Producers { own, others }
    }

    /// The store, as it is told to change.
    pub(super) fn commit(&mut self, changes: Vec<Change>) {
        for change in changes {
            let is = |row: &Row, blueprint: &str, identifier: &str| {
                row.blueprint == blueprint && row.identifier == identifier
            };
            match change {
                Change::Put(new) => {
                    self.rows.retain(|row| {
                        !(is(row, &new.blueprint, &new.identifier)
                            && row.plugin == new.plugin
                            && row.subject == new.subject)
                    });
                    self.rows.push(new);
                }
                Change::Remove {
                    plugin,
                    subject,
                    blueprint,
                    identifier,
                } => self.rows.retain(|row| {
                    !(is(row, &blueprint, &identifier)
                        && row.plugin == plugin
                        && row.subject == subject)
                }),
                Change::Forget {
                    plugin,
                    subject,
                    blueprint,
                    identifier,
                } => {
                    for row in &mut self.rows {
                        if is(row, &blueprint, &identifier)
                            && (row.plugin != plugin || row.subject != subject)
                        {
                            row.digest = None;
                        }
                    }
                }
                Change::Inherit {
                    blueprint,
                    identifier,
                } => {
                    for row in &mut self.rows {
                        row.ours |= is(row, &blueprint, &identifier);
                    }
                }
            }
        }
    }
}

fn body(entity: &Entity) -> String {
    String::from_utf8_lossy(entity.body()).into_owned()
}
