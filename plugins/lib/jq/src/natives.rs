//! What programs call that is not written in jq: one table a subject.

mod flow;
mod format;
mod json;
mod lists;
mod math;
mod paths;
mod regex;
mod strings;
mod time;
mod values;

use jaq_core::{Bind, Native, PathsPtr, RunPtr, ValR, ValXs};

use crate::Value;
use crate::lower::Calls;
use crate::program::Dialect;

type Cv<'a> = jaq_core::Cv<'a, Dialect>;
type Outputs<'a> = ValXs<'a, Value>;

/// A row of the tables.
struct Row {
    name: &'static str,
    /// A letter each: `v` for a value, whose outputs are tried one by one, `f` for a filter.
    args: &'static str,
    run: RunPtr<Dialect>,
    /// What `path` makes of it, if it says where things are.
    paths: Option<PathsPtr<Dialect>>,
}

const fn row(name: &'static str, args: &'static str, run: RunPtr<Dialect>) -> Row {
    Row {
        name,
        args,
        run,
        paths: None,
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [
        flow::ROWS,
        values::ROWS,
        json::ROWS,
        lists::ROWS,
        paths::ROWS,
        strings::ROWS,
        format::ROWS,
        regex::ROWS,
        time::ROWS,
        math::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The evaluator's own that are right as they are, and their names here. Of a negative limit jq makes something else.
const OF_EVALUATOR: [(&str, &str, usize); 5] = [
    ("path", "path", 1),
    ("first", "first", 1),
    ("last", "last", 1),
    ("limit", "_limit", 2),
    ("skip", "skip", 2),
];

/// All names, with their numbers of arguments.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, usize)> {
    let theirs = OF_EVALUATOR
        .into_iter()
        .map(|(_, name, count)| (name, count));
    rows().map(|row| (row.name, row.args.len())).chain(theirs)
}

/// Those that are used.
pub(crate) fn all(used: &Calls<'static>) -> impl Iterator<Item = jaq_core::native::Fun<Dialect>> {
    let ours = rows()
        .filter(|row| used.contains(&(row.name, row.args.len())))
        .map(|row| {
            let args = row.args.bytes().map(|arg| {
                if arg == b'v' {
                    Bind::Var(())
                } else {
                    Bind::Fun(())
                }
            });
            let native = Native::<Dialect>::new(row.run);
            let native = match row.paths {
                Some(paths) => native.with_paths(paths),
                None => native,
            };
            (row.name, args.collect(), native)
        });
    let theirs = jaq_core::funs().filter_map(|(name, args, native)| {
        let same = |row: &(&str, _, usize)| row.0 == name && row.2 == args.len();
        let (_, name, count) = OF_EVALUATOR.into_iter().find(same)?;
        used.contains(&(name, count))
            .then_some((name, args, native))
    });
    ours.chain(theirs)
}

/// One output, or an error.
fn one<'a>(result: ValR<Value>) -> Outputs<'a> {
    jaq_core::native::bome(result)
}

fn none<'a>() -> Outputs<'a> {
    Box::new(std::iter::empty())
}
