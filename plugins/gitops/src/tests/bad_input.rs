use super::{errors, identifiers, map, shop};

const GOOD: &str = "identifier: good\nblueprint: service\n";

/// What is said of a file, while its neighbor still arrives.
fn complaint(text: &str) -> String {
    let done = shop()
        .file("bad/port.yml", text)
        .file("good/port.yml", GOOD)
        .map();
    assert_eq!(identifiers(&done), ["good"], "{text:.80?}");
    let [error] = errors(&done)
        .try_into()
        .unwrap_or_else(|errors| panic!("{text:.80?}: {errors:?}"));
    error
}

#[test]
fn a_file_that_is_no_yaml_is_one_sentence_and_the_others_arrive() {
    assert_eq!(
        complaint("identifier: x\nproperties:\n\ttier: 1\n"),
        "error: bad/port.yml:3:2: A tab stands where YAML wants spaces. Indent with spaces."
    );
    assert_eq!(
        complaint("identifier: x\nblueprint: y\nidentifier: z\n"),
        "error: bad/port.yml:3:1: `identifier` stands twice in the same object. Remove one of the two."
    );
    assert_eq!(
        complaint("identifier: 'x\n"),
        "error: bad/port.yml:1:13: Not readable as YAML: unclosed quote."
    );
    assert_eq!(
        complaint("identifier: x\nblueprint: *nope\n"),
        "error: bad/port.yml:2:12: An alias (`*name`) names no value above it. Mark one with `&name`, or put text that begins with `*` in quotes."
    );
    assert_eq!(
        complaint("identifier: a: b\n"),
        "error: bad/port.yml:1:14: Not readable as YAML: mapping values are not allowed in this context."
    );
}

#[test]
fn a_bomb_is_defused() {
    let nested = "Nested deeper than 64 levels. Flatten it.";
    let lists = "[".repeat(10_000) + &"]".repeat(10_000);
    assert!(complaint(&lists).ends_with(nested), "{}", complaint(&lists));
    assert_eq!(
        complaint(&"- ".repeat(10_000)),
        format!("error: bad/port.yml:1:129: {nested}")
    );
    let objects: String = (0..500).map(|depth| " ".repeat(depth) + "a:\n").collect();
    assert!(
        complaint(&objects).ends_with(nested),
        "{}",
        complaint(&objects)
    );

    let repeated =
        "Aliases (`*name`) repeat too much of the file. Write the values out, or split the file.";
    let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(",");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert!(
        complaint(&laughs).ends_with(repeated),
        "{}",
        complaint(&laughs)
    );
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        "*a,".repeat(1_000)
    );
    assert!(
        complaint(&long).ends_with(repeated),
        "{:.200}",
        complaint(&long)
    );
    assert!(complaint("a: &a [*a]\n").contains("stands inside the very value that it names"));

    let many = format!("a: [{}]\n", "1,".repeat(120_000));
    assert!(
        complaint(&many)
            .ends_with("More than 100000 values in one file. Split it into several files.")
    );
}

#[test]
fn a_field_of_the_wrong_type_costs_its_entity_alone() {
    for (field, value, at, expected, found) in [
        ("identifier", "[x]", "2:15", "text", "a list"),
        ("blueprint", "7", "2:14", "text", "a number"),
        ("title", "{a: b}", "2:10", "text", "an object"),
        ("icon", "true", "2:9", "text", "true or false"),
        ("team", "42", "2:9", "a team or a list of teams", "a number"),
        ("properties", "[tier]", "2:15", "an object", "a list"),
        ("relations", "shop", "2:14", "an object", "text"),
    ] {
        let others = [("identifier", "x"), ("blueprint", "service")];
        let others = others
            .iter()
            .filter(|(name, _)| *name != field)
            .map(|(name, value)| format!("  {name}: {value}\n"));
        let text = format!(
            "- \n  {field}: {value}\n{}- {{identifier: good, blueprint: service}}\n",
            others.collect::<String>()
        );
        let done = map(&text);
        assert_eq!(identifiers(&done), ["good"], "{text}");
        let hint = if expected == "text" && ["7", "true"].contains(&value) {
            " Put it in quotes."
        } else {
            ""
        };
        assert_eq!(
            errors(&done),
            [format!(
                "error: port.yml:{at}: {field}: `{field}` must be {expected}, but {found} stands here.{hint} \
                 The entity is left out."
            )]
        );
    }
}

#[test]
fn a_wrong_value_within_a_list_is_named_by_its_place() {
    let done = map(
        "identifier: x\nblueprint: service\nteam: [a, {b: c}]\nrelations:\n  system: true\n  domains: [web, null]\n",
    );
    assert!(done.entities().is_empty());
    let errors = errors(&done);
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors[0].starts_with("error: port.yml:3:11: team[1]: "),
        "{errors:?}"
    );
    assert!(
        errors[1].starts_with("error: port.yml:5:11: relations.system: "),
        "{errors:?}"
    );
    assert!(
        errors[2].starts_with("error: port.yml:6:18: relations.domains[1]: "),
        "{errors:?}"
    );
}

#[test]
fn what_is_no_entity_is_said_where_it_stands() {
    assert_eq!(
        complaint("blueprint: service\n"),
        "error: bad/port.yml:1:1: identifier: The entity has no `identifier`. Add one. The entity is left out."
    );
    assert_eq!(
        complaint("identifier: x\nblueprint:\n"),
        "error: bad/port.yml:2:10: blueprint: The entity has no `blueprint`. Add one. The entity is left out."
    );
    assert_eq!(
        complaint("hello\n"),
        "error: bad/port.yml:1:1: An entity (an object with `identifier` and `blueprint`) belongs here, but text stands here."
    );
}
