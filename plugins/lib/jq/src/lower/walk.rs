//! What a term names, at any depth.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::Calls;

/// What a term calls, at any depth.
pub(crate) fn calls<'s>(term: &Term<&'s str>) -> Calls<'s> {
    let mut calls = Calls::new();
    visit(term, &mut |term| match term {
        Term::Call(name, args) => {
            calls.insert((name, args.len()));
        }
        Term::Str(Some(format), _) => {
            calls.insert((format, 0));
        }
        _ => {}
    });
    calls
}

/// What a term defines, at any depth, and the filters that these definitions are given.
pub(super) fn defined<'s>(term: &Term<&'s str>) -> (Calls<'s>, Calls<'s>) {
    let (mut names, mut parameters) = (Calls::new(), Calls::new());
    visit(term, &mut |term| {
        if let Term::Def(definitions, _) = term {
            for def in definitions {
                names.insert((def.name, def.args.len()));
                let filters = def.args.iter().filter(|arg| !arg.starts_with('$'));
                parameters.extend(filters.map(|arg| (*arg, 0)));
            }
        }
    });
    names.extend(parameters.iter().copied());
    (names, parameters)
}

fn visit<'s>(term: &Term<&'s str>, see: &mut impl FnMut(&Term<&'s str>)) {
    see(term);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Var(_) | Term::Break(_) => {}
        Term::Str(_, parts) => parts.iter().for_each(|part| {
            if let StrPart::Term(term) = part {
                visit(term, see);
            }
        }),
        Term::Arr(items) => items.iter().for_each(|items| visit(items, see)),
        Term::Obj(members) => members.iter().for_each(|(name, value)| {
            visit(name, see);
            value.iter().for_each(|value| visit(value, see));
        }),
        Term::Neg(term) | Term::Label(_, term) => visit(term, see),
        Term::BinOp(left, op, right) => {
            visit(left, see);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                visit_pattern(pattern, see);
            }
            visit(right, see);
        }
        Term::Fold(_, source, pattern, args) => {
            visit(source, see);
            visit_pattern(pattern, see);
            args.iter().for_each(|arg| visit(arg, see));
        }
        Term::TryCatch(body, catch) => {
            visit(body, see);
            catch.iter().for_each(|catch| visit(catch, see));
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                visit(condition, see);
                visit(then, see);
            }
            otherwise.iter().for_each(|otherwise| visit(otherwise, see));
        }
        Term::Def(definitions, body) => {
            definitions.iter().for_each(|def| visit(&def.body, see));
            visit(body, see);
        }
        Term::Call(_, args) => args.iter().for_each(|arg| visit(arg, see)),
        Term::Path(from, path) => {
            visit(from, see);
            path.0.iter().for_each(|(part, _)| match part {
                Part::Index(index) => visit(index, see),
                Part::Range(start, end) => {
                    start.iter().chain(end).for_each(|bound| visit(bound, see))
                }
            });
        }
    }
}

fn visit_pattern<'s>(pattern: &Pattern<&'s str>, see: &mut impl FnMut(&Term<&'s str>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => items.iter().for_each(|item| visit_pattern(item, see)),
        Pattern::Obj(members) => members.iter().for_each(|(name, pattern)| {
            visit(name, see);
            visit_pattern(pattern, see);
        }),
    }
}
