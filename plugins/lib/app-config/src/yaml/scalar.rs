//! What a scalar means: text, a number, a truth value or nothing.
//!
//! Plain scalars follow the core schema of YAML 1.2: `yes`, `no`, `on`, `1_000` and dates are text.
//! So is a number that would lose something as JSON: more than 64 bits, a leading zero, infinity.

use granit_parser::{ScalarStyle, Tag};
use serde_json::Number;

use super::Kind;

/// A scalar as it is written: quotes and the tag `!!str` make text of anything.
pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    let core = tag
        .filter(|tag| tag.handle() == "tag:yaml.org,2002:")
        .map(Tag::suffix);
    let plain = match core {
        Some("null" | "bool" | "int" | "float") => true,
        Some(_) => false,
        None => {
            style == ScalarStyle::Plain
                && tag.is_none_or(|tag| !(tag.handle().is_empty() && tag.suffix() == "!"))
        }
    };
    if plain {
        resolved(text)
    } else {
        Kind::Text(text.to_owned())
    }
}

/// A plain scalar (YAML 1.2.2, "Core Schema").
fn resolved(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    match number(text) {
        Some(number) => Kind::Number(number, text.to_owned()),
        None => Kind::Text(text.to_owned()),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        return None;
    }
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        return unsigned
            .parse::<u64>()
            .map(Number::from)
            .or_else(|_| unsigned.parse::<i64>().map(Number::from))
            .ok();
    }
    let is_float = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    if is_float {
        text.parse().ok().and_then(Number::from_f64)
    } else {
        None
    }
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    // `from_str_radix` would take a sign.
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all {
        u64::from_str_radix(digits, radix).ok().map(Number::from)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::resolved;
    use crate::yaml::Node;

    fn value(text: &str) -> Value {
        Node {
            line: 1,
            column: 1,
            kind: resolved(text),
        }
        .json()
    }

    #[test]
    fn numbers_are_numbers_where_json_loses_nothing() {
        for (text, number) in [
            ("0", json!(0)),
            ("-12", json!(-12)),
            ("+7", json!(7)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("1.10", json!(1.1)),
            ("-.5", json!(-0.5)),
            ("1e3", json!(1000.0)),
        ] {
            assert_eq!(value(text), number, "{text}");
        }
        for text in [
            "007",
            "-01",
            "1_000",
            "2024-01-02",
            "1.2.3",
            "12345678901234567890123",
            "12e4567890",
            ".inf",
            "inf",
            "nan",
            "0x",
            "0x+1",
            "0o8",
            "-",
            "+",
            ".",
            "e5",
            "yes",
            "No",
            "on",
            "10:30",
        ] {
            assert_eq!(value(text), json!(text), "{text}");
        }
    }
}
