//! Programs: compiled once, run on one value at a time.

use jaq_core::compile::{Compiler, Undefined};
use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::path::{Opt, Part, Path};
use jaq_core::{Ctx, DataT, Error, Filter, Lut, Native, Vars};

use crate::bounds::{Bounds, Run, Spent};
use crate::{Value, builtins, lower, natives, syntax};

/// A program, compiled.
///
/// ```
/// use port_jq::{Bounds, Program, Value};
///
/// let program = Program::compile(".repo + '-' + .name")?;
/// let input: Value = serde_json::from_str(r#"{"repo": "shop", "name": "staging"}"#).expect("valid JSON");
/// let output = program.first(&input, &Bounds::default());
/// assert_eq!(output.expect("no failure"), Some("shop-staging".into()));
/// # Ok::<(), port_jq::Mistake>(())
/// ```
pub struct Program {
    filter: Filter<Dialect>,
    globals: Vars<Value>,
    /// Of one that is a path of names and nothing else, as most of a mapping's are.
    names: Option<Vec<Box<str>>>,
}

/// What is wrong with the text of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub message: String,
    /// Where, in characters of the text as its author wrote it.
    pub at: Option<usize>,
}

/// Why a program has no output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An error of the program's own, in jq's words.
    Error(String),
    /// A bound was hit: which.
    TooMuch(String),
}

/// What programs are made of: values, and what natives may know of the run.
pub(crate) struct Dialect;

impl DataT for Dialect {
    type V<'a> = Value;
    type Data<'a> = &'a Scene<'a>;
}

/// One run.
pub(crate) struct Scene<'a> {
    lut: &'a Lut<Dialect>,
    pub(crate) now: f64,
}

impl<'a> HasLut<'a, Dialect> for &'a Scene<'a> {
    fn lut(&self) -> &'a Lut<Dialect> {
        self.lut
    }
}

/// Values that every program has, whatever it binds.
const GLOBALS: [&str; 4] = ["$ENV", "$!null", "$!true", "$!false"];

/// The name of a program as a definition.
const MAIN: &str = "_program_";

impl Program {
    /// Compiles a program.
    ///
    /// # Errors
    /// The first mistake that is found, with its place.
    pub fn compile(text: &str) -> Result<Self, Mistake> {
        let arena = Arena::default();
        let body = syntax::program(text, &arena)?;
        let names = names(&body);
        let body = lower::program(body);
        let used = builtins::used_by(&body);
        // The evaluator takes text; the text is a call of the program as the last of the definitions.
        let main = Def {
            name: MAIN,
            args: Vec::new(),
            body,
        };
        let loader = Loader::new(used.definitions.into_iter().chain([main]));
        let call = File {
            code: MAIN,
            path: (),
        };
        let modules = loader
            .load(&arena, call)
            .map_err(|_| Mistake::somewhere("the program cannot be loaded"))?;
        let compiler =
            Compiler::<_, Native<Dialect>>::default().with_funs(natives::all(&used.natives));
        let filter = compiler
            .with_global_vars(GLOBALS)
            .compile(modules)
            .map_err(|errors| {
                let undefined = errors.into_iter().flat_map(|(_, errors)| errors).next();
                undefined.map_or_else(
                    || Mistake::somewhere("the program cannot be compiled"),
                    |(name, kind)| Mistake::undefined(text, name, &kind),
                )
            })?;
        let globals = Vars::new([Value::object([]), Value::Null, true.into(), false.into()]);
        Ok(Self {
            filter,
            globals,
            names,
        })
    }

