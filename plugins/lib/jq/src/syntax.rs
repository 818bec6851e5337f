//! From the text of a program to the terms that the evaluator compiles.
//!
//! jq's grammar with Port's quotes: [`lex`] cuts the text into tokens, [`parse`] makes terms of them. The evaluator
//! brings a parser of its own, whose operators bind in another order than jq's and which knows neither `?//` nor how
//! deep it may go; so ours makes the same terms in its stead.

mod lex;
mod parse;
mod tokens;

use jaq_core::load::Arena;
use jaq_core::load::parse::{Def, Term};

use crate::Mistake;

/// A program: one filter, possibly with definitions before it.
pub(crate) fn program<'s>(text: &'s str, arena: &'s Arena) -> Result<Term<&'s str>, Mistake> {
    read(text, arena, |parser| parser.program())
}

/// A list of definitions.
pub(crate) fn definitions<'s>(
    text: &'s str,
    arena: &'s Arena,
) -> Result<Vec<Def<&'s str>>, Mistake> {
    read(text, arena, |parser| parser.definitions())
}

fn read<'s, T>(
    text: &'s str,
    arena: &'s Arena,
    parse: impl for<'t> FnOnce(&mut parse::Parser<'s, 't>) -> Result<T, Wrong>,
) -> Result<T, Mistake> {
    let tokens = lex::tokens(text, arena).map_err(|wrong| wrong.mistake(text))?;
    parse(&mut parse::Parser::new(text, &tokens, arena)).map_err(|wrong| wrong.mistake(text))
}

/// What is wrong at which byte.
struct Wrong {
    at: usize,
    message: String,
}

impl Wrong {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    fn mistake(self, text: &str) -> Mistake {
        Mistake::at(text, self.at, self.message)
    }
}

/// How deep a program may nest: deeper than any that people write, and shallow enough for a sandbox's stack.
const DEPTH: usize = 120;

fn too_deep(at: usize) -> Wrong {
    Wrong::new(at, format!("the program nests deeper than {DEPTH} levels"))
}
