//! Secrets within a text: known by how they begin, by what stands before them, or by where they stand in a URL.

use super::{HIDDEN, is_secret};

/// How tokens begin that are known by it, GitHub's first.
const TOKENS: [&str; 17] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "npm_",
    "AKIA",
    "ASIA",
    "AIza",
    "dop_v1_",
    "eyJ",
];

/// No token is shorter, and words that begin like one are.
const SHORTEST: usize = 16;

const EMAIL: &str = "[e-mail]";

/// One line without what a terminal would obey.
pub(crate) fn line(text: &str) -> String {
    let blank = |c: char| {
        if matches!(c, '\n' | '\r' | '\t') {
            ' '
        } else {
            c
        }
    };
    text.chars()
        .map(blank)
        .filter(|c| !is_command(*c))
        .collect()
}

/// Without secrets, e-mail addresses and what a terminal would obey; its lines stay.
pub(crate) fn scrubbed(text: &str) -> String {
    let keeps = |c: &char| matches!(c, '\n' | '\t') || !is_command(*c);
    let text: String = text.chars().filter(keeps).collect();
    let text = without_keys(text);
    let text = without_assigned(&text);
    let text = without_users_of_urls(&text);
    without_known(&text)
}

/// Control characters, and those that turn the direction of what follows.
fn is_command(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns
}

/// Private keys in PEM, also those that are cut off.
fn without_keys(text: String) -> String {
    const BEGIN: &str = "-----BEGIN";
    const END: &str = "PRIVATE KEY-----";
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some(at) = rest.find(BEGIN) {
        let (before, key) = rest.split_at(at);
        kept.push_str(before);
        let head: String = key.chars().take(64).collect();
        if !head.contains("PRIVATE KEY") {
            kept.push_str(BEGIN);
            rest = &key[BEGIN.len()..];
            continue;
        }
        kept.push_str(HIDDEN);
        let mut ends = key.match_indices(END).map(|(at, end)| at + end.len());
        rest = ends.nth(1).map_or("", |end| &key[end..]);
    }
    kept + rest
}

/// `password=…`, `"token": "…"`, `?sig=…`: what is assigned to a name that says so. After `Bearer` and `Basic` too.
fn without_assigned(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':', ' ']) {
        let (before, after) = rest.split_at(at);
        kept.push_str(before);
        let sign = &after[..1];
        kept.push_str(sign);
        rest = &after[1..];
        let before = &kept[..kept.len() - 1];
        let hide = if sign == " " {
            let name = name_at_the_end(before);
            name.eq_ignore_ascii_case("bearer") || name.eq_ignore_ascii_case("basic")
        } else {
            let name = name_at_the_end(before.trim_end_matches(['"', '\'', '\\', '`', ' ']));
            is_secret(name) || is_of_a_link(name)
        };
        if !hide {
            continue;
        }
        let blanks = rest.len() - rest.trim_start_matches([' ', '"', '\'', '\\', '`']).len();
        let (space, value) = rest.split_at(blanks);
        // `Authorization: Bearer …`: the second word is the secret.
        let scheme = ["bearer ", "basic ", "token "]
            .iter()
            .find(|scheme| {
                value
                    .get(..scheme.len())
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            })
            .map_or(0, |scheme| scheme.len());
        let end = value[scheme..].find(|c: char| c.is_whitespace() || "\"'&\\`,;)".contains(c));
        let end = scheme + end.unwrap_or(value.len() - scheme);
        let short = sign == " " && end < SHORTEST;
        // `https://` is no value, and `::` no assignment.
        if end == scheme || short || value.starts_with("//") || value.starts_with(':') {
            continue;
        }
        kept.push_str(space);
        kept.push_str(HIDDEN);
        rest = &value[end..];
    }
    kept + rest
}

/// The name that a text ends with.
fn name_at_the_end(text: &str) -> &str {
    let from = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(1, char::len_utf8)
        });
    &text[from..]
}

