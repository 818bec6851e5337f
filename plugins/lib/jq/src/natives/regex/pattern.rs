//! Compiled regular expressions: their flags, their limits, and which are kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use fancy_regex::{CompileError, Regex, RegexBuilder, RuntimeError};
use jaq_core::Error;

use crate::bounds::{self, Spent};
use crate::value::{Value, error, quoted, shortened};

/// How often a search may go back. A sandbox does some 20 million a second.
const BACKTRACKS: usize = 500_000;

/// How many bytes a usual one takes at most, and how many of them are kept.
const SMALL: usize = 1 << 20;
const MANY: usize = 24;

/// How many bytes the largest takes, as `^\w{1,100}$`: the letters of every language a hundred times. All that are kept
/// take half of a sandbox's memory at most.
const LARGE: usize = 5 << 20;
const FEW: usize = 2;

/// How many bytes one remembers of its searches.
const CACHE: usize = 256 << 10;

thread_local! {
    /// Those that were used lately, by all programs: a configuration may have hundreds, and each takes its memory.
    static KEPT: RefCell<Kept> = RefCell::default();
}

#[derive(Default)]
struct Kept {
    small: HashMap<Key, Rc<Regex>>,
    large: HashMap<Key, Rc<Regex>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    pattern: String,
    flags: Flags,
    /// Does the text end with a newline? Then `$` has two places to be.
    ends_with_newline: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Flags {
    pub(super) global: bool,
    ignore_case: bool,
    extended: bool,
    dot_matches_newline: bool,
    longest: bool,
    not_empty: bool,
}

impl Flags {
    pub(super) fn read(flags: &Value) -> Result<Self, Error<Value>> {
        let mut read = Self::default();
        let text = match flags {
            Value::Null => return Ok(read),
            Value::String(text) => text.as_str(),
            other => {
                return Err(error(format!(
                    "{} ({}) is not a string",
                    shortened(other),
                    other.kind()
                )));
            }
        };
        bounds::text(text.len() * 8)?;
        for flag in text.chars() {
            match flag {
                'g' => read.global = true,
                'i' => read.ignore_case = true,
                'x' => read.extended = true,
                'p' => read.dot_matches_newline = true,
                'l' => read.longest = true,
                'n' => read.not_empty = true,
                // `^` and `$` mean the ends of the text anyway.
                's' => {}
                _ => {
                    return Err(error(format!(
                        "{} is not a valid modifier string",
                        quoted(text)
                    )));
                }
            }
        }
        Ok(read)
    }
}

/// A regular expression for a text, compiled unless it was before.
pub(super) fn compiled(pattern: &str, flags: Flags, text: &str) -> Result<Rc<Regex>, Error<Value>> {
    let key = Key {
        pattern: pattern.to_owned(),
        flags,
        ends_with_newline: text.ends_with('\n'),
    };
    KEPT.with_borrow_mut(|kept| {
        if let Some(regex) = kept.small.get(&key).or_else(|| kept.large.get(&key)) {
            return Ok(regex.clone());
        }
        bounds::step(1_000 + pattern.len() as u64 * 10)?;
        match compile(&key, SMALL) {
            Err(cause) if is_about_size(&cause) => {
                bounds::step(50_000)?;
                let regex = compile(&key, LARGE).map_err(|cause| refused(&cause, pattern))?;
                Ok(keep(&mut kept.large, FEW, key, regex))
            }
            Err(cause) => Err(refused(&cause, pattern)),
            Ok(regex) => Ok(keep(&mut kept.small, MANY, key, regex)),
        }
    })
}

fn keep(kept: &mut HashMap<Key, Rc<Regex>>, most: usize, key: Key, regex: Regex) -> Rc<Regex> {
    if kept.len() == most {
        kept.clear();
    }
    let regex = Rc::new(regex);
    kept.insert(key, regex.clone());
    regex
}

fn compile(key: &Key, size: usize) -> Result<Regex, fancy_regex::Error> {
    let mut changed = beyond_ascii(&key.pattern);
    if key.ends_with_newline {
        changed = before_last_newline(&changed);
    }
    RegexBuilder::new(&changed)
        .oniguruma_mode(true)
        .case_insensitive(key.flags.ignore_case)
        .ignore_whitespace(key.flags.extended)
        .dot_matches_new_line(key.flags.dot_matches_newline)
        .leftmost_longest(key.flags.longest)
        .find_not_empty(key.flags.not_empty)
        .backtrack_limit(BACKTRACKS)
        .delegate_size_limit(size)
        .delegate_dfa_size_limit(CACHE)
        .max_prog_size(20_000)
        .build()
}

fn refused(cause: &fancy_regex::Error, pattern: &str) -> Error<Value> {
    if is_about_size(cause) {
        return hit();
    }
    error(format!(
        "{} (at offset 0) is not a valid regex: {}",
        quoted(pattern),
        quoted(&cause.to_string())
    ))
}

fn is_about_size(cause: &fancy_regex::Error) -> bool {
    match cause {
        fancy_regex::Error::CompileError(cause) => match &**cause {
            CompileError::PatternTooComplex => true,
            CompileError::InnerError(cause) => cause.size_limit().is_some(),
            _ => false,
        },
        _ => false,
    }
}

/// Why a search ended without an answer.
pub(super) fn too_hard(cause: fancy_regex::Error) -> Error<Value> {
    match cause {
        fancy_regex::Error::RuntimeError(
            RuntimeError::StackOverflow | RuntimeError::BacktrackLimitExceeded,
        ) => hit(),
        other => error(other.to_string()),
    }
}

fn hit() -> Error<Value> {
    bounds::spend::<()>(Spent::Pattern)
        .err()
        .unwrap_or_else(|| error("a bound was hit"))
}

/// `[[:alpha:]]` and its like as Oniguruma takes them: of every language's letters, not of ASCII's alone.
fn beyond_ascii(pattern: &str) -> String {
    const CLASSES: [(&str, &str, &str); 8] = [
        ("alpha", r"\p{Alphabetic}", r"\P{Alphabetic}"),
        ("alnum", r"\p{Alphabetic}\p{Nd}", r"[^\p{Alphabetic}\p{Nd}]"),
        ("digit", r"\p{Nd}", r"\P{Nd}"),
        ("upper", r"\p{Uppercase}", r"\P{Uppercase}"),
        ("lower", r"\p{Lowercase}", r"\P{Lowercase}"),
        ("space", r"\s", r"\S"),
        ("punct", r"\p{P}$+<=>^`|~", r"[^\p{P}$+<=>^`|~]"),
        ("word", r"\w", r"\W"),
    ];
    let mut changed = pattern.to_owned();
    if pattern.contains("[:") {
        for (name, class, others) in CLASSES {
            changed = changed.replace(&format!("[:{name}:]"), class);
            changed = changed.replace(&format!("[:^{name}:]"), others);
        }
    }
    changed
}

/// `$` as Oniguruma takes it: at the end, and before a newline there.
fn before_last_newline(pattern: &str) -> String {
    let mut changed = String::with_capacity(pattern.len() + 4);
    let (mut chars, mut class) = (pattern.chars().peekable(), 0_usize);
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                changed.push(char);
                changed.extend(chars.next());
                continue;
            }
            '[' => {
                class += 1;
                changed.push(char);
                changed.extend(chars.next_if_eq(&'^'));
                // What would close the class means itself where it is the first.
                changed.extend(chars.next_if_eq(&']'));
                continue;
            }
            ']' => class = class.saturating_sub(1),
            '$' if class == 0 => {
                changed.push_str("\\Z");
                continue;
            }
            _ => {}
        }
        changed.push(char);
    }
    changed
}
