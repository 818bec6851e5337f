//! Reading JSON so that a mistake names the field.

use serde::Deserialize;

use crate::Error;

/// Parses `text`; an error says what it is and where in it, such as
/// `pull-request: at head.repo.id: invalid type: string "1", expected u64`.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a str, what: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| refusal(text, what, &error))
}

// Not generic, so that a guest has it once.
fn refusal(text: &str, what: &str, error: &serde_json::Error) -> Error {
    let path = path_to(text, error.line(), error.column());
    let message = error.to_string();
    // The position in a payload of one line helps nobody; the path does.
    let message = message.split(" at line ").next().unwrap_or(&message);
    Error::Refuse(match path.as_str() {
        "" => format!("{what}: {message}"),
        path => format!("{what}: at {path}: {message}"),
    })
}

/// The path of the value that ends at, or contains, the column-th byte of a line.
fn path_to(text: &str, line: usize, column: usize) -> String {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let end = (start + column).min(text.len());
    let mut path: Vec<Step> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < end {
        match bytes[at] {
            b'{' => path.push(Step::Key("")),
            b'[' => path.push(Step::Index(0)),
            b'}' | b']' => _ = path.pop(),
            b',' => match path.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(key)) => *key = "",
                None => {}
            },
            b'"' => {
                let closing = at + 1 + string_length(&bytes[at + 1..]);
                if let Some(Step::Key(key @ "")) = path.last_mut() {
                    *key = text.get(at + 1..closing).unwrap_or_default();
                }
                at = closing;
            }
            _ => {}
        }
        at += 1;
    }
    let mut shown = String::new();
    for step in path {
        match step {
            Step::Index(index) => shown.push_str(&format!("[{index}]")),
            Step::Key("") => {}
            Step::Key(key) => {
                if !shown.is_empty() {
                    shown.push('.');
                }
                shown.push_str(key);
            }
        }
    }
    shown
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Bytes before the closing quote.
fn string_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Pull {
        id: u64,
        labels: Vec<Label>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Label {
        name: String,
    }

    fn mistake(text: &str) -> String {
        read::<Pull>(text, "pull-request")
            .expect_err("a mistake")
            .to_string()
    }

    #[test]
    fn a_mistake_names_the_field_it_is_in() {
        assert_eq!(
            mistake(r#"{"title": "a \" {", "id": "7", "labels": []}"#),
            r#"pull-request: at id: invalid type: string "7", expected u64"#
        );
        assert_eq!(
            mistake("{\"id\": 7,\n \"labels\": [{\"name\": \"a\"},\n {\"name\": null}]}"),
            "pull-request: at labels[1].name: invalid type: null, expected a string"
        );
        assert_eq!(
            mistake(r#"{"id": 7, "labels": [{"color": "red"}]}"#),
            "pull-request: at labels[0]: missing field `name`"
        );
        assert_eq!(
            mistake(r#"{"labels": []}"#),
            "pull-request: missing field `id`"
        );
        assert_eq!(mistake("{"), "pull-request: EOF while parsing an object");
    }
}
