//! One jq program of the configuration, compiled, with where it stands and what it is for.

use std::rc::Rc;

use port_jq::{Bounds, Failure, Mistake, Program, Value};
use portolan_sdk::{Diagnostic, Place, Severity};

/// A program and its place. One that does not compile is kept, because what depends on it is only known at an event.
#[derive(Clone)]
pub(crate) struct Expression {
    pub(crate) text: String,
    pub(crate) place: Place,
    /// Such as `properties.tier`.
    pub(crate) field: String,
    pub(crate) program: Rc<Result<Program, Mistake>>,
}

/// Why a program has no output.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It does not compile, as was said when the configuration was opened.
    Mistake(String),
    Error(String),
    TooMuch(String),
}

impl Expression {
    /// The first output, as Port takes it; `None` where there is none.
    pub(crate) fn first(&self, input: &Value, bounds: &Bounds) -> Result<Option<Value>, Failed> {
        match &*self.program {
            Ok(program) => program
                .first(input, bounds)
                .map_err(|failure| match failure {
                    Failure::Error(message) => Failed::Error(message),
                    Failure::TooMuch(message) => Failed::TooMuch(message),
                }),
            Err(mistake) => Err(Failed::Mistake(mistake.message.clone())),
        }
    }

    /// Whether it names a key of the object, with or without Ocean's underscores (`teams`, `__teams`).
    pub(crate) fn mentions(&self, key: &str) -> bool {
        mentions(&self.text, key)
    }

    pub(crate) fn compiles(&self) -> bool {
        self.program.is_ok()
    }

    /// The text that it always gives, where that can be seen without running it: `"service"`.
    pub(crate) fn literal(&self) -> Option<String> {
        let text = self.text.trim();
        match text
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
        {
            Some(inner) => (!inner.contains(['\'', '"', '\\'])).then(|| inner.to_owned()),
            None => serde_json::from_str(text).ok(),
        }
    }

    /// The program in one short line.
    pub(crate) fn shown(&self) -> String {
        shown(&self.text)
    }

    pub(crate) fn diagnostic(&self, severity: Severity, message: String) -> Diagnostic {
        Diagnostic {
            severity,
            message,
            place: Some(self.place.clone()),
            field: Some(self.field.clone()),
        }
    }
}

/// A compiled program has nothing to show but its text.
impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` at {}", self.text, self.place)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mistake(message) => write!(f, "is no valid jq ({})", gist(message)),
            Self::Error(message) => write!(f, "fails: {}", unclosed(message)),
            Self::TooMuch(message) => write!(f, "is stopped: {}", unclosed(message)),
        }
    }
}

/// A program in one short line.
pub(crate) fn shown(program: &str) -> String {
    shortened(
        &program.split_whitespace().collect::<Vec<_>>().join(" "),
        120,
    )
}

/// Whether a word stands in a program by itself: `mode` does not stand in `model`.
fn mentions(program: &str, word: &str) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    program.match_indices(word).any(|(at, word)| {
        let before = program[..at].trim_end_matches('_');
        !before.ends_with(is_of_word) && !program[at + word.len()..].starts_with(is_of_word)
    })
}

/// What a mistake is, without the advice that jq's words end with.
pub(crate) fn gist(mistake: &str) -> &str {
    unclosed(mistake.split("; ").next().unwrap_or(mistake))
}

/// Without the full stop or question mark that a sentence of its own ends with.
fn unclosed(message: &str) -> &str {
    message.trim_end_matches(['.', '?'])
}

/// As a sentence's end, with one full stop, whoever wrote it.
pub(crate) fn closed(message: &str) -> String {
    let message = message.trim_end();
    match message.ends_with(['.', '?', '!']) {
        true => message.to_owned(),
        false => format!("{message}."),
    }
}

/// The beginning of a text that may be long.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_mentioned_where_it_stands_by_itself() {
        for (program, word, is_there) in [
            (".file.mode", "mode", true),
            (".file[\"mode\"]", "mode", true),
            (".model", "mode", false),
            (".file.mode_of", "mode", false),
            (".a_mode", "mode", false),
            (".model + .mode", "mode", true),
            ("[.__teams[].name]", "teams", true),
            (".subteams", "teams", false),
            (".__includedFiles.x", "__includedFiles", true),
        ] {
            assert_eq!(mentions(program, word), is_there, "{program}");
        }
    }

    #[test]
    fn a_literal_is_seen_without_running_it() {
        let literal = |text: &str| {
            Expression {
                text: text.to_owned(),
                place: Place::new("x.yml"),
                field: String::new(),
                program: Rc::new(Program::compile(".")),
            }
            .literal()
        };
        assert_eq!(literal("\"service\"").as_deref(), Some("service"));
        assert_eq!(literal(" 'service' ").as_deref(), Some("service"));
        for program in [
            ".x",
            "'a' + 'b'",
            "\"a\" + \"b\"",
            "\"\\(.x)\"",
            "service",
            "7",
        ] {
            assert_eq!(literal(program), None, "{program}");
        }
    }
}
