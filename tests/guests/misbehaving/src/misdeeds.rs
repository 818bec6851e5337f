//! What the words do. Each is written so that the optimizer cannot take it out.

use std::hint::black_box;

use portolan_sdk::{Diagnostic, Entity, Error, Event, Mapped, Question};

/// The property that `raw` knows by: its entity crosses with properties that are not JSON.
pub(crate) const NOT_JSON: &str = "__not_json";

/// The property that `raw` knows by: its entity crosses with a hundred thousand nested lists.
pub(crate) const NESTED: &str = "__nested";

const MEGABYTE: usize = 1_000_000;

/// Never returns.
pub(crate) fn endless() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Turns a million times `millions`, for a slow but honest call.
pub(crate) fn spin(millions: usize) {
    for turn in 0..millions * 1_000_000 {
        black_box(turn);
    }
}

/// Takes memory to the limit and past it.
pub(crate) fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; MEGABYTE]));
    }
}

/// Recurses until the stack ends. Through a pointer, so that no optimizer makes a loop of it.
pub(crate) fn dig(depth: u64) -> u64 {
    let further: fn(u64) -> u64 = black_box(dig);
    further(black_box(depth + 1)).wrapping_add(depth)
}

/// Logs that many lines, with bells, escapes and line breaks in them.
pub(crate) fn flood(lines: usize) {
    for line in 0..lines {
        portolan_sdk::info!("\u{1b}[31mline {line}\u{7}\r\n\0fake: level=error \u{202e}");
    }
}

/// That many megabytes of properties.
pub(crate) fn bloat(megabytes: usize) -> Vec<Entity> {
    (0..megabytes)
        .map(|nth| Entity::new("issue", nth.to_string()).property("text", "x".repeat(MEGABYTE)))
        .collect()
}

/// That many small entities.
pub(crate) fn crowd(entities: usize) -> Vec<Entity> {
    (0..entities)
        .map(|nth| Entity::new("issue", nth.to_string()))
        .collect()
}

/// That many notes.
pub(crate) fn complain(notes: usize) -> Mapped {
    Mapped {
        notes: (0..notes)
            .map(|nth| Diagnostic::warning(format!("complaint {nth}\n\u{1b}[2J")))
            .collect(),
        ..Mapped::default()
    }
}

/// Never has enough.
pub(crate) fn ask_on(event: &Event) -> Result<(), Error> {
    for nth in 0_u64.. {
        event.file(&format!("file-{nth}.txt"))?;
    }
    Ok(())
}

/// Asks everything at once.
pub(crate) fn ask_all(event: &Event, questions: usize) -> Result<(), Error> {
    let questions: Vec<Question> = (0..questions)
        .map(|nth| Question::file(format!("file-{nth}.txt")))
        .collect();
    event.all(questions).map(|_| ())
}

/// A string that is none.
#[expect(
    unsafe_code,
    reason = "the host must refuse what safe Rust cannot make"
)]
pub(crate) fn not_utf8() -> String {
    // SAFETY: it is unsound, and that is its purpose: nothing here reads the string, it only crosses to the host.
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe, b'b']) }
}
