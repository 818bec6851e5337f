//! Terms: jq's grammar, as its manual and its precedences have it.
//!
//! What jq accepts is accepted; a few things that it refuses are harmless and accepted too, as chains of comparisons.

mod atom;
mod blocks;
mod cursor;
mod operators;
mod patterns;
mod strings;

use jaq_core::load::Arena;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::path::{Opt, Part, Path};

use self::operators::binds;
use super::tokens::{Kind, Token};
use super::{DEPTH, Wrong, too_deep};

type Parsed<'s> = Result<Term<&'s str>, Wrong>;

pub(super) struct Parser<'s, 't> {
    text: &'s str,
    tokens: &'t [Token<'s>],
    place: usize,
    arena: &'s Arena,
    depth: usize,
    /// How high the terms are that were made inside the one at hand.
    height: usize,
    /// The last place where a path is asked how long it is.
    asked: usize,
    /// Is this the text of a string's `\(…)`?
    inner: bool,
}

/// After how many tokens a path is asked again how long it is.
const ASK: usize = 256;

impl<'s, 't> Parser<'s, 't> {
    pub(super) fn new(text: &'s str, tokens: &'t [Token<'s>], arena: &'s Arena) -> Self {
        Self {
            text,
            tokens,
            place: 0,
            arena,
            depth: 0,
            height: 0,
            asked: 0,
            inner: false,
        }
    }

    pub(super) fn program(&mut self) -> Parsed<'s> {
        // Only definitions, or nothing at all, is the identity.
        let definitions = self.definitions_before()?;
        let body = if self.is_end() {
            Term::Id
        } else {
            self.filter()?
        };
        self.end()?;
        Ok(with_definitions(definitions, body))
    }

