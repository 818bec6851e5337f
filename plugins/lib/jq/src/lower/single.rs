//! Terms with one output: most are, and what several outputs make necessary would cost them.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Opt, Part};

/// Does it have exactly one output, or fail? Said only where it is plain to see.
pub(super) fn is_single(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(_) => true,
        Term::Str(_, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => is_single(term),
            _ => true,
        }),
        Term::Obj(members) => members
            .iter()
            .all(|(name, value)| is_single(name) && value.as_ref().is_none_or(is_single)),
        Term::Neg(term) => is_single(term),
        Term::BinOp(left, op, right) => match op {
            BinaryOp::Comma | BinaryOp::Alt => false,
            BinaryOp::Pipe(Some(pattern)) if !matches!(pattern, Pattern::Var(_)) => false,
            _ => is_single(left) && is_single(right),
        },
        Term::Fold("reduce", _, Pattern::Var(_), args) => args.iter().all(is_single),
        Term::IfThenElse(branches, otherwise) => {
            let otherwise = otherwise.as_ref().is_none_or(|term| is_single(term));
            otherwise
                && branches
                    .iter()
                    .all(|(condition, then)| is_single(condition) && is_single(then))
        }
        Term::Path(from, path) => {
            is_single(from)
                && path.0.iter().all(|(part, opt)| match (part, opt) {
                    (_, Opt::Optional) | (Part::Range(None, None), _) => false,
                    (Part::Index(index), _) => is_single(index),
                    (Part::Range(start, end), _) => start.iter().chain(end).all(is_single),
                })
        }
        Term::Call(name, args) => {
            SINGLE.contains(&(*name, args.len())) && args.iter().all(is_single)
        }
        _ => false,
    }
}

/// Can it say where something is, deeper than where it is? In doubt yes.
pub(super) fn may_go_deeper(term: &Term<&str>) -> bool {
    !matches!(
        term,
        Term::Id
            | Term::Num(_)
            | Term::Var(_)
            | Term::Str(..)
            | Term::Arr(_)
            | Term::Obj(_)
            | Term::Neg(_)
            | Term::BinOp(_, BinaryOp::Math(_) | BinaryOp::Cmp(_), _)
    )
}

/// Definitions that have one output for each of their arguments' outputs.
const SINGLE: [(&str, usize); 21] = [
    ("!deeper", 0),
    ("length", 0),
    ("tostring", 0),
    ("tonumber", 0),
    ("tojson", 0),
    ("fromjson", 0),
    ("type", 0),
    ("not", 0),
    ("keys", 0),
    ("add", 0),
    ("sort", 0),
    ("unique", 0),
    ("to_entries", 0),
    ("from_entries", 0),
    ("ascii_downcase", 0),
    ("ascii_upcase", 0),
    ("now", 0),
    ("join", 1),
    ("split", 1),
    ("has", 1),
    ("floor", 0),
];
