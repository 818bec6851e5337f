//! No command of the README goes untested: one that no test knows is named here with its line.

use super::{block, blocks, file, readme, spans};

/// What each block of commands begins with; the tests that run them find them by these.
pub(super) const TRY_IT: &str = "make demo";
pub(super) const CONTAINER: &str = "docker build";
pub(super) const BINARY: &str = "make guests";
pub(super) const MAPPER: &str = "rustup target add";
pub(super) const PREVIEW: &str = "portolan preview";

/// Commands within sentences, and what in the repository shows that CI runs them: a file and words of it.
const WITHIN_SENTENCES: [(&str, &str, &str); 35] = [
    ("make help", "tests/scenarios/readme/make.rs", "`make help`"),
    ("make ci", "Makefile", "@bash .ci/run"),
    ("make test", ".ci/run", "part make test"),
    ("make empty-root", ".ci/run", "part make empty-root"),
    ("make differential", ".ci/run", "part make differential"),
    ("make conformance", ".ci/run", "part make conformance"),
    // As `make doc`, for all packages and refusing warnings; `--open` is for a person.
    (
        "cargo doc --open -p portolan-sdk",
        "Makefile",
        "cargo doc --workspace",
    ),
    (
        "portolan deliveries",
        "tests/scenarios/deliveries.rs",
        r#""deliveries""#,
    ),
    (
        "portolan deliveries list",
        "tests/scenarios/deliveries.rs",
        r#""list --state quarantined""#,
    ),
    (
        "portolan deliveries show ID",
        "tests/scenarios/deliveries.rs",
        r#""show {guid}""#,
    ),
    (
        "portolan deliveries replay --cause data",
        "tests/scenarios/deliveries.rs",
        r#""replay --cause data""#,
    ),
    (
        "--dry-run",
        "tests/scenarios/deliveries.rs",
        r#""replay --cause data --dry-run""#,
    ),
    (
        "portolan deliveries drop ID",
        "tests/scenarios/deliveries.rs",
        r#""drop {shop}""#,
    ),
    (
        "portolan deliveries deletions",
        "tests/scenarios/deliveries/deletions.rs",
        r#""deletions""#,
    ),
    (
        "--state",
        "tests/scenarios/deliveries.rs",
        "--state quarantined",
    ),
    ("--cause", "tests/scenarios/deliveries.rs", "--cause data"),
    (
        "--cause held",
        "host/src/cli/deliveries/tests.rs",
        "--cause",
    ),
    (
        "--plugin",
        "host/src/cli/deliveries/tests.rs",
        "--plugin gitops",
    ),
    (
        "--repository owner/name",
        "tests/scenarios/deliveries.rs",
        "--repository acme/shop",
    ),
    (
        "--event",
        "host/src/cli/deliveries/tests.rs",
        "--event push",
    ),
    (
        "--since 2h",
        "host/src/cli/deliveries/tests.rs",
        "--since 2h",
    ),
    ("--until", "host/src/cli/deliveries/tests.rs", "--until"),
    (
        "--json",
        "tests/scenarios/deliveries.rs",
        r#""list --json""#,
    ),
    (
        "portolan preview",
        "tests/scenarios/preview.rs",
        "`portolan preview …`",
    ),
    (
        "portolan preview --help",
        "tests/scenarios/preview/usage.rs",
        r#""--help""#,
    ),
    (
        "--config",
        "tests/scenarios/preview/checkout.rs",
        "--config mine.yml",
    ),
    (
        "--kind repository --event -",
        "tests/scenarios/preview/checkout.rs",
        "--repo shop --kind repository --event -",
    ),
    (
        "--default-branch",
        "tests/scenarios/preview/checkout.rs",
        "--default-branch main",
    ),
    (
        "--organization-config",
        "tests/scenarios/preview/checkout.rs",
        "--organization-config mine.yml",
    ),
    ("make chaos", ".ci/run", "make chaos"),
    (
        "docker exec",
        "tests/scenarios/deliveries.rs",
        "fn deliveries(",
    ),
    (
        "portolan health",
        "tests/scenarios/readme/binary.rs",
        "\"health\"",
    ),
    (
        "-v portolan-data:/data",
        "tests/scenarios/readme/container.rs",
        "-v portolan-data:/data",
    ),
    (
        r#"-v "$PWD/plugins:/plugins""#,
        "tests/scenarios/readme/container.rs",
        r#"-v "$PWD/plugins:/plugins""#,
    ),
    (
        "--read-only",
        "tests/scenarios/readme/container.rs",
        "--read-only",
    ),
];

const PROGRAMS: [&str; 10] = [
    "cargo", "cp", "curl", "docker", "git", "kubectl", "make", "mkdir", "portolan", "rustup",
];

#[test]
fn every_block_of_commands_is_run_by_a_test() {
    let run = [TRY_IT, CONTAINER, BINARY, MAPPER, PREVIEW];
    for block in blocks() {
        let (line, language) = (block.line, block.language.as_str());
        match language {
            "sh" => assert!(
                run.iter().any(|begin| block.text.starts_with(begin)),
                "README.md:{line}: no test runs these commands: run them in tests/scenarios/readme \
                 and name them in commands.rs:\n{}",
                block.text
            ),
            "toml" | "rust" | "yaml" | "text" => {}
            _ => {
                panic!("README.md:{line}: no test reads blocks of {language:?}; commands are `sh`")
            }
        }
    }
}

/// What stood after it would wait for the host's end, and no test would notice that it is never run.
#[test]
fn a_host_that_is_started_is_the_last_command_of_its_block() {
    for begin in [CONTAINER, BINARY] {
        let text = block("sh", begin).text;
        assert!(text.ends_with("portolan\n"), "{text}");
        assert!(text.matches("portolan\n").count() == 1, "{text}");
    }
}

#[test]
fn every_command_within_a_sentence_is_run_by_ci() {
    for (line, span) in spans(&readme()) {
        let mut words = span.split_whitespace();
        let first = words.next().unwrap_or_default();
        let is_command =
            first.starts_with('-') || PROGRAMS.contains(&first) && words.next().is_some();
        if !is_command {
            continue;
        }
        let known = WITHIN_SENTENCES
            .iter()
            .find(|(command, ..)| *command == span);
        let (_, place, words) = known.unwrap_or_else(|| {
            panic!(
                "README.md:{line}: no test knows `{span}`: say in tests/scenarios/readme/commands.rs where CI runs it"
            )
        });
        assert!(
            file(place).contains(words),
            "README.md:{line}: `{span}`: {place} has no {words:?}"
        );
    }
}
