//! Arrays and objects: sorted, grouped, joined, taken apart.

use std::rc::Rc;

use jaq_core::box_iter::box_once;
use jaq_core::native::unary;
use jaq_core::{Error, Exn, ValR};

use super::{Cv, Outputs, Row, one, row};
use crate::bounds::{self, Metered};
use crate::value::{Array, Object, Value, error, shortened};

pub(super) const ROWS: &[Row] = &[
    row("keys", "", |cv| one(keys(&cv.1, true))),
    row("keys_unsorted", "", |cv| one(keys(&cv.1, false))),
    row("to_entries", "", |cv| one(to_entries(&cv.1))),
    row("from_entries", "", |cv| one(from_entries(cv.1))),
    row("add", "", |cv| one(add(cv.1))),
    row("join", "v", |cv| {
        unary(cv, |value, separator| join(&value, &separator))
    }),
    row("flatten", "", |cv| one(flatten(&cv.1, 1e9))),
    row("flatten", "v", |cv| {
        // Whatever is no number is greater than any.
        unary(cv, |value, depth| {
            match depth.as_number().map_or(1e9, crate::value::Number::as_f64) {
                depth if depth < 0.0 => Err(error("flatten depth must not be negative")),
                depth => flatten(&value, depth),
            }
        })
    }),
    row("reverse", "", |cv| one(reverse(cv.1))),
    row("sort", "", |cv| one(sorted(cv.1).map(Value::from))),
    row("unique", "", |cv| one(unique(cv.1))),
    row("min", "", |cv| {
        one(sorted(cv.1).map(|items| items.into_iter().next().unwrap_or_default()))
    }),
    row("max", "", |cv| {
        one(sorted(cv.1).map(|items| items.into_iter().next_back().unwrap_or_default()))
    }),
    row("sort_by", "f", |cv| {
        by(cv, |pairs| {
            pairs.into_iter().map(|(_, item)| item).collect()
        })
    }),
    row("group_by", "f", |cv| {
        by(cv, |pairs| {
            grouped(pairs)
                .into_iter()
                .map(|group| group.into_iter().collect())
                .collect()
        })
    }),
    row("unique_by", "f", |cv| {
        by(cv, |pairs| {
            grouped(pairs)
                .into_iter()
                .filter_map(|group| group.into_iter().next())
                .collect()
        })
    }),
    row("min_by", "f", |cv| {
        by(cv, |pairs| {
            pairs
                .into_iter()
                .next()
                .map(|(_, item)| item)
                .unwrap_or_default()
        })
    }),
    row("max_by", "f", |cv| {
        by(cv, |pairs| {
            pairs
                .into_iter()
                .next_back()
                .map(|(_, item)| item)
                .unwrap_or_default()
        })
    }),
    row("bsearch", "v", |cv| {
        unary(cv, |value, wanted| search(&value, &wanted))
    }),
];

fn items(value: &Value, what: &str) -> Result<Array, Error<Value>> {
    match value {
        Value::Array(items) => Ok(items.clone()),
        _ => Err(error(format!(
            "{} ({}) {what}",
            value.kind(),
            shortened(value)
        ))),
    }
}

fn keys(value: &Value, in_order: bool) -> ValR<Value> {
    match value {
        Value::Object(members) => {
            bounds::step(members.len() as u64 / 2)?;
            let mut names: Vec<&Rc<str>> = members.iter().map(|(name, _)| name).collect();
            if in_order {
                names.sort_unstable();
            }
            Ok(names
                .into_iter()
                .map(|name| Value::String(name.clone().into()))
                .collect())
        }
        Value::Array(items) => {
            bounds::step(items.as_slice().len() as u64 / 4)?;
            Ok((0..items.as_slice().len()).map(Value::from).collect())
        }
        _ => Err(error(format!(
            "{} ({}) has no keys",
            value.kind(),
            shortened(value)
        ))),
    }
}

fn to_entries(value: &Value) -> ValR<Value> {
    if !matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(error(format!(
            "{} ({}) has no keys",
            value.kind(),
            shortened(value)
        )));
    }
    let (key, of_value): (Rc<str>, Rc<str>) = ("key".into(), "value".into());
    let entry = |pair: ValR<(Value, Value), Value>| {
        let (name, value) = pair?;
        bounds::container()?;
        bounds::members(2)?;
        let mut entry = Object::with_capacity(2);
        entry.insert(key.clone(), name);
        entry.insert(of_value.clone(), value);
        Ok(Value::from(entry))
    };
    jaq_core::ValT::key_values(value.clone())
        .map(entry)
        .collect()
}

