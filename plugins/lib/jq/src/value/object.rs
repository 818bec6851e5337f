//! Objects: members in the order in which they came.

use std::collections::HashMap;
use std::rc::Rc;

use super::Value;
use crate::bounds::{self, Metered};

/// The members of an object, in the order of insertion.
#[derive(Clone, Default)]
pub struct Object {
    members: Vec<(Rc<str>, Value)>,
    /// Where each name stands, once there are so many that looking through them would be slow.
    places: Option<HashMap<Rc<str>, usize>>,
    level: u16,
}

/// Up to here names are looked through: most differ in their length already, and nothing has to be built.
const FEW: usize = 128;

impl Object {
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            members: Vec::with_capacity(capacity),
            places: None,
            level: 1,
        }
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.place(name).map(|place| &self.members[place].1)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.place(name).map(|place| &mut self.members[place].1)
    }

    /// Sets a member; one that was there keeps its place.
    pub fn insert(&mut self, name: Rc<str>, value: Value) {
        self.level = self.level.max(1 + value.level());
        match self.place(&name) {
            Some(place) => self.members[place].1 = value,
            None => self.push(name, value),
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Value> {
        let place = self.place(name)?;
        self.places = None;
        let (_, value) = self.members.remove(place);
        self.index();
        Some(value)
    }

    /// Keeps the members with such names.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.places = None;
        self.members.retain(|(name, _)| is_kept(name));
        self.index();
    }

    pub(crate) fn at(&self, place: usize) -> (&Rc<str>, &Value) {
        let (name, value) = &self.members[place];
        (name, value)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Rc<str>, &Value)> + ExactSizeIterator {
        self.members.iter().map(|(name, value)| (name, value))
    }

    /// Names and values in the order of the names, as jq compares objects and lists keys.
    pub(crate) fn sorted(&self) -> Vec<(&Rc<str>, &Value)> {
        let mut members: Vec<_> = self.iter().collect();
        members.sort_unstable_by(|left, right| left.0.cmp(right.0));
        members
    }

    /// Adds the other's members; of two with one name, the other's counts.
    pub(crate) fn merge(&mut self, other: &Self) -> Metered {
        bounds::step(other.len() as u64 / 8)?;
        bounds::members(other.len())?;
        for (name, value) in &other.members {
            self.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    /// How deep what is in it lies, itself counted. Never too low: what was taken out may have lain deeper.
    pub(crate) fn level(&self) -> u16 {
        self.level.max(1)
    }

    fn place(&self, name: &str) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(name).copied(),
            None => self.members.iter().position(|(key, _)| **key == *name),
        }
    }

    fn push(&mut self, name: Rc<str>, value: Value) {
        let place = self.members.len();
        if let Some(places) = &mut self.places {
            places.insert(name.clone(), place);
        }
        self.members.push((name, value));
        if place == FEW {
            self.index();
        }
    }

    fn index(&mut self) {
        if self.places.is_none() && self.members.len() > FEW {
            let places = self.members.iter().enumerate();
            self.places = Some(
                places
                    .map(|(place, (name, _))| (name.clone(), place))
                    .collect(),
            );
        }
    }
}

impl FromIterator<(Rc<str>, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (Rc<str>, Value)>>(members: I) -> Self {
        let mut object = Self::default();
        for (name, value) in members {
            object.insert(name, value);
        }
        object
    }
}
