//! Which characters Port allows where, from the patterns in Port's API reference, in words that say what to replace.

/// Port API reference, "Create multiple entities": `identifier`, `relations`.
const IDENTIFIER_LIMIT: usize = 1000;
/// Port API reference, "Create a blueprint": `identifier`, and the keys of `properties` and `relations`.
const NAME_LIMIT: usize = 100;

/// `^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/=-]+$`, 1 to 1000 characters.
///
/// `char::is_alphabetic` stands for `\p{L}`: it also takes Roman numerals and some vowel signs, which Port then
/// refuses itself.
pub(super) fn identifier(text: &str) -> Result<(), String> {
    pattern(text, IDENTIFIER_LIMIT, |c| {
        c.is_alphabetic() || c.is_ascii_digit() || "@_.+:\\/=-".contains(c)
    })?;
    not_dots(text)
}

/// `^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/-]+$`, 1 to 100 characters.
pub(super) fn blueprint(text: &str) -> Result<(), String> {
    pattern(text, NAME_LIMIT, |c| {
        c.is_alphabetic() || c.is_ascii_digit() || "@_.+:\\/-".contains(c)
    })?;
    not_dots(text)?;
    stays_in_its_path(text)
}

/// `^[A-Za-z0-9@_=\\-]+$`, 1 to 100 characters.
pub(super) fn property(text: &str) -> Result<(), String> {
    pattern(text, NAME_LIMIT, |c| {
        c.is_ascii_alphanumeric() || "@_=\\-".contains(c)
    })
}

/// Whether Port could have a blueprint of this name.
pub fn is_blueprint(text: &str) -> bool {
    blueprint(text).is_ok()
}

/// What goes into a URL's path is escaped, but a proxy in between may read `%2F..%2F` as a way out all the same.
pub(super) fn stays_in_its_path(text: &str) -> Result<(), String> {
    match text.split(['/', '\\']).any(|part| part == "..") {
        true => Err("holds `..` between slashes: choose another name".to_owned()),
        false => Ok(()),
    }
}

fn not_dots(text: &str) -> Result<(), String> {
    match text {
        "." | ".." => Err(format!(
            "`{text}` alone is not a name to Port: choose another"
        )),
        _ => Ok(()),
    }
}

fn pattern(text: &str, limit: usize, allowed: impl Fn(char) -> bool) -> Result<(), String> {
    // Most names are short ASCII ones: count characters only where bytes do not settle it.
    if text.len() > limit {
        let length = text.chars().count();
        if length > limit {
            return Err(format!(
                "is {length} characters long, Port takes {limit} at most: shorten it"
            ));
        }
    }
    if text.is_empty() {
        return Err("is empty: Port wants at least one character".to_owned());
    }
    let Some(wrong) = text.chars().find(|c| !allowed(*c)) else {
        return Ok(());
    };
    let instead: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .take(80)
        .collect();
    let instead = instead.trim_matches('-');
    let shown: String = text.chars().take(80).collect();
    let wrong = match wrong {
        ' ' => "a space".to_owned(),
        c if c.is_control() || c.is_whitespace() => format!("the character U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    };
    let mut message = format!(
        "`{}` holds {wrong}, which Port does not allow here: replace it",
        shown.escape_debug()
    );
    if !instead.is_empty() {
        message += &format!(", for example `{instead}`");
    }
    Err(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_what_port_takes() {
        for good in [
            "cart",
            "acme/shop",
            "a@b.c+d:e\\f=g-h_1",
            "café",
            "...",
            &"x".repeat(1000),
        ] {
            assert_eq!(identifier(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a b",
            "a#b",
            "a?b",
            "a%b",
            "a*b",
            "line\nbreak",
            &"x".repeat(1001),
        ] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bots_name_is_refused_with_what_to_write_instead() {
        assert_eq!(
            identifier("dependabot[bot]").expect_err("brackets"),
            "`dependabot[bot]` holds `[`, which Port does not allow here: replace it, for example `dependabot-bot`"
        );
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert_eq!(identifier(&"é".repeat(1000)), Ok(()));
        assert!(
            identifier(&"é".repeat(1001))
                .expect_err("too long")
                .contains("1001 characters")
        );
    }

    #[test]
    fn property_and_blueprint_names_are_stricter() {
        assert_eq!(property("number_of-pods"), Ok(()));
        assert!(
            property("on.call").is_err()
                && property("größe").is_err()
                && property(&"x".repeat(101)).is_err()
        );
        assert_eq!(blueprint("_user"), Ok(()));
        assert!(
            blueprint("a=b").is_err()
                && blueprint("..").is_err()
                && blueprint("a/../b").is_err()
                && !is_blueprint("a b")
        );
    }
}
