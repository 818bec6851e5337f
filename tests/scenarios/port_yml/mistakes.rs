//! A `port.yml` that cannot be read costs itself alone: one line says where and why, everything else arrives.

use super::{World, only_line};

const GOOD: (&str, &str) = ("good/port.yml", "identifier: good\nblueprint: service\n");

#[tokio::test]
async fn a_file_that_cannot_be_read_is_one_line_with_its_place_and_the_others_arrive() {
    let lists = "[".repeat(10_000) + &"]".repeat(10_000);
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    let world = World::start().await;
    for (text, place, message) in [
        (
            "identifier: x\nproperties:\n\ttier: 1\n",
            "bad/port.yml:3:2: ",
            "A tab stands where YAML wants spaces. Indent with spaces.",
        ),
        (
            "identifier: x\nblueprint: y\nidentifier: z\n",
            "bad/port.yml:3:1: ",
            "`identifier` stands twice in the same object. Remove one of the two.",
        ),
        (
            &lists,
            "bad/port.yml:1:",
            "Nested deeper than 64 levels. Flatten it.",
        ),
        (
            &laughs,
            "bad/port.yml:",
            "Aliases (`*name`) repeat too much of the file. Write the values out, or split the file.",
        ),
        (
            "identifier: 'x\n",
            "bad/port.yml:1:",
            "Not readable as YAML: unclosed quote.",
        ),
    ] {
        let said = world.push(&[("bad/port.yml", text), GOOD]).await;

        let line = only_line(&said, "bad/port.yml");
        assert!(line.contains(place) && line.contains(message), "{line}");
        assert_eq!(
            numbers_after(line, "bad/port.yml:"),
            2,
            "a line and a column: {line}"
        );
        let mapped = only_line(&said, "mapped tree");
        let good = mapped.contains(": 1 upserted") || mapped.contains("1 unchanged");
        assert!(good, "{mapped}");
        only_line(&said, "incomplete=true");
        assert_eq!(world.identifiers("service"), ["good"]);
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_costs_its_entity_alone() {
    let world = World::start().await;
    for (field, value, place, must) in [
        (
            "identifier",
            "[x]",
            "3:17",
            "must be text, but a list stands here.",
        ),
        (
            "blueprint",
            "7",
            "3:16",
            "must be text, but a number stands here. Put it in quotes.",
        ),
        (
            "title",
            "{a: b}",
            "3:12",
            "must be text, but an object stands here.",
        ),
        (
            "icon",
            "true",
            "3:11",
            "must be text, but true or false stands here. Put it in quotes.",
        ),
        (
            "team",
            "42",
            "3:11",
            "must be a team or a list of teams, but a number stands here.",
        ),
        (
            "properties",
            "[tier]",
            "3:17",
            "must be an object, but a list stands here.",
        ),
        (
            "relations",
            "shop",
            "3:16",
            "must be an object, but text stands here.",
        ),
    ] {
        let others = [("identifier", "x"), ("blueprint", "service")];
        let others = others.iter().filter(|(name, _)| *name != field);
        let others: String = others
            .map(|(name, value)| format!("  {name}: {value}\n"))
            .collect();
        let text = format!(
            "- {{identifier: good, blueprint: service}}\n-\n    {field}: {value}\n{}",
            others.replace("  ", "    ")
        );

        let said = world.push(&[("bad/port.yml", &text)]).await;

        only_line(
            &said,
            &format!("bad/port.yml:{place}: `{field}` {must} The entity is left out."),
        );
        let mapped = only_line(&said, "mapped tree");
        let good = mapped.contains(": 1 upserted") || mapped.contains("1 unchanged");
        assert!(good, "{mapped}");
        assert_eq!(world.identifiers("service"), ["good"]);
    }
}

#[tokio::test]
async fn a_file_too_large_or_no_text_is_named_and_deletes_nothing() {
    let world = World::start().await;
    world
        .push(&[
            GOOD,
            ("bad/port.yml", "identifier: bad\nblueprint: service\n"),
        ])
        .await;

    let said = world
        .push(&[
            ("bad/port.yml", &"#".repeat(600 * 1024)),
            (
                "new/port.yml",
                "identifier: new\nblueprint: service\nproperties: {readme: file://new}\n",
            ),
        ])
        .await;

    only_line(
        &said,
        "not read: bad/port.yml has 600 KB; files over 512 KB are not read",
    );
    only_line(
        &said,
        "new/port.yml:3:22: `new` was not read: new is a folder, not a file",
    );
    only_line(&said, ": 1 upserted, 1 of them new, 1 unchanged");
    only_line(&said, "incomplete=true");
    assert_eq!(world.identifiers("service"), ["bad", "good", "new"]);
}

/// How many numbers, each ended by a colon, follow.
fn numbers_after(line: &str, part: &str) -> usize {
    let (_, after) = line.split_once(part).expect("just seen");
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    after.split(':').take_while(digits).count()
}
