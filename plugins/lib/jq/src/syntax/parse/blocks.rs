//! What is made of several parts: objects, conditions, `reduce` and `foreach`, definitions.

use jaq_core::load::parse::{Def, Term};

use super::operators::binds;
use super::{Parsed, Parser, string};
use crate::syntax::Wrong;
use crate::syntax::tokens::Kind;

impl<'s> Parser<'s, '_> {
    /// `{a, $b, "c": 1, (.d): 2}`
    pub(super) fn object(&mut self) -> Parsed<'s> {
        let at = self.peek().at;
        self.expect("{")?;
        let mut members = Vec::new();
        if !self.eat("}") {
            members.push(self.member()?);
            // A comma may stand behind the last one.
            while self.eat(",") && !matches!(self.peek().kind, Kind::Symbol("}")) {
                members.push(self.member()?);
            }
            self.close("}", at)?;
        }
        Ok(Term::Obj(members))
    }

    fn member(&mut self) -> Result<(Term<&'s str>, Option<Term<&'s str>>), Wrong> {
        let at = self.peek().at;
        let (name, value) = match self.peek().kind {
            Kind::Word(word) => {
                self.place += 1;
                (string(word), None)
            }
            Kind::Variable("$__loc__") => {
                self.place += 1;
                (string("__loc__"), Some(self.location(at)))
            }
            Kind::Variable(name) => {
                self.place += 1;
                (Term::Var(name), None)
            }
            Kind::Text(_) | Kind::Format(_) => (self.string()?, None),
            Kind::Symbol("(") => {
                self.place += 1;
                let name = self.filter()?;
                self.close(")", at)?;
                self.expect(":")?;
                return Ok((name, Some(self.expression(binds::PIPE, false)?)));
            }
            Kind::Number(number) => {
                return Err(Wrong::new(
                    at,
                    format!("the name of a member is a string: `\"{number}\"`"),
                ));
            }
            _ => return Err(self.unexpected("the name of a member")),
        };
        if self.eat(":") {
            return Ok((name, Some(self.expression(binds::PIPE, false)?)));
        }
        Ok((name, value))
    }

    /// `if … then … elif … then … else … end`
    pub(super) fn condition(&mut self) -> Parsed<'s> {
        let at = self.peek().at;
        self.place += 1;
        let mut branches = Vec::new();
        loop {
            let condition = self.filter()?;
            self.word("then")?;
            branches.push((condition, self.filter()?));
            if !self.eat_word("elif") {
                break;
            }
        }
        let mut hint = "";
        let otherwise = if self.eat_word("else") {
            if matches!(self.peek().kind, Kind::Word("if")) {
                hint = "; `else if` is one word in jq: `elif`";
            }
            Some(self.filter()?.into())
        } else {
            None
        };
        if self.is_end() && !self.inner {
            return Err(Wrong::new(at, format!("this `if` has no `end`{hint}")));
        }
        self.word("end")?;
        // Each `elif` lies inside the one before; what it takes of the stack is a part of a level.
        self.higher(branches.len() / 4, at)?;
        Ok(Term::IfThenElse(branches, otherwise))
    }

    /// `reduce .[] as $x (0; . + $x)`
    pub(super) fn fold(&mut self, name: &'s str) -> Parsed<'s> {
        self.place += 1;
        let source = self.deeper(Self::term)?;
        self.word("as")?;
        let patterns = self.patterns()?;
        let at = self.peek().at;
        self.expect("(")?;
        let mut arguments = vec![self.filter()?];
        while self.eat(";") {
            arguments.push(self.filter()?);
        }
        self.close(")", at)?;
        let most = if name == "reduce" { 2 } else { 3 };
        if arguments.len() < 2 || arguments.len() > most {
            let form = if most == 2 {
                "a start and an update"
            } else {
                "a start, an update and possibly what it puts out"
            };
            return Err(Wrong::new(at, format!("`{name}` takes {form}")));
        }
        match <[_; 1]>::try_from(patterns) {
            Ok([pattern]) => Ok(Term::Fold(name, source.into(), pattern, arguments)),
            Err(_) => Err(Wrong::new(
                at,
                format!("`?//` in `{name}` is not supported: bind with `as` inside it"),
            )),
        }
    }

    /// `def f: …; def g($a; h): …;`
    pub(super) fn definitions_before(&mut self) -> Result<Vec<Def<&'s str>>, Wrong> {
        let mut definitions = Vec::new();
        while self.eat_word("def") {
            let (Kind::Word(name) | Kind::Format(name)) = self.peek().kind else {
                return Err(self.unexpected("the name of a definition"));
            };
            self.place += 1;
            let at = self.peek().at;
            let mut args = Vec::new();
            if self.eat("(") {
                args.push(self.parameter()?);
                while self.eat(";") {
                    args.push(self.parameter()?);
                }
                self.close(")", at)?;
            }
            let around = std::mem::take(&mut self.height);
            self.higher(args.len() / 4, at)?;
            self.expect(":")?;
            let body = self.filter()?;
            self.height = self.height.max(around);
            self.expect(";")?;
            definitions.push(Def { name, args, body });
        }
        Ok(definitions)
    }

    fn parameter(&mut self) -> Result<&'s str, Wrong> {
        match self.peek().kind {
            Kind::Word(name) | Kind::Variable(name) => {
                self.place += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("the name of a parameter")),
        }
    }

    pub(super) fn variable(&mut self) -> Result<&'s str, Wrong> {
        let Kind::Variable(name) = self.peek().kind else {
            return Err(self.unexpected("a variable as `$name`"));
        };
        self.place += 1;
        Ok(name)
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), Wrong> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{word}`")))
        }
    }
}
