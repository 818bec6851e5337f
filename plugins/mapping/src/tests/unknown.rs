//! What is not known (an answer that could not be had, a program that was stopped) takes nothing from Port.

use portolan_sdk::{Answer, Question};
use serde_json::json;

use super::{configured, entity, errors, map, resource, told};

const PLAIN: &str = "identifier: .name\nblueprint: '\"service\"'\n";

/// A repository's properties mapped like this, each of a file.
fn files(count: usize) -> String {
    let files = (0..count).map(|nth| format!("  f{nth}: file://f{nth}.md\n"));
    format!("properties:\n{}", files.collect::<String>())
}

#[test]
fn an_error_is_told_where_a_warning_was_before() {
    let text = "resources:\n  - kind: file\n    selector: {files: ['*.yml']}\n    port:\n      itemsToParse: .content.services\n      entity:\n        mappings: {identifier: .item.name, blueprint: '\"service\"'}\n";
    let done = configured("tree", text)
        .file("a.yml", "kind: nothing\n")
        .file("b.yml", "services: {name: shop}\n")
        .file("c.yml", "kind: nothing\n")
        .map();
    let [error] = errors(&done).try_into().expect("incomplete");
    assert!(error.contains("gives {\"name\":\"shop\"}"), "{error}");
    assert!(
        error.ends_with(" (The same for 2 more objects.)"),
        "{error}"
    );
    assert_eq!(done.notes().len(), 1);
}

#[test]
fn a_file_that_no_question_was_left_for_is_not_one_that_is_gone() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!("{PLAIN}{}", files(300)),
    );
    let properties = &entity(&done).properties;
    assert_eq!(
        properties.len(),
        255,
        "the others stay what they are in Port"
    );
    let [error] = errors(&done).try_into().expect("an error");
    assert!(error.contains("256 questions"), "{error}");
    assert!(
        told(done.notes()).iter().any(|note| note
            .ends_with("was not read and is left out: the event has no question left for it.")),
        "{:?}",
        told(done.notes())
    );
}

#[test]
fn a_blueprint_that_no_question_was_left_for_is_no_mistake() {
    let text = format!(
        "resources:\n  - kind: repository\n    port:\n      itemsToParse: '[range(10)]'\n      entity:\n        mappings:\n          identifier: .name\n          blueprint: '\"b\" + (.item | tostring)'\n          {}",
        files(250).replace('\n', "\n          ")
    );
    let done = configured("repository", &text).map();
    assert_eq!(done.asked.len(), 256);
    assert_eq!(done.entities().len(), 10);
    assert_eq!(errors(&done), [""; 0], "everything was mapped");
}

#[test]
fn a_program_that_is_stopped_leaves_its_value_in_port() {
    let done = map(
        "repository",
        "{query: 'true'}",
        &format!(
            "{PLAIN}properties:\n  long: '[range(1e12)]'\n  part: {{a: '[range(1e12)]', b: .name}}\n  bad: .name | keys\nrelations:\n  \
             owner: '[range(1e12)] | first'\n"
        ),
    );
    assert_eq!(json!(entity(&done).properties), json!({"bad": null}));
    assert_eq!(json!(entity(&done).relations), json!({}));
    assert_eq!(errors(&done), [""; 0], "the entity is whole");
    let notes = told(done.notes());
    assert_eq!(notes.len(), 4, "{notes:#?}");
    assert!(
        notes[0].starts_with("warning: port-app-config.yml:10:19: properties.long: "),
        "{notes:#?}"
    );
    assert!(
        notes[0].ends_with(" It is left out, so that what Port has stays."),
        "{notes:#?}"
    );
}

#[test]
fn a_value_of_which_a_part_is_not_known_is_left_out_whole() {
    let text = resource(
        "repository",
        "{query: 'true', teams: true}",
        &format!(
            "{PLAIN}properties:\n  about: {{readme: file://README.md, name: .name}}\n  list: [.name, '.teams | length']\n  name: .name\n"
        ),
    );
    let refused = || Answer::Refused("not now".to_owned());
    let done = configured("repository", &text)
        .answer(Question::file("README.md"), refused())
        .answer(
            Question::api("/repos/Codertocat/Hello-World/teams"),
            refused(),
        )
        .map();
    assert_eq!(
        json!(entity(&done).properties),
        json!({"name": "Hello-World"})
    );
}

