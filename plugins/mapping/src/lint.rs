//! What is probably not meant, although it can be read: seen in many configurations in use.

use portolan_sdk::{Diagnostic, Severity};

use crate::expression::Expression;
use crate::kinds::{Repo, Row};

/// Numbers in GitHub's objects that people take for identifiers.
const NUMBERS: [&str; 5] = [".id", ".number", ".run_number", ".run_id", ".workflow_id"];

/// What to add to jq's own words about a program that does not compile.
pub(crate) fn hint(field: &str, text: &str) -> String {
    let text = text.trim();
    if text.starts_with("file://") {
        return " `file://` is read below `properties` only.".to_owned();
    }
    if text.contains("{{") {
        return " Templates (`{{ … }}`) are not evaluated here: write the jq in them alone."
            .to_owned();
    }
    if is_words(text) {
        let key = field.rsplit('.').next().unwrap_or(field);
        // An item of a list has no key.
        let key = match key.ends_with(']') {
            true => String::new(),
            false => format!("{key}: "),
        };
        return format!(
            " If the text {text} is meant, write `{key}'\"{text}\"'`, with both kinds of quotes."
        );
    }
    String::new()
}

/// What a program that compiles will probably not do.
pub(crate) fn about(row: &Row, expression: &Expression) -> Vec<Diagnostic> {
    let text = expression.text.trim();
    let mut notes = Vec::new();
    let mut warn = |message| notes.push(expression.diagnostic(Severity::Warning, message));
    if expression.field == "blueprint" && expression.compiles() && is_words(text) {
        warn(format!(
            "`{text}` is a function of jq and not the blueprint of that name. If that is meant, write `blueprint: '\"{text}\"'`, \
             with both kinds of quotes."
        ));
    }
    if expression.field == "identifier" && NUMBERS.contains(&text) {
        warn(format!(
            "`{text}` is a number, and identifiers are texts. Write `{text} | tostring`."
        ));
    }
    let instead = match row.repo {
        Repo::Object => None,
        Repo::Name => Some("`.repo` is the repository's name itself".to_owned()),
        Repo::Absent(instead) => Some(format!("there is no `.repo`: write `{instead}`")),
    };
    if let Some(instead) = instead
        && reads_into_repo(text)
    {
        let message = format!(
            "`{}` reads `.repo.…`, but of kind `{}` {instead}. It gives null or an error.",
            expression.shown(),
            row.name
        );
        warn(message);
    }
    notes
}

/// Nothing but words: what people write who mean a text.
fn is_words(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    text.starts_with(char::is_alphabetic)
        && text.chars().all(is_word)
        && !matches!(text, "null" | "true" | "false")
}

/// Whether the object's own `.repo` is taken for an object.
fn reads_into_repo(program: &str) -> bool {
    program.match_indices(".repo.").any(|(at, matched)| {
        let before = program[..at].chars().next_back();
        let own = before.is_none_or(|c| {
            !(c.is_alphanumeric() || matches!(c, '_' | ']' | ')' | '"' | '?' | '.'))
        });
        let after = program[at + matched.len()..].chars().next();
        own && after.is_some_and(char::is_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::{is_words, reads_into_repo};

    #[test]
    fn a_path_of_another_object_is_none_of_the_objects_own_repo() {
        for (program, reads) in [
            (".repo.name", true),
            ("\"x\" + .repo.name", true),
            ("(.repo.name)", true),
            (".head.repo.name", false),
            (".repo + .name", false),
            (".[].repo.name", false),
            (".repository.name", false),
        ] {
            assert_eq!(reads_into_repo(program), reads, "{program}");
        }
    }

    #[test]
    fn words_are_no_program() {
        for (text, words) in [
            ("service", true),
            ("my-service", true),
            ("Pull request", true),
            (".name", false),
            ("\"service\"", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_words(text), words, "{text}");
        }
    }
}
