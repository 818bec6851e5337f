//! Tokens: jq's, and strings in single quotes.
//!
//! Port's engines turn some single quotes into double ones by a regular expression before jq sees the text. A string
//! that begins with a single quote and ends with one is all that it meant, and in jq a single quote outside of strings
//! and comments means nothing else; so here every such string is one.

use jaq_core::load::Arena;

use super::tokens::{Kind, Piece, Token};
use super::{DEPTH, Wrong, too_deep};

/// The tokens of a program; the last one is its end.
pub(super) fn tokens<'s>(text: &'s str, arena: &'s Arena) -> Result<Vec<Token<'s>>, Wrong> {
    Lexer {
        text,
        at: 0,
        arena,
        depth: 0,
    }
    .tokens(false)
}

struct Lexer<'s> {
    text: &'s str,
    at: usize,
    arena: &'s Arena,
    depth: usize,
}

/// Longer ones first.
const SYMBOLS: [&str; 33] = [
    "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "|", ",",
    "+", "-", "*", "/", "%", "=", "<", ">", ".", ";", ":", "?", "(", ")", "[", "]", "{",
];

/// What other languages write, and jq in its stead.
const OF_OTHERS: [(&str, &str); 3] = [("&&", "and"), ("||", "or"), ("===", "==")];

