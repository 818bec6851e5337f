//! Values with something set or taken out, in place where nobody shares them.
//!
//! "setpath", "delpaths" and "Assignment" in jq's manual.

use std::collections::HashSet;
use std::rc::Rc;

use jaq_core::{Error, ValR};

use super::access::{place_in, slice_of};
use super::operators::copying;
use super::{Array, Object, Value, error};
use crate::bounds::{self, Metered};

/// The last place of an array that jq sets.
const LAST: usize = 536_870_911;

impl Value {
    /// What `change` makes of the value at a path, set there. What is not there is null, and comes into being.
    pub(crate) fn change<E: From<Error<Value>>>(
        self,
        path: &[Value],
        change: &mut dyn FnMut(Value) -> Result<Value, E>,
    ) -> Result<Value, E> {
        let Some((index, rest)) = path.split_first() else {
            return change(self);
        };
        bounds::step(1)?;
        // What lies deeper will not be made, and must not be walked to.
        bounds::level(u16::try_from(path.len()).unwrap_or(u16::MAX))?;
        match (self, index) {
            (Self::Null, Self::String(_)) => Self::from(Object::default()).change(path, change),
            (Self::Null, Self::Number(_)) => {
                Self::Array(Array::new(Vec::new())?).change(path, change)
            }
            (Self::Object(mut members), Self::String(name)) => {
                copying(&members)?;
                let object = Rc::make_mut(&mut members);
                // Out of the object, so that it can be changed in place.
                let old = object
                    .get_mut(name.as_str())
                    .map(std::mem::take)
                    .unwrap_or_default();
                let new = old.change(rest, change)?;
                bounds::level(1 + new.level())?;
                bounds::members(1)?;
                object.insert(name.into(), new);
                Ok(Self::Object(members))
            }
            (Self::Array(items), Self::Number(place)) => {
                let length = items.as_slice().len();
                let place = place_in(place, length)
                    .ok_or_else(|| error("Out of bounds negative array index"))?;
                if place > LAST {
                    return Err(error("Array index too large").into());
                }
                let copied = if items.is_shared() { length } else { 0 };
                bounds::step(copied as u64 / 16)?;
                bounds::items(copied + place.saturating_sub(length))?;
                let level = items.level();
                let mut items = items.into_vec();
                if place >= length {
                    items.resize(place + 1, Self::Null);
                }
                items[place] = std::mem::take(&mut items[place]).change(rest, change)?;
                let level = level.max(1 + items[place].level());
                Ok(Self::Array(Array::of_level(items, level)?))
            }
            (value @ (Self::Array(_) | Self::Null), Self::Object(slice)) => {
                let items = value.as_array().unwrap_or_default();
                let range = slice_of(slice.get("start"), slice.get("end"), items.len())?;
                let part = value.at(index)?.change(rest, change)?;
                let Self::Array(part) = part else {
                    return Err(
                        error("A slice of an array can only be assigned another array").into(),
                    );
                };
                let parts = [&items[..range.start], part.as_slice(), &items[range.end..]];
                let length: usize = parts.iter().map(|part| part.len()).sum();
                bounds::step(length as u64 / 16)?;
                bounds::items(length)?;
                Ok(Self::Array(Array::new(parts.concat())?))
            }
            (Self::String(_), Self::Object(_)) => Err(error("Cannot update string slices").into()),
            (value, index) => match value.at(index) {
                Err(error) => Err(error.into()),
                Ok(_) => Err(error(format!(
                    "Cannot update field at {} index of {}",
                    index.kind(),
                    value.kind()
                ))
                .into()),
            },
        }
    }

    /// Without what is at these paths.
    pub(crate) fn without_all(self, paths: Vec<Vec<Value>>) -> ValR<Value> {
        match self {
            Self::Object(mut members) if paths.iter().all(|path| only_name(path).is_some()) => {
                let names: HashSet<&str> =
                    paths.iter().filter_map(|path| only_name(path)).collect();
                bounds::step((members.len() + paths.len()) as u64 / 8)?;
                copying(&members)?;
                Rc::make_mut(&mut members).retain(|name| !names.contains(name));
                Ok(Self::Object(members))
            }
            value => value.without_each(paths),
        }
    }

    fn without_each(self, mut paths: Vec<Vec<Value>>) -> ValR<Value> {
        paths.sort();
        // From the last to the first, so that places in arrays still mean what they meant.
        paths
            .iter()
            .rev()
            .try_fold(self, |value, path| value.without(path))
    }

    fn without(self, path: &[Value]) -> ValR<Value> {
        bounds::step(1)?;
        bounds::level(u16::try_from(path.len()).unwrap_or(u16::MAX))?;
        match path {
            [] => Ok(Self::Null),
            [index] => self.take_out(index),
            [index, rest @ ..] => match self.at(index)? {
                Self::Null => Ok(self),
                _ => self.change(std::slice::from_ref(index), &mut |inner| {
                    inner.without(rest)
                }),
            },
        }
    }

    fn take_out(self, index: &Value) -> ValR<Value> {
        match (self, index) {
            (Self::Null, _) => Ok(Self::Null),
            (Self::Object(mut members), Self::String(name)) => {
                if members.get(name.as_str()).is_some() {
                    bounds::step(members.len() as u64 / 4)?;
                    copying(&members)?;
                    Rc::make_mut(&mut members).remove(name.as_str());
                }
                Ok(Self::Object(members))
            }
            (Self::Array(items), Self::Number(place)) => {
                match place_in(place, items.as_slice().len()) {
                    Some(place) if place < items.as_slice().len() => drain(items, place..place + 1),
                    _ => Ok(Self::Array(items)),
                }
            }
            (Self::Array(items), Self::Object(slice)) => {
                let range = slice_of(slice.get("start"), slice.get("end"), items.as_slice().len())?;
                drain(items, range)
            }
            (Self::Object(_), other) => Err(error(format!(
                "Cannot delete field at object index of {}",
                other.kind()
            ))),
            (Self::Array(_), other) => Err(error(format!(
                "Cannot delete field at array index of {}",
                other.kind()
            ))),
            (value, index) => Err(error(format!(
                "Cannot delete field at {} index of {}",
                index.kind(),
                value.kind()
            ))),
        }
    }
}

/// The name that a path of one step is.
fn only_name(path: &[Value]) -> Option<&str> {
    match path {
        [Value::String(name)] => Some(name.as_str()),
        _ => None,
    }
}

fn drain(items: Array, range: std::ops::Range<usize>) -> Metered<Value> {
    let copied = if items.is_shared() {
        items.as_slice().len()
    } else {
        0
    };
    bounds::step((copied + items.as_slice().len() - range.end) as u64 / 16)?;
    bounds::items(copied)?;
    let level = items.level();
    let mut items = items.into_vec();
    items.drain(range);
    Ok(Value::Array(Array::of_level(items, level)?))
}
