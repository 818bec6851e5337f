//! Where in the program the parser stands, what stands there, and how deep it is.

use super::Parser;
use crate::syntax::tokens::{Kind, Token};
use crate::syntax::{DEPTH, Wrong, too_deep};

impl<'s, 't> Parser<'s, 't> {
    pub(super) fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Wrong>,
    ) -> Result<T, Wrong> {
        if self.depth == DEPTH {
            return Err(too_deep(self.peek().at));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// The term at hand lies so many levels above what was made inside it.
    pub(super) fn higher(&mut self, levels: usize, at: usize) -> Result<(), Wrong> {
        self.height += levels;
        if self.depth + self.height > DEPTH {
            return Err(too_deep(at));
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> &'t Token<'s> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &'t Token<'s> {
        // The last token is the end, and nobody goes beyond it.
        &self.tokens[(self.place + ahead).min(self.tokens.len() - 1)]
    }

    pub(super) fn is_end(&self) -> bool {
        matches!(self.peek().kind, Kind::End)
    }

    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Symbol(found) if found == symbol);
        self.place += usize::from(found);
        found
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Word(found) if found == word);
        self.place += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), Wrong> {
        if self.eat(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{symbol}`")))
        }
    }

    /// The bracket that closes what was opened there.
    pub(super) fn close(&mut self, symbol: &str, opened: usize) -> Result<(), Wrong> {
        if self.eat(symbol) {
            return Ok(());
        }
        if self.is_end() && !self.inner {
            let open = &self.text[opened..=opened];
            return Err(Wrong::new(
                opened,
                format!("`{open}` is never closed: `{symbol}` is missing"),
            ));
        }
        Err(self.unexpected(&format!("an operator or `{symbol}`")))
    }

    pub(super) fn end(&self) -> Result<(), Wrong> {
        if self.is_end() {
            Ok(())
        } else {
            Err(self.unexpected("an operator or the end"))
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> Wrong {
        let token = self.peek();
        Wrong::new(
            token.at,
            format!("{} where {expected} should stand", token.kind),
        )
    }
}
