//! What paths do to values: `.name`, `.[0]`, `.[1:]`, `.[]`, and what the evaluator asks of any value.
//!
//! "Object Identifier-Index" to "Array/String Slice" in jq's manual.

use std::ops::Range;

use jaq_core::box_iter::BoxIter;
use jaq_core::path::Opt;
use jaq_core::val::Range as Slice;
use jaq_core::{Error, ValR, ValT, ValX};

use super::{Number, Object, Value, error, quoted, shortened};
use crate::bounds::{self, Metered};

impl ValT for Value {
    fn from_num(text: &str) -> ValR<Self> {
        bounds::text(text.len() * 8)?;
        Number::read(text)
            .map(Self::Number)
            .ok_or_else(|| error(format!("{text} is not a number")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> ValR<Self> {
        bounds::container()?;
        let mut object = Object::with_capacity(1);
        for (name, value) in members {
            let Self::String(name) = &name else {
                return Err(error(format!(
                    "Object keys must be strings, not {} ({})",
                    name.kind(),
                    shortened(&name)
                )));
            };
            bounds::members(1)?;
            bounds::level(1 + value.level())?;
            object.insert(name.into(), value);
        }
        Ok(object.into())
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self {
            Self::Array(items) => {
                Box::new(Each::new(items.as_slice().len(), move |place: usize| {
                    (Self::from(place), items.as_slice()[place].clone())
                }))
            }
            Self::Object(members) => Box::new(Each::new(members.len(), move |place| {
                let (name, value) = members.at(place);
                (Self::String(name.clone().into()), value.clone())
            })),
            other => Box::new(std::iter::once(Err(not_iterable(&other)))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self {
            Self::Array(items) => {
                Box::new(Each::new(items.as_slice().len(), move |place: usize| {
                    items.as_slice()[place].clone()
                }))
            }
            Self::Object(members) => Box::new(Each::new(members.len(), move |place| {
                members.at(place).1.clone()
            })),
            other => Box::new(std::iter::once(Err(not_iterable(&other)))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        self.at(index)
    }

    fn range(self, range: Slice<&Self>) -> ValR<Self> {
        self.slice(range.start, range.end)
    }

    // Updates are rewritten to paths before a program is compiled (`lower`): none gets here.

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(not_in_place().into())
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: &Self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(not_in_place().into())
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Slice<&Self>,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(not_in_place().into())
    }

    fn as_bool(&self) -> bool {
        self.truthy()
    }

    fn into_string(self) -> Self {
        match self {
            Self::String(_) => self,
            // Only what is beyond a bound is not shown, and then nobody sees it.
            other => other.to_json().map_or(Self::Null, Self::from),
        }
    }
}

/// A slice as a part of a path: `{"start": 1, "end": null}`.
impl From<Slice<Value>> for Value {
    fn from(range: Slice<Value>) -> Self {
        let mut object = Object::with_capacity(2);
        object.insert("start".into(), range.start.unwrap_or_default());
        object.insert("end".into(), range.end.unwrap_or_default());
        object.into()
    }
}

impl Value {
    /// `.[index]`
    pub(crate) fn at(&self, index: &Value) -> ValR<Value> {
        match (self, index) {
            (Self::Object(members), Self::String(name)) => {
                Ok(members.get(name.as_str()).cloned().unwrap_or_default())
            }
            (Self::Null, Self::String(_) | Self::Number(_) | Self::Null) => Ok(Self::Null),
            (Self::Array(items), Self::Number(place)) => {
                let items = items.as_slice();
                Ok(place_in(place, items.len())
                    .and_then(|place| items.get(place))
                    .cloned()
                    .unwrap_or_default())
            }
            (Self::Array(items), Self::Array(wanted)) => {
                let places = find_all(items.as_slice(), wanted.as_slice())?;
                Ok(places.into_iter().map(Self::from).collect())
            }
            (_, Self::Object(slice))
                if !matches!(self, Self::Object(_)) && slice.get("start").is_some() =>
            {
                self.slice(slice.get("start"), slice.get("end"))
            }
            _ => Err(not_indexable(self, index)),
        }
    }

    /// `.[start:end]`
    fn slice(&self, start: Option<&Value>, end: Option<&Value>) -> ValR<Value> {
        match self {
            Self::Null => Ok(Self::Null),
            Self::Array(items) => {
                let items = items.as_slice();
                let range = slice_of(start, end, items.len())?;
                bounds::step(range.len() as u64 / 16)?;
                Ok(items[range].iter().cloned().collect())
            }
            Self::String(text) => {
                let text = text.as_str();
                bounds::text(text.len())?;
                let range = if text.is_ascii() {
                    slice_of(start, end, text.len())?
                } else {
                    bounds::step(text.len() as u64 / 32)?;
                    let range = slice_of(start, end, text.chars().count())?;
                    let byte = |count| {
                        text.char_indices()
                            .nth(count)
                            .map_or(text.len(), |(byte, _)| byte)
                    };
                    byte(range.start)..byte(range.end)
                };
                bounds::string(range.len())?;
                Ok(Self::from(&text[range]))
            }
            other => Err(error(format!("Cannot index {} with object", other.kind()))),
        }
    }
}

/// Where a slice begins and ends: from the start downwards, to the end upwards, negative from behind.
pub(crate) fn slice_of(
    start: Option<&Value>,
    end: Option<&Value>,
    length: usize,
) -> Metered<Range<usize>> {
    let place = |value: Option<&Value>, default: f64| match value {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(_) => Err(error("Array/string slice indices must be integers")),
    };
    let length = length as f64;
    let from_behind = |place: f64| if place < 0.0 { place + length } else { place };
    let start = from_behind(place(start, 0.0)?).floor().clamp(0.0, length);
    let end = from_behind(place(end, length)?).ceil().clamp(0.0, length);
    Ok(start as usize..end.max(start) as usize)
}

/// Which item a number means; negative from behind.
pub(crate) fn place_in(place: &Number, length: usize) -> Option<usize> {
    let place = match place {
        Number::Int(int) => *int,
        other => {
            let place = other.as_f64().floor();
            if place.is_nan() {
                return None;
            }
            place as i64
        }
    };
    if place < 0 {
        usize::try_from(place.checked_add(length as i64)?).ok()
    } else {
        usize::try_from(place).ok()
    }
}

/// Where some items stand among others.
pub(crate) fn find_all(items: &[Value], wanted: &[Value]) -> Metered<Vec<usize>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    bounds::step(items.len() as u64 / 4)?;
    let windows = items.windows(wanted.len()).enumerate();
    Ok(windows
        .filter(|(_, window)| *window == wanted)
        .map(|(place, _)| place)
        .collect())
}

#[cold]
fn not_in_place() -> Error<Value> {
    error("values are not updated in place")
}

#[cold]
fn not_indexable(value: &Value, index: &Value) -> Error<Value> {
    error(match index {
        Value::String(name) => format!(
            "Cannot index {} with string (\"{}\")",
            value.kind(),
            quoted(name.as_str())
        ),
        other => format!(
            "Cannot index {} with {} ({})",
            value.kind(),
            other.kind(),
            shortened(other)
        ),
    })
}

#[cold]
fn not_iterable(value: &Value) -> Error<Value> {
    error(format!(
        "Cannot iterate over {} ({})",
        value.kind(),
        shortened(value)
    ))
}

/// What is in an array or object, one by one, each a step.
struct Each<F> {
    place: usize,
    length: usize,
    get: F,
}

impl<F> Each<F> {
    fn new(length: usize, get: F) -> Self {
        Self {
            place: 0,
            length,
            get,
        }
    }
}

impl<T, F: Fn(usize) -> T> Iterator for Each<F> {
    type Item = ValR<T, Value>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place == self.length {
            return None;
        }
        if let Err(error) = bounds::step(1) {
            self.place = self.length;
            return Some(Err(error));
        }
        self.place += 1;
        Some(Ok((self.get)(self.place - 1)))
    }

    /// Exact, so that the evaluator knows of a single output.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.length - self.place;
        (left, Some(left))
    }
}
