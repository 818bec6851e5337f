//! The paths that a Rust source names: in `use` declarations and in the middle of code.
//!
//! Reads tokens, not types: comments and strings do not count, groups are unfolded, `self` and `super` are resolved.

use std::iter::Peekable;
use std::str::Chars;

/// A path with two or more segments, or one that is imported, and the line where it ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) line: usize,
    /// From `crate`, or from the name of an external crate.
    pub(super) segments: Vec<String>,
}

/// All paths in the source of a module, such as `["plugins", "sandbox"]`.
pub(super) fn named_in(source: &str, module: &[String]) -> Vec<Path> {
    let mut reader = Reader {
        tokens: tokens(source),
        next: 0,
        found: Vec::new(),
    };
    // The modules around the current place, each with the depth of braces at which it began.
    let mut around: Vec<(usize, String)> = module.iter().map(|name| (0, name.clone())).collect();
    let mut depth = 0;
    while let Some(token) = reader.peek(0) {
        match token {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                while around.last().is_some_and(|(begun, _)| *begun > depth) {
                    around.pop();
                }
            }
            "mod" if reader.peek(2) == Some("{") => {
                around.push((depth + 1, reader.peek(1).unwrap_or_default().to_owned()));
                depth += 1;
                reader.next += 3;
                continue;
            }
            _ => {
                let imported = token == "use";
                reader.next += usize::from(imported);
                let first = reader.found.len();
                reader.path(&[], imported);
                let module: Vec<_> = around.iter().map(|(_, name)| name.as_str()).collect();
                for path in &mut reader.found[first..] {
                    resolve(&mut path.segments, &module);
                }
                continue;
            }
        }
        reader.next += 1;
    }
    reader.found
}

/// `self::a` and `super::a` as `crate::…::a`.
fn resolve(segments: &mut Vec<String>, module: &[&str]) {
    let ups = segments.iter().take_while(|s| *s == "super").count();
    let selves = usize::from(segments.first().is_some_and(|s| s == "self"));
    if ups + selves > 0 {
        let base = &module[..module.len().saturating_sub(ups)];
        let from_root = ["crate"].iter().chain(base).map(|s| (*s).to_owned());
        segments.splice(..ups + selves, from_root);
    }
}

struct Reader {
    tokens: Vec<(usize, String)>,
    next: usize,
    found: Vec<Path>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<&str> {
        Some(self.tokens.get(self.next + ahead)?.1.as_str())
    }

    /// Reads one path or group after `prefix`, or skips one token.
    fn path(&mut self, prefix: &[String], imported: bool) {
        let mut segments = prefix.to_vec();
        let (mut line, begin) = (0, self.next);
        while let Some((at, token)) = self.tokens.get(self.next) {
            line = *at;
            if token == "::" {
                self.next += 1;
            } else if is_name(token) && self.follows(begin) {
                segments.push(token.clone());
                self.next += 1;
            } else {
                break;
            }
        }
        if self.next == begin && !(imported && self.peek(0) == Some("{")) {
            self.next += 1;
        } else if self.peek(0) == Some("{") && (imported || self.tokens[self.next - 1].1 == "::") {
            self.group(&segments);
        } else if segments.len() > 1 || imported {
            self.found.push(Path { line, segments });
        }
    }

    /// Whether a name here belongs to the path that began at `begin`.
    fn follows(&self, begin: usize) -> bool {
        self.next == begin || self.tokens[self.next - 1].1 == "::"
    }

    fn group(&mut self, prefix: &[String]) {
        self.next += 1;
        while let Some(token) = self.peek(0) {
            match token {
                "}" => {
                    self.next += 1;
                    return;
                }
                "," | "*" => self.next += 1,
                "as" => self.next += 2,
                _ => self.path(prefix, true),
            }
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "as"
}

/// Names, `::` and single signs, each with its line. Comments, strings and characters are left out.
fn tokens(source: &str) -> Vec<(usize, String)> {
    let (mut tokens, mut line, mut rest) = (Vec::new(), 1, source.chars().peekable());
    while let Some(c) = rest.next() {
        match (c, rest.peek().copied()) {
            ('\n', _) => line += 1,
            ('/', Some('/')) => while rest.next_if(|c| *c != '\n').is_some() {},
            ('/', Some('*')) => line += skip_comment(&mut rest),
            ('"', _) => line += skip_string(&mut rest, None),
            ('\'', _) => skip_character(&mut rest),
            (':', Some(':')) => {
                rest.next();
                tokens.push((line, "::".to_owned()));
            }
            (c, _) if c.is_alphanumeric() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                // The prefix of r"…" and br#"…"# is no name.
                match raw_string(&rest) {
                    Some(hashes) if name == "r" || name == "br" => {
                        line += skip_string(&mut rest, Some(hashes));
                    }
                    _ => tokens.push((line, name)),
                }
            }
            (c, _) if c.is_whitespace() => {}
            (c, _) => tokens.push((line, c.to_string())),
        }
    }
    tokens
}

/// How many `#` a raw string has that begins here, after its `r`.
fn raw_string(rest: &Peekable<Chars>) -> Option<usize> {
    let mut rest = rest.clone();
    let mut hashes = 0;
    while rest.next_if_eq(&'#').is_some() {
        hashes += 1;
    }
    (rest.next() == Some('"')).then_some(hashes)
}

/// Skips to the end of a string, whose opening quote is still ahead if it is raw. Says how many lines it has.
fn skip_string(rest: &mut Peekable<Chars>, raw: Option<usize>) -> usize {
    for _ in 0..raw.map_or(0, |hashes| hashes + 1) {
        rest.next();
    }
    let mut lines = 0;
    while let Some(c) = rest.next() {
        match (c, raw) {
            ('\n', _) => lines += 1,
            ('\\', None) => lines += usize::from(rest.next() == Some('\n')),
            ('"', None) => break,
            ('"', Some(hashes)) => {
                let closing = rest.clone().take_while(|c| *c == '#').count();
                if closing >= hashes {
                    for _ in 0..hashes {
                        rest.next();
                    }
                    break;
                }
            }
            _ => {}
        }
    }
    lines
}

fn skip_comment(rest: &mut Peekable<Chars>) -> usize {
    let (mut depth, mut lines, mut last) = (1, 0, ' ');
    rest.next();
    for c in rest.by_ref() {
        lines += usize::from(c == '\n');
        match (last, c) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                last = c;
                continue;
            }
        }
        last = ' ';
        if depth == 0 {
            break;
        }
    }
    lines
}

/// Skips a character, or the quote of a lifetime.
fn skip_character(rest: &mut Peekable<Chars>) {
    let mut ahead = rest.clone();
    match (ahead.next(), ahead.next()) {
        (Some('\\'), _) => {
            rest.next();
            rest.next();
            while rest.next().is_some_and(|c| c != '\'') {}
        }
        (Some(_), Some('\'')) => {
            rest.next();
            rest.next();
        }
        _ => {}
    }
}
