//! Why a plugin gave no outcome, in words that a mapper's author understands.

use std::time::Duration;

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use super::breaker::{Cause, IN_A_ROW};
use super::contract::Diagnostic;
use super::journal::clean;
use super::limits::{Accounts, Budget, MEMORY, STACK};

/// Why a plugin gave no outcome. `plugin` is always its name and version.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// The configuration does not open: for the person who wrote it.
    #[error("the configuration does not open: {}", first(.0))]
    Configuration(Vec<Diagnostic>),
    /// The mapper refuses the event, in its own words.
    #[error("{0}")]
    Refused(String),
    #[error("plugin {plugin} did not finish within {} s and was stopped; look for a loop that does not end (the limit grows with the input, up to 10 s)", .limit.as_secs_f32())]
    Deadline { plugin: String, limit: Duration },
    #[error("plugin {plugin} asked for {} MiB of memory; an instance may have {} MiB", asked.div_ceil(1 << 20), MEMORY >> 20)]
    Memory { plugin: String, asked: usize },
    #[error("plugin {plugin} overflowed its stack ({} KiB); look for a recursion that does not end or follows deeply nested input", STACK >> 10)]
    Stack { plugin: String },
    #[error("plugin {plugin} panicked at {place}: {message}")]
    Panic {
        plugin: String,
        place: String,
        message: String,
    },
    #[error("plugin {plugin} trapped: {what}{within}")]
    Trap {
        plugin: String,
        what: String,
        /// ` in a < b < c`, the innermost function first; empty where the plugin's names were stripped.
        within: String,
    },
    #[error("plugin {plugin} returned more than {} KiB; return fewer entities or less text (the limit grows with the number of files read)", .limit >> 10)]
    Output { plugin: String, limit: usize },
    /// What came out of the guest is not what the contract says, such as a string that is not UTF-8.
    #[error("plugin {plugin} broke the contract: {what}")]
    Invalid { plugin: String, what: String },
    /// It is not to be called now: try again later.
    #[error("plugin {plugin} {}, last: {last}; it rests for {} s more, or until {} is in force", why_it_rests(*.cause), .left.as_secs() + 1, mends(*.cause))]
    Resting {
        plugin: String,
        cause: Cause,
        last: String,
        left: Duration,
    },
    /// Nothing that the plugin did: try again.
    #[error("the sandbox failed: {0}")]
    Host(String),
}

impl Fault {
    /// Whether the guest came to no proper end, so that its instance is lost.
    pub(super) fn is_a_failure(&self) -> bool {
        match self {
            Self::Deadline { .. }
            | Self::Memory { .. }
            | Self::Stack { .. }
            | Self::Panic { .. }
            | Self::Trap { .. }
            | Self::Output { .. }
            | Self::Invalid { .. } => true,
            // What the mapper said itself it would say again.
            Self::Configuration(_) | Self::Refused(_) => false,
            Self::Resting { .. } | Self::Host(_) => false,
        }
    }

    /// Whether trying again later may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Resting { .. } | Self::Host(_))
    }

    /// How long it is in vain to try again, where that is told; it may be less than a rest after failures.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Resting {
                cause: Cause::Slow,
                left,
                ..
            } => Some(*left),
            _ => None,
        }
    }

    pub(super) fn output(accounts: &Accounts, limit: usize) -> Self {
        Self::Output {
            plugin: accounts.journal.plugin().to_owned(),
            limit,
        }
    }

    /// Why a call ended without an answer.
    pub(super) fn of(error: &wasmtime::Error, accounts: &Accounts, budget: &Budget) -> Self {
        let plugin = accounts.journal.plugin().to_owned();
        if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            return Self::Host(format!("{error:#}"));
        }
        let trap = error.downcast_ref::<Trap>();
        if trap == Some(&Trap::Interrupt) {
            let limit = budget.time;
            return Self::Deadline { plugin, limit };
        }
        if let Some(asked) = accounts.denied {
            return Self::Memory { plugin, asked };
        }
        match (trap, accounts.journal.panic()) {
            (Some(Trap::StackOverflow), _) => Self::Stack { plugin },
            (Some(Trap::UnreachableCodeReached), Some(panic)) => Self::Panic {
                plugin,
                place: panic.place.clone(),
                message: panic.message.clone(),
            },
            (Some(trap), _) => Self::Trap {
                plugin,
                what: explain(*trap),
                within: within(error),
            },
            (None, _) => {
                let what = format!("{:#}", error.root_cause());
                // wasmtime's type for this is private; its words are its only sign.
                if what.contains("fuel allocated for hostcalls") {
                    let limit = budget.output;
                    return Self::Output { plugin, limit };
                }
                let what = clean(&what, 500);
                Self::Invalid { plugin, what }
            }
        }
    }
}

/// What led to a rest.
pub(super) fn why_it_rests(cause: Cause) -> String {
    match cause {
        Cause::Failed => {
            format!("failed {IN_A_ROW} times in a row for this repository and configuration")
        }
        Cause::Sick => format!("failed for {IN_A_ROW} repositories in a row"),
        Cause::Slow => {
            "takes long for this repository and configuration, so that others have their turn first"
                .to_owned()
        }
    }
}

/// What ends a rest early.
fn mends(cause: Cause) -> &'static str {
    match cause {
        Cause::Failed | Cause::Slow => "another configuration or version of the plugin",
        Cause::Sick => "another version of it",
    }
}

fn first(diagnostics: &[Diagnostic]) -> String {
    let Some(first) = diagnostics.first() else {
        return "the mapper gives no reason".to_owned();
    };
    let mut text = String::new();
    if let Some(place) = &first.place {
        text += &place.path;
        for number in [place.line, place.column].into_iter().flatten() {
            text += &format!(":{number}");
        }
        text += ": ";
    }
    text += &first.message;
    if diagnostics.len() > 1 {
        text += &format!(" (and {} more)", diagnostics.len() - 1);
    }
    text
}

fn explain(trap: Trap) -> String {
    match trap {
        Trap::UnreachableCodeReached => {
            "it aborted without a word (`unreachable`); a panic would be named if the SDK's hook were in place".to_owned()
        }
        Trap::MemoryOutOfBounds => {
            "memory access out of bounds, in a Rust plugin most often the end of its 1 MiB stack: look for deep recursion".to_owned()
        }
        trap => trap.to_string(),
    }
}

fn within(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    // Only its printed form has the names demangled: `  0:  0x1c2 - plugin.wasm!crate::function`.
    let trace = trace.to_string();
    let names: Vec<_> = trace
        .lines()
        .filter_map(|line| line.split_once('!'))
        .map(|(_, name)| clean(name, 120))
        .filter(|name| !name.starts_with("std::") && !name.starts_with("core::"))
        .take(3)
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(", in {}", names.join(" < ")),
    }
}
