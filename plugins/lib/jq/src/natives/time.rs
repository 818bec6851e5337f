//! Dates: seconds since the epoch, the parts of a date, and their text, all in UTC.
//!
//! "Dates" in jq's manual. There is no clock here: `now` is the event's time.

mod read;
mod write;

use jaq_core::native::unary;
use jaq_core::{Error, ValR};

use super::values::text;
use super::{Row, one, row};
use crate::bounds;
use crate::value::{Value, error, quoted};

pub(super) const ROWS: &[Row] = &[
    row("gmtime", "", |cv| {
        one(seconds(&cv.1, "gmtime() requires a number").map(|at| Date::at(at).value()))
    }),
    row("localtime", "", |cv| {
        one(seconds(&cv.1, "localtime() requires a number").map(|at| Date::at(at).value()))
    }),
    row("mktime", "", |cv| one(mktime(&cv.1))),
    row("strptime", "v", |cv| {
        unary(cv, |value, format| strptime(&value, &format))
    }),
    row("strftime", "v", |cv| {
        unary(cv, |value, format| strftime(&value, &format, "strftime/1"))
    }),
    row("strflocaltime", "v", |cv| {
        unary(cv, |value, format| {
            strftime(&value, &format, "strflocaltime/1")
        })
    }),
];

/// The parts of a date, as C's `tm` has them.
#[derive(Clone, Copy, Default)]
struct Date {
    year: i64,
    /// From 0.
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: f64,
    /// From Sunday.
    weekday: i64,
    /// From 0.
    yearday: i64,
}

const DAY: i64 = 86_400;

impl Date {
    /// The date of a time in seconds since the epoch.
    fn at(seconds: f64) -> Self {
        // Beyond these there is no sensible date, and years must not overflow.
        let seconds = seconds.clamp(-1e15, 1e15);
        let whole = seconds.floor() as i64;
        let (days, rest) = (whole.div_euclid(DAY), whole.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        Self {
            year,
            month: month - 1,
            day,
            hour: rest / 3600,
            minute: rest % 3600 / 60,
            second: (rest % 60) as f64 + (seconds - whole as f64),
            weekday: (days + 4).rem_euclid(7),
            yearday: days - days_before(year, 1, 1),
        }
    }

    fn seconds(&self) -> i64 {
        // A month beyond December is one of a later year.
        let (year, month) = (
            self.year + self.month.div_euclid(12),
            self.month.rem_euclid(12),
        );
        let days = days_before(year, month + 1, 1) + self.day - 1;
        days * DAY + self.hour * 3600 + self.minute * 60 + self.second.floor() as i64
    }

    /// "Broken down time".
    fn value(&self) -> Value {
        let parts = [self.year, self.month, self.day, self.hour, self.minute];
        let mut parts: Vec<Value> = parts.into_iter().map(Value::from).collect();
        parts.extend([self.second.into(), self.weekday.into(), self.yearday.into()]);
        parts.into()
    }

    fn read(parts: &[Value]) -> Option<Self> {
        let mut numbers = [0.0; 8];
        for (number, part) in numbers.iter_mut().zip(parts) {
            // As far as years, months and days can be added up.
            *number = part.as_number()?.as_f64().clamp(-1e9, 1e9);
        }
        let [year, month, day, hour, minute, second, weekday, yearday] = numbers;
        Some(Self {
            year: year as i64,
            month: month as i64,
            day: day as i64,
            hour: hour as i64,
            minute: minute as i64,
            second,
            weekday: weekday as i64,
            yearday: yearday as i64,
        })
    }
}

/// Year, month from 1 and day of a number of days since the epoch: years are taken to begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Days from the epoch to a date.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn seconds(value: &Value, complaint: &str) -> Result<f64, Error<Value>> {
    value
        .as_number()
        .map(crate::value::Number::as_f64)
        .ok_or_else(|| error(complaint))
}

fn mktime(value: &Value) -> ValR<Value> {
    let parts = value
        .as_array()
        .ok_or_else(|| error("mktime requires array inputs"))?;
    let date = Date::read(parts).ok_or_else(|| error("mktime requires parsed datetime inputs"))?;
    Ok(date.seconds().into())
}

fn strptime(value: &Value, format: &Value) -> ValR<Value> {
    const WANTED: &str = "strptime/1 requires string inputs and arguments";
    let (input, format) = (text(value, WANTED)?, text(format, WANTED)?);
    bounds::text((input.len() + format.len()) * 8)?;
    match read::date(input, format) {
        Some((date, "")) => Ok(date.value()),
        // As in jq, what follows behind a blank is put out beside the date.
        Some((date, rest)) if rest.starts_with(|char: char| char.is_ascii_whitespace()) => {
            date.value() + vec![rest.into()].into()
        }
        _ => Err(error(format!(
            "date \"{}\" does not match format \"{}\"",
            quoted(input),
            quoted(format)
        ))),
    }
}

fn strftime(value: &Value, format: &Value, name: &str) -> ValR<Value> {
    let date = match value {
        Value::Number(number) => Some(Date::at(number.as_f64())),
        // A day beyond the month's end is one of the next month.
        Value::Array(parts) => {
            Date::read(parts.as_slice()).map(|date| Date::at(date.seconds() as f64))
        }
        _ => None,
    };
    let date = date.ok_or_else(|| error(format!("{name} requires parsed datetime inputs")))?;
    let format = text(format, &format!("{name} requires a string format"))?;
    super::strings::made(write::date(&date, format)?)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
