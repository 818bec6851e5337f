//! Mathematical functions, most of them C's.
//!
//! "Math" in jq's manual.

use jaq_core::ValR;

use super::{Row, one, row};
use crate::value::Value;

/// A function of one double.
macro_rules! of_input {
    ($name:literal, $function:expr) => {
        row($name, "", |cv| {
            one(cv
                .1
                .number()
                .map(|number| $function(number.as_f64()).into()))
        })
    };
}

/// A function of two or three arguments.
macro_rules! of_two {
    ($name:literal, $function:expr) => {
        row($name, "vv", |mut cv| {
            let (second, first) = (cv.0.pop_var(), cv.0.pop_var());
            one((|| {
                Ok($function(first.number()?.as_f64(), second.number()?.as_f64()).into())
            })())
        })
    };
}

pub(super) const ROWS: &[Row] = &[
    row("floor", "", |cv| one(whole(cv.1, f64::floor))),
    row("ceil", "", |cv| one(whole(cv.1, f64::ceil))),
    row("round", "", |cv| one(whole(cv.1, f64::round))),
    row("trunc", "", |cv| one(whole(cv.1, f64::trunc))),
    row("rint", "", |cv| one(whole(cv.1, f64::round_ties_even))),
    row("nearbyint", "", |cv| one(whole(cv.1, f64::round_ties_even))),
    of_input!("fabs", f64::abs),
    of_input!("sqrt", libm::sqrt),
    of_input!("cbrt", libm::cbrt),
    of_input!("exp", libm::exp),
    of_input!("exp2", libm::exp2),
    of_input!("exp10", libm::exp10),
    of_input!("pow10", libm::exp10),
    of_input!("expm1", libm::expm1),
    of_input!("log", libm::log),
    of_input!("log2", libm::log2),
    of_input!("log10", libm::log10),
    of_input!("log1p", libm::log1p),
    of_input!("sin", libm::sin),
    of_input!("cos", libm::cos),
    of_input!("tan", libm::tan),
    of_input!("asin", libm::asin),
    of_input!("acos", libm::acos),
    of_input!("atan", libm::atan),
    of_input!("sinh", libm::sinh),
    of_input!("cosh", libm::cosh),
    of_input!("tanh", libm::tanh),
    of_input!("asinh", libm::asinh),
    of_input!("acosh", libm::acosh),
    of_input!("atanh", libm::atanh),
    of_input!("erf", libm::erf),
    of_input!("erfc", libm::erfc),
    of_input!("gamma", libm::lgamma),
    of_input!("lgamma", libm::lgamma),
    of_input!("tgamma", libm::tgamma),
    of_input!("j0", libm::j0),
    of_input!("j1", libm::j1),
    of_input!("y0", libm::y0),
    of_input!("y1", libm::y1),
    of_input!("logb", logb),
    of_input!("significand", significand),
    row("lgamma_r", "", |cv| {
        one(cv.1.number().map(|number| {
            let (value, sign) = libm::lgamma_r(number.as_f64());
            pair(value, f64::from(sign))
        }))
    }),
    row("frexp", "", |cv| {
        one(cv.1.number().map(|number| {
            let (fraction, exponent) = libm::frexp(number.as_f64());
            pair(fraction, f64::from(exponent))
        }))
    }),
    row("modf", "", |cv| {
        one(cv.1.number().map(|number| {
            let (fraction, whole) = libm::modf(number.as_f64());
            pair(fraction, whole)
        }))
    }),
    of_two!("pow", libm::pow),
    of_two!("atan2", libm::atan2),
    of_two!("fmod", libm::fmod),
    of_two!("fmin", f64::min),
    of_two!("fmax", f64::max),
    of_two!("fdim", libm::fdim),
    of_two!("hypot", libm::hypot),
    of_two!("copysign", f64::copysign),
    of_two!("remainder", libm::remainder),
    of_two!("drem", libm::remainder),
    of_two!("nextafter", libm::nextafter),
    of_two!("nexttoward", libm::nextafter),
    of_two!("ldexp", |value, exponent| libm::ldexp(
        value,
        exponent as i32
    )),
    of_two!("scalbln", |value, exponent| libm::scalbn(
        value,
        exponent as i32
    )),
    of_two!("scalb", |value: f64, exponent| value * libm::exp2(exponent)),
    of_two!("jn", |order, value| libm::jn(order as i32, value)),
    of_two!("yn", |order, value| libm::yn(order as i32, value)),
    row("fma", "vvv", |mut cv| {
        let (third, second, first) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
        let product = || {
            let (first, second) = (first.number()?.as_f64(), second.number()?.as_f64());
            Ok(libm::fma(first, second, third.number()?.as_f64()).into())
        };
        one(product())
    }),
];

/// A rounded number; an integer keeps its digits.
fn whole(value: Value, round: fn(f64) -> f64) -> ValR<Value> {
    let number = value.number()?;
    if matches!(number, crate::value::Number::Int(_)) {
        Ok(value)
    } else {
        Ok(round(number.as_f64()).into())
    }
}

fn pair(first: f64, second: f64) -> Value {
    vec![first.into(), second.into()].into()
}

fn logb(value: f64) -> f64 {
    if value == 0.0 {
        f64::NEG_INFINITY
    } else if value.is_infinite() {
        f64::INFINITY
    } else if value.is_nan() {
        value
    } else {
        f64::from(libm::ilogb(value))
    }
}

fn significand(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        value
    } else {
        libm::scalbn(value, -libm::ilogb(value))
    }
}
