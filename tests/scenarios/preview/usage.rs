//! Wrong usage, and what cannot be read: a sentence each, and status 2.

use portolan_tests::host::Tool;

use super::{preview, preview_of};

#[test]
fn wrong_usage_is_told_in_a_sentence_that_says_what_to_do() {
    let tool = Tool::with(&["gitops", "pull-requests"]);
    tool.file("star.json", r#"{"action":"created","starred_at":"2026-01-01T00:00:00Z","repository":{"id":1,"name":"shop","owner":{"id":2,"login":"acme"}},"sender":{}}"#)
        .file("pulls.ndjson", "{\"id\":1}\n{\"id\":2}\n")
        .file("answer.json", r#"{"message":"Not Found","status":"404"}"#)
        .file("here/port.yml", "");
    for (line, why) in [
        ("", "give what is to be mapped: a saved webhook by --event"),
        (
            "--kind pull-request",
            "give the objects of the kind `pull-request` by --event FILE",
        ),
        (
            "--kind tree",
            "`tree` is found in the files of a repository: give its checkout by --repo",
        ),
        (
            "--kind file --event star.json --repo here",
            "`file` is found in the files of a repository",
        ),
        (
            "--kind pull --event pulls.ndjson",
            "`pull` is no kind of object: there are repository, pull-request",
        ),
        (
            "--kind pull-request --event pulls.ndjson",
            "pulls.ndjson: line 1: the object does not say which repository it is of: give --repository",
        ),
        (
            "--event pulls.ndjson",
            "pulls.ndjson: The payload is not a JSON object: trailing characters at line 2 column 1. (objects of GitHub's API need --kind)",
        ),
        (
            "--event star.json",
            "star.json: which event this is cannot be told from the payload: say it by --name",
        ),
        (
            "--event star.json --name star",
            "no plugin maps `star`: loaded are gitops (tree); pull-requests (pull-request)",
        ),
        (
            "--event star.json --name pull-request",
            "star.json: `pull-request` is a kind; GitHub calls the event `pull_request`",
        ),
        (
            "--kind pull-request --event answer.json --repository acme/shop",
            "answer.json: line 1: this is no object, but GitHub's answer \"Not Found\"",
        ),
        (
            "--event none.json",
            "none.json cannot be read: No such file",
        ),
        (
            "--repo none",
            "the checkout none cannot be read: No such file",
        ),
        (
            "--repo star.json",
            "star.json is a file, not the folder of a checkout",
        ),
        (
            "--repo here --config none.yml",
            "none.yml cannot be read: No such file",
        ),
        (
            "--repo here --plugin mapping",
            "there is no plugin mapping in ",
        ),
        (
            "--repo here --plugin pull-requests",
            "no plugin maps `repository` or `tree`: loaded are pull-requests",
        ),
    ] {
        let refused = preview(&tool, line).refused();
        assert!(refused.starts_with(why), "preview {line}: {refused}");
    }
    let empty = preview_of(&tool, "--event - --kind pull-request", "").fine();
    assert!(
        empty.ends_with("no objects: no entities; no errors, no warnings.\n"),
        "{empty}"
    );
}

#[test]
fn without_plugins_there_is_nothing_to_preview_and_a_broken_one_is_named() {
    let tool = Tool::with(&[]);
    tool.file("here/port.yml", "identifier: shop\nblueprint: service\n");
    let why = preview(&tool, "--repo here").refused();
    assert!(why.starts_with("there is no plugin in "), "{why}");

    let tool = Tool::with(&["gitops"]).plugin("teams", b"(module)");
    tool.file("here/port.yml", "identifier: shop\nblueprint: service\n");
    let out = preview(&tool, "--repo here").with_mistakes();
    assert!(out.contains("service shop"), "the others map: {out}");
    assert!(
        out.contains("teams.wasm is not loaded: it is text, not WebAssembly"),
        "{out}"
    );
}

#[test]
fn the_help_tells_what_its_status_means_and_needs_nothing() {
    let tool = Tool::with(&[])
        .without("BUNDLED_PLUGIN_DIR")
        .without("PLUGIN_DIR")
        .without("DATA_DIR");

    let help = preview(&tool, "--help").fine();

    for part in [
        "Exit status: 0 fine",
        "--organization-config <FILE>",
        "Works offline",
    ] {
        assert!(help.contains(part), "no {part} in:\n{help}");
    }
}

#[test]
fn a_configuration_that_no_plugin_reads_is_said_to_be_in_force_for_none() {
    let tool = Tool::with(&["pull-requests"]);
    tool.file("mine.yml", "resources: []\n");
    let run = |line: &str| preview_of(&tool, line, super::payload(0)).fine();

    let said =
        "note: mine.yml is in force for no plugin that is loaded: none looks for such a file.";
    let out = run("--event - --config mine.yml");
    assert!(out.contains(said), "{out}");
    assert!(!run("--event -").contains("in force for no plugin"));
}

#[test]
fn what_cannot_be_printed_is_no_success() {
    let tool = Tool::with(&["pull-requests"]);
    tool.file("pull_request.json", super::payload(0));
    let full = std::fs::File::create("/dev/full").expect("Linux has it");

    let output = tool
        .command(&["preview", "--event", "pull_request.json"])
        .stdout(full)
        .output()
        .expect("the binary can be run");

    let why = String::from_utf8(output.stderr).expect("what people read is UTF-8");
    assert_eq!(output.status.code(), Some(2), "{why}");
    assert!(
        why.starts_with("what was found out cannot be printed: No space left"),
        "{why}"
    );
}

/// `head` and the like have read enough.
#[test]
fn whoever_stops_reading_is_not_told_about_it() {
    use std::process::{Command, Stdio};
    let tool = Tool::with(&["pull-requests"]);
    tool.file("pulls.ndjson", &super::pull_requests().repeat(200));
    let mut command: Command = tool.command(&[
        "preview",
        "--event",
        "pulls.ndjson",
        "--kind",
        "pull-request",
        "--json",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary can be run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("a child can be waited for");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