    pub(super) fn definitions(&mut self) -> Result<Vec<Def<&'s str>>, Wrong> {
        let definitions = self.definitions_before()?;
        self.end()?;
        Ok(definitions)
    }

    /// A whole filter, as it may stand in parentheses.
    fn filter(&mut self) -> Parsed<'s> {
        self.expression(binds::PIPE, true)
    }

    /// Operators that bind at least so tightly, and what they join. In an object a comma ends a value.
    fn expression(&mut self, tightness: u8, commas: bool) -> Parsed<'s> {
        self.deeper(|parser| {
            let around = std::mem::take(&mut parser.height);
            let mut left = parser.operand(commas)?;
            loop {
                let at = parser.peek().at;
                let Some((op, binds)) = parser
                    .operator(commas)
                    .filter(|(_, binds)| *binds >= tightness)
                else {
                    parser.height = around.max(parser.height + 1);
                    return Ok(left);
                };
                parser.place += 1;
                left = match op {
                    BinaryOp::Pipe(_)
                    | BinaryOp::Comma
                    | BinaryOp::Alt
                    | BinaryOp::Or
                    | BinaryOp::And => {
                        let items = parser.chain(left, binds, commas)?;
                        parser.height += items.len().ilog2() as usize;
                        balanced(items, &op)
                    }
                    // To the right: what follows belongs together.
                    BinaryOp::Assign
                    | BinaryOp::Update
                    | BinaryOp::UpdateMath(_)
                    | BinaryOp::UpdateAlt => join(left, op, parser.expression(binds, commas)?),
                    _ => join(left, op, parser.expression(binds + 1, commas)?),
                };
                // A chain is a term in a term in a term.
                parser.higher(1, at)?;
            }
        })
    }

    /// What `a | b | c` joins, from behind its first operator on.
    fn chain(
        &mut self,
        first: Term<&'s str>,
        binds: u8,
        commas: bool,
    ) -> Result<Vec<Term<&'s str>>, Wrong> {
        let mut items = vec![first, self.expression(binds + 1, commas)?];
        while self.operator(commas).is_some_and(|(_, next)| next == binds) {
            self.place += 1;
            if binds == binds::PIPE && self.place.saturating_sub(self.asked) > ASK {
                // A path may get as long as a program: on the way it is asked how long it is.
                self.asked = self.place;
                items.push(Term::Call("!deeper", Vec::new()));
            }
            items.push(self.expression(binds + 1, commas)?);
        }
        Ok(items)
    }

    /// What stands beside operators: a term, a negation, a `try`, or what takes the rest: `def`, `label`, `… as $x |`.
    fn operand(&mut self, commas: bool) -> Parsed<'s> {
        match self.peek().kind {
            Kind::Word("def") => {
                let definitions = self.definitions_before()?;
                Ok(with_definitions(
                    definitions,
                    self.expression(binds::PIPE, commas)?,
                ))
            }
            Kind::Word("label") => {
                self.place += 1;
                let name = self.variable()?;
                self.expect("|")?;
                Ok(Term::Label(
                    name,
                    self.expression(binds::PIPE, commas)?.into(),
                ))
            }
            Kind::Symbol("-") => {
                self.place += 1;
                Ok(Term::Neg(self.expression(binds::PRODUCT, commas)?.into()))
            }
            _ => {
                let term = self.attempt()?;
                if self.eat_word("as") {
                    self.bind(term, commas)
                } else {
                    Ok(term)
                }
            }
        }
    }

    /// A term, or `try` and a term.
    fn attempt(&mut self) -> Parsed<'s> {
        if !self.eat_word("try") {
            return self.term();
        }
        self.deeper(|parser| {
            let body = parser.tried()?;
            let catch = if parser.eat_word("catch") {
                Some(parser.tried()?.into())
            } else {
                None
            };
            Ok(Term::TryCatch(body.into(), catch))
        })
    }

    fn tried(&mut self) -> Parsed<'s> {
        if self.eat("-") {
            return self.deeper(|parser| Ok(Term::Neg(parser.tried()?.into())));
        }
        self.attempt()
    }

    /// A term and what is done to it: `.name`, `[…]`, `?`.
    fn term(&mut self) -> Parsed<'s> {
        let mut term = self.atom()?;
        for _ in 0..DEPTH {
            let part = match self.peek().kind {
                Kind::Field(name) => {
                    self.place += 1;
                    Part::Index(string(name))
                }
                Kind::Symbol(".")
                    if matches!(self.peek_at(1).kind, Kind::Text(_) | Kind::Format(_)) =>
                {
                    self.place += 1;
                    Part::Index(self.string()?)
                }
                Kind::Symbol(".") if matches!(self.peek_at(1).kind, Kind::Symbol("[")) => {
                    self.place += 1;
                    self.brackets()?
                }
                Kind::Symbol("[") => self.brackets()?,
                Kind::Symbol("?") => {
                    self.place += 1;
                    self.higher(1, self.peek().at)?;
                    term = Term::TryCatch(term.into(), None);
                    continue;
                }
                // Not behind a pattern this is `?` and `//`, which `operator` reads.
                Kind::Symbol("?//") => {
                    self.higher(1, self.peek().at)?;
                    return Ok(Term::TryCatch(term.into(), None));
                }
                _ => return Ok(term),
            };
            let opt = if self.eat("?") {
                Opt::Optional
            } else {
                Opt::Essential
            };
            term = match term {
                Term::Path(from, mut path) => {
                    path.0.push((part, opt));
                    Term::Path(from, path)
                }
                from => {
                    self.higher(1, self.peek().at)?;
                    Term::Path(from.into(), Path(vec![(part, opt)]))
                }
            };
        }
        Err(too_deep(self.peek().at))
    }

    /// `[]`, `[1]`, `[1:]`, `[:1]`, `[1:2]`
    fn brackets(&mut self) -> Result<Part<Term<&'s str>>, Wrong> {
        self.expect("[")?;
        if self.eat("]") {
            return Ok(Part::Range(None, None));
        }
        if self.eat(":") {
            let end = self.filter()?;
            self.expect("]")?;
            return Ok(Part::Range(None, Some(end)));
        }
        let start = self.filter()?;
        if !self.eat(":") {
            self.expect("]")?;
            return Ok(Part::Index(start));
        }
        if self.eat("]") {
            return Ok(Part::Range(Some(start), None));
        }
        let end = self.filter()?;
        self.expect("]")?;
        Ok(Part::Range(Some(start), Some(end)))
    }
}

fn join<'s>(left: Term<&'s str>, op: BinaryOp<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(left.into(), op, right.into())
}

/// What an operator joins, wherever parentheses would stand, as a tree that is no deeper than it must be.
fn balanced<'s>(mut items: Vec<Term<&'s str>>, op: &BinaryOp<&'s str>) -> Term<&'s str> {
    while items.len() > 1 {
        let mut pairs = Vec::with_capacity(items.len() / 2 + 1);
        let mut left = items.into_iter();
        while let Some(item) = left.next() {
            pairs.push(match left.next() {
                Some(next) => join(item, op.clone(), next),
                None => item,
            });
        }
        items = pairs;
    }
    items.pop().unwrap_or_default()
}

fn with_definitions<'s>(definitions: Vec<Def<&'s str>>, body: Term<&'s str>) -> Term<&'s str> {
    if definitions.is_empty() {
        body
    } else {
        Term::Def(definitions, body.into())
    }
}

fn string(text: &str) -> Term<&str> {
    Term::Str(None, vec![StrPart::Str(text)])
}
