//! Port's dialect of jq: compiled once, run within bounds.
//!
//! It is jq 1.6 with what 1.7 and 1.8 added; where they differ, the one that does not fail. Strings may stand in single
//! quotes, as Port's engines allow; there are no modules, no files, no environment and no clock.
//!
//! The parts in the order in which a program meets them: `syntax` makes terms of its text, `lower` puts them into terms
//! that the evaluator (jaq's) understands as jq would, `builtins` (`defs.jq`) and `natives` are what it may call,
//! [`Program`] compiles and runs it, [`Bounds`] says what it may use, [`Value`] is what it works on.

mod bounds;
mod builtins;
mod lower;
mod natives;
mod program;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

pub use bounds::Bounds;
pub use program::{Failure, Mistake, Program};
pub use value::{Array, Number, Object, Text, Value};
