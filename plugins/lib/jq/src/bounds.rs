//! What one run of a program may use, and the meter that says when it has used it.
//!
//! Values are added, compared and iterated by operators that know nothing of the run they are part of, so the
//! meter is the thread's own. Once a bound is hit, every further step fails, whatever `try`, `?` or `//` make of
//! the failure: the run ends soon, and [`Program::first`](crate::Program::first) asks the meter what happened.
//!
//! Nothing here knows the language.

use std::cell::Cell;
use std::fmt;

use jaq_core::Error;

use crate::Value;

/// What one run of a program may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// What `now` says: seconds since the epoch.
    pub now: f64,
    /// Outputs of generators, calls of recursive definitions, and work that grows with the values at hand.
    pub steps: u64,
    /// How long a string may get, and the output of the program as JSON. What it builds on the way may be eight
    /// times as much.
    pub bytes: usize,
}

impl Default for Bounds {
    /// What suits one field of one event: a fraction of a second, and no more than a tenth of a sandbox's memory.
    fn default() -> Self {
        Self {
            now: 0.0,
            steps: 1_000_000,
            bytes: 4 << 20,
        }
    }
}

/// How deep arrays and objects may lie in each other. A request to Port has a few levels, a payload of GitHub's a dozen.
pub(crate) const LEVELS: u16 = 500;

/// How much of the stack a run may use: half of the 512 KiB that a sandbox gives. There only a part of the stack has
/// addresses, and the rest of it cannot be seen; the least that was seen when all was used up is 125 KiB.
const STACK: usize = if cfg!(target_family = "wasm") {
    96 << 10
} else {
    256 << 10
};

/// How many steps a call of a recursive definition is: it may leave some hundred bytes waiting.
const CALL: u64 = 16;

/// The bound that was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    Steps,
    Bytes,
    Memory,
    Levels,
    Stack,
    Pattern,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => {
                "the program takes too many steps, as a loop or a recursion without end does"
            }
            Self::Bytes => "a string, or the output, gets too long",
            Self::Memory => "the program builds too many and too large values",
            Self::Levels => "arrays and objects lie too deep in each other",
            Self::Stack => "definitions call themselves too deep",
            Self::Pattern => {
                "a regular expression takes too many steps on this text, or is too large"
            }
        })
    }
}

struct Meter {
    steps: Cell<u64>,
    longest: Cell<usize>,
    memory: Cell<usize>,
    /// The lowest address that the stack may reach.
    floor: Cell<usize>,
    spent: Cell<Option<Spent>>,
}

thread_local! {
    /// Without a run everything is allowed: values are read and written outside of runs too.
    static METER: Meter = const {
        Meter {
            steps: Cell::new(u64::MAX),
            longest: Cell::new(usize::MAX),
            memory: Cell::new(usize::MAX),
            floor: Cell::new(0),
            spent: Cell::new(None),
        }
    };
}

/// The result of what the meter may refuse.
pub(crate) type Metered<T = ()> = Result<T, Error<Value>>;

/// A run on this thread; the meter is as before when it is dropped.
pub(crate) struct Run {
    before: (u64, usize, usize, usize, Option<Spent>),
}

impl Run {
    pub(crate) fn start(bounds: &Bounds) -> Self {
        METER.with(|meter| Self {
            before: (
                meter.steps.replace(bounds.steps),
                meter.longest.replace(bounds.bytes),
                meter.memory.replace(bounds.bytes.saturating_mul(8)),
                meter.floor.replace(here().saturating_sub(STACK)),
                meter.spent.replace(None),
            ),
        })
    }

    /// The bound that was hit, if one was.
    pub(crate) fn spent(&self) -> Option<Spent> {
        METER.with(|meter| meter.spent.get())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        METER.with(|meter| {
            meter.steps.set(self.before.0);
            meter.longest.set(self.before.1);
            meter.memory.set(self.before.2);
            meter.floor.set(self.before.3);
            meter.spent.set(self.before.4);
        });
    }
}

/// Something was done `count` times, or to so many values.
#[inline]
pub(crate) fn step(count: u64) -> Metered {
    METER.with(|meter| match meter.steps.get().checked_sub(count) {
        Some(left) => {
            meter.steps.set(left);
            Ok(())
        }
        None => spend(Spent::Steps),
    })
}

/// A definition calls itself: a step, and possibly a level of the stack.
#[inline]
pub(crate) fn call() -> Metered {
    stack()?;
    step(CALL)
}

/// A string of this length is about to be made.
#[inline]
pub(crate) fn string(length: usize) -> Metered {
    append(length, length)
}

/// A string is about to grow in place to this length, by so much.
#[inline]
pub(crate) fn append(length: usize, by: usize) -> Metered {
    if METER.with(|meter| length > meter.longest.get()) {
        return spend(Spent::Bytes);
    }
    memory(by)
}

/// So many values are about to lie in an array.
#[inline]
pub(crate) fn items(count: usize) -> Metered {
    memory(count.saturating_mul(24))
}

/// So many members are about to lie in an object.
#[inline]
pub(crate) fn members(count: usize) -> Metered {
    memory(count.saturating_mul(40))
}

/// An array or object is about to be made, besides what is in it.
#[inline]
pub(crate) fn container() -> Metered {
    memory(96)
}

/// So many bytes are about to be used, by 64-bit measure on every target.
#[inline]
pub(crate) fn memory(bytes: usize) -> Metered {
    METER.with(|meter| match meter.memory.get().checked_sub(bytes) {
        Some(left) => {
            meter.memory.set(left);
            Ok(())
        }
        None => spend(Spent::Memory),
    })
}

/// Something is about to lie this deep.
#[inline]
pub(crate) fn level(level: u16) -> Metered {
    if level > LEVELS {
        spend(Spent::Levels)
    } else {
        Ok(())
    }
}

/// Something goes on inside of something: it may take the stack.
#[inline]
pub(crate) fn stack() -> Metered {
    if METER.with(|meter| here() < meter.floor.get()) {
        return spend(Spent::Stack);
    }
    Ok(())
}

/// A path has these steps: so deep may something lie that is made there.
#[inline]
pub(crate) fn path(mut steps: impl Iterator) -> Metered {
    if steps.nth(usize::from(LEVELS)).is_some() {
        return spend(Spent::Levels);
    }
    Ok(())
}

/// A text of so many bytes is read.
#[inline]
pub(crate) fn text(length: usize) -> Metered {
    step(length as u64 / 256)
}

/// How long a string may be.
pub(crate) fn longest() -> usize {
    METER.with(|meter| meter.longest.get())
}

/// A bound is hit. What is left is taken away, so that nothing goes on.
#[cold]
pub(crate) fn spend<T>(spent: Spent) -> Metered<T> {
    METER.with(|meter| {
        let running = meter.floor.get() != 0;
        if running {
            meter.spent.set(meter.spent.get().or(Some(spent)));
            meter.steps.set(0);
            meter.memory.set(0);
        }
    });
    Err(Error::new(Value::Null))
}

/// Where the stack is: it grows downwards on every target we build for.
#[inline(always)]
fn here() -> usize {
    let mark = 0_u8;
    std::hint::black_box(&raw const mark).addr()
}
