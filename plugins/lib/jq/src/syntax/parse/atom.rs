//! What holds together without an operator: constants, names, calls, and whatever stands in brackets.

use jaq_core::load::parse::Term;
use jaq_core::path::{Opt, Part, Path};

use super::{Parsed, Parser, string};
use crate::syntax::Wrong;
use crate::syntax::tokens::Kind;

const RESERVED: [&str; 18] = [
    "def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "try", "catch", "label",
    "import", "include", "module", "and", "or", "__loc__",
];

impl<'s> Parser<'s, '_> {
    pub(super) fn atom(&mut self) -> Parsed<'s> {
        let token = self.peek();
        let at = token.at;
        match &token.kind {
            Kind::Number(number) => {
                self.place += 1;
                Ok(Term::Num(number))
            }
            Kind::Text(_) => self.string(),
            Kind::Format(name) => match self.peek_at(1).kind {
                Kind::Text(_) => self.string(),
                _ => {
                    self.place += 1;
                    Ok(Term::Call(name, Vec::new()))
                }
            },
            Kind::Variable("$__loc__") => {
                self.place += 1;
                Ok(self.location(at))
            }
            Kind::Variable(name) => {
                self.place += 1;
                Ok(Term::Var(name))
            }
            Kind::Field(name) => {
                self.place += 1;
                let opt = if self.eat("?") {
                    Opt::Optional
                } else {
                    Opt::Essential
                };
                Ok(Term::Path(
                    Term::Id.into(),
                    Path(vec![(Part::Index(string(name)), opt)]),
                ))
            }
            Kind::Symbol("..") => {
                self.place += 1;
                Ok(Term::Recurse)
            }
            Kind::Symbol(".") => match self.peek_at(1).kind {
                // What follows is a part of a path, which `term` reads, dot and all.
                Kind::Text(_) | Kind::Format(_) => Ok(Term::Id),
                _ => {
                    self.place += 1;
                    Ok(Term::Id)
                }
            },
            Kind::Symbol("(") => {
                self.place += 1;
                let inner = self.filter()?;
                self.close(")", at)?;
                Ok(inner)
            }
            Kind::Symbol("[") => {
                self.place += 1;
                if self.eat("]") {
                    return Ok(Term::Arr(None));
                }
                let items = self.filter()?;
                self.close("]", at)?;
                Ok(Term::Arr(Some(items.into())))
            }
            Kind::Symbol("{") => self.object(),
            Kind::Word("if") => self.condition(),
            Kind::Word(name @ ("reduce" | "foreach")) => self.fold(name),
            Kind::Word("break") if matches!(self.peek_at(1).kind, Kind::Variable(_)) => {
                self.place += 1;
                Ok(Term::Break(self.variable()?))
            }
            Kind::Word("break") => Err(Wrong::new(at, "`break` needs a label: `break $name`")),
            Kind::Word("import" | "include" | "module") => {
                Err(Wrong::new(at, "there are no modules to import here"))
            }
            Kind::Word(word) if RESERVED.contains(word) => Err(self.unexpected("a filter")),
            Kind::Word(word) => {
                self.place += 1;
                let arguments = self.arguments()?;
                Ok(Term::Call(word, arguments))
            }
            _ => Err(self.unexpected("a filter")),
        }
    }

    pub(super) fn arguments(&mut self) -> Result<Vec<Term<&'s str>>, Wrong> {
        let at = self.peek().at;
        let mut arguments = Vec::new();
        if self.eat("(") {
            arguments.push(self.filter()?);
            while self.eat(";") {
                arguments.push(self.filter()?);
            }
            self.close(")", at)?;
        }
        Ok(arguments)
    }

    /// `$__loc__`: where in the program this stands.
    pub(super) fn location(&self, at: usize) -> Term<&'s str> {
        let line = 1 + self.text[..at].matches('\n').count();
        Term::Obj(vec![
            (string("file"), Some(string("<top-level>"))),
            (
                string("line"),
                Some(Term::Num(self.arena.alloc(line.to_string()))),
            ),
        ])
    }
}