/// What opens a link for whoever has it.
fn is_of_a_link(name: &str) -> bool {
    ["sig", "x-amz-signature", "x-goog-signature"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// `https://user:password@host`
fn without_users_of_urls(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        kept.push_str(before);
        rest = after;
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'<>".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        if let Some(user) = authority
            .rfind('@')
            .filter(|user| authority[..*user] != *"git")
        {
            kept.push_str(HIDDEN);
            rest = &rest[user..];
        }
    }
    kept + rest
}

/// Word by word: tokens by how they begin, e-mail addresses by their form.
fn without_known(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_of_word = |c: char| c.is_alphanumeric() || "_-.+%@".contains(c);
        let end = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        kept.push_str(&word(&rest[..end]));
        rest = &rest[end..];
        let end = rest.find(is_of_word).unwrap_or(rest.len());
        kept.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    kept
}

fn word(word: &str) -> String {
    for begin in TOKENS {
        if let Some(at) = word.find(begin)
            && word.len() - at >= SHORTEST
            && !word[..at].ends_with(char::is_alphanumeric)
        {
            return format!("{}{HIDDEN}", &word[..at]);
        }
    }
    match word.split_once('@') {
        // `git@github.com` is everybody's.
        Some((user, host)) if !matches!(user, "" | "git") && is_host(host) => EMAIL.to_owned(),
        _ => word.to_owned(),
    }
}

/// `example.com`, but not the `v4.1` of a version.
fn is_host(text: &str) -> bool {
    let last = text.trim_end_matches(['.', '-', '_']).rsplit_once('.');
    last.is_some_and(|(_, last)| last.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_people_are_hidden_and_those_of_repositories_are_not() {
        for (text, shown) in [
            (
                "Signed-off-by: Ada <ada@example.com>",
                "Signed-off-by: Ada <[e-mail]>",
            ),
            ("a.b+c@x.example.org, d@e.fr.", "[e-mail], [e-mail]"),
            ("12+ada@users.noreply.github.com", "[e-mail]"),
            (
                "git@github.com:acme/shop.git",
                "git@github.com:acme/shop.git",
            ),
            (
                "ssh://git@github.com/acme/shop.git",
                "ssh://git@github.com/acme/shop.git",
            ),
            ("thanks @ada and x@y", "thanks @ada and x@y"),
            ("actions/checkout@v4.1", "actions/checkout@v4.1"),
        ] {
            assert_eq!(scrubbed(text), shown, "{text}");
        }
    }

    #[test]
    fn tokens_are_known_by_how_they_begin() {
        for token in [
            "ghp_0123456789abcdef0123456789abcdef0123",
            "github_pat_11AAAAAAA0123456789_abcdef",
            "ghs_0123456789abcdef",
            "xoxb-123456789012-abcdef",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        ] {
            let text = format!("use {token}, (or '{token}')");
            assert_eq!(scrubbed(&text), "use [redacted], (or '[redacted]')");
        }
        for word in [
            "ghp_short",
            "eyJust",
            "ASIAN food",
            "a-ghp-0123456789abcdef",
        ] {
            assert_eq!(scrubbed(word), word);
        }
    }

    #[test]
    fn what_is_assigned_to_a_secrets_name_is_hidden() {
        for (text, shown) in [
            ("password=hunter2 now", "password=[redacted] now"),
            ("DB_PASSWORD: hunter2", "DB_PASSWORD: [redacted]"),
            (
                r#"{"token": "abc", "name": "x"}"#,
                r#"{"token": "[redacted]", "name": "x"}"#,
            ),
            (r#"{\"token\":\"abc\"}"#, r#"{\"token\":\"[redacted]\"}"#),
            (
                "https://raw.example.com/a?token=AAAA&x=1",
                "https://raw.example.com/a?token=[redacted]&x=1",
            ),
            (
                "https://s.example.com/a?se=1&sig=ab%2Fc",
                "https://s.example.com/a?se=1&sig=[redacted]",
            ),
            (
                "Authorization: Bearer abcdefghijklmnop",
                "Authorization: [redacted]",
            ),
            (
                "curl -H 'x: Bearer abcdefghijklmnop'",
                "curl -H 'x: Bearer [redacted]'",
            ),
            ("a bearer of news", "a bearer of news"),
            ("the basic idea", "the basic idea"),
            ("token: https://example.com", "token: [redacted]"),
            ("secret::get()", "secret::get()"),
            ("tier: Critical", "tier: Critical"),
            ("password=", "password="),
        ] {
            assert_eq!(scrubbed(text), shown, "{text}");
        }
    }

    #[test]
    fn users_in_urls_and_private_keys_are_hidden() {
        assert_eq!(
            scrubbed("clone https://ada:hunter2@example.com/x and https://abc@host/y"),
            "clone https://[redacted]@example.com/x and https://[redacted]@host/y"
        );
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert_eq!(scrubbed(&format!("a {key} b")), "a [redacted] b");
        assert_eq!(scrubbed(&format!("a {}", &key[..40])), "a [redacted]");
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        assert_eq!(scrubbed(certificate), certificate);
        assert_eq!(
            scrubbed(&format!("{certificate}\n{key}")),
            format!("{certificate}\n[redacted]")
        );
    }

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        let odd = "a\u{1b}[31mb\r\u{7}c\u{9b}2Jd\u{202e}e\nf\tg\u{0}";
        assert_eq!(scrubbed(odd), "a[31mbc2Jde\nf\tg");
        assert_eq!(line(odd), "a[31mb c2Jde f g");
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "",
            "=",
            ":",
            "@",
            "://",
            "é=ü:ö@",
            "ein Häfen ⚓: token=⚓⚓ x",
            "://@",
            "\"'\\=",
            "-----BEGIN",
        ] {
            scrubbed(text);
            line(text);
        }
        assert_eq!(
            scrubbed("ein Häfen ⚓: token=⚓⚓ x"),
            "ein Häfen ⚓: token=[redacted] x"
        );
    }
}
