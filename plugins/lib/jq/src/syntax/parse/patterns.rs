//! Destructuring: `. as [$a, {b: $c}] | …`, and what is tried if that fails.

use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};

use super::operators::binds;
use super::{Parsed, Parser, join, string};
use crate::syntax::Wrong;
use crate::syntax::tokens::Kind;

impl<'s> Parser<'s, '_> {
    /// The rest of `… as $x | …`, and of `… as [$x] ?// $x | …`.
    pub(super) fn bind(&mut self, term: Term<&'s str>, commas: bool) -> Parsed<'s> {
        let patterns = self.patterns()?;
        self.expect("|")?;
        let body = self.expression(binds::PIPE, commas)?;
        match <[_; 1]>::try_from(patterns) {
            Ok([pattern]) => Ok(join(term, BinaryOp::Pipe(Some(pattern)), body)),
            Err(patterns) => Ok(alternatives(term, patterns, body)),
        }
    }

    pub(super) fn patterns(&mut self) -> Result<Vec<Pattern<&'s str>>, Wrong> {
        let mut patterns = vec![self.pattern()?];
        while self.eat("?//") {
            self.higher(1, self.peek().at)?;
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    fn pattern(&mut self) -> Result<Pattern<&'s str>, Wrong> {
        let at = self.peek().at;
        if self.eat("[") {
            let items = self.deeper(|parser| {
                let mut items = vec![parser.pattern()?];
                while parser.eat(",") {
                    items.push(parser.pattern()?);
                }
                Ok(items)
            })?;
            self.close("]", at)?;
            self.higher(items.len() / 4, at)?;
            return Ok(Pattern::Arr(items));
        }
        if self.eat("{") {
            let members = self.deeper(|parser| {
                let mut members = Vec::new();
                parser.member_pattern(&mut members)?;
                while parser.eat(",") {
                    parser.member_pattern(&mut members)?;
                }
                Ok(members)
            })?;
            self.close("}", at)?;
            self.higher(members.len() / 4, at)?;
            return Ok(Pattern::Obj(members));
        }
        Ok(Pattern::Var(self.variable()?))
    }

    fn member_pattern(
        &mut self,
        members: &mut Vec<(Term<&'s str>, Pattern<&'s str>)>,
    ) -> Result<(), Wrong> {
        let at = self.peek().at;
        let name = match self.peek().kind {
            Kind::Variable(name) => {
                self.place += 1;
                // `{$a}` binds the member `a`; `{$a: [$b]}` takes it apart as well.
                members.push((string(&name[1..]), Pattern::Var(name)));
                if self.eat(":") {
                    members.push((string(&name[1..]), self.pattern()?));
                }
                return Ok(());
            }
            Kind::Word(word) => {
                self.place += 1;
                string(word)
            }
            Kind::Text(_) | Kind::Format(_) => self.string()?,
            Kind::Symbol("(") => {
                self.place += 1;
                let name = self.filter()?;
                self.close(")", at)?;
                name
            }
            _ => return Err(self.unexpected("the name of a member")),
        };
        self.expect(":")?;
        members.push((name, self.pattern()?));
        Ok(())
    }
}

/// `term as P ?// Q | body`: with P; if that, or the body, fails, with Q. What only the other one binds is null.
///
/// "Destructuring Alternative Operator" in jq's manual.
fn alternatives<'s>(
    term: Term<&'s str>,
    patterns: Vec<Pattern<&'s str>>,
    body: Term<&'s str>,
) -> Term<&'s str> {
    let mut names: Vec<&'s str> = Vec::new();
    for pattern in &patterns {
        variables(pattern, &mut names);
    }
    let bind = |value, pattern, then| join(value, BinaryOp::Pipe(Some(pattern)), then);
    // The body once, as a definition of all the variables.
    let run = Def {
        name: "!body",
        args: names.clone(),
        body,
    };
    let call = || {
        let body = Term::Call("!body", names.iter().map(|name| Term::Var(*name)).collect());
        join(Term::Var("$!input"), BinaryOp::Pipe(None), body)
    };
    let mut attempts = patterns.into_iter().rev().map(|pattern| {
        let mut bound = Vec::new();
        variables(&pattern, &mut bound);
        let missing = names.iter().filter(|name| !bound.contains(name));
        let then = missing.fold(call(), |then, name| {
            bind(Term::Call("null", Vec::new()), Pattern::Var(*name), then)
        });
        bind(Term::Var("$!value"), pattern, then)
    });
    let last = attempts.next().unwrap_or_default();
    let all = attempts.fold(last, |later, earlier| {
        Term::TryCatch(earlier.into(), Some(later.into()))
    });
    let bound = bind(
        Term::Id,
        Pattern::Var("$!input"),
        bind(term, Pattern::Var("$!value"), all),
    );
    Term::Def(vec![run], bound.into())
}

fn variables<'s>(pattern: &Pattern<&'s str>, names: &mut Vec<&'s str>) {
    match pattern {
        Pattern::Var(name) if !names.contains(name) => names.push(name),
        Pattern::Var(_) => {}
        Pattern::Arr(items) => items.iter().for_each(|item| variables(item, names)),
        Pattern::Obj(members) => members
            .iter()
            .for_each(|(_, member)| variables(member, names)),
    }
}
