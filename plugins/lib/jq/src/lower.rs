//! Where the evaluator means something else than jq does, a program is put into terms that mean the same to both.
//!
//! | in jq | the evaluator | so |
//! |---|---|---|
//! | of `a + b` and `"\(a)\(b)"` with several outputs each, the left varies first | the right | both are bound |
//! | `reduce` goes on with the last output, or with null | with each | the last one is taken |
//! | `foreach` goes on with the last output | with each | the state is a list of outputs |
//! | `=`, `\|=`, `+=` set paths, and drop those for which nothing comes | update while they walk | natives |
//! | `$a` in `def f($a)` is a filter `a` too | a variable only | a definition |
//!
//! Here as well recursive definitions and commas learn to ask the meter.

mod single;
mod walk;

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Opt, Part};

use single::{is_single, may_go_deeper};
use walk::defined;

pub(crate) use walk::calls;

/// Names and numbers of arguments.
pub(crate) type Calls<'s> = BTreeSet<(&'s str, usize)>;

/// A program in terms of the evaluator.
pub(crate) fn program(term: Term<&str>) -> Term<&str> {
    let (defined, parameters) = defined(&term);
    Lowering {
        defined,
        parameters,
    }
    .term(term)
}

/// A definition in terms of the evaluator.
pub(crate) fn definition(def: Def<&str>) -> Def<&str> {
    Lowering::default().definition(def)
}

#[derive(Default)]
struct Lowering<'s> {
    /// What the program itself defines; constants are none where it gives their names another meaning.
    defined: Calls<'s>,
    /// The filters that its definitions are given: `g` in `def f(g): g | g`. A few of them make endless work.
    parameters: Calls<'s>,
}