    /// The first output for an input; nothing where there is none, as for `empty`.
    ///
    /// # Errors
    /// The program's own error, or the bound that it hit.
    pub fn first(&self, input: &Value, bounds: &Bounds) -> Result<Option<Value>, Failure> {
        let names = self.names.as_deref();
        if let Some(output) = names.and_then(|names| at(input, names)) {
            return within(bounds, output);
        }
        let run = Run::start(bounds);
        let scene = Scene {
            lut: &self.filter.lut,
            now: bounds.now,
        };
        let context = Ctx::<Dialect>::new(&scene, self.globals.clone());
        // Outputs are computed as they are asked for, so what comes after the first one costs nothing.
        let first = self.filter.id.run((context, input.clone())).next();
        if let Some(spent) = run.spent() {
            return Err(Failure::TooMuch(spent.to_string()));
        }
        match first {
            None => Ok(None),
            Some(Ok(output)) => within(bounds, output),
            Some(Err(exception)) => match exception.get_err() {
                Ok(error) => Err(Failure::Error(in_words(error))),
                // `halt` ends a program without an output.
                Err(_) => Ok(None),
            },
        }
    }
}

fn within(bounds: &Bounds, output: Value) -> Result<Option<Value>, Failure> {
    match output.exceeds(bounds.bytes) {
        true => Err(Failure::TooMuch(Spent::Bytes.to_string())),
        false => Ok(Some(output)),
    }
}

/// `a` and `b` of `.a.b`.
fn names(program: &Term<&str>) -> Option<Vec<Box<str>>> {
    let Term::Path(from, Path(parts)) = program else {
        return None;
    };
    let name = |(part, opt): &(Part<Term<&str>>, Opt)| match (part, opt) {
        (Part::Index(Term::Str(None, text)), Opt::Essential) => match text.as_slice() {
            [StrPart::Str(name)] => Some(Box::from(*name)),
            _ => None,
        },
        _ => None,
    };
    match **from {
        Term::Id => parts.iter().map(name).collect(),
        _ => None,
    }
}

/// What lies there. `None` where no path can go on, which the evaluator has words for.
fn at(mut value: &Value, names: &[Box<str>]) -> Option<Value> {
    for name in names {
        match value {
            Value::Null => break,
            Value::Object(object) => match object.get(name) {
                Some(member) => value = member,
                None => return Some(Value::Null),
            },
            _ => return None,
        }
    }
    Some(value.clone())
}

/// An error's value as jq's command says it.
fn in_words(error: Error<Value>) -> String {
    match error.into_val() {
        Value::String(text) => text.as_str().replace(
            "invalid path expression with input",
            "Invalid path expression with result",
        ),
        other => format!("{} (not a string)", crate::value::shortened(&other)),
    }
}

impl Mistake {
    pub(crate) fn at(text: &str, byte: usize, message: String) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        Self {
            message,
            at: Some(before.chars().count()),
        }
    }

    fn somewhere(message: &str) -> Self {
        Self {
            message: message.into(),
            at: None,
        }
    }

    /// A name that nothing is known by. It is a slice of the text, unless it is a definition's own.
    fn undefined(text: &str, name: &str, kind: &Undefined) -> Self {
        let at = (name.as_ptr().addr())
            .checked_sub(text.as_ptr().addr())
            .filter(|at| *at < text.len());
        let message = match kind {
            Undefined::Mod => "there are no modules here".into(),
            Undefined::Filter(0) if !name.starts_with('@') => {
                let before = at.and_then(|at| text.get(..at)?.strip_suffix('-'));
                match before.and_then(last_field) {
                    Some(begin) => format!(
                        "there is no function `{name}`; a name with a dash needs quotes: `.\"{begin}-{name}\"`"
                    ),
                    None => {
                        format!("there is no function `{name}`; a text needs quotes: \"{name}\"")
                    }
                }
            }
            Undefined::Filter(0) => format!("there is no format `{name}`"),
            Undefined::Filter(1) => format!("there is no function `{name}` with 1 argument"),
            Undefined::Filter(arity) => {
                format!("there is no function `{name}` with {arity} arguments")
            }
            Undefined::Label => format!("there is no label `{name}` around this"),
            _ => format!("there is no variable `{name}` here"),
        };
        match at {
            Some(at) => Self::at(text, at, message),
            None => Self { message, at: None },
        }
    }
}

/// The name of the field that a text ends with: `a` of `.b | .a`.
fn last_field(text: &str) -> Option<&str> {
    let (_, name) = text.rsplit_once('.')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_name)).then_some(name)
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} (character {})", self.message, at + 1),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Mistake {}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(message) | Self::TooMuch(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}