#[test]
fn a_list_that_every_repository_has_is_not_empty_where_github_finds_none() {
    let text = resource(
        "repository",
        "{query: 'true', teams: true, collaborators: true, customProperties: true, pages: true, sbom: true}",
        &format!(
            "{PLAIN}properties: {{custom: .customProperties, pages: .__pages, sbom: .__sbom}}\nrelations:\n  teams: '[.teams[].name]'\n  people: \
             '[.__collaborators[].login]'\n"
        ),
    );
    let run = configured("repository", &text);
    assert_eq!(
        told(&portolan_sdk::Mapper::notes(&run.open().unwrap())),
        [""; 0]
    );
    let done = run.map();
    assert_eq!(json!(entity(&done).relations), json!({}));
    assert_eq!(
        json!(entity(&done).properties),
        json!({"custom": [], "pages": null, "sbom": null})
    );
    let errors = errors(&done);
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert!(
        errors[0].contains("`teams` could not be had") && errors[0].contains("404"),
        "{errors:#?}"
    );
}

#[test]
fn each_resource_has_the_people_that_its_own_selector_asks_for() {
    let resource = |affiliation: &str| {
        format!(
            "  - kind: repository\n    selector: {{includedRelations: {{collaborators: {{affiliation: {affiliation}}}}}}}\n    port: {{entity: {{mappings: {{identifier: .name, blueprint: '\"{affiliation}\"', relations: {{people: '[.collaborators[].login]'}}}}}}}}\n"
        )
    };
    let text = format!(
        "resources:\n{}{}{}",
        resource("direct"),
        resource("all"),
        resource("outside")
    );
    let people = |affiliation| {
        format!("/repos/Codertocat/Hello-World/collaborators?affiliation={affiliation}")
    };
    let done = configured("repository", &text)
        .api(people("direct"), json!([{"login": "ann"}]))
        .api(people("all"), json!([{"login": "ann"}, {"login": "bob"}]))
        .answer(
            Question::api(people("outside")),
            Answer::Refused("no".to_owned()),
        )
        .map();
    let relations: Vec<_> = done
        .entities()
        .iter()
        .map(|entity| json!(entity.relations))
        .collect();
    assert_eq!(
        relations,
        [
            json!({"people": ["ann"]}),
            json!({"people": ["ann", "bob"]}),
            json!({}),
        ]
    );
}

#[test]
fn what_the_app_may_not_read_is_told_with_the_permission_to_grant() {
    let text = resource(
        "repository",
        "{query: 'true', teams: true}",
        &format!("{PLAIN}relations:\n  teams: '[.teams[]?.name]'\n"),
    );
    let question = Question::api("/repos/Codertocat/Hello-World/teams");
    let refused =
        Answer::Refused("403 Forbidden: Resource not accessible by integration.".to_owned());
    let done = configured("repository", &text)
        .answer(question, refused)
        .map();
    assert_eq!(
        json!(entity(&done).relations),
        json!({}),
        "what Port has stays"
    );
    assert_eq!(
        errors(&done),
        [
            "error: port-app-config.yml:3:38: selector.teams: `teams` could not be had, and what is mapped from it is left out: 403 Forbidden: \
          Resource not accessible by integration. Where GitHub refuses it, grant the App the repository permission \"Administration: Read-only\", or \
          remove `teams` from the selector."
        ]
    );
}

#[test]
fn a_file_that_a_selector_includes_and_nobody_can_read_is_told() {
    let text = resource(
        "repository",
        "{query: 'true', includedFiles: [big.txt]}",
        PLAIN,
    );
    let refused = Answer::Refused("big.txt has 900 KB; files over 512 KB are not read".to_owned());
    let done = configured("repository", &text)
        .answer(Question::file("big.txt"), refused)
        .map();
    assert_eq!(
        told(done.notes()),
        [
            "warning: port-app-config.yml:2:5: selector.includedFiles: `big.txt` was not read, and what is mapped from `__includedFiles` is left out: big.txt has \
          900 KB; files over 512 KB are not read."
        ]
    );
}

#[test]
fn a_selector_that_fails_for_want_of_an_answer_is_no_mistake_of_its_own() {
    let text = resource(
        "repository",
        "{query: '.teams | map(.slug) | index(\"x\") != null', teams: true}",
        PLAIN,
    );
    let question = Question::api("/repos/Codertocat/Hello-World/teams");
    let done = configured("repository", &text)
        .answer(question, Answer::Refused("not now".to_owned()))
        .map();
    assert_eq!(done.entities(), []);
    let [error] = errors(&done).try_into().expect("incomplete");
    assert!(error.contains("`teams` could not be had"), "{error}");
    let notes = told(done.notes());
    assert!(
        notes[1].starts_with("warning: ")
            && notes[1].ends_with(", for `teams` could not be had. It is taken for false."),
        "{notes:#?}"
    );
}
