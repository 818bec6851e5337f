//! What people may rely on, in programs that they could have written.

mod dialect;
mod hostile;

use crate::{Bounds, Failure, Program, Value};

/// What a program makes of an input, or why not.
fn run(program: &str, input: &str) -> Result<Option<Value>, Failure> {
    let program =
        Program::compile(program).unwrap_or_else(|mistake| panic!("{program}: {mistake}"));
    program.first(&serde_json::from_str(input).unwrap(), &Bounds::default())
}
