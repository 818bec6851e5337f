//! Values as text: compact JSON, as `tojson` and `tostring` write it.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::Value;
use crate::bounds;

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

impl Value {
    /// As JSON, unless it gets too long.
    pub(crate) fn to_json(&self) -> bounds::Metered<String> {
        let mut text = Limited {
            text: String::new(),
            room: bounds::longest(),
        };
        if write(self, &mut text).is_err() {
            return bounds::spend(bounds::Spent::Bytes);
        }
        bounds::string(text.text.len())?;
        bounds::step(text.text.len() as u64 / 64)?;
        Ok(text.text)
    }

    /// Would it be longer than this as JSON? Answered without writing it.
    pub(crate) fn exceeds(&self, bytes: usize) -> bool {
        struct Count(usize);
        impl Write for Count {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        write(self, &mut Count(bytes)).is_err()
    }
}

/// A string that takes no more than it has room for.
struct Limited {
    text: String,
    room: usize,
}

impl Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let fits = text.floor_char_boundary(self.room);
        self.text.push_str(&text[..fits]);
        self.room -= fits;
        if fits < text.len() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

fn write(value: &Value, out: &mut impl Write) -> fmt::Result {
    match value {
        Value::Null => out.write_str("null"),
        Value::Bool(true) => out.write_str("true"),
        Value::Bool(false) => out.write_str("false"),
        Value::Number(number) => write!(out, "{number}"),
        Value::String(text) => quote(text.as_str(), out),
        Value::Array(items) => {
            out.write_char('[')?;
            for (place, item) in items.as_slice().iter().enumerate() {
                if place > 0 {
                    out.write_char(',')?;
                }
                write(item, out)?;
            }
            out.write_char(']')
        }
        Value::Object(members) => {
            out.write_char('{')?;
            for (place, (name, value)) in members.iter().enumerate() {
                if place > 0 {
                    out.write_char(',')?;
                }
                quote(name, out)?;
                out.write_char(':')?;
                write(value, out)?;
            }
            out.write_char('}')
        }
    }
}

fn quote(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    while let Some(place) = rest
        .bytes()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f))
    {
        out.write_str(&rest[..place])?;
        match rest.as_bytes()[place] {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            8 => out.write_str("\\b")?,
            12 => out.write_str("\\f")?,
            other => write!(out, "\\u{other:04x}")?,
        }
        rest = &rest[place + 1..];
    }
    out.write_str(rest)?;
    out.write_char('"')
}

/// How many bytes of a value an error shows, as in jq.
const SHORT: usize = 29;

/// How many bytes of a text an error repeats.
const QUOTED: usize = 200;

/// A text as an error repeats it: what is too long ends in dots.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    if text.len() <= QUOTED {
        return text.into();
    }
    format!("{}...", &text[..text.floor_char_boundary(QUOTED)]).into()
}

/// A value as jq's errors show it: what is too long ends in dots.
pub(crate) fn shortened(value: &Value) -> String {
    let mut text = Limited {
        text: String::new(),
        room: SHORT,
    };
    if write(value, &mut text).is_ok() {
        return text.text;
    }
    let end = text.text.floor_char_boundary(SHORT - 3);
    format!("{}...", &text.text[..end])
}
