use portolan_sdk::{Answer, Question};
use serde_json::{Value, json};

use super::{errors, identifiers, shop, warnings};

#[test]
fn a_property_takes_the_text_of_a_file() {
    let done = shop()
        .file("README.md", "# Shop")
        .file("services/cart/README.md", "# Cart\0")
        .file("services/notes/a%20b.txt", "percent")
        .file(
            "services/cart/port.yml",
            "identifier: cart
blueprint: service
properties:
  root: file://README.md
  own: file://./README.md
  up: file://../notes/a%20b.txt
  nested: {readme: file://README.md}
",
        )
        .map();
    assert_eq!(
        Value::Object(done.entities()[0].properties.clone()),
        json!({"root": "# Shop", "own": "# Cart", "up": "percent", "nested": {"readme": "file://README.md"}})
    );
    assert!(done.notes().is_empty(), "{:?}", done.notes());
    assert_eq!(
        done.rounds, 3,
        "specs, then all that they refer to, then the outcome: {:?}",
        done.asked
    );
}

#[test]
fn a_file_that_is_not_there_is_null_and_a_warning() {
    let done = shop()
        .file(
            "port.yml",
            "identifier: cart\nblueprint: service\nproperties:\n  readme: file://READ.md\n",
        )
        .map();
    assert_eq!(done.entities()[0].properties["readme"], Value::Null);
    assert_eq!(
        warnings(&done),
        [
            "warning: port.yml:4:11: properties.readme: There is no file `READ.md` on the default branch; \
             the property is set to null."
        ]
    );
}

#[test]
fn a_path_out_of_the_repository_is_refused_and_the_entity_stays() {
    let done = shop()
        .file("a/port.yml", "identifier: cart\nblueprint: service\nproperties:\n  x: file://../../etc/passwd\n  tier: 1\n")
        .map();
    assert_eq!(
        Value::Object(done.entities()[0].properties.clone()),
        json!({"tier": 1})
    );
    let [error] = errors(&done).try_into().expect("one error");
    assert!(
        error.starts_with(
            "error: a/port.yml:4:6: properties.x: `file://../../etc/passwd` leads out"
        ),
        "{error}"
    );
    assert!(
        !done
            .asked
            .iter()
            .any(|question| matches!(question, Question::File(_))),
        "{:?}",
        done.asked
    );
}

#[test]
fn a_refused_file_keeps_what_port_has() {
    let done = shop()
        .file(
            "port.yml",
            "identifier: cart\nblueprint: service\nproperties: {big: file://big.txt}\n",
        )
        .answer(
            Question::file("big.txt"),
            Answer::Refused("it is larger than 512 KB".into()),
        )
        .map();
    assert_eq!(identifiers(&done), ["cart"]);
    assert!(done.entities()[0].properties.is_empty());
    assert_eq!(
        errors(&done),
        ["error: port.yml:3:19: properties.big: `big.txt` was not read: it is larger than 512 KB"]
    );
}

#[test]
fn json_and_yaml_are_read_where_the_blueprint_wants_more_than_text() {
    let run = shop()
        .blueprint("service", json!({"schema": {"properties": {
            "api": {"type": "object"}, "list": {"type": "array"}, "raw": {"type": "string"}, "broken": {"type": "object"}
        }}}))
        .file("api.json", "{\"openapi\": \"3.1.0\"}")
        .file("list.yml", "- a\n- b\n")
        .file("broken.json", "{\n  \"a\": }")
        .file("port.yml", "identifier: cart
blueprint: service
properties:
  api: file://api.json
  list: file://list.yml
  raw: file://api.json
  broken: file://broken.json
");
    let done = run.map();
    assert_eq!(
        Value::Object(done.entities()[0].properties.clone()),
        json!({"api": {"openapi": "3.1.0"}, "list": ["a", "b"], "raw": "{\"openapi\": \"3.1.0\"}"})
    );
    let [error] = errors(&done).try_into().expect("one error");
    assert!(
        error.starts_with("error: broken.json:2:8: properties.broken: Not readable as JSON"),
        "{error}"
    );
}

#[test]
fn a_file_without_a_value_clears_nothing() {
    let done = shop()
        .blueprint(
            "service",
            json!({"schema": {"properties": {"a": {"type": "object"}, "b": {"type": "object"}}}}),
        )
        .file("a.yml", "# later\n")
        .file("b.json", "")
        .file(
            "port.yml",
            "identifier: cart\nblueprint: service\nproperties: {a: file://a.yml, b: file://b.json}\n",
        )
        .map();
    assert!(done.entities()[0].properties.is_empty());
    let errors = errors(&done);
    assert_eq!(
        errors[0],
        "error: a.yml: properties.a: The file holds no value: it is empty, or has comments only."
    );
    assert!(
        errors[1].starts_with("error: b.json:1:0: properties.b: "),
        "{errors:?}"
    );
}

#[test]
fn a_date_gets_its_time_where_the_blueprint_wants_one() {
    let date = json!({"type": "string", "format": "date-time"});
    let done = shop()
        .blueprint(
            "service",
            json!({"schema": {"properties": {
                "since": date, "until": date, "never": date, "label": {"type": "string"},
            }}}),
        )
        .file(
            "port.yml",
            "identifier: cart
blueprint: service
properties:
  since: 2024-01-02
  until: 2024-01-02T03:04:05Z
  never: 2024-13-02
  label: 2024-01-02
",
        )
        .map();
    assert_eq!(
        Value::Object(done.entities()[0].properties.clone()),
        json!({
            "since": "2024-01-02T00:00:00.000Z", "until": "2024-01-02T03:04:05Z",
            "never": "2024-13-02", "label": "2024-01-02",
        })
    );
}

#[test]
fn more_references_than_an_event_may_ask_are_said_one_by_one() {
    let properties: String = (0..300)
        .map(|nth| format!("  p{nth}: file://{nth}.txt\n"))
        .collect();
    let done = shop()
        .file(
            "port.yml",
            format!("identifier: cart\nblueprint: service\nproperties:\n{properties}"),
        )
        .map();
    assert!(done.asked.len() <= 256, "{}", done.asked.len());
    assert_eq!(errors(&done).len(), 300 - 254);
}
