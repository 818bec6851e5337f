//! Where things are, and values with something set or left out there.

use jaq_core::box_iter::box_once;
use jaq_core::native::unary;
use jaq_core::{Error, Exn, ValR};

use super::{Cv, Outputs, Row, one, row};
use crate::bounds;
use crate::value::access::find_all;
use crate::value::{Value, error};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "getpath",
        args: "v",
        run: |cv| unary(cv, |value, path| get(&value, steps(&path)?)),
        paths: Some(|mut cv| {
            let path = cv.0.pop_var();
            let (value, way) = cv.1;
            let found = steps(&path).and_then(|steps| {
                bounds::path(steps.iter())?;
                let found = get(&value, steps)?;
                let way = way.extend(steps.iter().cloned());
                bounds::path(way.iter())?;
                Ok((found, way))
            });
            box_once(found.map_err(Exn::from))
        }),
    },
    row("setpath", "vv", |mut cv| {
        let (new, path) = (cv.0.pop_var(), cv.0.pop_var());
        one(steps(&path).and_then(|steps| cv.1.change(steps, &mut |_| Ok(new.clone()))))
    }),
    row("delpaths", "v", |cv| {
        unary(cv, |value, paths| {
            let Some(paths) = paths.as_array() else {
                return Err(error("Paths must be specified as an array"));
            };
            let paths = paths
                .iter()
                .map(|path| Ok(steps(path)?.to_vec()))
                .collect::<Result<_, Error<Value>>>()?;
            value.without_all(paths)
        })
    }),
    row("!assign", "fv", |mut cv| {
        let new = cv.0.pop_var();
        modify(cv, |_| box_once(Ok(new.clone())))
    }),
    row("!modify", "ff", |mut cv| {
        let (update, context) = cv.0.pop_fun();
        modify(cv, |old| update.run((context.clone(), old)))
    }),
    row("_indices", "v", |cv| {
        unary(cv, |value, wanted| indices(&value, &wanted))
    }),
];

fn steps(path: &Value) -> Result<&[Value], Error<Value>> {
    path.as_array()
        .ok_or_else(|| error("Path must be specified as an array"))
}

/// The value at a path. Below null there is null.
fn get(value: &Value, steps: &[Value]) -> ValR<Value> {
    let mut found = value.clone();
    for step in steps {
        bounds::step(1)?;
        if found.is_null() {
            break;
        }
        found = found.at(step)?;
    }
    Ok(found)
}

/// Every path that the filter names set to the first output of the update, and left out where there is none.
///
/// "`_modify`" in jq's definitions since 1.7: what is left out is so at the end, so that places still mean what they meant.
fn modify<'a>(mut cv: Cv<'a>, update: impl Fn(Value) -> Outputs<'a>) -> Outputs<'a> {
    let (filter, context) = cv.0.pop_fun();
    let modified = || -> Result<Value, Exn<'a, Value>> {
        let mut value = cv.1.clone();
        let mut left_out = Vec::new();
        for found in filter.paths((context, (cv.1, Default::default()))) {
            let (_, way) = found?;
            let mut path: Vec<Value> = way.iter().cloned().collect();
            path.reverse();
            let mut is_left_out = false;
            value = value.change(&path, &mut |old| match update(old.clone()).next() {
                Some(new) => new,
                None => {
                    is_left_out = true;
                    Ok(old)
                }
            })?;
            if is_left_out {
                left_out.push(path);
            }
        }
        Ok(if left_out.is_empty() {
            value
        } else {
            value.without_all(left_out)?
        })
    };
    box_once(modified())
}

/// Where a part of a string, items of an array, or an item stand.
fn indices(value: &Value, wanted: &Value) -> ValR<Value> {
    match (value, wanted) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::String(text), Value::String(part)) => {
            let (text, part) = (text.as_str(), part.as_str());
            if part.is_empty() {
                return Ok(Vec::new().into());
            }
            bounds::step(text.len() as u64 / 32)?;
            let mut places = Vec::new();
            let (mut byte, mut count) = (0, 0);
            while let Some(found) = text[byte..].find(part) {
                bounds::step(1)?;
                count += text[byte..byte + found].chars().count();
                places.push(Value::from(count));
                // They may overlap.
                byte += found
                    + text[byte + found..]
                        .chars()
                        .next()
                        .map_or(1, char::len_utf8);
                count += 1;
            }
            Ok(places.into())
        }
        (Value::Array(items), Value::Array(wanted)) => {
            let places = find_all(items.as_slice(), wanted.as_slice())?;
            Ok(places.into_iter().map(Value::from).collect())
        }
        (Value::Array(items), wanted) => {
            let places = find_all(items.as_slice(), std::slice::from_ref(wanted))?;
            Ok(places.into_iter().map(Value::from).collect())
        }
        _ => value.at(wanted),
    }
}
