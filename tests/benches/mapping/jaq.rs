//! The reference: jaq with its own values, natively.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, data::JustLut, unwrap_valr};
use jaq_json::{Val, read};

pub(super) struct Programs(Vec<Filter<JustLut<Val>>>);

impl Programs {
    pub(super) fn compile(programs: &[&str]) -> Self {
        Self(programs.iter().map(|program| compile(program)).collect())
    }

    /// Reads the object once, runs each program for its first output, and writes that.
    pub(super) fn run(&self, object: &str) -> Vec<String> {
        let object = read::parse_single(object.as_bytes()).expect("an object of ours");
        let first = |filter: &Filter<JustLut<Val>>| {
            let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
            let mut outputs = filter.id.run((context, object.clone())).map(unwrap_valr);
            let value = outputs.next().expect("an output").expect("no error");
            value.to_string()
        };
        self.0.iter().map(first).collect()
    }
}

fn compile(code: &str) -> Filter<JustLut<Val>> {
    let definitions = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs());
    let natives = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code, path: () })
        .unwrap_or_else(|_| panic!("jaq cannot read {code}"));
    Compiler::default()
        .with_funs(natives)
        .compile(modules)
        .unwrap_or_else(|_| panic!("jaq cannot compile {code}"))
}
