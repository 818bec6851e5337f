//! What decides whether and how often something runs.

use jaq_core::box_iter::box_once;
use jaq_core::{Error, Exn};

use super::{Cv, Outputs, Row, none, one, row};
use crate::bounds;
use crate::value::{Value, error};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "empty",
        args: "",
        run: |_| none(),
        paths: Some(|_| Box::new(std::iter::empty())),
    },
    Row {
        name: "error",
        args: "",
        run: |cv| one(Err(Error::new(cv.1))),
        paths: Some(|cv| box_once(Err(Error::new(cv.1.0).into()))),
    },
    Row {
        name: "error",
        args: "v",
        run: |mut cv| one(Err(Error::new(cv.0.pop_var()))),
        paths: Some(|mut cv| box_once(Err(Error::new(cv.0.pop_var()).into()))),
    },
    row("halt", "", |_| box_once(Err(Exn::halt(0)))),
    row("range", "vvv", range),
    // What the meter is asked by: at a comma, in a recursive definition.
    Row {
        name: "!step",
        args: "",
        run: |cv| one(bounds::step(1).map(|()| cv.1)),
        paths: Some(|cv| box_once(bounds::step(1).map(|()| cv.1).map_err(Exn::from))),
    },
    Row {
        name: "!call",
        args: "",
        run: |cv| one(bounds::call().map(|()| cv.1)),
        paths: Some(|cv| {
            let asked = bounds::call().and_then(|()| bounds::path(cv.1.1.iter()));
            box_once(asked.map(|()| cv.1).map_err(Exn::from))
        }),
    },
    // In other definitions, and wherever a path may get longer than its program says.
    Row {
        name: "!deeper",
        args: "",
        run: |cv| one(bounds::stack().map(|()| cv.1)),
        paths: Some(|cv| {
            let asked = bounds::stack().and_then(|()| bounds::path(cv.1.1.iter()));
            box_once(asked.map(|()| cv.1).map_err(Exn::from))
        }),
    },
    row("!last_or_null", "f", |mut cv| {
        let (filter, context) = cv.0.pop_fun();
        box_once(
            filter
                .run((context, cv.1))
                .try_fold(Value::Null, |_, output| output),
        )
    }),
];

fn range<'a>(mut cv: Cv<'a>) -> Outputs<'a> {
    let (by, to, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let (Some(from), Some(to), Some(by)) = (from.as_number(), to.as_number(), by.as_number())
    else {
        return one(Err(error("Range bounds must be numeric")));
    };
    let (mut next, to, by) = (from.as_f64(), to.as_f64(), by.as_f64());
    let mut is_over = by == 0.0 || by.is_nan();
    Box::new(std::iter::from_fn(move || {
        if is_over || (by > 0.0 && next >= to) || (by < 0.0 && next <= to) {
            return None;
        }
        if let Err(error) = bounds::step(1) {
            is_over = true;
            return Some(Err(error.into()));
        }
        let value = Value::from(next);
        next += by;
        Some(Ok(value))
    }))
}
