//! Strings with what is put into them: `"a \(.b)"`, `@uri "…"`.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;

use super::{Parsed, Parser};
use crate::syntax::tokens::{Kind, Piece};

impl<'s> Parser<'s, '_> {
    pub(super) fn string(&mut self) -> Parsed<'s> {
        let at = self.peek().at;
        let format = match self.peek().kind {
            Kind::Format(name) => {
                self.place += 1;
                Some(name)
            }
            _ => None,
        };
        let Kind::Text(pieces) = &self.peek().kind else {
            return Err(self.unexpected("a string"));
        };
        self.place += 1;
        let around = std::mem::take(&mut self.height);
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => StrPart::Str(*text),
                Piece::Inner(tokens) => self.deeper(|parser| {
                    let mut inner = Parser {
                        tokens,
                        place: 0,
                        asked: 0,
                        inner: true,
                        ..*parser
                    };
                    let term = inner.filter()?;
                    inner.end()?;
                    parser.height = inner.height;
                    Ok(StrPart::Term(term))
                })?,
            });
        }
        // They are added up one inside the other; what each takes of the stack is a part of a level.
        self.higher(parts.len() / 4, at)?;
        self.height = self.height.max(around);
        Ok(Term::Str(format, parts))
    }
}