impl<'s> Lexer<'s> {
    /// To the end of the text, or of `\(…)` in a string.
    fn tokens(&mut self, in_string: bool) -> Result<Vec<Token<'s>>, Wrong> {
        let mut tokens = Vec::new();
        let mut open = 0_usize;
        loop {
            self.skip_blanks();
            let at = self.at;
            let kind = self.token()?;
            match kind {
                Kind::Symbol("(") => open += 1,
                Kind::Symbol(")") if open == 0 && in_string => {
                    tokens.push(Token {
                        at,
                        kind: Kind::End,
                    });
                    return Ok(tokens);
                }
                Kind::Symbol(")") => open = open.saturating_sub(1),
                Kind::End if in_string => {
                    return Err(Wrong::new(at, "`\\(` in a string is never closed"));
                }
                Kind::End => {
                    tokens.push(Token { at, kind });
                    return Ok(tokens);
                }
                _ => {}
            }
            tokens.push(Token { at, kind });
        }
    }

    fn token(&mut self) -> Result<Kind<'s>, Wrong> {
        let rest = self.rest();
        let of_others = OF_OTHERS
            .iter()
            .find(|(theirs, _)| rest.starts_with(theirs));
        if let Some((theirs, ours)) = of_others {
            return Err(Wrong::new(
                self.at,
                format!("`{theirs}` means nothing in jq, which says `{ours}`"),
            ));
        }
        let mut chars = rest.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else {
            return Ok(Kind::End);
        };
        Ok(match first {
            '"' | '\'' => Kind::Text(self.string(first)?),
            '.' if second.is_some_and(begins_name) => {
                Kind::Field(&self.take(1 + name_length(&rest[1..]))[1..])
            }
            '.' if second.is_some_and(|char| char.is_ascii_digit()) => Kind::Number(self.number()),
            '0'..='9' => Kind::Number(self.number()),
            '$' if second.is_some_and(begins_name) => {
                Kind::Variable(self.take(1 + path_length(&rest[1..])))
            }
            '$' => {
                // `$ name`, as jq up to 1.6 allows.
                let name = rest[1..].trim_start();
                if !name.starts_with(begins_name) {
                    return Err(Wrong::new(
                        self.at,
                        "the name of a variable is missing after `$`",
                    ));
                }
                let name = &name[..name_length(name)];
                self.at += rest.len() - rest[1..].trim_start().len() + name.len();
                Kind::Variable(self.arena.alloc(format!("${name}")))
            }
            '@' if second.is_some_and(|char| begins_name(char) || char.is_ascii_digit()) => {
                Kind::Format(self.take(1 + name_length(&rest[1..])))
            }
            _ if begins_name(first) => Kind::Word(self.take(path_length(rest))),
            '}' => Kind::Symbol(self.take(1)),
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => Kind::Symbol(self.take(symbol.len())),
                None if matches!(first, '‘' | '’' | '“' | '”') => {
                    return Err(Wrong::new(
                        self.at,
                        format!("`{first}` is a typographic quote; strings take `\"`"),
                    ));
                }
                None if first == '!' => {
                    return Err(Wrong::new(
                        self.at,
                        "`!` means nothing in jq, which says `| not` behind it",
                    ));
                }
                None => {
                    return Err(Wrong::new(
                        self.at,
                        format!("`{first}` means nothing in jq"),
                    ));
                }
            },
        })
    }

    fn string(&mut self, quote: char) -> Result<Vec<Piece<'s>>, Wrong> {
        let begin = self.at;
        self.at += 1;
        let mut pieces = Vec::new();
        // What was read since the last piece, once an escape made it differ from the text.
        let mut changed: Option<String> = None;
        let mut from = self.at;
        loop {
            let rest = self.rest();
            let Some(place) = rest.find([quote, '\\']) else {
                return Err(Wrong::new(
                    begin,
                    format!("the string that begins here has no closing `{quote}`"),
                ));
            };
            self.at += place;
            let read = &self.text[from..self.at];
            if rest[place..].starts_with(quote) || rest[place..].starts_with("\\(") {
                let text = match changed.take() {
                    Some(mut text) => {
                        text.push_str(read);
                        self.arena.alloc(text)
                    }
                    None => read,
                };
                if !text.is_empty() {
                    pieces.push(Piece::Text(text));
                }
                if rest[place..].starts_with(quote) {
                    self.at += 1;
                    return Ok(pieces);
                }
                self.at += 2;
                pieces.push(Piece::Inner(self.inner()?));
            } else {
                let escaped = self.escape(quote)?;
                let text = changed.get_or_insert_default();
                text.push_str(read);
                text.push(escaped);
            }
            from = self.at;
        }
    }

    /// What is inside `\(…)`.
    fn inner(&mut self) -> Result<Vec<Token<'s>>, Wrong> {
        if self.depth == DEPTH {
            return Err(too_deep(self.at));
        }
        self.depth += 1;
        let tokens = self.tokens(true)?;
        self.depth -= 1;
        Ok(tokens)
    }

    fn escape(&mut self, quote: char) -> Result<char, Wrong> {
        let at = self.at;
        let rest = &self.rest()[1..];
        let Some(char) = rest.chars().next() else {
            return Err(Wrong::new(at, "the string ends with a backslash"));
        };
        self.at += 1 + char.len_utf8();
        Ok(match char {
            '"' | '\\' | '/' => char,
            '\'' if quote == '\'' => char,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = hex(rest.get(1..5))
                    .ok_or_else(|| Wrong::new(at, "`\\u` needs four hexadecimal digits"))?;
                self.at += 4;
                let second = rest
                    .get(5..7)
                    .filter(|next| *next == "\\u")
                    .and_then(|_| hex(rest.get(7..11)));
                match (char::from_u32(unit), second) {
                    (Some(char), _) => char,
                    (None, Some(second))
                        if (0xd800..0xdc00).contains(&unit)
                            && (0xdc00..0xe000).contains(&second) =>
                    {
                        self.at += 6;
                        let both = 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
                        char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    (None, _) => char::REPLACEMENT_CHARACTER,
                }
            }
            _ => {
                let hint = if char == '\'' {
                    "; inside `\"` it needs no backslash"
                } else {
                    "; a backslash itself is `\\\\`"
                };
                return Err(Wrong::new(
                    at,
                    format!("`\\{char}` means nothing in a string{hint}"),
                ));
            }
        })
    }

    fn number(&mut self) -> &'s str {
        let bytes = self.rest().as_bytes();
        let digits = |from: usize| {
            from + bytes[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        let mut end = digits(0);
        if bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > end + 1 + sign {
                end = exponent;
            }
        }
        self.take(end)
    }

    /// Blanks and comments. As of jq 1.7 a backslash before the end of the line continues a comment.
    fn skip_blanks(&mut self) {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                return;
            }
            loop {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.text.len());
                let line = line.strip_suffix('\r').unwrap_or(line);
                let backslashes = line.len() - line.trim_end_matches('\\').len();
                if backslashes.is_multiple_of(2) || self.rest().is_empty() {
                    break;
                }
            }
        }
    }

    fn rest(&self) -> &'s str {
        &self.text[self.at..]
    }

    fn take(&mut self, length: usize) -> &'s str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }
}

fn begins_name(char: char) -> bool {
    char.is_ascii_alphabetic() || char == '_'
}

fn name_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

/// A name, possibly of a module: `a::b`.
fn path_length(text: &str) -> usize {
    let mut length = name_length(text);
    while let Some(rest) = text[length..]
        .strip_prefix("::")
        .filter(|rest| rest.starts_with(begins_name))
    {
        length += 2 + name_length(rest);
    }
    length
}

fn hex(digits: Option<&str>) -> Option<u32> {
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}
