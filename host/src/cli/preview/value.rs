//! Values and numbers as people read them.

use serde_json::Value;

use crate::admin::redact::line;

/// Characters of a value that are shown; who wants all of it takes `--json`.
const SHOWN: usize = 100;

/// Of a column that these stand in; longer ones jut out.
pub(super) fn width(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.max().unwrap_or(0).min(SHOWN)
}

/// On one line; a text without quotes, unless it could be taken for something else.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if !is_ambiguous(text) => cut(line(text).trim()),
        value => cut(&line(&value.to_string())),
    }
}

fn is_ambiguous(text: &str) -> bool {
    text.trim().is_empty() || serde_json::from_str::<Value>(text).is_ok()
}

fn cut(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(SHOWN) else {
        return text.to_owned();
    };
    let all = text.chars().count() as u64;
    format!("{}… ({} characters)", &text[..end], grouped(all))
}

/// `12,345`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 error`, `2 errors`, `no errors`
pub(super) fn counted(number: u64, one: &str, more: &str) -> String {
    match number {
        0 => format!("no {more}"),
        1 => format!("1 {one}"),
        many => format!("{} {more}", grouped(many)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_short_and_on_one_line() {
        assert_eq!(shown(&json!("merged")), "merged");
        assert_eq!(shown(&json!("7")), "\"7\"", "a text, not a number");
        assert_eq!(shown(&json!("")), "\"\"");
        assert_eq!(shown(&json!(["a", 1])), "[\"a\",1]");
        assert_eq!(shown(&json!("a\u{1b}[2Jb\nc")), "a[2Jb c");
        assert!(shown(&json!("é".repeat(2_000))).ends_with("é… (2,000 characters)"));
    }

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(counted(0, "error", "errors"), "no errors");
        assert_eq!(counted(1, "error", "errors"), "1 error");
    }
}
