//! `make help`, and the targets that the documents name.

use super::shell::output;
use super::{file, readme};

#[test]
fn every_target_that_is_named_is_listed_and_exists() {
    let help = output("make", &["help"]);
    let listed: Vec<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  make ")?.split_whitespace().next())
        .collect();
    assert!(listed.contains(&"ci"), "{help}");
    for target in &listed {
        output("make", &["-n", target]);
    }

    let documents = [
        ("README.md", readme()),
        ("ARCHITECTURE.md", file("ARCHITECTURE.md")),
    ];
    for (document, text) in &documents {
        for (at, line) in text.lines().enumerate() {
            for target in targets(line) {
                let line = at + 1;
                assert!(
                    listed.contains(&target),
                    "{document}:{line}: `make help` lists no {target:?}"
                );
            }
        }
    }
}

/// What follows `make` where it is a command: at the beginning of a line, of code, or after `&&`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let commands = line.split(['`', '&']).map(str::trim_start);
    let said = commands.filter_map(|command| command.strip_prefix("make "));
    said.filter_map(|said| said.split_whitespace().next())
        .filter(|target| {
            target
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '-')
        })
}
