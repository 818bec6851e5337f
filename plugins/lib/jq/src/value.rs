//! JSON values as jq knows them: cheap to clone, objects in the order of insertion, numbers as jq has them.
//!
//! The parts: [`number`], [`text`] and [`object`] are what values are made of, [`order`] compares them, [`show`] writes
//! them, [`json`] is serde's side, [`operators`] is arithmetic, [`access`] and [`change`] are what paths do to values.

pub(crate) mod access;
mod change;
mod json;
mod number;
mod object;
pub(crate) mod operators;
mod order;
mod show;
mod text;

use std::rc::Rc;

use jaq_core::Error;

pub use number::Number;
pub use object::Object;
pub use text::Text;

pub(crate) use show::{quoted, shortened};

use crate::bounds::{self, Metered};

/// A JSON value.
///
/// ```
/// use port_jq::Value;
///
/// let mut service: Value = serde_json::from_str(r#"{"name": "shop", "id": 9007199254740993}"#)?;
/// service.insert("tier", "gold".into());
/// assert_eq!(service.get("name").and_then(Value::as_str), Some("shop"));
/// assert_eq!(service.to_string(), r#"{"name":"shop","id":9007199254740993,"tier":"gold"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(Text),
    Array(Array),
    Object(Rc<Object>),
}

/// The items of an array, shared.
#[derive(Clone)]
pub struct Array(Rc<Items>);

#[derive(Clone)]
struct Items {
    items: Vec<Value>,
    /// How deep what is in it lies, itself counted.
    level: u16,
}

impl Value {
    /// `null`.
    pub const fn null() -> Self {
        Self::Null
    }

    /// An object of these members. Of two with one name, the later counts.
    pub fn object(members: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut object = Object::default();
        for (name, value) in members {
            object.insert(name.into(), value);
        }
        object.into()
    }

    /// The member of that name, if this is an object that has one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }

    /// Sets a member. What is not an object becomes one; whoever shares this object sees nothing of it.
    pub fn insert(&mut self, name: impl Into<Rc<str>>, value: Value) {
        if let Self::Object(object) = self {
            Rc::make_mut(object).insert(name.into(), value);
        } else {
            let mut object = Object::default();
            object.insert(name.into(), value);
            *self = object.into();
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self {
            Some(*bool)
        } else {
            None
        }
    }

    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self {
            Some(number)
        } else {
            None
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text.as_str())
        } else {
            None
        }
    }

    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(array) = self {
            Some(array.as_slice())
        } else {
            None
        }
    }

    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Everything but `null` and `false`.
    pub fn truthy(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// What `type` says.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// How deep arrays and objects lie in each other.
    pub(crate) fn level(&self) -> u16 {
        match self {
            Self::Array(array) => array.level(),
            Self::Object(object) => object.level(),
            _ => 0,
        }
    }
}

impl Array {
    /// An array of items, unless they lie too deep.
    pub(crate) fn new(items: Vec<Value>) -> Metered<Self> {
        let level = 1 + items.iter().map(Value::level).max().unwrap_or(0);
        Self::of_level(items, level)
    }

    /// An array of items that are known to lie no deeper than this.
    pub(crate) fn of_level(items: Vec<Value>, level: u16) -> Metered<Self> {
        bounds::level(level)?;
        Ok(Self(Rc::new(Items { items, level })))
    }

    pub(crate) fn level(&self) -> u16 {
        self.0.level
    }

    pub(crate) fn is_shared(&self) -> bool {
        Rc::strong_count(&self.0) > 1
    }

    pub fn as_slice(&self) -> &[Value] {
        &self.0.items
    }

    /// The items, copied only if others share them.
    pub(crate) fn into_vec(self) -> Vec<Value> {
        match Rc::try_unwrap(self.0) {
            Ok(items) => items.items,
            Err(shared) => shared.items.clone(),
        }
    }

    /// Adds items at the end, in place if nobody shares them.
    pub(crate) fn extend(&mut self, more: &[Value]) -> Metered {
        let level = 1 + more.iter().map(Value::level).max().unwrap_or(0);
        bounds::level(level)?;
        let copied = if self.is_shared() {
            self.0.items.len()
        } else {
            0
        };
        let count = copied + more.len();
        bounds::step(count as u64 / 16)?;
        bounds::items(count)?;
        let items = Rc::make_mut(&mut self.0);
        items.level = items.level.max(level);
        items.items.extend_from_slice(more);
        Ok(())
    }

    pub(crate) fn shares(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Collected values, as `[...]` makes an array of them: metered, and cut short when a bound is hit.
impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut items = Vec::new();
        if bounds::container().is_err() {
            return Self::Null;
        }
        for value in values {
            if bounds::items(1).is_err() {
                return Self::Null;
            }
            items.push(value);
        }
        Array::new(items).map_or(Self::Null, Self::Array)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Array::new(items).map_or(Self::Null, Self::Array)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(Rc::new(object))
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Number(Number::Int(int))
    }
}

impl From<isize> for Value {
    fn from(int: isize) -> Self {
        Self::from(int as i64)
    }
}

impl From<usize> for Value {
    fn from(size: usize) -> Self {
        Self::from(i64::try_from(size).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Self::Number(float.into())
    }
}

impl From<String> for Value {
    fn from(string: String) -> Self {
        Self::String(string.into())
    }
}

impl From<&str> for Value {
    fn from(string: &str) -> Self {
        Self::String(string.into())
    }
}

/// An error in jq's words.
#[cold]
pub(crate) fn error(message: impl Into<String>) -> Error<Value> {
    Error::new(Value::from(message.into()))
}
