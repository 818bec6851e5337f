//! What the text of a program is made of.

use std::fmt;

/// A piece of the text and where it begins, in bytes.
pub(super) struct Token<'s> {
    pub(super) at: usize,
    pub(super) kind: Kind<'s>,
}

pub(super) enum Kind<'s> {
    /// `select`, `if`
    Word(&'s str),
    /// `.name`, without the dot
    Field(&'s str),
    /// `$name`, with the dollar sign
    Variable(&'s str),
    /// `@base64`
    Format(&'s str),
    Number(&'s str),
    /// `"…"` or `'…'`
    Text(Vec<Piece<'s>>),
    Symbol(&'s str),
    End,
}

/// A piece of a string.
pub(super) enum Piece<'s> {
    Text(&'s str),
    /// `\(…)`
    Inner(Vec<Token<'s>>),
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text)
            | Self::Variable(text)
            | Self::Format(text)
            | Self::Number(text)
            | Self::Symbol(text) => {
                write!(f, "`{text}`")
            }
            Self::Field(name) => write!(f, "`.{name}`"),
            Self::Text(_) => f.write_str("a string"),
            Self::End => f.write_str("the end"),
        }
    }
}