impl<'s> Lowering<'s> {
    fn term(&self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Call(name @ ("null" | "true" | "false"), args)
                if args.is_empty() && !self.defines(name) =>
            {
                Term::Var(match name {
                    "null" => "$!null",
                    "true" => "$!true",
                    _ => "$!false",
                })
            }
            Term::Call("tostring", args) if args.is_empty() && !self.defines("tostring") => {
                Term::Str(None, vec![StrPart::Term(Term::Id)])
            }
            Term::Call(name, args) if args.is_empty() && self.parameters.contains(&(name, 0)) => {
                pipe(call("!call", []), Term::Call(name, args))
            }
            Term::Call(name, args) => Term::Call(name, self.terms(args)),
            Term::BinOp(left, op, right) => self.operation(*left, op, *right),
            Term::Str(format, parts) => self.string(format, parts),
            Term::Fold(name, source, pattern, args) => self.fold(
                name,
                self.term(*source),
                self.pattern(pattern),
                self.terms(args),
            ),
            Term::Def(definitions, body) => {
                let definitions = definitions
                    .into_iter()
                    .map(|def| self.definition(def))
                    .collect();
                Term::Def(definitions, self.boxed(*body))
            }
            Term::Arr(items) => Term::Arr(items.map(|items| self.boxed(*items))),
            Term::Obj(members) => {
                let member = |(name, value): (_, Option<_>)| {
                    (self.term(name), value.map(|value| self.term(value)))
                };
                object(members.into_iter().map(member).collect())
            }
            Term::Neg(operand) => Term::Neg(self.boxed(*operand)),
            Term::Label(name, body) => Term::Label(name, self.boxed(*body)),
            Term::TryCatch(body, catch) => {
                Term::TryCatch(self.boxed(*body), catch.map(|catch| self.boxed(*catch)))
            }
            Term::IfThenElse(branches, otherwise) => {
                let branch = |(condition, then)| (self.term(condition), self.term(then));
                Term::IfThenElse(
                    branches.into_iter().map(branch).collect(),
                    otherwise.map(|term| self.boxed(*term)),
                )
            }
            Term::Path(from, path) => {
                let part = |(part, opt)| match part {
                    Part::Index(index) => (Part::Index(self.term(index)), opt),
                    Part::Range(start, end) => (
                        Part::Range(
                            start.map(|start| self.term(start)),
                            end.map(|end| self.term(end)),
                        ),
                        opt,
                    ),
                };
                Term::Path(
                    self.boxed(*from),
                    jaq_core::path::Path(path.0.into_iter().map(part).collect()),
                )
            }
            Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => term,
        }
    }

    fn operation(
        &self,
        left: Term<&'s str>,
        op: BinaryOp<&'s str>,
        right: Term<&'s str>,
    ) -> Term<&'s str> {
        let (left, right) = (self.term(left), self.term(right));
        match op {
            BinaryOp::Comma => join(left, BinaryOp::Comma, pipe(call("!step", []), right)),
            BinaryOp::Math(_) | BinaryOp::Cmp(_) if !is_single(&left) && !is_single(&right) => {
                let both = join(Term::Var("$!left"), op, Term::Var("$!right"));
                bind(right, "$!right", bind(left, "$!left", both))
            }
            BinaryOp::Assign => bind(
                right,
                "$!value",
                call("!assign", [left, Term::Var("$!value")]),
            ),
            BinaryOp::Update => call("!modify", [left, right]),
            BinaryOp::UpdateMath(op) => {
                let update = join(Term::Id, BinaryOp::Math(op), Term::Var("$!value"));
                bind(right, "$!value", call("!modify", [left, update]))
            }
            BinaryOp::UpdateAlt => {
                let update = join(Term::Id, BinaryOp::Alt, Term::Var("$!value"));
                bind(right, "$!value", call("!modify", [left, update]))
            }
            BinaryOp::Pipe(pattern) => join(
                left,
                BinaryOp::Pipe(pattern.map(|pattern| self.pattern(pattern))),
                right,
            ),
            op => join(left, op, right),
        }
    }

    fn string(
        &self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    ) -> Term<&'s str> {
        const NAMES: [&str; 8] = ["$!0", "$!1", "$!2", "$!3", "$!4", "$!5", "$!6", "$!7"];
        let mut bound = Vec::new();
        let lowered = parts.into_iter().map(|part| match part {
            StrPart::Term(term) => {
                let term = self.term(term);
                match NAMES.get(bound.len()) {
                    Some(name) if !is_single(&term) => {
                        bound.push((*name, term));
                        StrPart::Term(Term::Var(*name))
                    }
                    _ => StrPart::Term(term),
                }
            }
            part => part,
        });
        let string = Term::Str(format, lowered.collect());
        bound
            .into_iter()
            .fold(string, |string, (name, term)| bind(term, name, string))
    }

    fn fold(
        &self,
        name: &'s str,
        source: Term<&'s str>,
        pattern: Pattern<&'s str>,
        args: Vec<Term<&'s str>>,
    ) -> Term<&'s str> {
        let mut args = args.into_iter();
        let (start, update) = (
            args.next().unwrap_or_default(),
            args.next().unwrap_or_default(),
        );
        let extract = args.next();
        // Each round may lengthen the path that the one before went.
        let update = if may_go_deeper(&update) {
            pipe(call("!deeper", []), update)
        } else {
            update
        };
        if is_single(&update) {
            let args = [start, update].into_iter().chain(extract).collect();
            return Term::Fold(name, source.into(), pattern, args);
        }
        if name == "reduce" {
            return Term::Fold(
                name,
                source.into(),
                pattern,
                vec![start, call("!last_or_null", [update])],
            );
        }
        // The state is what the last update put out; its last output is what the next one starts from.
        let list = |term| Term::Arr(Some(Box::new(term)));
        let update = pipe(index(Term::Id, Term::Num("-1")), update);
        let each = Term::Path(
            Term::Id.into(),
            jaq_core::path::Path(vec![(Part::Range(None, None), Opt::Essential)]),
        );
        let extract = match extract {
            Some(extract) => pipe(each, extract),
            None => each,
        };
        Term::Fold(
            name,
            source.into(),
            pattern,
            vec![list(start), list(update), extract],
        )
    }

    fn definition(&self, def: Def<&'s str>) -> Def<&'s str> {
        let calls = calls(&def.body);
        let recursive = calls.contains(&(def.name, def.args.len()));
        let mut body = self.term(def.body);
        if recursive {
            body = pipe(call("!call", []), body);
            if def.args.iter().any(|arg| !arg.starts_with('$')) {
                // Each call closes over the one before. As the last thing that a definition does it would use no stack,
                // and the chain of closures would grow unseen; in a label it is not the last thing.
                body = Term::Label("$!calls", body.into());
            }
        } else if !self.defined.is_empty() {
            // Definitions that call each other in a row use the stack as well, and lengthen paths.
            body = pipe(call("!deeper", []), body);
        }
        let variables = def
            .args
            .iter()
            .filter_map(|arg| Some((*arg, arg.strip_prefix('$')?)));
        let filters: Vec<_> = variables
            .filter(|(_, name)| calls.contains(&(*name, 0)))
            .map(|(variable, name)| Def {
                name,
                args: Vec::new(),
                body: Term::Var(variable),
            })
            .collect();
        if !filters.is_empty() {
            body = Term::Def(filters, body.into());
        }
        Def { body, ..def }
    }

    fn pattern(&self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(items) => {
                Pattern::Arr(items.into_iter().map(|item| self.pattern(item)).collect())
            }
            Pattern::Obj(members) => {
                let member = |(name, pattern)| (self.term(name), self.pattern(pattern));
                Pattern::Obj(members.into_iter().map(member).collect())
            }
        }
    }

    fn terms(&self, terms: Vec<Term<&'s str>>) -> Vec<Term<&'s str>> {
        terms.into_iter().map(|term| self.term(term)).collect()
    }

    fn boxed(&self, term: Term<&'s str>) -> Box<Term<&'s str>> {
        self.term(term).into()
    }

    fn defines(&self, name: &'s str) -> bool {
        self.defined.contains(&(name, 0))
    }
}

/// How many members the evaluator adds up one inside the other.
const MEMBERS: usize = 64;

/// An object; a large one is the sum of two.
fn object<'s>(mut members: Vec<(Term<&'s str>, Option<Term<&'s str>>)>) -> Term<&'s str> {
    if members.len() <= MEMBERS {
        return Term::Obj(members);
    }
    let later = members.split_off(members.len() / 2);
    join(object(members), BinaryOp::Math(Math::Add), object(later))
}

fn join<'s>(left: Term<&'s str>, op: BinaryOp<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(left.into(), op, right.into())
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    join(left, BinaryOp::Pipe(None), right)
}

fn bind<'s>(value: Term<&'s str>, name: &'s str, then: Term<&'s str>) -> Term<&'s str> {
    join(value, BinaryOp::Pipe(Some(Pattern::Var(name))), then)
}

fn index<'s>(from: Term<&'s str>, index: Term<&'s str>) -> Term<&'s str> {
    Term::Path(
        from.into(),
        jaq_core::path::Path(vec![(Part::Index(index), Opt::Essential)]),
    )
}

fn call<'s, const N: usize>(name: &'s str, args: [Term<&'s str>; N]) -> Term<&'s str> {
    Term::Call(name, args.into())
}
