use std::collections::BTreeSet;

use super::super::*;

fn service() -> Unchecked {
    Unchecked {
        blueprint: "service".into(),
        identifier: UncheckedIdentifier::Exact("cart".into()),
        previous_identifier: None,
        title: None,
        icon: None,
        team: None,
        properties: "{}".into(),
        relations: "{}".into(),
        place: Some(Place {
            path: "port.yml".into(),
            line: Some(3),
            column: Some(5),
        }),
    }
}

fn with(change: impl FnOnce(&mut Unchecked)) -> Unchecked {
    let mut unchecked = service();
    change(&mut unchecked);
    unchecked
}

fn entity(change: impl FnOnce(&mut Unchecked)) -> Entity {
    Entity::check(with(change)).expect("a good entity").0
}

/// The only mistake, as its reader sees it.
fn refused(change: impl FnOnce(&mut Unchecked)) -> String {
    let mistakes = Entity::check(with(change)).expect_err("a bad entity");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes[0].to_string()
}

fn text(entity: &Entity) -> &str {
    std::str::from_utf8(entity.body()).expect("JSON is UTF-8")
}

#[test]
fn the_body_is_what_ports_api_takes() {
    let cart = entity(|e| {
        e.title = Some("Cart".into());
        e.team = Some(r#"["payments"]"#.into());
        e.properties = r#"{"tier": 1, "oncall": null, "big": 12345678901234567890123}"#.into();
        e.relations = r#"{"system": "shop", "domains": ["a", "b"], "owner": null}"#.into();
    });
    assert_eq!(
        text(&cart),
        r#"{"identifier":"cart","title":"Cart","team":["payments"],"properties":{"big":12345678901234567890123,"oncall":null,"tier":1},"relations":{"domains":["a","b"],"owner":null,"system":"shop"}}"#
    );
    assert_eq!(cart.targets().collect::<Vec<_>>(), ["a", "b", "shop"]);
}

#[test]
fn equal_entities_have_equal_bodies_whatever_the_order_of_their_keys() {
    let one = entity(|e| e.properties = r#"{"a":1,"b":2}"#.into());
    assert_eq!(
        one.body(),
        entity(|e| e.properties = r#"{"b":2,"a":1}"#.into()).body()
    );
}

#[test]
fn each_field_is_refused_with_its_place() {
    assert_eq!(
        refused(|e| e.identifier = UncheckedIdentifier::Exact("a b".into())),
        "port.yml:3:5: `identifier`: `a b` holds a space, which Port does not allow here: replace it, for example `a-b`"
    );
    assert!(refused(|e| e.blueprint = "..".into()).contains("`blueprint`: `..` alone"));
    assert!(
        refused(|e| e.previous_identifier = Some(String::new()))
            .contains("`previous-identifier`: is empty")
    );
    assert!(refused(|e| e.properties = "[]".into()).contains("`properties`: is not the JSON"));
    assert!(
        refused(|e| e.properties = r#"{"on.call": 1}"#.into())
            .contains("the key `on.call` holds `.`")
    );
    assert!(
        refused(|e| e.relations = r#"{"owner": 7}"#.into())
            .contains("`relations.owner`: is a number")
    );
    assert!(
        refused(|e| e.relations = r#"{"owner": [true]}"#.into())
            .contains("the list holds a boolean")
    );
    assert!(
        refused(|e| e.relations = r#"{"owner": ""}"#.into())
            .contains("`relations.owner`: is empty")
    );
    assert!(refused(|e| e.team = Some("1".into())).contains("`team`: is a number"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mistakes = Entity::check(with(|e| {
        e.blueprint = String::new();
        e.properties = "nonsense".into();
        e.relations = r#"{"a": 1, "b": 2}"#.into();
    }));
    assert_eq!(mistakes.expect_err("four mistakes").len(), 4);
}

#[test]
fn a_null_in_a_list_is_left_out_with_a_warning() {
    let (cart, warnings) =
        Entity::check(with(|e| e.relations = r#"{"owners": ["a", null]}"#.into())).expect("good");
    assert!(text(&cart).contains(r#""owners":["a"]"#));
    assert!(
        warnings[0]
            .to_string()
            .contains("`relations.owners`: a null in the list was left out")
    );
}

#[test]
fn a_team_of_null_is_nobodys() {
    assert!(text(&entity(|e| e.team = Some("null".into()))).contains(r#""team":[]"#));
}

#[test]
fn searches_pass_as_they_are_and_make_no_key() {
    let query = r#"{"combinator":"and","rules":[{"property":"login","operator":"=","value":"x"}]}"#;
    let found = entity(|e| e.identifier = UncheckedIdentifier::Search(query.into()));
    assert!(text(&found).contains(query) && found.key().is_none());
    entity(|e| e.relations = format!(r#"{{"owner":{query}}}"#));
    assert!(
        refused(|e| e.team = Some(r#"{"combinator":"xor","rules":[1]}"#.into()))
            .contains("not `xor`")
    );
    assert!(
        refused(|e| e.identifier = UncheckedIdentifier::Search("{}".into()))
            .contains("missing field")
    );
}

#[test]
fn what_is_too_large_or_too_deep_is_refused_before_port_sees_it() {
    let long = format!(r#"{{"readme":"{}"}}"#, "x".repeat(1 << 20));
    assert!(refused(|e| e.properties = long).contains("1 MiB at most"));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(refused(|e| e.properties = deep).contains("100 levels deep"));
    entity(|e| e.properties = format!(r#"{{"a":"{} \" {}"}}"#, "[".repeat(200), "[".repeat(200)));
}

#[test]
fn entities_of_one_key_are_merged_in_order() {
    let first = entity(|e| {
        e.title = Some("Cart".into());
        e.properties = r#"{"tier":1,"lang":"go"}"#.into();
    });
    let other = entity(|e| e.identifier = UncheckedIdentifier::Exact("web".into()));
    let later = entity(|e| {
        e.properties = r#"{"tier":null}"#.into();
        e.relations = r#"{"owner":"a"}"#.into();
    });
    let (merged, problems) = Entity::merge_all(vec![first, other, later]);
    assert_eq!(problems, []);
    let bodies: Vec<_> = merged.iter().map(text).collect();
    assert_eq!(
        bodies[0],
        r#"{"identifier":"cart","title":"Cart","properties":{"lang":"go","tier":null},"relations":{"owner":"a"}}"#
    );
    assert_eq!((bodies.len(), merged[1].identifier()), (2, Some("web")));
}

#[test]
fn what_becomes_too_large_by_merging_is_told_with_both_places() {
    let half = |property: &str, path: &str| {
        entity(|e| {
            e.properties = format!(r#"{{"{property}":"{}"}}"#, "x".repeat(600 << 10));
            e.place = Some(Place {
                path: path.into(),
                line: Some(1),
                column: None,
            });
        })
    };
    let web = entity(|e| e.identifier = UncheckedIdentifier::Exact("web".into()));
    let parts = vec![half("a", "one.yml"), web, half("b", "two.yml")];
    let (merged, problems) = Entity::merge_all(parts);
    let names: Vec<_> = merged.iter().map(Entity::identifier).collect();
    assert_eq!(names, [Some("web")]);
    let told = problems[0].to_string();
    assert!(
        told.starts_with("one.yml:1: ") && told.contains("what two.yml:1 declares"),
        "{told}"
    );
    assert!(told.contains("1 MiB at most"), "{told}");
}

#[test]
fn the_operators_list_is_a_fence_per_plugin() {
    let list = BTreeSet::from(["service".to_owned(), "codeowners:team".to_owned()]);
    assert!(allowed(&BTreeSet::new(), "gitops", "anything"));
    assert!(allowed(&list, "gitops", "service") && allowed(&list, "codeowners", "team"));
    assert!(!allowed(&list, "gitops", "team") && !allowed(&list, "codeowners", "repository"));
}
