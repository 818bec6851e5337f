//! ARCHITECTURE.md is a map: what it names is there.

use std::fs;
use std::path::Path;

use super::{file, root, spans};

/// What is named and is no file or type of ours.
const NOT_OURS: [(&str, &str); 5] = [
    ("SecretString", "a type of the crate secrecy"),
    ("serve", "a function of axum's"),
    ("api", "a question of the contract"),
    ("log", "an interface of the contract"),
    ("page", "a parameter of GitHub's lists"),
];

/// Folders that names are told from.
const FOLDERS: [&str; 6] = [
    "",
    "host/src",
    "guest-sdk/src",
    "plugins",
    "tests",
    "tests/src",
];

#[test]
fn every_file_folder_and_type_that_it_names_is_there() {
    let text = file("ARCHITECTURE.md");
    let sources: Vec<_> = ["host/src", "guest-sdk/src"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .collect();
    let mut files = 0;

    for (line, span) in spans(&text) {
        // Below a module's own bullet its files are told by their names alone.
        let paragraph = text.lines().nth(line - 1).unwrap_or_default().trim_start();
        let home = paragraph
            .strip_prefix("- `")
            .and_then(|rest| rest.split('`').next());
        if is_a_file(span, home) {
            files += 1;
            continue;
        }
        let known = NOT_OURS.iter().any(|(name, _)| *name == span);
        assert!(
            known || is_defined(span, &sources),
            "ARCHITECTURE.md:{line}: there is no file, folder or type `{span}`"
        );
    }
    assert!(files > 50, "only {files} names of files were found");
}

#[test]
fn what_is_not_there_is_found_out() {
    let sources = ["pub struct Delivery;".to_owned()];
    assert!(is_a_file("webhook/accept", None) && !is_a_file("webhook/reject", None));
    assert!(is_a_file("vet", Some("plugins")) && !is_a_file("vet", Some("webhook")));
    assert!(is_defined("Delivery", &sources) && !is_defined("Deliver", &sources));
    assert!(!is_defined("Delivery::authenticate", &sources));
}

fn is_a_file(span: &str, home: Option<&str>) -> bool {
    let home = home.map(|home| format!("host/src/{home}"));
    let folders = FOLDERS.iter().copied().chain(home.as_deref());
    let is = |folder: &str| {
        let path = root().join(folder).join(span);
        let module = path.with_added_extension("rs");
        // A name with a slash at its end is a folder's.
        path.is_dir() || path.is_file() && span.contains('.') || module.is_file()
    };
    span.starts_with(|letter: char| letter.is_ascii_alphabetic()) && folders.into_iter().any(is)
}

/// `Delivery::authenticate` and `export_mapper!` as well.
fn is_defined(span: &str, sources: &[String]) -> bool {
    span.trim_end_matches('!').split("::").all(|name| {
        ["struct", "enum", "trait", "fn", "macro_rules!"]
            .iter()
            .any(|word| {
                let definition = format!("{word} {name}");
                sources.iter().any(|source| {
                    source.match_indices(&definition).any(|(at, found)| {
                        !source[at + found.len()..]
                            .starts_with(|next: char| next.is_alphanumeric() || next == '_')
                    })
                })
            })
    })
}

/// The text of every Rust file below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![fs::read_to_string(&path).expect("sources are UTF-8")],
        })
        .collect()
}
