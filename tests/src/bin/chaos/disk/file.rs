//! One file's bytes: those that are sure, and the calls that are not.

use std::collections::HashMap;
use std::ops::Range;

use portolan_tests::dice::Dice;

use super::Fate;

/// What a disk writes in one piece, at least; the larger is what most do, and the page cache.
const SECTORS: [usize; 2] = [512, 4096];

#[derive(Default)]
pub(crate) struct File {
    sure: Vec<u8>,
    /// With their numbers.
    pending: Vec<(u64, Call)>,
    /// Calls there were when an fsync began, by its ticket.
    began: HashMap<u64, u64>,
    count: u64,
}

enum Call {
    /// The bytes are a range of the log.
    Write(usize, Range<usize>),
    Truncate(usize),
    Reserve(usize),
}

impl File {
    pub(super) fn write(&mut self, at: usize, bytes: Range<usize>) {
        self.add(Call::Write(at, bytes));
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.add(Call::Truncate(length));
    }

    pub(super) fn reserve(&mut self, end: usize) {
        self.add(Call::Reserve(end));
    }

    pub(super) fn sync_began(&mut self, ticket: u64) {
        self.began.insert(ticket, self.count);
    }

    pub(super) fn synced(&mut self, ticket: u64, failed: bool, log: &[u8]) {
        let until = self.began.remove(&ticket).unwrap_or(0);
        if failed {
            // The kernel has forgotten that they were to be written.
            self.pending.retain(|(number, _)| *number >= until);
            return;
        }
        for (number, call) in std::mem::take(&mut self.pending) {
            if number < until {
                call.apply(&mut self.sure, log);
            } else {
                self.pending.push((number, call));
            }
        }
    }

    pub(super) fn image(&self, fate: Fate, dice: &mut Dice, log: &[u8]) -> Vec<u8> {
        let mut bytes = self.sure.clone();
        let until = dice.below(self.pending.len() + 1);
        for (at, (_, call)) in self.pending.iter().enumerate() {
            match fate {
                Fate::None => {}
                Fate::Until if at < until => call.apply(&mut bytes, log),
                Fate::Until if at == until => call.tear(&mut bytes, dice, log),
                Fate::Until => {}
                Fate::Some => match dice.below(4) {
                    0 | 1 => {}
                    2 => call.apply(&mut bytes, log),
                    _ => call.tear(&mut bytes, dice, log),
                },
            }
        }
        bytes
    }

    fn add(&mut self, call: Call) {
        self.pending.push((self.count, call));
        self.count += 1;
    }
}

impl Call {
    fn apply(&self, to: &mut Vec<u8>, log: &[u8]) {
        match self {
            Self::Write(at, bytes) => put(to, *at, &log[bytes.clone()]),
            Self::Truncate(length) => to.resize(*length, 0),
            Self::Reserve(end) => to.resize(to.len().max(*end), 0),
        }
    }

    /// Any of its sectors, or its first ones.
    fn tear(&self, to: &mut Vec<u8>, dice: &mut Dice, log: &[u8]) {
        let Self::Write(at, bytes) = self else {
            return;
        };
        let sector = *dice.one_of(&SECTORS).unwrap_or(&SECTORS[0]);
        let (first, end) = (*at, at + bytes.len());
        let (any, most) = (dice.one_in(2), first + dice.below(bytes.len() + 1));
        let mut from = first;
        while from < end {
            let next = ((from / sector + 1) * sector).min(end);
            let kept = if any { dice.one_in(2) } else { next <= most };
            if kept {
                let part = bytes.start + from - first..bytes.start + next - first;
                put(to, from, &log[part]);
            }
            from = next;
        }
    }
}

fn put(to: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[at..end].copy_from_slice(bytes);
}
