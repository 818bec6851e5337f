//! Formats: `@base64`, `@csv` and the others, alone or before a string.
//!
//! "Format strings and escaping" in jq's manual.

use jaq_core::{Error, ValR};

use super::strings::made;
use super::{Cv, Outputs, Row, one, row};
use crate::bounds;
use crate::value::{Value, error, quoted, shortened};

pub(super) const ROWS: &[Row] = &[
    row("@text", "", |cv| one(string(&cv.1).and_then(made))),
    row("@json", "", |cv| one(cv.1.to_json().map(Value::from))),
    row("@html", "", |cv| {
        one(string(&cv.1).and_then(|text| made(html(&text))))
    }),
    row("@uri", "", |cv| {
        one(string(&cv.1).and_then(|text| made(uri(&text))))
    }),
    row("@urid", "", |cv| {
        one(string(&cv.1).and_then(|text| made(from_uri(&text))))
    }),
    row("@base64", "", |cv| {
        one(string(&cv.1).and_then(|text| made(encode(&text, &BASE64, 6))))
    }),
    row("@base64d", "", |cv| one(decode(&cv.1, &BASE64, 6))),
    row("@base32", "", |cv| {
        one(string(&cv.1).and_then(|text| made(encode(&text, &BASE32, 5))))
    }),
    row("@base32d", "", |cv| one(decode(&cv.1, &BASE32, 5))),
    row("@csv", "", |cv| {
        one(line(&cv.1, "csv", ",", |text| {
            format!("\"{}\"", text.replace('"', "\"\""))
        }))
    }),
    row("@tsv", "", |cv| one(line(&cv.1, "tsv", "\t", tsv))),
    row("@sh", "", |cv| one(sh(&cv.1))),
    row("format", "v", |mut cv| {
        let name = cv.0.pop_var();
        by_name(cv, &name)
    }),
];

/// What the row does that has this name behind `@`.
fn by_name<'a>(cv: Cv<'a>, name: &Value) -> Outputs<'a> {
    let Some(format) = name.as_str() else {
        return one(Err(error(format!(
            "{} ({}) is not a valid format",
            name.kind(),
            shortened(name)
        ))));
    };
    let is_meant = |row: &&Row| row.name.strip_prefix('@') == Some(format);
    match ROWS.iter().find(is_meant) {
        Some(row) => (row.run)(cv),
        None => one(Err(error(format!(
            "{} is not a valid format",
            quoted(format)
        )))),
    }
}

fn string(value: &Value) -> Result<String, Error<Value>> {
    match value.as_str() {
        Some(text) => {
            // What is made of it is at most six times as long.
            bounds::step(text.len() as u64 / 32)?;
            Ok(text.to_owned())
        }
        None => value.to_json(),
    }
}

fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn uri(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

fn from_uri(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after
            .get(..2)
            .filter(|hex| *first == b'%' && hex.iter().all(u8::is_ascii_hexdigit));
        let byte = hex.and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const BASE64: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: [u8; 32] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bits written by so many a digit, filled up with `=` to whole bytes.
fn encode(text: &str, digits: &[u8], bits: u32) -> String {
    let group = if bits == 6 { 4 } else { 8 };
    let mut encoded = String::with_capacity(text.len() * 8 / bits as usize + group);
    let (mut held, mut count) = (0_u32, 0);
    for byte in text.bytes() {
        held = held << 8 | u32::from(byte);
        count += 8;
        while count >= bits {
            count -= bits;
            encoded.push(char::from(
                digits[(held >> count) as usize & (digits.len() - 1)],
            ));
        }
        held &= (1 << count) - 1;
    }
    if count > 0 {
        encoded.push(char::from(
            digits[(held << (bits - count)) as usize & (digits.len() - 1)],
        ));
    }
    while !encoded.len().is_multiple_of(group) {
        encoded.push('=');
    }
    encoded
}

/// As leniently as jq does it: what is no digit is passed over, and padding may be missing.
fn decode(value: &Value, digits: &[u8], bits: u32) -> ValR<Value> {
    let text = string(value)?;
    let (mut held, mut count, mut read) = (0_u32, 0, 0);
    let mut bytes = Vec::with_capacity(text.len() * bits as usize / 8);
    for char in text.bytes().filter(|byte| *byte != b'=') {
        let Some(digit) = digits.iter().position(|digit| *digit == char) else {
            continue;
        };
        read += 1;
        held = held << bits | digit as u32;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    let name = if bits == 6 { "base64" } else { "base32" };
    if bytes.is_empty() && (read == 1 || (read == 0 && !text.bytes().all(|byte| byte == b'='))) {
        let kind = value.kind();
        return Err(error(format!(
            "{kind} ({}) is not valid {name} data",
            shortened(value)
        )));
    }
    made(String::from_utf8_lossy(&bytes).into_owned())
}

/// The items of an array in one line.
fn line(value: &Value, name: &str, separator: &str, quote: fn(&str) -> String) -> ValR<Value> {
    let Some(items) = value.as_array() else {
        let kind = value.kind();
        return Err(error(format!(
            "{kind} ({}) cannot be {name}-formatted, only an array can be",
            shortened(value)
        )));
    };
    let mut line = String::new();
    for (place, item) in items.iter().enumerate() {
        bounds::step(1)?;
        if place > 0 {
            line.push_str(separator);
        }
        match item {
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) => line.push_str(&item.to_json()?),
            Value::String(text) => {
                bounds::string(text.as_str().len())?;
                line.push_str(&quote(text.as_str()));
            }
            other => {
                let kind = other.kind();
                return Err(error(format!(
                    "{kind} ({}) is not valid in a {name} row",
                    shortened(other)
                )));
            }
        }
    }
    made(line)
}

fn tsv(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn sh(value: &Value) -> ValR<Value> {
    let items = value.as_array().unwrap_or(std::slice::from_ref(value));
    let mut words = String::new();
    for (place, item) in items.iter().enumerate() {
        bounds::step(1)?;
        if place > 0 {
            words.push(' ');
        }
        match item {
            Value::String(text) => {
                bounds::string(text.as_str().len())?;
                words.push_str(&format!("'{}'", text.as_str().replace('\'', "'\\''")));
            }
            Value::Array(_) | Value::Object(_) => {
                let kind = item.kind();
                return Err(error(format!(
                    "{kind} ({}) can not be escaped for shell",
                    shortened(item)
                )));
            }
            other => words.push_str(&other.to_json()?),
        }
    }
    made(words)
}