/// Entries with any of the spellings that jq ever knew. What names them is made a string, as far as it can be one.
fn from_entries(value: Value) -> ValR<Value> {
    let mut object = Object::default();
    for entry in jaq_core::ValT::values(value) {
        let entry = entry?;
        let mut name = entry.at(&"key".into())?;
        for spelling in ["k", "name", "Name", "Key", "K"] {
            if name.truthy() {
                break;
            }
            name = entry
                .get(spelling)
                .filter(|other| other.truthy())
                .cloned()
                .unwrap_or(name);
        }
        let name = match name {
            Value::String(name) => name,
            other @ (Value::Bool(_) | Value::Number(_)) => other.to_json()?.into(),
            other => {
                return Err(error(format!(
                    "Cannot use {} ({}) as object key",
                    other.kind(),
                    shortened(&other)
                )));
            }
        };
        let value = ["value", "Value", "v", "V"]
            .into_iter()
            .find_map(|spelling| entry.get(spelling).cloned());
        bounds::members(1)?;
        object.insert((&name).into(), value.unwrap_or_default());
    }
    Ok(object.into())
}

fn add(value: Value) -> ValR<Value> {
    let mut sum = Value::Null;
    for item in jaq_core::ValT::values(value) {
        sum = (sum + item?)?;
    }
    Ok(sum)
}

fn join(value: &Value, separator: &Value) -> ValR<Value> {
    let mut joined = Value::Null;
    for (place, item) in jaq_core::ValT::values(value.clone()).enumerate() {
        let item = match item? {
            Value::Null => "".into(),
            item @ (Value::Bool(_) | Value::Number(_)) => Value::from(item.to_json()?),
            item => item,
        };
        joined = if place == 0 {
            (Value::from("") + item)?
        } else {
            ((joined + separator.clone())? + item)?
        };
    }
    Ok(if joined.is_null() { "".into() } else { joined })
}

fn flatten(value: &Value, depth: f64) -> ValR<Value> {
    fn add(value: &Value, depth: f64, flat: &mut Vec<Value>) -> Metered {
        for item in value.as_array().unwrap_or_default() {
            bounds::step(1)?;
            if depth > 0.0 && matches!(item, Value::Array(_)) {
                add(item, depth - 1.0, flat)?;
            } else {
                bounds::items(1)?;
                flat.push(item.clone());
            }
        }
        Ok(())
    }
    let items: Value = jaq_core::ValT::values(value.clone()).collect::<ValR<Value>>()?;
    let mut flat = Vec::new();
    add(&items, depth, &mut flat)?;
    Ok(Value::Array(Array::new(flat)?))
}

fn reverse(value: Value) -> ValR<Value> {
    match value {
        Value::Null => Ok(Vec::new().into()),
        Value::String(text) => {
            bounds::string(text.as_str().len())?;
            Ok(Value::from(text.as_str().chars().rev().collect::<String>()))
        }
        value => {
            let items = items(&value, "cannot be reversed, as it is not an array")?;
            bounds::step(items.as_slice().len() as u64 / 8)?;
            Ok(items.into_vec().into_iter().rev().collect())
        }
    }
}

fn sorted(value: Value) -> Result<Vec<Value>, Error<Value>> {
    let items = items(&value, "cannot be sorted, as it is not an array")?;
    drop(value);
    meter_sort(items.as_slice().len())?;
    let mut items = items.into_vec();
    items.sort();
    Ok(items)
}

fn unique(value: Value) -> ValR<Value> {
    let mut items = sorted(value)?;
    items.dedup();
    Ok(items.into())
}

fn meter_sort(count: usize) -> Metered {
    let count = count as u64;
    bounds::step(count * u64::from(count.checked_ilog2().unwrap_or(0)) / 8)?;
    bounds::items(count as usize)
}

/// Items beside what they are sorted by, in that order.
type Pairs = Vec<(Vec<Value>, Value)>;

fn by<'a>(mut cv: Cv<'a>, make: fn(Pairs) -> Value) -> Outputs<'a> {
    let (filter, context) = cv.0.pop_fun();
    let pairs = || -> Result<Pairs, Exn<'a, Value>> {
        let items = items(&cv.1, "cannot be sorted, as it is not an array")?;
        meter_sort(items.as_slice().len())?;
        let pair = |item: Value| {
            bounds::step(1)?;
            Ok((
                filter
                    .run((context.clone(), item.clone()))
                    .collect::<Result<_, _>>()?,
                item,
            ))
        };
        let mut pairs = items
            .into_vec()
            .into_iter()
            .map(pair)
            .collect::<Result<Pairs, Exn<'a, Value>>>()?;
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        Ok(pairs)
    };
    box_once(pairs().map(make))
}

fn grouped(pairs: Pairs) -> Vec<Vec<Value>> {
    let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    for (key, item) in pairs {
        match groups.last_mut() {
            Some((last, group)) if *last == key => group.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Where a value is in a sorted array, or where it would stand: `-1 - place`.
fn search(value: &Value, wanted: &Value) -> ValR<Value> {
    let items = items(value, "cannot be searched from")?;
    Ok(match items.as_slice().binary_search(wanted) {
        Ok(place) => Value::from(place),
        Err(place) => Value::from(-1 - place as i64),
    })
}
