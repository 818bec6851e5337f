//! `strftime`, as C has it where nobody chose a language.

use std::fmt::Write;

use super::{DAYS, Date, MONTHS, days_before};
use crate::bounds::{self, Metered};

/// What is put between `%` and the letter: how a number is filled up.
#[derive(Clone, Copy, PartialEq)]
enum Fill {
    Usual,
    Nothing,
    Blank,
    Zero,
    Upper,
}

pub(super) fn date(date: &Date, format: &str) -> Metered<String> {
    // A letter is at most `%c`, of 24 characters and a year.
    bounds::string(format.len() * 16)?;
    bounds::step(format.len() as u64)?;
    let mut text = String::new();
    write(date, format, &mut text)?;
    Ok(text)
}

fn write(date: &Date, format: &str, text: &mut String) -> Metered {
    let mut rest = format;
    while let Some((before, field)) = rest.split_once('%') {
        text.push_str(before);
        rest = write_field(date, field, text)?;
    }
    text.push_str(rest);
    Ok(())
}

/// Writes what a format has behind `%`; gives what follows.
fn write_field<'f>(date: &Date, format: &'f str, text: &mut String) -> Metered<&'f str> {
    let mut fill = Fill::Usual;
    let mut rest = format;
    while let Some(flag) = rest.chars().next() {
        fill = match flag {
            '-' => Fill::Nothing,
            '_' => Fill::Blank,
            '0' => Fill::Zero,
            '^' => Fill::Upper,
            _ => break,
        };
        rest = &rest[1..];
    }
    let behind = rest.trim_start_matches(|char: char| char.is_ascii_digit());
    let width = rest[..rest.len() - behind.len()].parse().unwrap_or(0);
    // Another calendar or other digits, of which C's own language has none.
    rest = behind.trim_start_matches(['E', 'O']);
    let Some(letter) = rest.chars().next() else {
        text.push('%');
        text.push_str(format);
        return Ok(rest);
    };
    rest = &rest[letter.len_utf8()..];
    let from = text.len();
    if !field(date, letter, fill, text)? {
        text.push('%');
        text.push_str(&format[..format.len() - rest.len()]);
        return Ok(rest);
    }
    pad(text, from, width, pads_with(letter, fill))?;
    Ok(rest)
}

/// Fills up what stands there to a width.
fn pad(text: &mut String, from: usize, width: usize, with: &str) -> Metered {
    let missing = width.saturating_sub(text.len() - from);
    if missing > 0 {
        bounds::string(text.len().saturating_add(missing))?;
        bounds::step(missing as u64 / 64)?;
        text.insert_str(from, &with.repeat(missing));
    }
    Ok(())
}

fn pads_with(letter: char, fill: Fill) -> &'static str {
    let is_number = "YCymdHIMSjuwUWVGgs".contains(letter);
    match fill {
        Fill::Zero => "0",
        Fill::Usual | Fill::Upper if is_number => "0",
        _ => " ",
    }
}

/// Writes a field; not one that there is not.
fn field(date: &Date, letter: char, fill: Fill, text: &mut String) -> Metered<bool> {
    let hour12 = if date.hour % 12 == 0 {
        12
    } else {
        date.hour % 12
    };
    let month = MONTHS[date.month.rem_euclid(12) as usize];
    let weekday = DAYS[date.weekday.rem_euclid(7) as usize];
    let second = date.second.floor() as i64;
    let mut number = |value: i64, width: usize, usual: Fill| {
        // Writing to a string never fails.
        let _ = match if matches!(fill, Fill::Usual | Fill::Upper) {
            usual
        } else {
            fill
        } {
            Fill::Nothing => write!(text, "{value}"),
            Fill::Blank => write!(text, "{value:width$}"),
            _ => write!(text, "{value:0width$}"),
        };
    };
    match letter {
        'Y' => number(date.year, 1, Fill::Nothing),
        'C' => number(date.year.div_euclid(100), 2, Fill::Zero),
        'y' => number(date.year.rem_euclid(100), 2, Fill::Zero),
        'm' => number(date.month + 1, 2, Fill::Zero),
        'd' => number(date.day, 2, Fill::Zero),
        'e' => number(date.day, 2, Fill::Blank),
        'H' => number(date.hour, 2, Fill::Zero),
        'k' => number(date.hour, 2, Fill::Blank),
        'I' => number(hour12, 2, Fill::Zero),
        'l' => number(hour12, 2, Fill::Blank),
        'M' => number(date.minute, 2, Fill::Zero),
        'S' => number(second, 2, Fill::Zero),
        'j' => number(date.yearday + 1, 3, Fill::Zero),
        'u' => number(
            if date.weekday == 0 { 7 } else { date.weekday },
            1,
            Fill::Nothing,
        ),
        'w' => number(date.weekday, 1, Fill::Nothing),
        'U' => number((date.yearday + 7 - date.weekday) / 7, 2, Fill::Zero),
        'W' => number(
            (date.yearday + 7 - (date.weekday + 6) % 7) / 7,
            2,
            Fill::Zero,
        ),
        'V' => number(week(date).1, 2, Fill::Zero),
        'G' => number(week(date).0, 1, Fill::Nothing),
        'g' => number(week(date).0.rem_euclid(100), 2, Fill::Zero),
        's' => number(date.seconds(), 1, Fill::Nothing),
        'B' => word(month, fill, text),
        'b' | 'h' => word(&month[..3], fill, text),
        'A' => word(weekday, fill, text),
        'a' => word(&weekday[..3], fill, text),
        'p' => text.push_str(if date.hour < 12 { "AM" } else { "PM" }),
        'P' => text.push_str(if date.hour < 12 { "am" } else { "pm" }),
        'Z' => text.push_str("UTC"),
        'z' => text.push_str("+0000"),
        'n' => text.push('\n'),
        't' => text.push('\t'),
        '%' => text.push('%'),
        'c' => write(date, "%a %b %e %H:%M:%S %Y", text)?,
        'D' | 'x' => write(date, "%m/%d/%y", text)?,
        'F' => write(date, "%Y-%m-%d", text)?,
        'R' => write(date, "%H:%M", text)?,
        'r' => write(date, "%I:%M:%S %p", text)?,
        'T' | 'X' => write(date, "%H:%M:%S", text)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn word(word: &str, fill: Fill, text: &mut String) {
    if fill == Fill::Upper {
        text.push_str(&word.to_uppercase())
    } else {
        text.push_str(word)
    }
}

/// ISO 8601's year and week: the week belongs to the year that its Thursday is in.
fn week(date: &Date) -> (i64, i64) {
    let thursday = date.yearday - (date.weekday + 6) % 7 + 3;
    let length = |year| days_before(year + 1, 1, 1) - days_before(year, 1, 1);
    if thursday < 0 {
        let year = date.year - 1;
        (year, (thursday + length(year)) / 7 + 1)
    } else if thursday >= length(date.year) {
        (date.year + 1, 1)
    } else {
        (date.year, thursday / 7 + 1)
    }
}
