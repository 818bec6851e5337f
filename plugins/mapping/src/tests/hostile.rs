//! Configurations that would harm whoever runs them.

use std::time::{Duration, Instant};

use super::{configured, errors, mistakes};

/// A repository's resources, of which one goes on without end.
fn beside_a_good_one(selector: &str, mapping: &str) -> String {
    format!(
        "resources:\n  - kind: repository\n    selector: {{query: '{selector}'}}\n    port: {{entity: {{mappings: {{{mapping}}}}}}}\n  - kind: repository\n    port: {{entity: {{mappings: {{identifier: .name, blueprint: '\"good\"'}}}}}}\n"
    )
}

#[test]
fn a_program_without_end_is_stopped_and_named_and_the_others_map() {
    for (program, place) in [
        ("[recurse(.)] | length > 0", "3:23: selector.query"),
        ("[range(1e12)] | length > 0", "3:23: selector.query"),
        ("def f: f; f", "3:23: selector.query"),
        ("def f: [f]; f", "3:23: selector.query"),
        (
            "reduce range(40) as $i (\"x\"; . + .) | length > 0",
            "3:23: selector.query",
        ),
        (
            "(\"a\" * 1000) | test(\"(a+)+(?!a)b\")",
            "3:23: selector.query",
        ),
        ("(\"x\" * 1e9) | length > 0", "3:23: selector.query"),
    ] {
        let began = Instant::now();
        let done = configured(
            "repository",
            &beside_a_good_one(program, "identifier: .name, blueprint: '\"bad\"'"),
        )
        .map();
        let blueprints: Vec<_> = done
            .entities()
            .iter()
            .map(|entity| entity.blueprint.as_str())
            .collect();
        assert_eq!(blueprints, ["good"], "{program}");
        let [error] = errors(&done)
            .try_into()
            .unwrap_or_else(|errors| panic!("{program}: {errors:?}"));
        assert!(
            error.starts_with(&format!("error: port-app-config.yml:{place}: ")),
            "{error}"
        );
        assert!(error.contains(" is stopped: "), "{error}");
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{program}: {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn many_programs_without_end_leave_time_for_the_others() {
    let bad: String = (0..40)
        .map(|nth| format!("  - kind: repository\n    port: {{entity: {{mappings: {{identifier: '[range(1e12)] | {nth}', blueprint: '\"bad\"'}}}}}}\n"))
        .collect();
    let good = "  - kind: repository\n    port: {entity: {mappings: {identifier: .name, blueprint: '\"good\"', properties: {topics: '[.topics[]? | ascii_upcase]'}}}}\n";
    let done = configured("repository", &format!("resources:\n{bad}{good}")).map();
    assert_eq!(done.entities().len(), 1);
    assert_eq!(errors(&done).len(), 40, "each is named");
}

#[test]
fn of_ten_thousand_resources_the_first_thousand_map() {
    let resource = |nth: usize| {
        format!(
            "  - {{kind: issue, port: {{entity: {{mappings: {{identifier: '\"{nth}\"', blueprint: '\"x\"'}}}}}}}}\n"
        )
    };
    let many = |count| -> String {
        "resources:\n".to_owned() + &(0..count).map(resource).collect::<String>()
    };
    let notes = super::opened(&many(9_000));
    let [note] = notes.try_into().expect("one note");
    assert!(
        note.starts_with("error: port-app-config.yml:1002:5: resources: More than 1000 resources"),
        "{note}"
    );
    let done = configured("issue", &many(9_000)).map();
    assert_eq!(done.entities().len(), 1_000);
    assert_eq!(errors(&done), [note], "nothing is deleted");
    let values = mistakes(&many(20_000));
    assert!(
        values[0].ends_with("More than 100000 values in one file. Split it into several files."),
        "{values:?}"
    );
    let broken = many(900).replace("'\"x\"'", "nope");
    let told = mistakes(&broken);
    assert_eq!(told.len(), 501);
    assert_eq!(told[500], "error: 400 more are not told. Mend these first.");
    let nodes = mistakes(&format!("resources: [{}]\n", "1,".repeat(120_000)));
    assert!(
        nodes[0].ends_with("More than 100000 values in one file. Split it into several files."),
        "{nodes:?}"
    );
}

#[test]
fn a_file_of_five_megabytes_is_read_or_refused() {
    let long = format!(
        "resources:\n  - kind: repository\n    port: {{entity: {{mappings: {{identifier: .name, blueprint: '\"good\"', title: '\"{}\"'}}}}}}\n",
        "x".repeat(5 << 20)
    );
    let done = configured("repository", &long).map();
    assert_eq!(done.entities().len() + errors(&done).len(), 1);
    let deep = format!("resources: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert!(mistakes(&deep)[0].contains("Nested deeper than 64 levels"));
}
