use portolan_sdk::test::Run;
use portolan_sdk::{Answer, Owner, Question};
use serde_json::{Value, json};

use super::{COMMIT, shop, warnings};
use crate::Gitops;

const SPEC: &str = "identifier: cart\nblueprint: service\nproperties: {gitopsMetadata: null}\n";

fn commits(at: &str) -> String {
    format!("/repos/acme/shop/commits?path=services/my%20cart/port.yml&sha={at}&per_page=1&page=1")
}

fn last_commit() -> Value {
    json!([{
        "sha": "abc123",
        "html_url": "https://github.com/acme/shop/commit/abc123",
        "commit": {
            "message": "Describe the cart",
            "author": {"name": "Ada", "email": "ada@example.com", "date": "2026-01-01T00:00:00Z"},
            "committer": {"name": "GitHub", "date": "2026-01-02T03:04:05Z"}
        },
        "author": {"login": "ada"}
    }])
}

fn declaring(property: Value) -> Run<Gitops> {
    shop()
        .file("services/my cart/port.yml", SPEC)
        .blueprint("service", json!({"identifier": "service", "schema": {"properties": {"gitopsMetadata": property}}}))
        .api(commits(COMMIT), last_commit())
}

#[test]
fn an_entity_says_where_it_comes_from_if_its_blueprint_has_room_for_it() {
    let done = declaring(json!({"type": "object"})).map();
    assert_eq!(
        done.entities()[0].properties["gitopsMetadata"],
        json!({
            "specPath": "services/my cart/port.yml",
            "repository": "acme/shop",
            "branch": "main",
            "url": "https://github.com/acme/shop/blob/abc123/services/my%20cart/port.yml",
            "commit": {
                "sha": "abc123",
                "message": "Describe the cart",
                "author": "ada",
                "timestamp": "2026-01-02T03:04:05Z",
                "url": "https://github.com/acme/shop/commit/abc123"
            }
        })
    );
}

#[test]
fn a_push_elsewhere_changes_nothing() {
    let before = declaring(json!({"type": "object"}));
    let later = "2222222222222222222222222222222222222222";
    let after = declaring(json!({"type": "object"}))
        .subject(json!({"branch": "main", "commit": later}))
        .api(commits(later), last_commit());
    assert_eq!(before.map().outcome, after.map().outcome);
}

/// Written without it, the property would lose the commit that it had.
#[test]
fn a_commit_that_is_not_told_leaves_the_property_as_it_was() {
    let refused = Answer::Refused("not today".to_owned());
    let done = declaring(json!({"type": "object"}))
        .answer(Question::api(commits(COMMIT)), refused)
        .map();
    let spec = &done.entities()[0].properties["gitopsMetadata"];
    assert_eq!(spec, &Value::Null, "the file's own word stays");
}

#[test]
fn a_blueprint_without_that_object_gets_none_and_no_commit_is_asked_for() {
    for property in [json!({"type": "string"}), Value::Null] {
        let done = declaring(property).map();
        assert_eq!(
            done.entities()[0].properties["gitopsMetadata"],
            Value::Null,
            "the file's own word stays"
        );
        assert!(
            !done
                .asked
                .iter()
                .any(|question| matches!(question, Question::Api(_))),
            "{:?}",
            done.asked
        );
    }
}

#[test]
fn it_can_be_switched_off_or_renamed() {
    let off = "enrichEntitiesWithGitopsMetadata: false\n";
    let done = declaring(json!({"type": "object"}))
        .configuration(Owner::Organization, "port-app-config.yml", off)
        .map();
    assert_eq!(done.entities()[0].properties["gitopsMetadata"], Value::Null);
    assert_eq!(
        done.asked,
        [Question::files("**/port.yml")],
        "no blueprint is needed"
    );

    let renamed = declaring(json!({"type": "object"}))
        .blueprint(
            "service",
            json!({"schema": {"properties": {"source": {"type": "object"}}}}),
        )
        .configuration(
            Owner::Organization,
            "port-app-config.yml",
            "gitopsMetadataProperty: source\n",
        )
        .map();
    assert_eq!(
        renamed.entities()[0].properties["source"]["commit"]["sha"],
        "abc123"
    );
}

#[test]
fn three_hundred_files_are_more_than_can_be_asked_about() {
    let mut run = shop().blueprint(
        "service",
        json!({"schema": {"properties": {"gitopsMetadata": {"type": "object"}}}}),
    );
    for nth in 0..300 {
        run = run.file(
            format!("{nth:03}/port.yml"),
            format!("identifier: s{nth}\nblueprint: service\n"),
        );
    }
    let done = run.map();
    assert_eq!(done.entities().len(), 300);
    assert_eq!(done.asked.len(), 256);
    assert_eq!(
        done.entities()[299].properties["gitopsMetadata"]["specPath"],
        "299/port.yml"
    );
    assert_eq!(warnings(&done).len(), 1, "{:?}", warnings(&done));
}
