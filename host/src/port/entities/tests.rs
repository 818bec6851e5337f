use super::*;
use crate::port::tests::group;

fn item(identifier: &str) -> Item<()> {
    Item {
        identifier: Some(identifier.into()),
        previous: None,
        body: format!(r#"{{"identifier":"{identifier}"}}"#).into(),
        reply: (),
    }
}

fn pending(identifiers: &[&str]) -> (Group, Vec<Item<()>>) {
    let group = group();
    let mut queue = crate::port::queue::Queue::new();
    for identifier in identifiers {
        queue.push(&group, item(identifier));
    }
    let batch = queue.next().expect("an idle queue gives at once");
    (
        group,
        batch.items.into_iter().map(|(_, item)| item).collect(),
    )
}

#[test]
fn bodies_are_put_together_as_they_are() {
    let (_, items) = pending(&["a", "b"]);
    assert_eq!(
        body(&items),
        r#"{"entities":[{"identifier":"a"},{"identifier":"b"}]}"#
    );
}

#[test]
fn every_index_of_a_207_finds_its_entity() {
    let (group, items) = pending(&["a", "b", "c", "d", "e"]);
    let answer = r#"{"ok":false,
        "entities":[{"identifier":"b","index":1,"created":true}, {"identifier":"x","index":99,"created":true}],
        "errors":[{"identifier":"a","index":0,"statusCode":422,"error":"blueprint_schema_mismatch","message":"no tier."},
                  {"identifier":"c","index":2,"statusCode":404,"error":"not_found","message":"team x"},
                  {"identifier":"d","index":3,"statusCode":503,"error":"busy","message":""}]}"#;
    let answer = serde_json::from_str(answer).expect("an answer");
    let told: Vec<_> = fates(&group, &items, answer, str::to_owned)
        .into_iter()
        .map(|fate| match fate {
            Fate::Final(Ok(written)) => format!("created {}", written.created),
            Fate::Final(Err(error)) => format!("final {error}"),
            Fate::Again(error) => format!("again {error}"),
        })
        .collect();
    assert!(told[0].starts_with(
        "final entity `a` of blueprint `service`: Port refused it with 422 blueprint_schema_mismatch: no tier"
    ));
    assert_eq!(told[1], "created true");
    assert!(
        told[2].contains("did not find the target of a relation: team x"),
        "{}",
        told[2]
    );
    assert!(
        told[3].starts_with("again entity `d`") && told[3].contains("503 busy"),
        "{}",
        told[3]
    );
    assert_eq!(
        told[4],
        "again entity `e` of blueprint `service`: Port's answer does not mention it"
    );
}
