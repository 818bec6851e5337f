//! As much of a store as is asked here: marks, and which GUIDs are known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use crate::store::*;

#[derive(Default)]
pub(super) struct Known {
    pub(super) guids: Mutex<BTreeSet<String>>,
    marks: Mutex<BTreeMap<String, String>>,
}

impl Store for Known {
    fn unknown(&self, guids: Vec<String>) -> Reply<'_, BTreeSet<String>> {
        let known = self
            .guids
            .lock()
            .expect("no test panics while it holds this");
        let unknown = guids.into_iter().filter(|guid| !known.contains(guid));
        let unknown: BTreeSet<_> = unknown.collect();
        Box::pin(async { Ok(unknown) })
    }

    fn mark(&self, name: &str) -> Reply<'_, Option<String>> {
        let marks = self
            .marks
            .lock()
            .expect("no test panics while it holds this");
        let mark = marks.get(name).cloned();
        Box::pin(async { Ok(mark) })
    }

    fn set_mark(&self, name: &str, text: &str) -> Reply<'_, ()> {
        let mut marks = self
            .marks
            .lock()
            .expect("no test panics while it holds this");
        marks.insert(name.to_owned(), text.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn accept(&self, _: NewDelivery, _: Vec<NewItem>) -> Reply<'_, Accepted> {
        unasked()
    }

    fn add(&self, _: Vec<NewItem>) -> Reply<'_, Vec<Waiting>> {
        unasked()
    }

    fn claim(&self, _: usize) -> Reply<'_, Vec<Waiting>> {
        unasked()
    }

    fn load(&self, _: Seq) -> Reply<'_, Option<Loaded>> {
        unasked()
    }

    fn record(&self, _: Progress) -> Reply<'_, Vec<Waiting>> {
        unasked()
    }

    fn producers(&self, _: &str, _: &str, _: BTreeSet<(String, String)>) -> Reply<'_, Producers> {
        unasked()
    }

    fn held(&self, _: &str, _: u64) -> Reply<'_, u64> {
        unasked()
    }

    fn undeleted(&self) -> Reply<'_, Vec<Undeleted>> {
        unasked()
    }

    fn subjects(&self, _: u64) -> Reply<'_, Vec<(String, String)>> {
        unasked()
    }

    fn list(&self, _: Filter) -> Reply<'_, Vec<Summary>> {
        unasked()
    }

    fn show(&self, _: &str) -> Reply<'_, Option<(Summary, Option<Vec<u8>>)>> {
        unasked()
    }

    fn replay(&self, _: Filter, _: Millis, _: bool) -> Reply<'_, (u64, Vec<Waiting>)> {
        unasked()
    }

    fn drop(&self, _: Filter, _: bool) -> Reply<'_, u64> {
        unasked()
    }

    fn awaited(&self) -> Reply<'_, Vec<(String, u64)>> {
        unasked()
    }

    fn compact(&self, _: Millis) -> Reply<'_, bool> {
        unasked()
    }

    fn counts(&self) -> Reply<'_, Counts> {
        unasked()
    }
}

fn unasked<T>() -> T {
    unreachable!("whoever recovers deliveries asks for marks and GUIDs alone")
}
