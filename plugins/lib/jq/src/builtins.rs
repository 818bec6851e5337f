//! The definitions that every program may use, written in jq, and the natives below them.
//!
//! A program is compiled with those that it uses, directly or through others: most use few, and compiling all of them
//! would cost many times what the program itself does.

use std::sync::OnceLock;

use jaq_core::load::Arena;
use jaq_core::load::parse::{Def, Term};

use crate::lower::{self, Calls};
use crate::syntax;

/// What a program uses.
pub(crate) struct Used {
    /// In an order in which each comes after what it uses.
    pub(crate) definitions: Vec<Def<&'static str>>,
    /// Names and numbers of arguments; those of definitions are among them.
    pub(crate) natives: Calls<'static>,
}

struct Builtin {
    definition: Def<&'static str>,
    calls: Calls<'static>,
}

pub(crate) fn used_by(program: &Term<&str>) -> Used {
    let called = lower::calls(program);
    let builtins = all();
    let mut wanted = Calls::new();
    // What is not a builtin's name is the program's own, or undefined.
    let names = builtins
        .iter()
        .map(|builtin| (builtin.definition.name, builtin.definition.args.len()));
    wanted.extend(
        names
            .chain(crate::natives::names())
            .filter(|name| called.contains(name)),
    );
    let mut definitions = Vec::new();
    // From the last to the first: a definition only uses earlier ones, and itself.
    for builtin in builtins.iter().rev() {
        if wanted.contains(&(builtin.definition.name, builtin.definition.args.len())) {
            wanted.extend(builtin.calls.iter().copied());
            definitions.push(builtin.definition.clone());
        }
    }
    definitions.reverse();
    Used {
        definitions,
        natives: wanted,
    }
}

fn all() -> &'static [Builtin] {
    static ALL: OnceLock<Vec<Builtin>> = OnceLock::new();
    ALL.get_or_init(|| {
        let arena = Box::leak(Box::<Arena>::default());
        let definitions = syntax::definitions(include_str!("defs.jq"), arena);
        let definitions = definitions.expect("the definitions are fixed, and a test reads them");
        let builtin = |definition| {
            let definition = lower::definition(definition);
            let calls = lower::calls(&definition.body);
            Builtin { definition, calls }
        };
        definitions.into_iter().map(builtin).collect()
    })
}
