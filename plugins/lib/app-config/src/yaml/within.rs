//! Where in a file a character of a text stands, however the text is written: plain, in quotes, or as a block.
//!
//! White space is what YAML folds and indents, so the characters that are none are counted off against the source.

use portolan_sdk::Place;

use super::{Kind, Node};

/// The place of the text's `at`th character (from 0) in the file with this content.
///
/// The beginning of the value where that cannot be found out: behind an alias, in a number.
pub fn place_within(path: &str, source: &str, node: &Node, at: usize) -> Place {
    let found = match &node.kind {
        Kind::Text(text) => find(source, node, text, at),
        _ => None,
    };
    let (line, column) = found.unwrap_or((node.line, node.column));
    Place::new(path).line(line).column(column)
}

/// A position in the source.
struct Cursor<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
    column: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
}

fn find(source: &str, node: &Node, text: &str, at: usize) -> Option<(u32, u32)> {
    let lines = source.split_inclusive('\n').take(node.line as usize - 1);
    let start: usize = lines.map(str::len).sum();
    let mut cursor = Cursor {
        rest: source[start..].chars().peekable(),
        line: node.line,
        column: 1,
    };
    for _ in 1..node.column {
        cursor.next()?;
    }
    let style = match cursor.rest.peek()? {
        '\'' => Style::Single,
        '"' => Style::Double,
        // An alias: the text stands elsewhere.
        '*' if !text.starts_with('*') => return None,
        _ => Style::Plain,
    };
    if style != Style::Plain {
        cursor.next();
    } else if matches!(cursor.rest.peek(), Some('|' | '>')) && !text.starts_with(['|', '>']) {
        // A block begins on the line after its header.
        while cursor.next()? != '\n' {}
    }
    // Where the last visible character ended, and how much white space followed it in the text.
    let mut end = (cursor.line, cursor.column);
    let mut blanks = 0;
    for (read, wanted) in text.chars().enumerate() {
        if wanted.is_whitespace() {
            if read == at {
                return Some((end.0, end.1 + blanks));
            }
            blanks += 1;
            // Written as an escape it is visible in the source.
            if style == Style::Double && wanted != ' ' {
                cursor.escaped_blank();
            }
        } else {
            let begins = cursor.visible(style, wanted)?;
            if read == at {
                return Some(begins);
            }
            end = (cursor.line, cursor.column);
            blanks = 0;
        }
    }
    Some(end)
}

impl Cursor<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    fn skip_blanks(&mut self) {
        while self.rest.peek().is_some_and(|c| c.is_whitespace()) {
            self.next();
        }
    }

    /// Reads the next visible character, which must be this one, and says where it begins.
    fn visible(&mut self, style: Style, wanted: char) -> Option<(u32, u32)> {
        self.skip_blanks();
        let mut begins = (self.line, self.column);
        let mut found = self.next()?;
        while style == Style::Double && found == '\\' && self.rest.peek() == Some(&'\n') {
            self.skip_blanks();
            begins = (self.line, self.column);
            found = self.next()?;
        }
        match (style, found) {
            (Style::Single, '\'') => found = self.next()?,
            (Style::Double, '\\') => {
                let digits = match self.next()? {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    plain => {
                        found = plain;
                        0
                    }
                };
                if digits > 0 {
                    let mut code = 0;
                    for _ in 0..digits {
                        code = code * 16 + self.next()?.to_digit(16)?;
                    }
                    found = char::from_u32(code)?;
                }
            }
            _ => {}
        }
        (found == wanted).then_some(begins)
    }

    /// `\n`, `\t` and their like, if one stands here.
    fn escaped_blank(&mut self) {
        let mut ahead = self.rest.clone();
        while ahead.peek() == Some(&' ') {
            ahead.next();
        }
        if ahead.next() == Some('\\') && ahead.next().is_some_and(|c| matches!(c, 'n' | 't' | 'r'))
        {
            self.skip_blanks();
            self.next();
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::place_within;
    use crate::yaml::{Kind, documents};

    /// Where the `!` of the value of `a` stands, which is the whole of `source`'s first document.
    fn mark(source: &str) -> String {
        let document = documents("x.yml", source).unwrap().remove(0);
        let Kind::Object(fields) = document.kind else {
            panic!("an object")
        };
        let (_, node) = fields.last().expect("a field");
        let Kind::Text(text) = &node.kind else {
            panic!("text, not {node:?}")
        };
        let at = text.chars().position(|c| c == '!').expect("a mark");
        place_within("x.yml", source, node, at).to_string()
    }

    #[test]
    fn a_character_is_found_in_every_way_of_writing_text() {
        for (source, place) in [
            ("a: .x !\n", "x.yml:1:7"),
            ("b: 1\na: .x\n  | .y\n   !z\n", "x.yml:4:4"),
            ("a: '.x + ''-'' + !'\n", "x.yml:1:18"),
            ("a: '.x\n\n  !'\n", "x.yml:3:3"),
            (r#"a: ".x + \"-\" + !" # why"#, "x.yml:1:18"),
            (r#"a: "\u00e9\t\n!""#, "x.yml:1:15"),
            ("a: \"x\\\n   !\"\n", "x.yml:2:4"),
            ("a: |\n  .x |\n    !\n", "x.yml:3:5"),
            ("a: |- # why\n  if .x\n  then !\n", "x.yml:3:8"),
            ("a: >\n  .x\n  | !\n\n  end\n", "x.yml:3:5"),
            ("a: &anchor .x !\n", "x.yml:1:15"),
            ("b: &b .x !\na: *b\n", "x.yml:2:4"),
            ("a: [.x]\nb: .é !\n", "x.yml:2:7"),
        ] {
            assert_eq!(mark(source), place, "{source}");
        }
    }
}
